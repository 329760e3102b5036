"""The gates for objections of an assessment to a plan."""

from __future__ import annotations

from collections.abc import Iterator

from terrace.assess.model import Objection, Weight
from terrace.config.naming import quote_text, quote_word
from terrace.gates.gate import Request, blocks, passes
from terrace.gates.model import GateResult
from terrace.stacks.model import AutomaticRollback, Remediation, Repairing


def policy(request: Request) -> Iterator[GateResult]:
    """No policy blocks a plan. A person cannot overrule a policy here; a rollback reports it and continues, because it
    restores an earlier release."""
    for one in request.plans.objections:
        if one.weight is not Weight.HOLD:
            continue
        if isinstance(request.facts.origin, Repairing):
            yield passes(f"{_names_of(one)}; policies do not block a deployment that undoes or repairs a release")
        else:
            how = f"fix and merge it, or add a waiver on the protected branch: `terrace explain {quote_word(one.rule)}`"
            yield blocks(_names_of(one), how)


def objections(request: Request) -> Iterator[GateResult]:
    """A person accepted the objections to a plan. An objection about data loss has to be accepted by address.

    A deployment that Terrace started automatically is blocked by every objection.
    """
    for one in request.plans.objections:
        if one.weight is Weight.HOLD:
            continue
        match request.facts.origin:
            case AutomaticRollback():
                yield blocks(_names_of(one), "a person has to decide: `terrace rollback ENV --plan-only` previews it")
            case Remediation():
                yield blocks(
                    _names_of(one), "deploy, or adopt the live resources: `terrace drift` shows the differences"
                )
            case _:
                yield _person(one, request.plans.agreed)


def _person(one: Objection, agreed: frozenset[str]) -> GateResult:
    if one.weight is Weight.NAME and one.name not in agreed:
        word = "recreated: --again" if one.rule == "imported" else "lost: --allow"
        return blocks(_names_of(one), f"if it is allowed to be {word} {quote_text(one.name)}")
    return passes(_names_of(one) + (" (agreed)" if one.weight is Weight.NAME else ""))


def _names_of(one: Objection) -> str:
    return f"{one.stack}: {one.address} {one.why}"
