"""The handlers of each kind of event, for one repository."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from terrace.adapters.github.webhooks import About, PullRequestAction, Push, read
from terrace.apps.server.inbox import Delivery
from terrace.apps.server.worker import Handler, Outcome
from terrace.apps.wiring.project import Project
from terrace.errors import NotReady

if TYPE_CHECKING:
    from terrace.adapters.github.connecting import Connection

_TALK = ("issue_comment", "issues", "pull_request_review")
"""Events of comments, reviews and issues."""

_PUSHED = frozenset({"opened", "reopened", "synchronize"})
"""Actions of a pull request that need a check: new commits, or a new pull request."""

Reach = Literal["deployments", "answers"]

_DEPENDABOT = "dependabot[bot]"


class Handlers:
    """The handlers for the repository that contains a folder, a clone that belongs to the worker. Each delivery gets a
    new project, since the protected branch may have moved.

    With the reach `answers` the server does not deploy: it replies to comments, checks pull requests, and approves
    pending runs of CI, which then continue the deployment.
    """

    def __init__(self, folder: Path, reach: Reach = "deployments") -> None:
        self._folder = folder
        self._reach = reach

    def by_event(self) -> Mapping[str, Handler]:
        """Returns the handlers by event. The receiver ignores other events."""
        ours: Mapping[str, Handler] = {
            **dict.fromkeys(_TALK, self.talk),
            "pull_request": self.change,
            "push": self.push,
            "deployment_protection_rule": self.protection_rule,
        }
        return {**{event: self._if_ours(handler) for event, handler in ours.items()}, "installation": log_event}

    def talk(self, delivery: Delivery) -> Outcome:
        """Replies to a comment, review or issue. There is one reply per comment, and each command is executed once, by
        its id.
        """
        import msgspec

        from terrace.apps.output.progress import show_progress
        from terrace.apps.wiring.chatops import work_off

        payload = msgspec.json.decode(delivery.body)
        with show_progress(as_json=False) as watcher:
            heard = work_off(self._folder, delivery.event, payload, "hear", watcher)
            if heard is not None and heard.left and self._reach == "deployments":
                # A ticked box has no second pass: the deployment that it approves is scheduled work.
                heard = work_off(self._folder, delivery.event, payload, "act", watcher) or heard
        if heard is not None and heard.left:
            self.run_due_work()
        return Outcome("done", heard.reply.happened) if heard else Outcome("ignored", "it is not addressed to Terrace")

    def change(self, delivery: Delivery) -> Outcome:
        """Checks the current state of a pull request and writes the result on its page: the same delivery has the same
        verdict."""
        from terrace.adapters.github.page import PullRequestPage
        from terrace.apps.output.progress import show_progress
        from terrace.apps.wiring.checking import change_of, run_checks
        from terrace.apps.wiring.conversation import conversation
        from terrace.apps.wiring.handover import refuse_to_plan
        from terrace.pipelines.check.publishing import publish, title
        from terrace.pipelines.planning import plan_in

        if read(delivery.body, About).action not in _PUSHED:
            return Outcome("ignored", "its commits did not change")
        number = read(delivery.body, PullRequestAction).pull_request.number
        project = Project(self._folder)
        change = conversation(project.connected, project.trust.config.branch).change(number)
        if change is None or not change.open:
            return Outcome("ignored", f"#{number} is no longer open")
        project.repository.bring(f"refs/pull/{number}/head", change.head)
        with show_progress(as_json=False) as watcher:
            # A plan runs code of the change, and no maintainer has reviewed these yet.
            by = refuse_to_plan if change.foreign or change.author == _DEPENDABOT else plan_in
            record = run_checks(project, project.read_only_context(watcher), *change_of(project, change.head), by)
        page = PullRequestPage(self._forge.github, number, change.head, self._forge.login, delivery.id)
        publish(page, record)
        return Outcome("done", f"#{number} at {change.head[:7]}: {title(record)}")

    def push(self, delivery: Delivery) -> Outcome:
        """Runs scheduled work after a push to the protected branch. The ledger records completed work."""
        branch = Project(self._folder).trust.config.branch
        if read(delivery.body, Push).ref != f"refs/heads/{branch}":
            return Outcome("ignored", "the protected branch has no new commits")
        return Outcome("done", self.run_due_work())

    def run_due_work(self) -> str:
        """Answers pending workflow runs and runs scheduled work, as `terrace tick` does; returns the result as text."""
        from terrace.apps.output.ticks import show_action, show_tick
        from terrace.apps.wiring.tick import tick

        if self._reach == "answers":
            return "; ".join(self._pending_runs()) or "no workflow run is waiting for approval"
        _, ticked = tick(
            self._folder,
            (),
            "apply",
            lambda project, done: show_action(done, project.kept_plans),
            quiet=False,
        )
        show_tick(ticked)
        # Scheduled work comes first, so that no pending run delays it.
        answered = self._pending_runs() if Project(self._folder).forge is not None else ()
        return "; ".join(
            (*answered, "all scheduled work is done" if ticked.is_good else "something is blocked or waiting")
        )

    def protection_rule(self, delivery: Delivery) -> Outcome:
        """Answers the pending workflow runs of environments, which are read from GitHub."""
        return Outcome("done", "; ".join(self._pending_runs()) or "no workflow run is waiting for approval")

    def _pending_runs(self) -> tuple[str, ...]:
        from terrace.adapters.github.workflow_runs import GitHubProtectionRules
        from terrace.apps.output.progress import Silent
        from terrace.pipelines.conversation.protection_rules import answer_protection_rules

        project = Project(self._folder)
        return tuple(
            answer_protection_rules(project.audit_context(Silent()), GitHubProtectionRules(self._forge.github))
        )

    def _if_ours(self, handler: Handler) -> Handler:
        def only_ours(delivery: Delivery) -> Outcome:
            repository = read(delivery.body, About).repository
            if repository is None or repository.id != self._number:
                name, place = repository.full_name if repository else "no repository", self._forge.github.place
                return Outcome("ignored", f"it is about {name[:200]}, not about {place.owner}/{place.name}")
            return handler(delivery)

        return only_ours

    @cached_property
    def _forge(self) -> Connection:
        forge = Project(self._folder).forge
        if forge is None:
            raise NotReady(
                "the worker cannot access GitHub: it has neither an App nor a token",
                hint="TERRACE_GITHUB_APP_ID and TERRACE_GITHUB_APP_KEY, or GITHUB_TOKEN",
            )
        return forge

    @cached_property
    def _number(self) -> int:
        """Returns GitHub's permanent id of this repository. Its name can change, and deliveries have the newest one."""
        return int(self._forge.github.read("")["id"])


def log_event(delivery: Delivery) -> Outcome:
    """Logs the event; there is nothing to do."""
    about = read(delivery.body, About)
    return Outcome("done", f"{delivery.event} {about.action}"[:200])
