"""What somebody has to look after until it is over, one thing an issue: drift, and broken rules of what stands."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from terrace.compliance.audit import Audited
from terrace.drift.issues import LivingRecord
from terrace.drift.review import Review
from terrace.report.audit import as_markdown
from terrace.report.drift import stack_as_markdown
from terrace.report.markdown import plain
from terrace.report.text import clipped, visible


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing that is looked after. `key` names it for good: the same key is the same issue. `kind` is its label."""

    key: str
    kind: str
    title: str
    body: str
    open: bool

    @property
    def marker(self) -> str:
        """The first line of its issue: by it, and by who wrote it, the issue is found again."""
        told = json.dumps({"kind": self.kind, "key": self.key})
        # Names may hold dashes, and two of them would end what HTML hides.
        return f"<!-- terrace:v1 {told.replace('-', '&#45;')} -->"


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
