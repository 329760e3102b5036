"""The automatic reaction to a failed release: a rollback if it is configured and safe, or a pause."""

from __future__ import annotations

from dataclasses import dataclass

from terrace.config.model import Environment
from terrace.ledger import folds, holds
from terrace.ledger.deployment import Deployment, Step
from terrace.ledger.model import History
from terrace.stacks.model import Automatic, AutomaticRollback, Manual, Promotion, Undoing


@dataclass(frozen=True, slots=True)
class GoBack:
    """Undo it. The rollback is planned like every other, and has its own objections."""

    origin: AutomaticRollback


@dataclass(frozen=True, slots=True)
class Pause:
    """Leave it as it is, for people; `reasons` explain why nothing is rolled back."""

    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing to react to."""


Reaction = GoBack | Pause | Nothing

_OURS = (Step.BACKUP, Step.SNAPSHOT, Step.TAG)
"""Terrace's bookkeeping steps: if one of them fails, the deployed resources may still be correct."""


def reaction(environment: Environment, failed: Deployment, history: History) -> Reaction:
    """The reaction to a deployment that ended.

    Safety limits: one rollback per deployment, never one of a rollback, never past something newer or something that
    already builds on it, never if it was unhealthy before or not measured, never during a hold by a person, and never
    without evidence that the release itself is bad.
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
    reasons = []
    if not isinstance(failed.origin, Manual | Automatic | Promotion):
        reasons.append("it was not a release: a person has to review it")
    held = holds.hold(history, environment.name)
    if held is not None:
        reasons.append(f"{environment.name} is on hold: {held.reason}")
    # By their order in the ledger: a clock may have been set back in between.
    every = folds.deployments(history)
    after = every[[d.id for d in every].index(failed.id) + 1 :]
    if any(d.environment == environment.name for d in after):
        reasons.append("something newer was deployed there")
    reasons += [f"{d.environment} builds on it already" for d in after if d.commit == failed.commit and d.touched]
    innocent = _innocent(failed)
    if innocent:
        reasons.append(innocent)
    baseline = failed.last(Step.BASELINE)
    if baseline is None or baseline.result != "succeeded":
        reasons.append("its health before is unknown")
    elif not baseline.detail.healthy:
        reasons.append(f"it was not healthy before either: {baseline.message}")
    if not any(d.commit != failed.commit for d in folds.releases(history, environment.name)):
        reasons.append("there is no good release to go back to")
    return reasons


def _innocent(failed: Deployment) -> str:
    """Returns why the failure is not evidence against the release; "" if it was applied partly or does not work."""
    ended = [r for r in failed.steps if r.result == "failed" and r.step not in (Step.BASELINE, Step.HEALTH)]
    if ended and all(r.step in _OURS for r in ended):
        return f"the release itself did not fail: {ended[-1].step.value}: {ended[-1].message}"
    smoke = failed.last(Step.SMOKE)
    if smoke is None or smoke.result != "failed":
        return ""
    has_failed_probe = any(probe.reading == "failed" for probe in smoke.detail.probes or ())
    return "" if has_failed_probe else f"it is unknown whether it works: {smoke.message}"
