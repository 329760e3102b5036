"""What the ledger tells is shown where people look: deployments on the repository, issues for what drifts.

Nothing here decides or remembers: what should stand there is told from the ledger each time, and made so. Whatever
could not be shown is shown by the next run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from terrace.compliance.audit import Audited
from terrace.drift.review import Review
from terrace.ledger import folds
from terrace.ledger.model import History
from terrace.pipelines.approve import handle_of
from terrace.report.matters import Matter, audit_matters, drift_matters
from terrace.report.release_notes import release_notes
from terrace.report.release_page import MARKER, Release, release_page
from terrace.rollout.announcement import Announcement, announcements
from terrace.stacks.repository import Repository


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


class Origins(Protocol):
    """Which change a commit came by, and a page for it."""

    def origin(self, commit: str) -> int | None:
        """The number of the merged change that it came by; None where there is none. Raises NotReady."""
        ...

    def keep(self, number: int, marker: str, body: str) -> str:
        """Have exactly one comment of ours with that marker on it; returns its address. Raises NotReady."""
        ...


def show_releases(
    origins: Origins, history: History, ladder: Sequence[str], touched: Iterable[str], policy: str
) -> None:
    """Tell on the change that a release came by where it is by now, for the newest of each of the environments
    `touched`."""
    every = folds.deployments(history)
    newest = (next((one for one in reversed(every) if one.environment == name), None) for name in touched)
    for commit in dict.fromkeys(one.commit for one in newest if one is not None):
        number = origins.origin(commit)
        if number is None:
            continue
        mine = {
            name: next((one for one in reversed(every) if one.environment == name and one.commit == commit), None)
            for name in ladder
        }
        waits = [name for name, one in mine.items() if one is not None and one.open]
        handles = {name: handle_of(policy, history, name) for name in waits}
        origins.keep(number, MARKER, release_page(Release(commit, mine, handles)))


class Releases(Protocol):
    """Where a forge keeps releases."""

    def keep(self, tag: str, commit: str, name: str, notes: str) -> str:
        """Have a release of that tag at that commit; returns its address. One that is there is left alone.

        Raises NotReady.
        """
        ...


def publish_release(releases: Releases, repository: Repository, history: History, environment: str) -> str | None:
    """Publish what was released last into an environment, if it has a tag; its address, None where there is nothing."""
    good = folds.releases(history, environment)
    if not good or not good[-1].tag:
        return None
    newest = good[-1]
    before = good[-2].commit if len(good) > 1 else newest.commit
    commits = repository.commits(before, newest.commit) if repository.contains(newest.commit, before) else ()
    notes = release_notes(newest, commits, folds.approvals(history, newest.id))
    return releases.keep(newest.tag or "", newest.commit, f"{environment} {newest.commit[:12]}", notes)


def show_deployments(board: Board, history: History, environments: Iterable[str]) -> None:
    """Show the newest deployments of these environments."""
    every = folds.deployments(history)
    for name in environments:
        board.show(name, announcements(every, name))


def track_audits(tracker: Tracker, looks: Iterable[Audited]) -> tuple[str, ...]:
    """Keep an issue for every environment in which something that stands breaks rules; the addresses of open ones."""
    kept = [(matter, tracker.keep(matter)) for matter in audit_matters(looks)]
    return tuple(url for matter, url in kept if matter.open and url is not None)


def track_drift(tracker: Tracker, reviews: Iterable[Review]) -> tuple[str, ...]:
    """Keep an issue for every stack that drifted; returns the addresses of those that are open."""
    kept = [(matter, tracker.keep(matter)) for matter in drift_matters(reviews)]
    return tuple(url for matter, url in kept if matter.open and url is not None)
