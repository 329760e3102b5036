"""The forge's account of how a commit reached the protected branch, and of who started a run of CI."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from terrace.adapters.git.repository import GitRepository
from terrace.apps.wiring.forge import require_connection
from terrace.config.model import Config
from terrace.errors import BadInput, NotReady

if TYPE_CHECKING:
    from terrace.adapters.github.connecting import Connection
    from terrace.adapters.github.merges import GitHubMerges


class Reviews:
    """Asks the forge about commits and runs. `forge` returns the connection, or None where there is none."""

    def __init__(self, config: Config, repository: GitRepository, forge: Callable[[], Connection | None]) -> None:
        self._config = config
        self._repository = repository
        self._forge = forge
        self._missing_reviews: dict[tuple[str, str], str | None] = {}
        self._proven_runs: set[tuple[str, str, datetime]] = set()

    def missing_review(self, commit: str, tip: str) -> str | None:
        """Returns why a commit did not come through a reviewed change; None where it did.

        Raises NotReady where the forge cannot be asked.
        """
        from terrace.adapters.git.merged_content import GitMergedContent

        # The gate asks before each apply. How a commit reached the branch does not change while a process runs.
        if (commit, tip) not in self._missing_reviews:
            content = GitMergedContent(self._repository)
            self._missing_reviews[commit, tip] = self._merges.why_unreviewed(commit, tip, content)
        return self._missing_reviews[commit, tip]

    def openers(self, commit: str) -> tuple[str, ...]:
        """Returns the accounts that opened the changes of a commit. Raises NotReady where the forge cannot be asked."""
        return self._merges.openers(commit) if self._forge() is not None else ()

    def unproven_run(self, run: str, requester: str, opened_at: datetime) -> str:
        """Returns why a run of CI does not prove who opened a deployment; "" where the forge confirms it."""
        from terrace.adapters.github.workflow_runs import workflow_run
        from terrace.gates.approvals.ci_runs import why_unproven
        from terrace.gates.approvals.people import People

        if why := why_not_asked(run):
            return why
        # A confirmation does not change, so unconfirmed runs alone need another request.
        if (run, requester, opened_at) in self._proven_runs:
            return ""
        try:
            github = require_connection(self._forge()).github
            workflow = workflow_run(github, github.place, run.partition(" ")[2])
        except (NotReady, BadInput) as error:
            return f"GitHub cannot be asked: {error.message}"
        why = why_unproven(workflow, self._config.branch, People(self._config), requester, opened_at)
        if not why:
            self._proven_runs.add((run, requester, opened_at))
        return why

    @cached_property
    def _merges(self) -> GitHubMerges:
        """Raises NotReady where no forge is connected."""
        from terrace.adapters.github.merges import GitHubMerges

        return GitHubMerges(require_connection(self._forge()).github, self._config.branch)


def why_not_asked(run: str) -> str:
    """Returns why Terrace does not ask GitHub about the run that an opening event names, "" when it does.

    `run` is the name of the forge and the id of the run there.
    """
    forge, _, id_ = run.partition(" ")
    if forge == "gitlab":
        return "Terrace does not ask GitLab about runs, so a GitLab run proves nothing"
    if forge != "github" or not id_:
        return f"Terrace does not know the forge of the run {run[:60]!r}"
    return ""
