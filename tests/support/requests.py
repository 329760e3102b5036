"""Verdicts of the gates at each moment, for tests that know the facts."""

from __future__ import annotations

from datetime import datetime

from terrace.assess.model import Objection
from terrace.assess.risk import Risk
from terrace.config.model import Config, Environment
from terrace.gates.approvals.tally import Decisions
from terrace.gates.facts import Facts
from terrace.gates.gate import Moment, Plans, Request
from terrace.gates.model import Approval, Subject, Verdict, Withdrawal
from terrace.gates.verdict import decide


def at_entry(environment: Environment, facts: Facts, now: datetime) -> Verdict:
    """Returns whether the environment accepts the deployment."""
    return decide(Request(Moment.ENTRY, Config(), environment, facts, now))


def before_planning(environment: Environment, facts: Facts, now: datetime) -> Verdict:
    """Returns what the gates of an open deployment say before it is planned."""
    return decide(Request(Moment.PLAN, Config(), environment, facts, now))


def before_apply(
    config: Config,
    environment: Environment,
    subjects: tuple[Subject, ...],
    approvals: tuple[Approval, ...],
    facts: Facts,
    now: datetime,
    objections: tuple[Objection, ...] = (),
    agreed: frozenset[str] = frozenset(),
    risk: Risk | None = None,
    withdrawals: tuple[Withdrawal, ...] = (),
    unplanned: tuple[str, ...] = (),
) -> Verdict:
    """Returns whether these plans can be applied."""
    plans = Plans(
        subjects, Decisions(approvals, withdrawals), objections, agreed=agreed, risk=risk, unplanned=unplanned
    )
    return decide(Request(Moment.APPLY, config, environment, facts, now, plans))
