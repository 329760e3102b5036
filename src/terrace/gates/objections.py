"""The gates for objections of an assessment to a plan."""

from __future__ import annotations

from collections.abc import Iterator

from terrace.assess.model import Objection, Weight
from terrace.config.naming import quote_text, quote_word
from terrace.gates.gate import Request, blocks, passes
from terrace.gates.model import GateResult
from terrace.stacks.model import AutomaticRollback, Remediation, Repairing


def check_policy(request: Request) -> Iterator[GateResult]:
    """No policy blocks a plan. A person cannot overrule a policy here; a rollback reports it and continues, because it
    restores an earlier release."""
    for objection in request.plans.objections:
        if objection.weight is not Weight.HOLD:
            continue
        if isinstance(request.facts.origin, Repairing):
            yield passes(f"{_names_of(objection)}; policies do not block a deployment that undoes or repairs a release")
        else:
            yield blocks(_names_of(objection), _resolution(objection))


def _resolution(objection: Objection) -> str:
    """Returns how a policy lets a plan pass. A check that could not run found nothing that a commit could fix."""
    if "could not run: " in objection.why:
        return (
            "install what it needs on this machine (`terrace doctor` lists it; OPA: `terrace tools install opa`), "
            "then deploy again"
        )
    explain = f"terrace explain {quote_word(objection.rule)}"
    return f"fix and merge it, or add a waiver on the protected branch: `{explain}`"


def check_objections(request: Request) -> Iterator[GateResult]:
    """A person accepted the objections to a plan. An objection about data loss has to be accepted by address.

    A deployment that Terrace started automatically is blocked by every objection.
    """
    for objection in request.plans.objections:
        if objection.weight is Weight.HOLD:
            continue
        match request.facts.origin:
            case AutomaticRollback():
                yield blocks(
                    _names_of(objection), "a person has to decide: `terrace rollback ENV --plan-only` previews it"
                )
            case Remediation():
                yield blocks(
                    _names_of(objection), "deploy, or adopt the live resources: `terrace drift` shows the differences"
                )
            case _:
                yield _person(objection, request.plans.agreed)


def _person(objection: Objection, agreed: frozenset[str]) -> GateResult:
    if objection.weight is Weight.NAME and objection.name not in agreed:
        word = "recreated: --again" if objection.rule == "imported" else "lost: --allow"
        return blocks(_names_of(objection), f"if it is allowed to be {word} {quote_text(objection.name)}")
    return passes(_names_of(objection) + (" (agreed)" if objection.weight is Weight.NAME else ""))


def _names_of(objection: Objection) -> str:
    return f"{objection.stack}: {objection.address} {objection.why}"
