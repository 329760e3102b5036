"""What the ledger tells is shown where people look: deployments on the repository, issues for what drifts.

Nothing here decides or remembers: what should stand there is told from the ledger each time, and made so. Whatever
could not be shown is shown by the next run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from terrace.compliance.audit import Audited
from terrace.drift.review import Review
from terrace.forge.announcements import announcements
from terrace.forge.ports import Board, Origins, Releases, Tracker
from terrace.ledger import folds
from terrace.ledger.model import History
from terrace.pipelines.approvals.approve import handle_of
from terrace.report.markdown.release_notes import release_notes
from terrace.report.markdown.release_page import MARKER, Release, release_page
from terrace.report.matters import audit_matters, drift_matters
from terrace.stacks.repository import Repository


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
