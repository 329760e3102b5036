"""Publishing to the forge: deployment status on the repository and on changes, releases, and issues for drift and
audits.

Decides and remembers nothing: the target state is derived from the ledger each time. The next run publishes whatever
could not be published.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from terrace.compliance.audit import Audited
from terrace.config.model import Environment
from terrace.drift.review import Review
from terrace.forge.announcements import announcements
from terrace.forge.ports import Board, Origins, Releases, Tracker
from terrace.ledger import folds
from terrace.ledger.deployment import Deployment
from terrace.ledger.model import History
from terrace.pipelines.approvals.pending import pending_handle
from terrace.pipelines.deploy.planned_changes import changes_of
from terrace.plans.kept_plans import KeptPlans
from terrace.report.markdown.issues import audit_issues, drift_issues
from terrace.report.markdown.release_notes import release_notes
from terrace.report.markdown.release_page import MARKER, Release, release_page
from terrace.rollout.release_difference import ReleaseDifference
from terrace.stacks.repository import Repository


def publish_release_status(
    origins: Origins,
    history: History,
    ladder: Sequence[Environment],
    touched: Iterable[str],
    policy: str,
    effect: Callable[[Deployment], ReleaseDifference],
    archive: KeptPlans,
) -> None:
    """Shows on the change that brought a release how far it is deployed, for the newest one of each environment in
    `touched`. `effect` returns what an open deployment brings to its environment, `archive` has the values that its
    plans change."""
    every = folds.deployments(history)
    newest = (
        next((deployment for deployment in reversed(every) if deployment.environment == name), None) for name in touched
    )
    for commit in dict.fromkeys(deployment.commit for deployment in newest if deployment is not None):
        number = origins.origin(commit)
        if number is None:
            continue
        by_environment = {
            name: next(
                (
                    deployment
                    for deployment in reversed(every)
                    if deployment.environment == name and deployment.commit == commit
                ),
                None,
            )
            for name in (environment.name for environment in ladder)
        }
        waits = [name for name, deployment in by_environment.items() if deployment is not None and deployment.open]
        changes = changes_of(
            archive,
            (
                deployment
                for deployment in by_environment.values()
                if deployment is not None and deployment.open and deployment.waiting
            ),
        )
        handles = {name: pending_handle(policy, history, name) for name in waits}
        brings = {
            name: effect(deployment)
            for name in waits
            if handles[name] and (deployment := by_environment[name]) is not None
        }
        urls = {environment.name: environment.url for environment in ladder}
        page = release_page(Release(commit, by_environment, handles, brings, changes, urls))
        origins.keep(number, MARKER, page)


def publish_release(releases: Releases, repository: Repository, history: History, environment: str) -> str | None:
    """Publishes the newest release of an environment, if it has a tag; returns its address, None where there is
    none."""
    # A deployment without changes has no tag: the release is that of the deployment before it.
    good = [release for release in folds.releases(history, environment) if release.tag]
    if not good:
        return None
    newest = good[-1]
    before = good[-2].commit if len(good) > 1 else newest.commit
    commits = repository.commits(before, newest.commit) if repository.contains(newest.commit, before) else ()
    notes = release_notes(newest, commits, folds.approvals(history, newest.id))
    return releases.keep(newest.tag or "", newest.commit, f"{environment} {newest.commit[:12]}", notes)


def show_deployments(board: Board, history: History, environment: str, url: str) -> None:
    """Shows the newest deployments of an environment, with its address."""
    board.show(environment, announcements(folds.deployments(history), environment, url))


def track_audits(tracker: Tracker, looks: Iterable[Audited]) -> tuple[str, ...]:
    """Keeps an issue for every environment whose deployed configuration breaks rules; returns the addresses of open
    ones."""
    tracked = [(matter, tracker.keep(matter)) for matter in audit_issues(looks)]
    return tuple(url for matter, url in tracked if matter.open and url is not None)


def track_drift(tracker: Tracker, reviews: Iterable[Review]) -> tuple[str, ...]:
    """Keeps an issue for every stack with drift; returns the addresses of open ones."""
    tracked = [(matter, tracker.keep(matter)) for matter in drift_issues(reviews)]
    return tuple(url for matter, url in tracked if matter.open and url is not None)
