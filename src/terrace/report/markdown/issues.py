"""Issues on the forge that Terrace keeps up to date: drift, and broken rules of the deployed configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from terrace.compliance.audit import Audited
from terrace.drift.issues import StackDrift
from terrace.drift.review import Review
from terrace.forge.tracked_problems import TrackedProblem
from terrace.report.markdown.audit import audit_section
from terrace.report.markdown.drift import stack_drift_markdown
from terrace.report.markdown.escape import plain
from terrace.text import clip, visible


def audit_issues(audits: Iterable[Audited]) -> tuple[TrackedProblem, ...]:
    """Returns an issue for every environment that was checked; it is open while a finding would block a change.

    A finding whose status is unknown keeps it open too: no issue is closed because a check could not run.
    """
    return tuple(
        TrackedProblem(
            key=audit.scope.environment,
            kind="compliance",
            title=f"The deployed configuration of {visible(audit.scope.environment)} breaks rules",
            body="\n".join(audit_section(audit)) + "\n",
            open=bool(audit.blocking),
        )
        for audit in audits
    )


def drift_issues(reviews: Iterable[Review]) -> tuple[TrackedProblem, ...]:
    """Returns an issue for every stack that ever drifted; it is closed after two consecutive clean checks."""
    return tuple(issue for review in reviews for issue in _drift_issues(review))


def _drift_issues(review: Review) -> Iterator[TrackedProblem]:
    check = review.check
    for observation in check.observations if check is not None else ():
        record = review.record(observation.stack)
        if record is None:
            continue
        yield TrackedProblem(
            key=f"{review.environment}/{observation.stack}",
            kind="drift",
            title=f"Drift in {visible(review.environment)}: {visible(observation.stack)}",
            body=f"{plain(_history(record))}\n\n{stack_drift_markdown(review, observation)}",
            open=record.open,
        )


def _history(record: StackDrift) -> str:
    """Returns when the drift was first found, and its newest change."""
    last = record.turns[-1]
    blind = "; the newest check could not determine it" if record.blind else ""
    word = "comes and goes, last seen" if last.word == "flapping" else last.word
    return clip(f"First found {record.opened_at:%Y-%m-%d %H:%M} UTC; {word} {last.at:%Y-%m-%d %H:%M} UTC{blind}.")
