"""Drift as Markdown, for an issue or the summary of a job."""

from __future__ import annotations

from collections.abc import Iterable

from terrace.drift.acknowledgements import find_acknowledgement
from terrace.drift.model import Observation, ResourceDrift
from terrace.drift.review import Review
from terrace.report.diff_words import FULL, Extent, Row
from terrace.report.drift_words import (
    absorbed_line,
    attribute_lines,
    cause_lines,
    drift_warnings,
    kind_words,
    remedy,
    undeployed_line,
)
from terrace.report.markdown.escape import code, plain, prose
from terrace.report.markdown.plan_changes import EXTENT, row_lines


def drift_markdown(reviews: Iterable[Review], *, full: bool = False) -> str:
    """Returns the drift of every environment by stack."""
    extent = FULL if full else EXTENT
    parts = []
    for review in reviews:
        check = review.check
        word = check.status if check else "nothing is deployed"
        parts += [f"### Drift in {plain(review.environment)}: {word}", ""]
        for observation in check.observations if check else ():
            parts += _section(review, observation, extent)
        parts += [f"- {plain(absorbed_line(absorption))}" for absorption in review.absorbed]
        if review.status and review.status.overdue:
            parts += ["", f"**Alarm**: {plain(review.status.overdue)}"]
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def stack_drift_markdown(review: Review, observation: Observation) -> str:
    """Returns the drift of one stack."""
    return "\n".join(_section(review, observation, EXTENT)).rstrip()


def _section(review: Review, observation: Observation, extent: Extent) -> list[str]:
    reason, _, more = observation.why.partition("\n")
    why = f": {prose(' '.join([reason, *more.split()]))}" if reason else ""
    lines = [f"**{plain(observation.stack)}** {observation.status}{why}", ""]
    if observation.resources:
        lines += ["| Severity | | Address | Differences | How to resolve it |", "| --- | --- | --- | --- | --- |"]
        lines += [_row(review, observation, resource, extent) for resource in observation.resources]
        lines.append("")
    for ignored in observation.ignored:
        lines.append(f"- ignored until {ignored.until} ({plain(ignored.owner)}): {code(ignored.address)}")
    lines += [f"- {prose(notice)}" for notice in observation.notices]
    if observation.undeployed:
        lines.append(f"- {undeployed_line(observation)}")
    return [*lines, ""] if lines[-1] else lines


def _row(review: Review, observation: Observation, resource: ResourceDrift, extent: Extent) -> str:
    lines: list[str] = []
    for attribute in attribute_lines(review, resource, extent):
        lines.append(f"{attribute.text}{attribute.note}")
        lines += _row_texts(attribute.rows)
    lines += _row_texts(drift_warnings(resource))
    attributes = "<br>".join(map(code, lines))
    acknowledgement = find_acknowledgement(review.acknowledged, resource, resource.paths)
    acknowledged = (
        f"acknowledged by {plain(acknowledgement.by)}: {plain(acknowledgement.reason)}; " if acknowledgement else ""
    )
    resolve = f"{acknowledged}{remedy(review.environment, resource, observation.commit)}"
    causes = "".join(f"<br>{prose(cause)}" for cause in cause_lines(resource))
    kind = kind_words(resource)
    return f"| {resource.severity.word} | {kind} | {code(resource.address)} | {attributes} | {resolve}{causes} |"


def _row_texts(rows: Iterable[Row]) -> list[str]:
    return [f"{part[:1]} {part[1:].strip()}" for row in rows for part in row_lines(row)]
