"""The result of a control: a fold over pieces of evidence, in which nothing hides a failure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Literal

from terrace.compliance.frameworks import OWN, Control, Framework
from terrace.words import and_more

State = Literal["pass", "fail", "not evaluated", "manual"]
STATES: tuple[State, ...] = ("pass", "fail", "not evaluated", "manual")


class Outcome(IntEnum):
    """The outcome of one piece of evidence, from the weakest to the strongest.

    NOT_APPLICABLE: nothing of this kind exists. PASSED: something exists, and all of it passed. UNKNOWN: the result is
    unknown, or the audit is too old. WAIVED: it failed and has a waiver. FAILED: it failed.
    """

    NOT_APPLICABLE = 0
    PASSED = 1
    UNKNOWN = 2
    WAIVED = 3
    FAILED = 4

    @property
    def word(self) -> str:
        return ("nothing", "pass", "unknown", "waived", "fail")[self]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence. `by` is a rule or a source, `key` what of a control it serves, `what` a sentence.

    `at` is when, None if there was no audit; `commits` are the existing resources; `places` are where it is wrong, cut
    where there are many.
    """

    by: str
    key: str
    environment: str
    outcome: Outcome
    what: str
    at: datetime | None = None
    commits: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of one control, with all evidence, the worst first. Of the `mapped` checks `looked` have a rule
    that saw something and could tell; `own` are the sources of Terrace's that had something to look at."""

    control: Control
    state: State
    why: str
    evidence: tuple[Evidence, ...]

    @property
    def mapped(self) -> int:
        return sum(1 for key in self.control.keys if not key.startswith(OWN))

    @property
    def looked(self) -> int:
        told = (one for one in self.evidence if one.outcome not in (Outcome.NOT_APPLICABLE, Outcome.UNKNOWN))
        return len({one.key for one in told if not one.key.startswith(OWN)})

    @property
    def own(self) -> tuple[str, ...]:
        told = (one for one in self.evidence if one.key.startswith(OWN) and one.outcome is not Outcome.NOT_APPLICABLE)
        return tuple(dict.fromkeys(one.by for one in told))


@dataclass(frozen=True, slots=True)
class Answers:
    """One framework with a result for every listed control."""

    framework: Framework
    answers: tuple[Answer, ...]

    def count(self, state: State) -> int:
        """How many controls are in that state."""
        return sum(1 for one in self.answers if one.state == state)


def answers(framework: Framework, evidence: Iterable[Evidence]) -> Answers:
    """Returns the result of each control of a framework."""
    by_key: dict[str, list[Evidence]] = {}
    for one in evidence:
        by_key.setdefault(one.key, []).append(one)
    told = []
    for control in framework.controls:
        mine = [one for key in control.keys for one in by_key.get(key, ())]
        told.append(answer(control, mine))
    return Answers(framework, tuple(told))


def answer(control: Control, evidence: Iterable[Evidence]) -> Answer:
    """Returns the result of a control from the evidence.

    It fails when anything of it is wrong, waived or not. It passes if there is evidence for more than a part of it, all
    evidence is correct, and nothing is unknown; a control that people have to assess never passes automatically.
    """
    found = tuple(sorted(evidence, key=lambda one: (-one.outcome, one.key, one.by, one.environment)))
    worst = max((one.outcome for one in found), default=None)
    if worst in (Outcome.FAILED, Outcome.WAIVED):
        wrong = [one for one in found if one.outcome >= Outcome.WAIVED]
        return Answer(control, "fail", _told(wrong), found)
    if control.manual or not control.keys:
        more = "; Terrace's evidence is only an indication" if found else ""
        return Answer(control, "manual", f"a person has to assess it{more}", found)
    if worst is None:
        return Answer(control, "not evaluated", "no rule and no evidence of Terrace covers it", found)
    if worst is Outcome.UNKNOWN:
        return Answer(control, "not evaluated", _told([o for o in found if o.outcome is Outcome.UNKNOWN]), found)
    if worst is Outcome.NOT_APPLICABLE:
        return Answer(control, "not evaluated", _told(found[:1], "not applicable: "), found)
    right = [one for one in found if one.outcome is Outcome.PASSED]
    good = [one for one in right if one.key not in control.partly]
    if not good:
        why = f"no failures, but only a part of it is evaluated: {', '.join(_names(right))}"
        return Answer(control, "not evaluated", why, found)
    return Answer(control, "pass", f"no failures in the evaluated part: {', '.join(_names(good))}", found)


def _told(those: Iterable[Evidence], before: str = "") -> str:
    """The first in full, and how many more there are."""
    first, *more = distinct(those)
    said = f"{before}{first.by} in {first.environment}: {first.what}"
    return f"{said} ({and_more(len(more))})" if more else said


def distinct(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Returns each evidence once: one audit may serve several checks that are mapped to a control."""
    found: dict[tuple[str, str, str], Evidence] = {}
    for one in evidence:
        found.setdefault((one.by, one.environment, one.what), one)
    return tuple(found.values())


def _names(evidence: Iterable[Evidence]) -> list[str]:
    return list(dict.fromkeys(one.by for one in evidence))
