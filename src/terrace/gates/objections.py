"""What an assessment holds against a plan, and whether it may be applied all the same."""

from __future__ import annotations

from terrace.assess.model import Objection, Weight
from terrace.config.naming import quote_text, quote_word
from terrace.gates.model import GateResult, Outcome
from terrace.stacks.model import AutomaticRollback, Origin, Remediation, Repairing

GATE = "objections"


def answer(origin: Origin, objections: tuple[Objection, ...], agreed: frozenset[str]) -> tuple[GateResult, ...]:
    """The answers to objections; none where there are none.

    What Terrace set going by itself does only what nothing speaks against. What a person set going may do what a
    person can decide; what may lose data needs the address, named. What a policy holds against a plan nobody can
    decide away here; a way back is told of it, and goes on: what it goes back to was there before.
    """
    held = tuple(_held(origin, one) for one in objections if one.weight is Weight.HOLD)
    return (*held, *_others(origin, tuple(one for one in objections if one.weight is not Weight.HOLD), agreed))


def _held(origin: Origin, one: Objection) -> GateResult:
    if isinstance(origin, Repairing):
        return GateResult("policy", Outcome.PASS, f"{_said(one)}; a way back is not held by it")
    how = f"mend it and merge, or waive it on the protected branch: `terrace explain {quote_word(one.rule)}`"
    return GateResult("policy", Outcome.BLOCK, _said(one), how)


def _others(origin: Origin, objections: tuple[Objection, ...], agreed: frozenset[str]) -> tuple[GateResult, ...]:
    if isinstance(origin, AutomaticRollback | Remediation):
        how = "a person decides: `terrace rollback` shows it first with --plan-only"
        if isinstance(origin, Remediation):
            how = "deploy, or adopt what is there: `terrace drift` shows both"
        return tuple(GateResult(GATE, Outcome.BLOCK, _said(one), how) for one in objections)
    return tuple(_person(one, agreed) for one in objections)


def _person(one: Objection, agreed: frozenset[str]) -> GateResult:
    if one.weight is Weight.NAME and one.name not in agreed:
        word = "made anew: --again" if one.rule == "imported" else "lost: --allow"
        how = f"if it may be {word} {quote_text(one.name)}"
        return GateResult(GATE, Outcome.BLOCK, _said(one), how)
    return GateResult(GATE, Outcome.PASS, _said(one) + (" (agreed)" if one.weight is Weight.NAME else ""))


def _said(one: Objection) -> str:
    return f"{one.stack}: {one.address} {one.why}"
