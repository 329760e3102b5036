"""What somebody has to look after until it is over, one thing an issue: drift, and broken rules of what stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from terrace.compliance.audit import Audited
from terrace.drift.issues import LivingRecord
from terrace.drift.review import Review
from terrace.forge.matters import Matter
from terrace.report.audit import as_markdown
from terrace.report.drift import stack_as_markdown
from terrace.report.markdown.escape import plain
from terrace.text import clipped, visible


def audit_matters(looks: Iterable[Audited]) -> tuple[Matter, ...]:
    """One for every environment that was looked at: open while something of what stands there would hold a change.

    What cannot be told holds it too: nothing is closed because nobody could look.
    """
    return tuple(
        Matter(
            key=look.scope.environment,
            kind="compliance",
            title=f"What stands in {visible(look.scope.environment)} breaks rules",
            body=as_markdown([look]).split("\n", 2)[2],
            open=bool(look.blocking),
        )
        for look in looks
    )


def drift_matters(reviews: Iterable[Review]) -> tuple[Matter, ...]:
    """One for every stack that ever drifted; closed once it was clean twice in a row."""
    return tuple(one for review in reviews for one in _of(review))


def _of(review: Review) -> Iterator[Matter]:
    check = review.check
    for seen in check.observations if check is not None else ():
        record = review.record(seen.stack)
        if record is None:
            continue
        told = [plain(_story(record)), stack_as_markdown(review, seen)]
        yield Matter(
            key=f"{review.environment}/{seen.stack}",
            kind="drift",
            title=f"Drift in {visible(review.environment)}: {visible(seen.stack)}",
            body="\n\n".join(told),
            open=record.open,
        )


def _story(record: LivingRecord) -> str:
    """What happened to it so far, the newest first."""
    last = record.turns[-1]
    blind = "; the newest check could not tell" if record.blind else ""
    word = "comes and goes" if last.word == "flapping" else last.word
    return clipped(f"Seen first {record.opened_at:%Y-%m-%d %H:%M} UTC; {word} {last.at:%Y-%m-%d %H:%M} UTC{blind}.")
