"""How commits came in: the fake's answers about merged pull requests and their reviews."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from forge.answers import Answer, Paged, missing
from forge.contract import Contract
from forge.sample import sample
from forge.shapes import stamp, user


class Reviews(Paged):
    """Routes of the fake. `reviews` are those of each pull request; `origins` are the pull requests of each commit."""

    owner: str
    name: str
    now: datetime
    pulls: dict[int, dict[str, Any]]
    reviews: dict[int, list[dict[str, Any]]]
    origins: dict[str, list[int]]
    events: dict[int, list[dict[str, Any]]]
    _contract: Contract

    def reviewed(self, number: int, login: str, state: str = "APPROVED", commit: str = "a" * 40, body: str = "") -> int:
        """Somebody reviews a pull request; returns the id of the review."""
        mine = self.reviews.setdefault(number, [])
        id_ = number * 1000 + len(mine)
        mine.append(
            sample(
                self._contract,
                "pull-request-review",
                id=id_,
                user=user(login),
                state=state,
                commit_id=commit,
                body=body,
                submitted_at=stamp(self.now),
            )
        )
        return id_

    def happened(self, number: int, event: str, at: datetime) -> None:
        """Something happened to a pull request."""
        made = sample(self._contract, "renamed-issue-event", event=event, created_at=stamp(at))
        self.events.setdefault(number, []).append(made)

    def _issues_list_events(self, parts: dict[str, str], query: dict[str, list[str]], _: Any) -> Answer:
        number = int(parts["issue_number"])
        path = f"/repos/{self.owner}/{self.name}/issues/{number}/events"
        return self._paged(self.events.get(number, []), query, path)

    def _pulls_get_review(self, parts: dict[str, str], _: Any, __: Any) -> Answer:
        mine = self.reviews.get(int(parts["pull_number"]), [])
        found = next((one for one in mine if one["id"] == int(parts["review_id"])), None)
        return Answer(200, found) if found else missing()

    def _pulls_list_reviews(self, parts: dict[str, str], query: dict[str, list[str]], _: Any) -> Answer:
        number = int(parts["pull_number"])
        path = f"/repos/{self.owner}/{self.name}/pulls/{number}/reviews"
        return self._paged(self.reviews.get(number, []), query, path)

    def _repos_list_pull_requests_associated_with_commit(
        self, parts: dict[str, str], query: dict[str, list[str]], _: Any
    ) -> Answer:
        numbers = self.origins.get(parts["commit_sha"], [])
        path = f"/repos/{self.owner}/{self.name}/commits/{parts['commit_sha']}/pulls"
        return self._paged([self._simple(self.pulls[number]) for number in numbers], query, path)

    def _simple(self, pull: dict[str, Any]) -> dict[str, Any]:
        kept = {key: pull[key] for key in ("number", "state", "user", "head", "base", "merge_commit_sha")}
        merged = stamp(self.now - timedelta(hours=1)) if pull["merged"] else None
        return sample(self._contract, "pull-request-simple", **kept, merged_at=merged)
