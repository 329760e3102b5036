"""Comments, pull requests and people: the fake's answers about who talks about what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from forge.answers import Answer, Paged, missing
from forge.contract import Contract
from forge.sample import sample
from forge.shapes import stamp, user


class Conversations(Paged):
    """Routes of the fake. `pulls` are its pull requests by number, `commits` those of each."""

    api: str
    owner: str
    name: str
    now: datetime
    comments: dict[int, dict[str, Any]]
    permissions: dict[str, str]
    pulls: dict[int, dict[str, Any]]
    commits: dict[int, list[dict[str, Any]]]
    workflow_runs: dict[int, dict[str, Any]]
    reactions: list[tuple[int, str]]
    reruns: list[int]
    run_approvals: dict[int, list[dict[str, Any]]]
    waiting: dict[int, str]
    doors: list[tuple[int, str, str]]
    _contract: Contract

    def pull(
        self,
        number: int,
        head: str,
        *,
        author: str = "mona",
        merged: str = "",
        foreign: bool = False,
        writers: Mapping[str | None, str | None] | None = None,
    ) -> None:
        """A pull request. `merged` is the commit that it became; `writers`: author of each commit -> committer."""
        repo = sample(self._contract, "repository", id=1, name=self.name, full_name=f"{self.owner}/{self.name}")
        other = {**repo, "id": 2, "fork": True}
        end = {"label": "x", "user": user(author), "repo": other if foreign else repo}
        pairs = {author: author} if writers is None else writers
        self.pulls[number] = sample(
            self._contract,
            "pull-request",
            number=number,
            state="closed" if merged else "open",
            merged=bool(merged),
            merge_commit_sha=merged or None,
            user=user(author),
            head={**end, "ref": "change", "sha": head},
            base={**end, "ref": "main", "sha": "b" * 40, "repo": repo},
            commits=len(pairs),
        )
        self.commits[number] = [
            sample(
                self._contract,
                "commit",
                sha=head,
                author=user(one) if one else None,
                committer=user(other) if other else None,
            )
            for one, other in pairs.items()
        ]

    def ran(
        self, number: int, head: str, status: str = "completed", path: str = ".github/workflows/00-pr-validation.yml"
    ) -> None:
        """A run of a workflow for a pull request."""
        self.workflow_runs[number] = sample(
            self._contract, "workflow-run", id=number, head_sha=head, status=status, event="pull_request", path=path
        )

    def ran_by(self, number: int, login: str, *, event: str = "push", branch: str | None = "main", **told: Any) -> None:
        """Somebody, or something, starts a run of a workflow of the repository itself."""
        here = sample(self._contract, "minimal-repository", full_name=f"{self.owner}/{self.name}")
        begun: dict[str, Any] = {"created_at": stamp(self.now), "updated_at": stamp(self.now), "status": "in_progress"}
        begun |= {"repository": here, "head_repository": here, "actor": user(login), "triggering_actor": user(login)}
        self.workflow_runs[number] = sample(
            self._contract, "workflow-run", id=number, event=event, head_branch=branch, **{**begun, **told}
        )

    def _actions_get_workflow_run(self, parts: dict[str, str], _: Any, __: Any) -> Answer:
        found = self.workflow_runs.get(int(parts["run_id"]))
        return Answer(200, found) if found else missing()

    def _issues_get_comment(self, parts: dict[str, str], _: Any, __: Any) -> Answer:
        found = self.comments.get(int(parts["comment_id"]))
        return Answer(200, found) if found else missing()

    def _pulls_get(self, parts: dict[str, str], _: Any, __: Any) -> Answer:
        found = self.pulls.get(int(parts["pull_number"]))
        return Answer(200, found) if found else missing()

    def _pulls_list_commits(self, parts: dict[str, str], query: dict[str, list[str]], _: Any) -> Answer:
        number = int(parts["pull_number"])
        return self._paged(self.commits[number], query, f"/repos/{self.owner}/{self.name}/pulls/{number}/commits")

    def _repos_get_collaborator_permission_level(self, parts: dict[str, str], _: Any, __: Any) -> Answer:
        """Four levels only in `permission`; the others show in `role_name`."""
        role = self.permissions.get(parts["username"], "none")
        level = {"triage": "read", "maintain": "write"}.get(role, role)
        if level not in ("admin", "write", "read", "none"):
            level = "write"
        return Answer(
            200, {"permission": level, "role_name": role, "user": {**user(parts["username"]), "role_name": role}}
        )

    def _reactions_create_for_issue_comment(self, parts: dict[str, str], _: Any, body: Any) -> Answer:
        number = int(parts["comment_id"])
        if number not in self.comments:
            return missing()
        known = (number, body["content"]) in self.reactions
        if not known:
            self.reactions.append((number, body["content"]))
        made = sample(self._contract, "reaction", content=body["content"], user=user("terrace[bot]"))
        return Answer(200 if known else 201, made)

    def _actions_list_workflow_runs_for_repo(self, _: Any, query: dict[str, list[str]], __: Any) -> Answer:
        head, status = query.get("head_sha", [None])[0], query.get("status", [None])[0]
        mine = [
            run
            for run in self.workflow_runs.values()
            if head in (None, run["head_sha"]) and status in (None, run["status"])
        ]
        return Answer(200, {"total_count": len(mine), "workflow_runs": mine})

    def _actions_re_run_workflow(self, parts: dict[str, str], _: Any, __: Any) -> Answer:
        number = int(parts["run_id"])
        if number not in self.workflow_runs:
            return missing()
        self.reruns.append(number)
        return Answer(201, {})

    def run_reviewed(self, run: int, login: str, environment: str, state: str = "approved") -> None:
        """A reviewer of an environment answers a run."""
        told = {"state": state, "user": user(login), "comment": "", "environments": [{"id": 1, "name": environment}]}
        self.run_approvals.setdefault(run, []).append(told)

    def pending_runs(self, run: int, head: str, environment: str, **told: Any) -> None:
        """A run waits at the door of an environment that has our App as a rule: one of main, unless told otherwise."""
        self.ran_by(run, "mona", **{"head_sha": head, "status": "waiting", **told})
        self.waiting[run] = environment

    def _actions_get_pending_deployments_for_run(self, parts: dict[str, str], _: Any, __: Any) -> Answer:
        name = self.waiting.get(int(parts["run_id"]))
        if name is None:
            return Answer(200, [])
        told = {"environment": {"id": 1, "name": name}, "wait_timer": 0, "wait_timer_started_at": None}
        return Answer(200, [{**told, "current_user_can_approve": False, "reviewers": []}])

    def _actions_review_custom_gates_for_run(self, parts: dict[str, str], _: Any, body: Any) -> Answer:
        run = int(parts["run_id"])
        if self.waiting.get(run) != body["environment_name"]:
            return Answer(422, {"message": "No pending custom deployment protection rule"})
        del self.waiting[run]
        self.workflow_runs[run]["status"] = "in_progress"
        self.doors.append((run, body["state"], body["comment"]))
        return Answer(204)

    def _actions_get_reviews_for_run(self, parts: dict[str, str], _: Any, __: Any) -> Answer:
        return Answer(200, self.run_approvals.get(int(parts["run_id"]), []))

    def edit(self, comment: int, body: str) -> None:
        """Somebody edits a comment later."""
        self.comments[comment].update(body=body, updated_at=stamp(self.now + timedelta(hours=1)))
