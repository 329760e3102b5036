"""A gate: one named rule that a deployment has to pass.

A gate applies at certain moments, to deployments of certain origins. It reads a request and yields results: none when
it does not apply, several when each needs its own fix. It does no I/O: everything that it reads is in the request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, get_args

from terrace.gates.approvals.tally import Decisions
from terrace.gates.model import Absorbed, GateResult, Outcome, Subject
from terrace.stacks.model import Automatic, Manual, Origin, Promotion

if TYPE_CHECKING:
    from terrace.assess.model import Objection
    from terrace.assess.risk import Risk
    from terrace.config.model import Config, Environment
    from terrace.gates.facts import Facts


class Moment(Enum):
    """The moments at which gates are evaluated."""

    CHECK = "check"
    """`terrace check` shows what a change will meet once it is merged."""

    ENTRY = "entry"
    """A deployment is about to be opened."""

    PLAN = "plan"
    """An open deployment is about to be planned, or its plans are about to be applied. A deployment in the ledger
    proves nothing, because anyone who can write there can open one: the gates of its entry are evaluated again."""

    APPLY = "apply"
    """Plans are about to be applied."""


@dataclass(frozen=True, slots=True)
class Plans:
    """Plans that are about to be applied, and everything that is known about them.

    `decisions` are all approvals and rejections; an approval is valid only for this deployment and exactly these
    `subjects`. `objections` are what an assessment has against the plans, `agreed` the addresses that a person accepted
    by name. `absorbed` are changes from outside that an apply would adopt. `risk` is the risk of all plans together,
    None when they change nothing. `unplanned` are stacks without a plan that shows what would happen.
    """

    subjects: tuple[Subject, ...] = ()
    decisions: Decisions = field(default_factory=Decisions)
    objections: tuple[Objection, ...] = ()
    agreed: frozenset[str] = frozenset()
    absorbed: tuple[Absorbed, ...] = ()
    risk: Risk | None = None
    unplanned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """The input of the gates: can a deployment take its next step at this moment?"""

    moment: Moment
    config: Config
    environment: Environment
    facts: Facts
    now: datetime
    plans: Plans = field(default_factory=Plans)


ALL_ORIGINS: frozenset[type[Origin]] = frozenset(get_args(Origin))
"""Every origin of a deployment."""

RELEASES: frozenset[type[Origin]] = frozenset({Manual, Automatic, Promotion})
"""Origins that bring a commit to an environment, as opposed to repairing it."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate. `ask` yields results without a name: see `passes`, `waits` and `blocks`.

    `at` are the moments of its evaluation, `origins` the deployments that it applies to. `delays_planning` is whether
    nothing is planned while it waits; other gates that wait are evaluated again before the apply.
    """

    name: str
    ask: Callable[[Request], Iterable[GateResult]]
    at: frozenset[Moment]
    origins: frozenset[type[Origin]] = ALL_ORIGINS
    delays_planning: bool = False

    def results(self, request: Request) -> tuple[GateResult, ...]:
        """Returns the results of this gate for a request; none when the gate does not apply to it."""
        if request.moment not in self.at or type(request.facts.origin) not in self.origins:
            return ()
        return tuple(self.add_name(result) for result in self.ask(request))

    def add_name(self, result: GateResult) -> GateResult:
        """Returns a result with the name of this gate."""
        return replace(result, gate=self.name)


def passes(reason: str) -> GateResult:
    """Returns that a gate passes."""
    return GateResult("", Outcome.PASS, reason)


def waits(reason: str, satisfy: str, until: datetime | None = None) -> GateResult:
    """Returns that a gate waits, and what makes it pass. `until` is set when time alone does."""
    return GateResult("", Outcome.WAIT, reason, satisfy, until)


def blocks(reason: str, satisfy: str) -> GateResult:
    """Returns that a gate blocks, and what to do instead."""
    return GateResult("", Outcome.BLOCK, reason, satisfy)
