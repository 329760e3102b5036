"""Releases: the fake keeps one a tag."""

from __future__ import annotations

from typing import Any

from forge.answers import Answer, missing
from forge.contract import Contract
from forge.sample import sample
from forge.shapes import user


class ReleasesOf:
    """Routes of the fake. `releases` are those that it has, by tag."""

    me: str
    releases: dict[str, dict[str, Any]]
    _contract: Contract

    def _repos_create_release(self, _: Any, __: Any, body: Any) -> Answer:
        tag = body["tag_name"]
        if tag in self.releases:
            told = {"message": "Validation Failed", "errors": [{"resource": "Release", "code": "already_exists"}]}
            return Answer(422, told)
        made = sample(
            self._contract,
            "release",
            tag_name=tag,
            name=body["name"],
            body=body["body"],
            author=user(self.me),
            html_url=f"https://github.com/acme/infrastructure/releases/tag/{tag}",
        )
        self.releases[tag] = made
        return Answer(201, made)

    def _repos_get_release_by_tag(self, parts: dict[str, str], _: Any, __: Any) -> Answer:
        found = self.releases.get(parts["tag"])
        return Answer(200, found) if found else missing()
