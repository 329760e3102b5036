"""A normalized plan. Sensitive values are replaced by `Masked` when it is read, so no report can contain them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from terrace.errors import Diagnostic
from terrace.stacks.model import Stack


class Action(Enum):
    """The action of a plan on one resource. `replace` is delete and create in either order."""

    NO_OP = "no-op"
    READ = "read"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    FORGET = "forget"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Masked:
    """Replaces a sensitive value. It reveals nothing, not even whether two values were equal."""

    def __repr__(self) -> str:
        return "(sensitive)"


@dataclass(frozen=True, slots=True)
class Unknown:
    """Replaces a value that is known only after apply."""

    def __repr__(self) -> str:
        return "(known after apply)"


MASKED = Masked()
UNKNOWN = Unknown()

Value = Any
"""JSON data in which Masked and Unknown may stand for a value at any depth."""

Path = tuple[str | int, ...]
"""A place in an attribute tree: `("ingress", 0, "cidr_blocks")`."""


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """The change of one resource instance. `address` is full and indexed; `module` is "" for the root module.

    `before` and `after` are masked; `unknown` and `sensitive` are the paths so marked in `after` (for a delete: in
    `before`). `unset` are those of the unknown paths that the configuration does not set: the provider decides.
    `documents` are the JSON documents of unknown attributes as far as the configuration contains them, `taken` the
    blocks whose values the unknown attributes have, unchanged. `filled` are unknown paths whose value is certainly
    neither null nor empty. `replace_paths` are the attributes that force a replacement, `reason` Terraform's own
    (`action_reason`). `previous_address` is set for moved objects, `deposed` for leftovers of a replacement.
    `before_marks` and `after_marks` distinguish masked values: attribute -> keyed mark of its value, for drift and for
    changes that do something. One that is known only after apply has the mark of its old value in both.
    `changed_secrets` are the masked values that an update or a replacement alters, as paths through objects only.
    """

    address: str
    type: str
    name: str
    action: Action
    mode: str = "managed"
    module: str = ""
    index: str | int | None = None
    provider: str = ""
    before: Value = None
    after: Value = None
    unknown: tuple[Path, ...] = ()
    unset: tuple[Path, ...] = ()
    documents: Mapping[str, Value] = field(default_factory=dict)
    taken: Mapping[str, str] = field(default_factory=dict)
    filled: tuple[Path, ...] = ()
    evaluated: Mapping[str, Value] = field(default_factory=dict)
    sensitive: tuple[Path, ...] = ()
    replace_paths: tuple[Path, ...] = ()
    reason: str | None = None
    previous_address: str | None = None
    deposed: str | None = None
    importing: bool = False
    create_first: bool = False
    before_marks: Mapping[str, str] = field(default_factory=dict)
    after_marks: Mapping[str, str] = field(default_factory=dict)
    changed_secrets: tuple[Path, ...] = ()

    @property
    def shown_address(self) -> str:
        """Returns the address for display: a deposed object of a replacement is distinguished from the current one."""
        return f"{self.address} (deposed object {self.deposed})" if self.deposed else self.address


@dataclass(frozen=True, slots=True)
class Moving:
    """An attribute that a plan alters and that the next plan alters again, because it depends on the time or a random
    value.

    `name` is the attribute, "" for an output. `entry` is what `volatile: {allow: [...]}` in terrace.yaml would contain.
    With `never_equal` its value is known in the plan, so that no two plans are equal; else it is known after apply.
    """

    address: str
    name: str
    entry: str
    never_equal: bool = False

    @property
    def attribute(self) -> str:
        """The attribute with its address."""
        return f"{self.address}.{self.name}" if self.name else self.address


@dataclass(frozen=True, slots=True)
class OutputChange:
    """The change of one output of the root module. Sensitive values are masked."""

    name: str
    action: Action
    before: Value = None
    after: Value = None
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Unmarked:
    """A text that was hidden when the plan was read, at a place that Terraform does not mark as sensitive.

    `address` is a resource's, or `output.NAME`. The text is evidence for the search for secrets: no report shows it.
    """

    address: str
    path: Path
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A `check` block or condition: `status` is pass, fail, error or unknown; `problems` are its messages."""

    address: str
    kind: str
    status: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Digest:
    """Keyed hash of what a plan would really do. `key_id` names the key; equal `value` = same plan."""

    value: str
    key_id: str

    @property
    def short(self) -> str:
        return self.value[:12]


@dataclass(frozen=True, slots=True)
class Plan:
    """One stack's planned changes. `changes` holds every object, no-ops too, in Terraform's order.

    `complete` is False when Terraform deferred something or the document leaves something out; `errored` when planning
    stopped on an error: neither may ever be applied or passed. `lacks` says in sentences what the document leaves out.
    `drift` is what Terraform found changed outside. `links` are blocks and the blocks that they refer to, `references`
    blocks with an attribute and what it refers to, in their module's own words, `origins` by block and attribute the
    blocks that a value comes from in the end, through locals and modules. `volatile` are the attributes that it
    changes and whose values no approval covers, as terrace.yaml allows. `moving` are attributes that every plan
    alters. `warnings` are those of Terraform and the
    providers, `deferred` names in sentences what Terraform put off. `shown` is `show -json` with what is sensitive
    hidden, for policies that were written for it; empty unless such are there.
    `unmarked` are copies of sensitive texts where Terraform marks nothing, `secrets` the sensitive texts themselves, so
    that the masking of reports finds them in findings; neither is part of what the plan does.
    """

    stack: Stack
    commit: str
    digest: Digest
    changes: tuple[ResourceChange, ...]
    outputs: tuple[OutputChange, ...] = ()
    drift: tuple[ResourceChange, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    references: tuple[tuple[str, str, str], ...] = ()
    volatile: tuple[str, ...] = ()
    moving: tuple[Moving, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    deferred: tuple[str, ...] = ()
    origins: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    format_version: str = ""
    terraform_version: str = ""
    errored: bool = False
    complete: bool = True
    lacks: tuple[str, ...] = ()
    shown: bytes = field(default=b"", repr=False, compare=False)
    unmarked: tuple[Unmarked, ...] = field(default=(), repr=False, compare=False)
    secrets: tuple[str, ...] = field(default=(), repr=False, compare=False)

    @property
    def effective(self) -> tuple[ResourceChange, ...]:
        """Returns the changes with an effect: everything except no-ops and reads; moves and imports are included."""
        return tuple(
            c for c in self.changes if c.action not in (Action.NO_OP, Action.READ) or c.previous_address or c.importing
        )

    @property
    def is_empty(self) -> bool:
        """Returns whether an apply would change nothing, neither resources nor outputs."""
        return not self.effective and all(o.action is Action.NO_OP for o in self.outputs)

    def count(self, action: Action) -> int:
        """Returns the number of resources with that action."""
        return sum(1 for c in self.changes if c.action is action)
