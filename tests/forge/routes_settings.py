"""What the repository is set to: the fake's answers about environments and rules."""

from __future__ import annotations

from typing import Any

from forge.answers import Answer, missing
from forge.contract import Contract
from forge.sample import sample
from forge.shapes import user


class Settings:
    """Routes of the fake. `environments` are the reviewers of each, None for one without; `rules` those of branches."""

    environments: dict[str, list[str] | None]
    rules: dict[str, list[dict[str, Any]]]
    self_review: bool
    _contract: Contract

    def _repos_get_environment(self, parts: dict[str, str], _: Any, __: Any) -> Answer:
        name = parts["environment_name"]
        if name not in self.environments:
            return missing()
        reviewers = self.environments[name]
        rules = []
        if reviewers is not None:
            asked = [{"type": "User", "reviewer": user(login)} for login in reviewers]
            rules.append(
                {
                    "id": 1,
                    "node_id": "R_1",
                    "type": "required_reviewers",
                    "prevent_self_review": not self.self_review,
                    "reviewers": asked,
                }
            )
        return Answer(200, sample(self._contract, "environment", name=name, protection_rules=rules))

    def _repos_get_branch_rules(self, parts: dict[str, str], _: Any, __: Any) -> Answer:
        return Answer(200, self.rules.get(parts["branch"], []))
