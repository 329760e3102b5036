"""Summarizes a plan and Terraform's messages about it in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from terrace.errors import Diagnostic
from terrace.plans.model import Action, CheckResult, Plan, ResourceChange

_LONGEST = 300


@dataclass(frozen=True, slots=True)
class ActionWords:
    """The word of an action, and its signs: one character, Terraform's own, and the first column of a diff in Markdown,
    where only `+`, `-` and `!` have a color."""

    word: str
    sign: str
    terraform_sign: str
    diff_sign: str


ACTIONS: Mapping[Action, ActionWords] = {
    Action.CREATE: ActionWords("create", "+", "+", "+"),
    Action.UPDATE: ActionWords("update", "~", "~", "!"),
    Action.REPLACE: ActionWords("replace", "±", "-/+", "-"),
    Action.DELETE: ActionWords("delete", "−", "-", "-"),
    Action.FORGET: ActionWords("forget", "·", ".", "!"),
    Action.UNKNOWN: ActionWords("unknown", "?", "?", "!"),
    # Resources that are only imported or moved have this action.
    Action.NO_OP: ActionWords("move", "→", "→", "!"),
    Action.READ: ActionWords("read", "<", "<", "!"),
}
"""How every action is written, on every surface."""

CHANGING = (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE)
"""The actions that people count."""


def describe_actions(plan: Plan) -> str:
    """Returns what applying the plan would do, in numbers; "" where it would do nothing."""
    numbers = [
        (plan.count(Action.CREATE), "to create"),
        (plan.count(Action.UPDATE), "to update"),
        (plan.count(Action.REPLACE), "to replace"),
        (plan.count(Action.DELETE), "to delete"),
        (sum(1 for change in plan.changes if change.importing), "to import"),
        (sum(1 for change in plan.changes if change.previous_address), "to move"),
        (plan.count(Action.FORGET), "to forget"),
        (plan.count(Action.UNKNOWN), "with an action that Terrace does not know"),
    ]
    counts = [f"{number} {verb}" for number, verb in numbers if number]
    if not counts and not plan.is_empty:
        return "only outputs change"
    return ", ".join(counts)


def describe_action(change: ResourceChange) -> str:
    """Returns what happens to one object, in a word. An import or a move is not a "no-op"."""
    if change.action is not Action.NO_OP:
        return str(change.action.value)
    return "import" if change.importing else "move" if change.previous_address else "no-op"


def notices(plan: Plan) -> tuple[str, ...]:
    """Returns what approvers have to know beside the changes, a sentence each.

    These are volatile attributes, `check` blocks and conditions that do not pass, deferred changes, and the warnings of
    Terraform and of the providers.
    """
    return (
        *(f"no approval covers the value of {entry}: terrace.yaml lists it as volatile" for entry in plan.volatile),
        *(check_sentence(check) for check in plan.checks if check.status in ("fail", "error")),
        *plan.lacks,
        *plan.deferred,
        *(warning_sentence(warning) for warning in plan.warnings if not is_of_check(plan, warning)),
    )


def check_sentence(check: CheckResult) -> str:
    """Returns how a `check` block or a condition ended."""
    problems = f": {'; '.join(_line(problem) for problem in check.problems)}" if check.problems else ""
    words = {"fail": "fails", "error": "cannot be evaluated"}
    return f"{check.address} {words.get(check.status, 'is not known before the apply')}{problems}"


def warning_sentence(warning: Diagnostic) -> str:
    """Returns a warning with its place, in one line."""
    where = f" ({warning.place.path}:{warning.place.line})" if warning.place else ""
    detail = f": {_line(warning.detail)}" if warning.detail else ""
    return f"Terraform warns: {_line(warning.summary)}{where}{detail}"


def is_of_check(plan: Plan, warning: Diagnostic) -> bool:
    """Returns whether a warning repeats the result of a `check` block."""
    problems = {_line(problem) for check in plan.checks for problem in check.problems}
    return warning.summary == "Check block assertion failed" and _line(warning.detail) in problems


def _line(text: str) -> str:
    joined = " ".join(text.split())
    return joined if len(joined) <= _LONGEST else f"{joined[: _LONGEST - 1]}…"
