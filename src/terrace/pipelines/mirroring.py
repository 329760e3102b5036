"""What the ledger tells is shown where people look: deployments on the repository, issues for what drifts.

Nothing here decides or remembers: what should stand there is told from the ledger each time, and made so. Whatever
could not be shown is shown by the next run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from terrace.ledger import folds
from terrace.ledger.model import History
from terrace.report.matters import Matter, drift_matters
from terrace.rollout.announcement import Announcement, announcements
from terrace.watch.review import Review


class Board(Protocol):
    """Where a forge shows deployments."""

    def show(self, environment: str, newest: Sequence[Announcement]) -> None:
        """Have each of these shown as it stands, once. The same again changes nothing. Raises NotReady."""
        ...


class Tracker(Protocol):
    """Where a forge keeps issues."""

    def keep(self, matter: Matter) -> str | None:
        """Have exactly one issue of it while it is open, and none open after; its address, None where there is none.

        The same again changes nothing. Raises NotReady.
        """
        ...


def show_deployments(board: Board, history: History, environments: Iterable[str]) -> None:
    """Show the newest deployments of these environments."""
    every = folds.deployments(history)
    for name in environments:
        board.show(name, announcements(every, name))


def track_drift(tracker: Tracker, reviews: Iterable[Review]) -> tuple[str, ...]:
    """Keep an issue for every stack that drifted; returns the addresses of those that are open."""
    kept = [(matter, tracker.keep(matter)) for matter in drift_matters(reviews)]
    return tuple(url for matter, url in kept if matter.open and url is not None)
