"""The steps of the environment before and after the stacks of a deployment, by its origin."""

from __future__ import annotations

from dataclasses import dataclass

from terrace.config.model import Environment
from terrace.ledger.deployment import Step
from terrace.stacks.model import Destruction, Origin, Remediation, Undoing


@dataclass(frozen=True, slots=True)
class Course:
    """`opening` is done before anything is applied, `closing` once every stack is done."""

    opening: tuple[Step, ...] = ()
    closing: tuple[Step, ...] = (Step.SMOKE, Step.TAG)


PLAIN = Course()
"""Nothing first, smoke tests and a tag at the end."""


def course(origin: Origin, environment: Environment) -> Course:
    """The course of a deployment into that environment."""
    watched = Step.HEALTH if environment.health or environment.rollout.bake else None
    match origin:
        case Destruction():
            return Course(closing=())
        case Remediation():
            return Course(closing=(Step.SMOKE,))
    closing = tuple(step for step in (Step.SMOKE, watched, Step.TAG) if step is not None)
    if isinstance(origin, Undoing):
        return Course(closing=(*closing, Step.REVERT))
    # An earlier failure is not caused by this release: the decision about a rollback needs to know.
    known = environment.on_failure == "rollback" and bool(environment.smoke or environment.health)
    return Course(opening=(Step.BASELINE,) if known else (), closing=closing)
