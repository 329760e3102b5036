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

OutcomeWord = Literal["nothing", "pass", "unknown", "waived", "fail"]

_OUTCOMES: tuple[OutcomeWord, ...] = ("nothing", "pass", "unknown", "waived", "fail")


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
    def word(self) -> OutcomeWord:
        return _OUTCOMES[self]


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
class ControlResult:
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
        useful = (piece for piece in self.evidence if piece.outcome not in (Outcome.NOT_APPLICABLE, Outcome.UNKNOWN))
        return len({piece.key for piece in useful if not piece.key.startswith(OWN)})

    @property
    def own(self) -> tuple[str, ...]:
        own = (
            piece
            for piece in self.evidence
            if piece.key.startswith(OWN) and piece.outcome is not Outcome.NOT_APPLICABLE
        )
        return tuple(dict.fromkeys(piece.by for piece in own))


@dataclass(frozen=True, slots=True)
class FrameworkResult:
    """One framework with a result for every listed control."""

    framework: Framework
    controls: tuple[ControlResult, ...]

    def count(self, state: State) -> int:
        """How many controls are in that state."""
        return sum(1 for control in self.controls if control.state == state)


def evaluate_framework(framework: Framework, evidence: Iterable[Evidence]) -> FrameworkResult:
    """Returns the result of each control of a framework."""
    by_key: dict[str, list[Evidence]] = {}
    for piece in evidence:
        by_key.setdefault(piece.key, []).append(piece)
    results = []
    for control in framework.controls:
        pieces = [piece for key in control.keys for piece in by_key.get(key, ())]
        results.append(evaluate_control(control, pieces))
    return FrameworkResult(framework, tuple(results))


def evaluate_control(control: Control, evidence: Iterable[Evidence]) -> ControlResult:
    """Returns the result of a control from the evidence.

    It fails when anything of it is wrong, waived or not. It passes if there is evidence for more than a part of it, all
    evidence is correct, and nothing is unknown; a control that people have to assess never passes automatically.
    """
    pieces = tuple(sorted(evidence, key=lambda piece: (-piece.outcome, piece.key, piece.by, piece.environment)))
    worst = max((piece.outcome for piece in pieces), default=None)
    if worst in (Outcome.FAILED, Outcome.WAIVED):
        wrong = [piece for piece in pieces if piece.outcome >= Outcome.WAIVED]
        return ControlResult(control, "fail", _summarize(wrong), pieces)
    if control.manual or not control.keys:
        more = "; Terrace's evidence is only an indication" if pieces else ""
        return ControlResult(control, "manual", f"a person has to assess it{more}", pieces)
    if worst is None:
        return ControlResult(control, "not evaluated", "no rule and no evidence of Terrace covers it", pieces)
    if worst is Outcome.UNKNOWN:
        return ControlResult(
            control, "not evaluated", _summarize([o for o in pieces if o.outcome is Outcome.UNKNOWN]), pieces
        )
    if worst is Outcome.NOT_APPLICABLE:
        return ControlResult(control, "not evaluated", _summarize(pieces[:1], "not applicable: "), pieces)
    right = [piece for piece in pieces if piece.outcome is Outcome.PASSED]
    good = [piece for piece in right if piece.key not in control.partly]
    if not good:
        why = f"no failures, but only a part of it is evaluated: {', '.join(_names(right))}"
        return ControlResult(control, "not evaluated", why, pieces)
    return ControlResult(control, "pass", f"no failures in the evaluated part: {', '.join(_names(good))}", pieces)


def _summarize(pieces: Iterable[Evidence], before: str = "") -> str:
    """The first in full, and how many more there are."""
    first, *more = distinct(pieces)
    text = f"{before}{first.by} in {first.environment}: {first.what}"
    return f"{text} ({and_more(len(more))})" if more else text


def distinct(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Returns each evidence once: one audit may serve several checks that are mapped to a control."""
    distinct: dict[tuple[str, str, str], Evidence] = {}
    for piece in evidence:
        distinct.setdefault((piece.by, piece.environment, piece.what), piece)
    return tuple(distinct.values())


def _names(evidence: Iterable[Evidence]) -> list[str]:
    return list(dict.fromkeys(piece.by for piece in evidence))
