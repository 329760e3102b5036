"""Shows results of commands on the forge. Problems there are reported, but do not change the exit code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from terrace.adapters.environ import ENVIRON
from terrace.apps.output.console import note
from terrace.apps.wiring.project import Project
from terrace.config.environment_names import is_production
from terrace.drift.review import Review
from terrace.errors import Interrupted, TerraceError
from terrace.ledger.model import History
from terrace.report.check_outcome import CheckOutcome

if TYPE_CHECKING:
    from terrace.adapters.github.connecting import Connection
    from terrace.compliance.audit import Audited
    from terrace.forge.ports import Tracker


def show_deployments(project: Project, environments: Iterable[str]) -> None:
    """Shows the newest deployments of these environments on the forge. Each step is independent: a token may have the
    permission for only some.
    """
    with _reporting("GitHub does not show the deployments"):
        forge = project.forge
        if forge is None or project.trust.config.forge.deployments == "off":
            return
        history, touched = project.ledger.read(), tuple(environments)
        urls = {environment.name: environment.url for environment in project.trust.config.environments}
        for name in touched:
            with _independently(f"GitHub does not show the deployments to {name}"):
                _show_board(forge, history, name, urls.get(name, ""))
            with _independently(f"GitHub has no release for the deployment to {name}"):
                _show_release(project, forge, history, name)
        with _independently("pull requests do not show their deployment status"):
            _show_changes(project, forge, history, touched)


def _show_board(forge: Connection, history: History, environment: str, url: str) -> None:
    from terrace.adapters.github.actions import run_page
    from terrace.adapters.github.deployments import GitHubBoard
    from terrace.pipelines import mirroring

    board = GitHubBoard(forge.github, forge.login, is_production, run_page(ENVIRON))
    mirroring.show_deployments(board, history, environment, url)


def _show_release(project: Project, forge: Connection, history: History, environment: str) -> None:
    from terrace.adapters.github.deployments import GitHubReleases
    from terrace.pipelines import mirroring

    if project.trust.config.forge.releases == "production" and is_production(environment):
        mirroring.publish_release(GitHubReleases(forge.github), project.repository, history, environment)


def _show_changes(project: Project, forge: Connection, history: History, touched: Sequence[str]) -> None:
    from terrace.apps.output.progress import Silent
    from terrace.pipelines import mirroring
    from terrace.pipelines.release_difference import difference_of

    config = project.trust.config
    context = project.read_only_context(Silent())
    mirroring.publish_release_status(
        _Origins(forge, config.branch),
        history,
        config.environments,
        touched,
        project.trust.policy,
        lambda deployment: difference_of(context, history, deployment),
        project.kept_plans,
    )


def show_findings(project: Project, record: CheckOutcome) -> str | None:
    """Uploads the findings of a pull request's run to code scanning; returns None, or why it does not have them."""
    if project.trust.config.forge.code_scanning == "off" or ENVIRON.get("GITHUB_ACTIONS") != "true":
        return None
    from terrace.adapters.github.actions import pull_request_run
    from terrace.adapters.github.code_scanning import CodeScanning
    from terrace.report import sarif

    with _reporting("code scanning does not have the findings"):
        forge, run = project.forge, pull_request_run(ENVIRON)
        if forge is None:
            return None
        return CodeScanning(forge.github).upload(sarif.check(record).encode(), run.head, f"refs/pull/{run.number}/head")
    return None


def track_drift(project: Project, reviews: Iterable[Review]) -> None:
    """Updates the issues about drift."""
    from terrace.pipelines import mirroring

    _track(project, "drift", lambda tracker: mirroring.track_drift(tracker, reviews))


def track_audits(project: Project, looks: Iterable[Audited]) -> None:
    """Updates the issues about environments whose deployed configuration violates rules."""
    from terrace.pipelines import mirroring

    _track(project, "rule violations", lambda tracker: mirroring.track_audits(tracker, looks))


def _track(project: Project, subject: str, keep: Callable[[Tracker], tuple[str, ...]]) -> None:
    with _reporting(f"the GitHub issue about {subject} was not updated"):
        forge = project.forge
        if forge is None or project.trust.config.forge.issues == "off":
            return
        from terrace.adapters.github.tracker import GitHubTracker

        for url in keep(GitHubTracker(forge.github, forge.login)):
            note(f"tracked: {url}")


class _Origins:
    """Merged pull requests, and Terrace's comments on them."""

    def __init__(self, forge: Connection, branch: str) -> None:
        from terrace.adapters.github.comments import Comments
        from terrace.adapters.github.merges import GitHubMerges

        self.origin = GitHubMerges(forge.github, branch).origin
        self.keep = Comments(forge.github, forge.login).keep


@contextmanager
def _independently(action: str) -> Iterator[None]:
    """Reports errors of one step, so that the next steps run. If the forge does not respond at all, no other step is
    tried."""
    from terrace.adapters.forge_api import OutcomeUnknown

    down: OutcomeUnknown | None = None
    with _reporting(action):
        try:
            yield
        except OutcomeUnknown as error:
            down = error
    if down is not None:
        raise down


@contextmanager
def _reporting(problem: str) -> Iterator[None]:
    """Reports errors of the forge as notes: they must not look as if the command had failed."""
    try:
        yield
    except Interrupted:
        raise
    except TerraceError as error:
        hint = f" (hint: {error.hint})" if error.hint else ""
        note(f"note: {problem}: {error.message}{hint}; the next run tries again")
    except (LookupError, TypeError, ValueError) as error:
        # A response with an undocumented format must not look as if an apply had failed.
        note(f"note: {problem}: unexpected response ({type(error).__name__}); the next run tries again")
