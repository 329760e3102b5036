"""`terraform show -json` of a plan, as it is on the wire: format versions 0.x and 1.x. Only what is read is named here.

Source: Terraform's documentation "JSON output format", plan representation. Values stay undecoded until they are
needed; the prior state and the planned values, most of a large document, are skipped without decoding.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from terrace.errors import BadInput

NOTHING = msgspec.Raw(b"null")


class Change(msgspec.Struct, gc=False):
    """The change of one resource instance or output."""

    actions: list[str] = []
    before: msgspec.Raw = NOTHING
    after: msgspec.Raw = NOTHING
    after_unknown: msgspec.Raw = NOTHING
    before_sensitive: msgspec.Raw = NOTHING
    after_sensitive: msgspec.Raw = NOTHING
    replace_paths: list[list[str | int]] = []
    importing: msgspec.Raw = NOTHING
    guessed: bool = False


class Resource(msgspec.Struct, gc=False):
    """One entry of `resource_changes` or `resource_drift`. Decoding completes its missing parts."""

    address: str = ""
    type: str = ""
    name: str = ""
    change: Change = msgspec.field(default_factory=Change)
    mode: str = ""
    module_address: str = ""
    index: str | int | None = None
    provider_name: str = ""
    previous_address: str | None = None
    deposed: str | None = None
    action_reason: str | None = None


class Deferred(msgspec.Struct, gc=False):
    """One entry of `deferred_changes`: a change that Terraform put off, and why."""

    reason: str = ""
    resource_change: Resource | None = None


class Variable(msgspec.Struct, gc=False):
    """The value of a root variable."""

    value: msgspec.Raw = NOTHING


class Problem(msgspec.Struct, gc=False):
    """One message of a check that does not pass."""

    message: str = ""


class CheckInstance(msgspec.Struct, gc=False):
    """One instance of a checkable object."""

    problems: list[Problem] = []


class CheckAddress(msgspec.Struct, gc=False):
    """The checked object."""

    kind: str = ""
    to_display: str = ""


class Check(msgspec.Struct, gc=False):
    """A check block or condition."""

    address: CheckAddress
    status: str = "unknown"
    instances: list[CheckInstance] = []


class ConfigResource(msgspec.Struct, gc=False):
    """A resource block of the configuration."""

    address: str
    expressions: dict[str, Any] = {}
    count_expression: dict[str, Any] = {}
    for_each_expression: dict[str, Any] = {}
    depends_on: list[str] = []


class ModuleCall(msgspec.Struct, gc=False):
    """A module block of the configuration, with the module itself."""

    expressions: dict[str, Any] = {}
    module: ConfigModule | None = None
    count_expression: dict[str, Any] = {}
    for_each_expression: dict[str, Any] = {}
    depends_on: list[str] = []


class ConfigVariable(msgspec.Struct, gc=False):
    """The declaration of an input variable."""

    sensitive: bool = False
    default: Any = None


class ConfigOutput(msgspec.Struct, gc=False):
    """An output of a module."""

    expression: dict[str, Any] = {}
    sensitive: bool = False


class ConfigModule(msgspec.Struct, gc=False):
    """One module of the configuration."""

    variables: dict[str, ConfigVariable] = {}
    resources: list[ConfigResource] = []
    module_calls: dict[str, ModuleCall] = {}
    outputs: dict[str, ConfigOutput] = {}


class Configuration(msgspec.Struct, gc=False):
    """The configuration that was planned."""

    root_module: ConfigModule = msgspec.field(default_factory=ConfigModule)


class Absent(list[Resource]):
    """Stands for the entries of a document that has no such key."""


class Document(msgspec.Struct, gc=False):
    """The whole document. `complete` is missing before Terraform 1.8, and `format_version` in what other tools write.

    `planned_only` are planned resources that are missing in `resource_changes` , `lacks` has sentences about missing
    parts: both are filled by `decode`, whatever a document has at these keys.
    """

    format_version: str = ""
    terraform_version: str = ""
    variables: dict[str, Variable] = {}
    resource_changes: list[Resource] = msgspec.field(default_factory=Absent)
    resource_drift: list[Resource] = []
    output_changes: dict[str, Change] = {}
    deferred_changes: list[Deferred] = []
    configuration: Configuration = msgspec.field(default_factory=Configuration)
    checks: list[Check] = []
    errored: bool = False
    complete: bool | None = None
    planned_values: msgspec.Raw = NOTHING
    prior_state: msgspec.Raw = NOTHING
    planned_only: list[Resource] = []
    lacks: list[str] = []

    @property
    def resources(self) -> list[Resource]:
        """Every resource that the document plans something for."""
        return [*self.resource_changes, *self.planned_only]


def _number(text: str) -> Decimal:
    return Decimal(text).normalize()


DEEPEST = 200
"""Maximum nesting of a value: later readers recurse into it."""

_value = msgspec.json.Decoder(float_hook=_number)


def value(raw: msgspec.Raw) -> Any:
    """JSON data; a number with a fraction is a Decimal, so that none of its digits is lost."""
    try:
        value = _value.decode(raw)
    except RecursionError as error:
        raise _too_deep() from error
    except (msgspec.MsgspecError, ArithmeticError) as error:
        raise BadInput(
            f"a value of the plan cannot be read: {error}", hint="numbers have at most 4,300 digits and 300 zeros"
        ) from error
    # Counting is quick, and few values have that many brackets.
    content = bytes(raw)
    if content.count(b"[") + content.count(b"{") > DEEPEST and _is_deep(value):
        raise _too_deep()
    return value


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _too_deep() -> BadInput:
    return BadInput(
        f"a value of the plan is nested more than {DEEPEST} times",
        hint="hand such a value over as text: jsonencode(...)",
    )


def is_expression(written: Any) -> bool:
    """Returns whether an entry of `expressions` is the expression of an attribute, not a block with its attributes."""
    return isinstance(written, dict) and written.keys() <= {"references", "constant_value"}
