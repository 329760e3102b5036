"""Releases on GitHub: one a tag, made once."""

from __future__ import annotations

import re
from urllib.parse import quote

from terrace.adapters.github.client import GitHub
from terrace.errors import BadInput

_TAG = re.compile(r"(?!-)[A-Za-z0-9._/-]{1,200}")


class GitHubReleases:
    """The releases of one repository."""

    def __init__(self, github: GitHub) -> None:
        self._github = github

    def keep(self, tag: str, commit: str, name: str, notes: str) -> str:
        """Have a release of a tag, which is at that commit; returns its address. One that is there stays as people made
        it."""
        if not _TAG.fullmatch(tag):
            raise BadInput(f"{tag[:60]!r} is no tag")

        def found() -> dict[str, str] | None:
            return self._github.find(f"releases/tags/{quote(tag, safe='')}")

        asked = {"tag_name": tag, "name": name[:250], "body": notes, "generate_release_notes": False}
        # Where the tag is gone, or did not arrive yet, GitHub makes it: at the newest commit, were it not told.
        asked["target_commitish"] = commit
        return str((found() or self._github.once("POST", "releases", asked, found))["html_url"])
