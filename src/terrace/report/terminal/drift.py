"""Drift in a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from terrace.assess.model import Severity
from terrace.drift.acknowledgements import find_acknowledgement
from terrace.drift.adopt import Adoption
from terrace.drift.issues import CLEAN_TO_CLOSE
from terrace.drift.model import Observation
from terrace.drift.review import Review
from terrace.report.diff_words import FULL, SHORT, Extent
from terrace.report.drift_words import (
    absorbed_line,
    attribute_lines,
    cause_lines,
    drift_warnings,
    has_attribute_lines,
    kind_words,
    remedy,
    resource_words,
    undeployed_line,
)
from terrace.report.terminal.plan_changes import row_lines
from terrace.report.terminal.screen import Group, Line, Record, Tree, line, paragraph
from terrace.text import visible
from terrace.words import plural

STYLES = {"clean": "green", "drifted": "red", "unknown": "yellow"}
SEVERITY_STYLES = {
    Severity.CRITICAL: "red bold",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "dim",
}


def drift_report(reviews: Iterable[Review], *, full: bool = False) -> Record:
    """Returns the drift of every environment by stack, with every difference in full or cut."""
    extent = FULL if full else SHORT
    parts: list[Record] = []
    for review in reviews:
        parts += [_tree(review, extent), line("")]
    return Group(*parts[:-1])


def _tree(review: Review, extent: Extent) -> Tree:
    check = review.check
    if check is None:
        return Tree(line((review.environment, "bold"), " nothing is deployed"))
    tree = Tree(line((review.environment, "bold"), " ", (check.status, STYLES[check.status])))
    for observation in check.observations:
        # Terraform's messages follow the reason, a line each.
        reason, *more = observation.why.split("\n")
        why = f": {visible(reason)}" if reason else ""
        at = f" at {observation.commit[:7]}" if observation.commit else ""
        branch = tree.node(f"{observation.stack}{at} ", (observation.status, STYLES[observation.status]), why)
        if more:
            branch.node(paragraph(more))
        for text, style in _lines(review, observation, extent):
            branch.node(text, style=style)
    for absorption in review.absorbed:
        tree.node(line(absorbed_line(absorption), style="yellow"))
    if review.status and review.status.overdue:
        tree.node(line(f"alarm: {review.status.overdue}", style="red bold"))
    return tree


def _lines(review: Review, observation: Observation, extent: Extent) -> Iterable[tuple[str | Line, str]]:
    issue = review.record(observation.stack)
    if issue is not None and issue.open and review.check is not None:
        flapping = "; the drift comes and goes" if issue.flapping(review.check.at) else ""
        since = f"{issue.opened_at:%Y-%m-%d %H:%M} UTC"
        if observation.status == "clean":
            remaining = plural(CLEAN_TO_CLOSE - issue.clean, "more clean check")
            yield f"it drifted on {since} and is clean now{flapping}: closed after {remaining}", ""
        else:
            yield f"drifted since {since}{flapping}", ""
    for resource in observation.resources:
        words = resource_words(resource.address, resource.paths)
        yield f"{resource.severity.word} {kind_words(resource)} {words}", SEVERITY_STYLES[resource.severity]
        if has_attribute_lines(review, resource):
            for attribute in attribute_lines(review, resource, extent):
                yield line(f"  {visible(attribute.text)}", (attribute.note, "red bold")), ""
                yield from ((line("  ", part), "") for row in attribute.rows for part in row_lines(row))
        yield from ((part, "") for row in drift_warnings(resource) for part in row_lines(row))
        yield from ((f"  {text}", "") for text in cause_lines(resource))
        acknowledgement = find_acknowledgement(review.acknowledged, resource, resource.paths)
        if acknowledgement is not None:
            yield f"  acknowledged by {visible(acknowledgement.by)}: {visible(acknowledgement.reason)}", "cyan"
        yield f"  → {remedy(review.environment, resource, observation.commit)}", "cyan"
    for ignored in observation.ignored:
        words = resource_words(ignored.address, ignored.paths)
        yield f"ignored {words} until {ignored.until} ({visible(ignored.owner)})", "dim"
    for notice in observation.notices:
        yield visible(notice), "yellow"
    if observation.undeployed:
        yield undeployed_line(observation), ""


def drift_adoption(path: str, adoption: Adoption) -> Record:
    """Returns the attributes that were written into a file and those that a person has to write, with their places."""
    lines: list[Record] = []
    for written in adoption.written:
        old, new = _one_line(written.old), _one_line(written.new)
        lines.append(line(f"{visible(path)}:{written.line}: {written.attribute} was {old}, is {new}"))
    for unwritten in adoption.left:
        place = f"{visible(path)}:{unwritten.line}" if unwritten.line else visible(path)
        text = f"{place}: {unwritten.attribute} is not written: {unwritten.why}"
        lines.append(line(text, style="yellow"))
        lines.append(line(f"  deployed: {_one_line(unwritten.old)}"))
        lines.append(line(f"  live: {_one_line(unwritten.new)}"))
    return Group(*lines)


def _one_line(text: str) -> str:
    return visible(" ".join(text.split()))
