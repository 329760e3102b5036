"""Stacks, change sets with the reasons of every impact, and the origins of a change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from terrace.config.model import DEFAULT_WORKSPACE


@dataclass(frozen=True, slots=True, order=True)
class Stack:
    """One Terraform root module of one environment. `path` is its folder from the root of the repository.

    `after` has the keys of stacks of the same environment that are deployed first. Several environments can share a
    `path` if they differ in `var_files` (paths from the root of the repository), `backend_config` or `workspace`, the
    Terraform CLI workspace. `backend_files` are files with settings for the backend block; the settings of
    `backend_config` take precedence.
    """

    environment: str
    path: str
    name: str
    after: tuple[str, ...] = ()
    var_files: tuple[str, ...] = ()
    backend_config: tuple[tuple[str, str], ...] = ()
    workspace: str = DEFAULT_WORKSPACE
    backend_files: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Returns its unique name: `dev` for the only stack of dev, `prod/network` for one of several."""
        return self.environment if self.name == self.environment else f"{self.environment}/{self.name}"

    @property
    def shown_path(self) -> str:
        """Returns the folder for messages: `.` for the root of the repository, whose `path` is ""."""
        return self.path or "."

    def file(self, name: str) -> str:
        """Returns the path of a file in its folder, from the root of the repository."""
        return f"{self.path}/{name}" if self.path else name

    @staticmethod
    def conventional(environment: str, path: str) -> Stack:
        """Returns the stack of a folder in the conventional layout: `environments/<env>[/<stack>]`."""
        return Stack(environment=environment, path=path, name=path.rpartition("/")[2])


ReasonKind = Literal[
    "stack",
    "module",
    "read",
    "variables",
    "backend",
    "lock",
    "link",
    "version",
    "command",
    "configuration",
    "new",
    "unsure",
    "folder",
    "asked",
]


@dataclass(frozen=True, slots=True, order=True)
class Reason:
    """A reason why a stack is impacted: `path` changed, and `chain` is the modules from it to the stack.

    `kind` is one of: `stack` (a file in its folder), `module`, `read` (a file that an expression reads), `variables`
    (tfvars), `backend` (a file with backend settings), `lock`, `link` (through a symbolic link), `version` (a file
    that sets the Terraform version), `command` (a file that a `before_plan` command can read), `configuration`
    (terrace.yaml), `new` (the stack did not exist), `unsure` (the files that an expression reads are unknown),
    `folder` (another file in its folder or in that of a module, which may be read). `place` is the place (`file:line`)
    of the expression or command `text` that reads the path, or possibly reads it.
    """

    kind: ReasonKind
    path: str
    chain: tuple[str, ...] = ()
    place: str = ""
    text: str = ""

    @property
    def is_doubt(self) -> bool:
        """Returns whether the stack only possibly reads the path."""
        return self.kind in ("unsure", "folder")


@dataclass(frozen=True, slots=True)
class Impact:
    """A stack that a change impacts, with at least one reason."""

    stack: Stack
    reasons: tuple[Reason, ...]

    @property
    def unsure(self) -> bool:
        """Returns whether every reason is uncertain."""
        return all(reason.is_doubt for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class Notice:
    """A problem in the repository that is reported but blocks nothing."""

    message: str
    path: str
    line: int = 0
    hint: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class Dependent:
    """A stack that reads outputs of the stack `of`, by a data source at `path`:`line`. `certain` is False where the
    data source possibly reads another stack."""

    stack: str
    of: str
    certain: bool
    path: str
    line: int


@dataclass(frozen=True, slots=True, order=True)
class LostOutput:
    """An output that the stack `owner` no longer has, and that the stack `reader` uses at `path`:`line`."""

    owner: str
    output: str
    reader: str
    certain: bool
    path: str
    line: int


@dataclass(frozen=True, slots=True, order=True)
class Renamed:
    """The keys of a stack that is removed at head, and of the new stack that has its state."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """The commits base..head and the stacks that they impact; `removed` stacks exist at base and not at head.

    `changed` are the paths that differ. `base` and `head` are full commit ids.

    `dependents` read outputs of the impacted stacks; `lost_outputs` are removed although a stack reads them. `renamed`
    are the `removed` stacks whose state a new stack of the same environment has.
    """

    base: str
    head: str
    changed: tuple[str, ...]
    impacts: tuple[Impact, ...]
    removed: tuple[Stack, ...] = ()
    notices: tuple[Notice, ...] = ()
    dependents: tuple[Dependent, ...] = ()
    lost_outputs: tuple[LostOutput, ...] = ()
    renamed: tuple[Renamed, ...] = ()

    @property
    def edited(self) -> tuple[str, ...]:
        """Returns the paths that a person edited: none for a change set of everything at one commit."""
        return self.changed if self.base != self.head else ()


# --- Origins: how a change was started. A new situation is a new type, not a flag. -------------------------


@dataclass(frozen=True, slots=True)
class Manual:
    """A person ran the command."""

    by: str


@dataclass(frozen=True, slots=True)
class Automatic:
    """`terrace tick` started it, because the environment deploys new commits of the protected branch."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """The release that succeeded in `source` is deployed to the next environment."""

    source: str
    by: str


@dataclass(frozen=True, slots=True)
class Rollback:
    """A person rolls an environment back to an earlier release, because of the deployment `of`."""

    of: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class AutomaticRollback:
    """The deployment `of` failed, and terrace.yaml has `on_failure: rollback`."""

    of: str
    reason: str


@dataclass(frozen=True, slots=True)
class Remediation:
    """Drift that the drift check `of` (its event id) found is reverted to the deployed configuration."""

    of: str
    by: str


@dataclass(frozen=True, slots=True)
class Recovery:
    """The leftovers of the deployment `of`, whose apply has an unknown result, are recovered."""

    of: str
    by: str


@dataclass(frozen=True, slots=True)
class Destruction:
    """All resources of the stacks are destroyed."""

    by: str
    reason: str


Undoing = Rollback | AutomaticRollback
"""Origins that return an environment to an earlier release."""

Repairing = Rollback | AutomaticRollback | Recovery | Destruction
"""Origins that are allowed in an environment on hold, since they fix the cause of the hold."""

Origin = Manual | Automatic | Promotion | Rollback | AutomaticRollback | Remediation | Recovery | Destruction


def is_requested(origin: Origin) -> bool:
    """Returns whether a person requested the change, not a schedule or a failure."""
    return not isinstance(origin, Automatic | AutomaticRollback)
