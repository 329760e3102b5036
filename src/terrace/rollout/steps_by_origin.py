"""The steps of the environment before and after the stacks of a deployment, by its origin."""

from __future__ import annotations

from dataclasses import dataclass

from terrace.config.model import Environment
from terrace.ledger.deployment import Step
from terrace.stacks.model import Destruction, Origin, Remediation, Undoing


@dataclass(frozen=True, slots=True)
class EnvironmentSteps:
    """`opening` is done before anything is applied, `closing` once every stack is done."""

    opening: tuple[Step, ...] = ()
    closing: tuple[Step, ...] = (Step.SMOKE, Step.TAG)


SMOKE_AND_TAG = EnvironmentSteps()
"""Nothing first, smoke tests and a tag at the end."""


def environment_steps(origin: Origin, environment: Environment) -> EnvironmentSteps:
    """Returns the steps of the environment for a deployment of that origin."""
    watched = Step.HEALTH if environment.health or environment.rollout.bake else None
    match origin:
        case Destruction():
            return EnvironmentSteps(closing=())
        case Remediation():
            return EnvironmentSteps(closing=(Step.SMOKE,))
    closing = tuple(step for step in (Step.SMOKE, watched, Step.TAG) if step is not None)
    if isinstance(origin, Undoing):
        return EnvironmentSteps(closing=(*closing, Step.REVERT))
    # An earlier failure is not caused by this release: the decision about a rollback needs to know.
    needs_baseline = environment.on_failure == "rollback" and bool(environment.smoke or environment.health)
    return EnvironmentSteps(opening=(Step.BASELINE,) if needs_baseline else (), closing=closing)
