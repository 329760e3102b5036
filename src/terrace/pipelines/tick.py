"""All that is due at this moment. Time passes outside of any process; whoever calls `tick` lets it act."""

from __future__ import annotations

from dataclasses import dataclass

from terrace.gates.decide import admission
from terrace.gates.model import Outcome
from terrace.ledger import folds
from terrace.pipelines.crew import Crew
from terrace.pipelines.deploy import Refused, deploy, facts, resume
from terrace.rollout.model import Deployment
from terrace.stacks.model import Automatic


@dataclass(frozen=True, slots=True)
class GoOn:
    """An open deployment that nobody drives: whether it waits for more is found out by going on."""

    deployment: Deployment

    def run(self, crew: Crew) -> Deployment | Refused:
        """Take it up."""
        return resume(crew, self.deployment)


@dataclass(frozen=True, slots=True)
class Enter:
    """A commit that an automatic environment takes."""

    environment: str
    commit: str

    def run(self, crew: Crew) -> Deployment | Refused:
        """Deploy it."""
        return deploy(crew, self.environment, self.commit, Automatic())


Due = GoOn | Enter


def due(crew: Crew) -> tuple[Due, ...]:
    """What to do now, up the ladder. A soak that is over makes an automatic environment due."""
    history = crew.ledger.read()
    found: list[Due] = []
    for environment in crew.config.environments:
        latest = folds.latest(history, environment.name)
        if latest is not None and latest.open:
            driven = latest.lease is not None and not crew.leases.dead(latest.lease.holder, environment.name)
            if not driven:
                found.append(GoOn(latest))
            continue
        if environment.deploy != "automatic":
            continue
        commit = crew.repository.protected_tip()
        if environment.after is not None:
            above = folds.last_good(history, environment.after)
            if above is None:
                continue
            commit = above.commit
        if latest is not None and latest.commit == commit:
            continue
        seen = facts(crew, history, environment.name, commit, Automatic())
        if admission(environment, seen, crew.clock()).outcome is Outcome.PASS:
            found.append(Enter(environment.name, commit))
    return tuple(found)
