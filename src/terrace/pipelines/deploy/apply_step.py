"""The apply step: starts a prepared apply, or waits for one that an earlier process started."""

from __future__ import annotations

from collections.abc import Iterable

from terrace.checks.secrets.masking import without_secrets
from terrace.errors import Interrupted, TerraceError
from terrace.ledger.deployment import Deployment, Step, StepRecord
from terrace.ledger.events.codec import fits
from terrace.ledger.model import History
from terrace.pipelines.deploy.run import DeploymentRun
from terrace.pipelines.deploy.step_results import (
    MOST_NOTICES,
    ApplyFailed,
    ApplyOutcome,
    ApplySucceeded,
    ApplyUnknown,
)
from terrace.plans.apply_progress import NO_PROGRESS, ApplyProgress, Change, apply_progress
from terrace.plans.ports import (
    Applier,
    Attempt,
    Evidence,
    Fate,
    Listener,
    Preparation,
    RunOutcome,
)
from terrace.plans.summaries import warning_sentence


def attempt_of(history: History, deployment: Deployment, record: StepRecord) -> Attempt:
    """Returns the attempt that the recorded intent of an apply names."""
    return Attempt(
        record.attempt,
        history.ledger_id,
        deployment.id,
        record.stack,
        record.detail.sha256 or "",
        Preparation.of(record.detail.runner),
    )


def apply(run: DeploymentRun, record: StepRecord) -> ApplyOutcome:
    """Applies exactly the fresh plan through a runner that outlives this process, or waits for an earlier one.

    Raises only Interrupted and programming errors: no other error says anything about the result of the apply.
    """
    attempt = attempt_of(run.history, run.deployment, record)
    applier, listener = run.context.applier, run.context.watcher.progress
    planned = _planned(run.deployment, record.stack)
    if record.attempt not in run.prepared:
        return wait_for_earlier(applier, attempt, listener, planned)
    run.prepared.discard(record.attempt)
    try:
        declined = applier.start(attempt, lambda: run.objection(record))
    except Interrupted:
        raise
    except TerraceError as error:
        return _untold(error)
    if declined is not None:
        return ApplyFailed(f"{declined.reason}: nothing was applied", declined.evidence)
    return _end(applier, attempt, listener, planned)


def wait_for_earlier(
    applier: Applier, attempt: Attempt, listener: Listener | None = None, planned: Iterable[Change] = ()
) -> ApplyOutcome:
    """Returns the result of an attempt that an earlier process started. It is never started again. `planned` are the
    changes of its plan.
    """
    try:
        # A runner that still waits for the start signal of a terminated process must never start.
        if applier.withdraw(attempt):
            return _never_started()
    except TerraceError as error:
        return _untold(error)
    return _end(applier, attempt, listener, planned)


def _planned(deployment: Deployment, stack: str) -> tuple[Change, ...]:
    """Returns the changes of the plan that is applied, as the ledger has them."""
    plan = deployment.last(Step.PLAN, stack)
    return tuple(plan.detail.changes or ()) if plan is not None else ()


def _end(applier: Applier, attempt: Attempt, listener: Listener | None, planned: Iterable[Change]) -> ApplyOutcome:
    try:
        outcome = applier.wait(attempt, listener)
        if outcome is None and applier.withdraw(attempt):
            return _never_started()
        if outcome is None and applier.look(attempt) is Fate.UNKNOWN:
            return ApplyUnknown(
                "this machine has no evidence of how the apply finished. The result is unknown, and Terrace does "
                "not run it again"
            )
    except Interrupted:
        raise
    except TerraceError as error:
        return _untold(error)
    if outcome is None:
        return ApplyUnknown(
            "the apply was terminated and recorded no result. The result is unknown, and Terrace does not run it again",
            progress=_progress_of_terminated(applier, attempt, planned),
        )
    return _apply_outcome(outcome, planned)


def _progress_of_terminated(applier: Applier, attempt: Attempt, planned: Iterable[Change]) -> ApplyProgress:
    try:
        leftovers = applier.autopsy(attempt)
    except TerraceError:
        # The result is unknown with or without its log.
        leftovers = None
    if leftovers is None:
        return NO_PROGRESS
    return apply_progress(planned, leftovers.changes, whole=leftovers.whole)


def _apply_outcome(outcome: RunOutcome, planned: Iterable[Change]) -> ApplyOutcome:
    progress = apply_progress(planned, outcome.changes, whole=not outcome.doubt)
    if outcome.unsaved_state is not None:
        return ApplyUnknown(
            f"the state could not be written to the backend. Terraform saved it at {outcome.unsaved_state}: push "
            "it with `terraform state push` before anything else",
            outcome.diagnostics,
            progress,
        )
    if outcome.code == 0 and not outcome.doubt:
        return ApplySucceeded(outcome.summary, _find_warnings(outcome))
    if outcome.evidence is not None and not outcome.doubt:
        return ApplyFailed(outcome.summary, outcome.evidence, outcome.diagnostics, progress)
    doubt = outcome.doubt or f"it exited with code {outcome.code}, and there is no evidence of the result"
    return ApplyUnknown(f"{doubt}; {outcome.summary}", outcome.diagnostics, progress)


def _find_warnings(outcome: RunOutcome) -> tuple[str, ...]:
    """Returns the warnings that Terraform printed during the apply, such as those of a `check` block that failed."""
    sentences = [warning_sentence(diagnostic) for diagnostic in outcome.diagnostics if diagnostic.severity == "warning"]
    return tuple(dict.fromkeys(without_secrets(sentence) for sentence in sentences if fits(sentence)))[:MOST_NOTICES]


def _never_started() -> ApplyOutcome:
    return ApplyFailed("interrupted before the start: nothing was applied", Evidence.PERMIT_WITHDRAWN)


def _untold(error: TerraceError) -> ApplyOutcome:
    return ApplyUnknown(f"the result cannot be determined: {error}")
