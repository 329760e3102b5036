"""What Terrace does by itself when a release fails: it goes back where that was agreed to and is safe, or pauses."""

from __future__ import annotations

from dataclasses import dataclass

from terrace.config.model import Environment
from terrace.ledger import folds
from terrace.ledger.deployment import Deployment, Step
from terrace.ledger.model import History
from terrace.stacks.model import Automatic, AutomaticRollback, Manual, Promotion, Undoing


@dataclass(frozen=True, slots=True)
class GoBack:
    """Undo it. The way back is planned like every other, and meets its own objections."""

    origin: AutomaticRollback


@dataclass(frozen=True, slots=True)
class Pause:
    """Leave it as it is, for people; `reasons` say why nothing is undone."""

    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing to react to."""


Reaction = GoBack | Pause | Nothing

_OURS = (Step.BACKUP, Step.SNAPSHOT, Step.TAG)
"""Steps in which Terrace keeps its own house: when one of them fails, what is live may be as it should."""


def reaction(environment: Environment, failed: Deployment, history: History) -> Reaction:
    """The reaction to a deployment that ended.

    Rails: one rollback a deployment, never one of a rollback, never past something newer or something that already
    builds on it, never when it was unhealthy before or nobody looked, never while people hold the environment, and
    never where nothing says that the release itself is bad.
    """
    if failed.result != "failed" or not failed.touched or environment.on_failure != "rollback":
        return Nothing()
    if any(isinstance(d.origin, Undoing) and d.origin.of == failed.id for d in folds.deployments(history)):
        return Nothing()
    reasons = tuple(_against(environment, failed, history))
    if reasons:
        return Pause(reasons)
    return GoBack(AutomaticRollback(failed.id, "; ".join(failed.reasons) or "it failed"))


def _against(environment: Environment, failed: Deployment, history: History) -> list[str]:
    found = []
    if not isinstance(failed.origin, Manual | Automatic | Promotion):
        found.append("it was no release: what it did is for people to look at")
    held = folds.hold(history, environment.name)
    if held is not None:
        found.append(f"{environment.name} is held: {held.reason}")
    # By their order in the ledger: a clock may have been set back in between.
    every = folds.deployments(history)
    after = every[[d.id for d in every].index(failed.id) + 1 :]
    if any(d.environment == environment.name for d in after):
        found.append("something newer was deployed there")
    found += [f"{d.environment} builds on it already" for d in after if d.commit == failed.commit and d.touched]
    innocent = _innocent(failed)
    if innocent:
        found.append(innocent)
    baseline = failed.last(Step.BASELINE)
    if baseline is None or baseline.result != "succeeded":
        found.append("nobody measured whether it was healthy before")
    elif not baseline.detail.healthy:
        found.append(f"it was not healthy before either: {baseline.message}")
    if not any(d.commit != failed.commit for d in folds.releases(history, environment.name)):
        found.append("there is no good release to go back to")
    return found


def _innocent(failed: Deployment) -> str:
    """Why the failure says nothing about the release; "" where it was half applied or is seen not to work."""
    ended = [r for r in failed.steps if r.result == "failed" and r.step not in (Step.BASELINE, Step.HEALTH)]
    if ended and all(r.step in _OURS for r in ended):
        return f"what failed was not the release: {ended[-1].step.value}: {ended[-1].message}"
    smoke = failed.last(Step.SMOKE)
    if smoke is None or smoke.result != "failed":
        return ""
    seen = any(probe.reading == "failed" for probe in smoke.detail.probes or ())
    return "" if seen else f"nobody could tell whether it works: {smoke.message}"
