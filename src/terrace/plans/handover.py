"""Encodes plans for another run that evaluates them, and decodes them there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal

import msgspec

from terrace import typed_json
from terrace.errors import BadInput, Corrupt, Diagnostic, NotReady, Place, TerraceError, TerraformFailed
from terrace.plans.model import MASKED, UNKNOWN, Masked, Plan, ResourceChange, Unknown, Value

_MARK = "$terrace"
"""The key of an object that stands for what JSON has no word for."""


class AwaitsMerge(BadInput):
    """The reason why a stack has no plan before the change is merged. It blocks no merge: a deployment asks again."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The reason why a stack has no plan. `awaits_merge`: it does not block a merge."""

    message: str
    hint: str | None = None
    place: Place | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    awaits_merge: bool = False

    @staticmethod
    def of(error: TerraceError) -> Failure:
        """Returns the record of an error."""
        diagnostics = error.diagnostics if isinstance(error, TerraformFailed) else ()
        return Failure(error.message, error.hint, error.place, diagnostics, isinstance(error, AwaitsMerge))

    def again(self) -> TerraceError:
        """Returns the error again, for the run that evaluates it."""
        if self.diagnostics:
            return TerraformFailed(self.message, diagnostics=self.diagnostics, hint=self.hint, place=self.place)
        kind = AwaitsMerge if self.awaits_merge else NotReady
        return kind(self.message, hint=self.hint, place=self.place)


@dataclass(frozen=True, slots=True)
class Handed:
    """The plans of some stacks at one commit, and why others have none, by the stack's key."""

    commit: str
    plans: tuple[Plan, ...] = ()
    failures: Mapping[str, Failure] = field(default_factory=dict)
    schema: Literal["terrace/handed-plans@1"] = "terrace/handed-plans@1"


def encode(handed: Handed) -> bytes:
    """As bytes."""
    return msgspec.json.encode(replace(handed, plans=_decode_plans(handed.plans, _encode_value)))


def decode(content: bytes) -> Handed:
    """Returns the decoded plans. Raises Corrupt for anything that `encode` did not write."""
    try:
        handed = typed_json.decode(content, Handed)
        return replace(handed, plans=_decode_plans(handed.plans, _decode_value))
    except (msgspec.MsgspecError, KeyError, ArithmeticError, RecursionError) as error:
        raise Corrupt(f"the file does not contain encrypted plans: {error}") from error


def _decode_plans(plans: Iterable[Plan], turned: Callable[[Value], Value]) -> tuple[Plan, ...]:
    def change(change: ResourceChange) -> ResourceChange:
        documents = {name: turned(document) for name, document in change.documents.items()}
        return replace(change, before=turned(change.before), after=turned(change.after), documents=documents)

    return tuple(
        replace(
            plan,
            changes=tuple(change(entry) for entry in plan.changes),
            drift=tuple(change(entry) for entry in plan.drift),
            outputs=tuple(replace(o, before=turned(o.before), after=turned(o.after)) for o in plan.outputs),
        )
        for plan in plans
    )


def _encode_value(value: Value) -> Any:
    match value:
        case Masked():
            return {_MARK: "masked"}
        case Unknown():
            return {_MARK: "unknown"}
        case Decimal():
            return {_MARK: "number", "is": str(value)}
        case dict():
            closed = {key: _encode_value(item) for key, item in value.items()}
            return {_MARK: "object", "is": closed} if _MARK in value else closed
        case list() | tuple():
            return [_encode_value(item) for item in value]
    return value


def _decode_value(value: Any) -> Value:
    if isinstance(value, list):
        return [_decode_value(item) for item in value]
    if not isinstance(value, dict):
        return value
    match value.get(_MARK):
        case None:
            return {key: _decode_value(item) for key, item in value.items()}
        case "masked":
            return MASKED
        case "unknown":
            return UNKNOWN
        case "number":
            return Decimal(value["is"])
        case _:
            return {key: _decode_value(item) for key, item in value["is"].items()}
