"""Who wrote what is in a pull request, as far as GitHub can tell."""

from __future__ import annotations

from terrace.adapters.github.client import GitHub

MOST_COMMITS = 250
"""Commits of a pull request that GitHub lists: of one that has so many it is not known who wrote all of it."""


def writers(github: GitHub, number: int) -> frozenset[str] | None:
    """The logins of all who wrote or committed its commits; None where GitHub does not know one of them, or lists
    no more."""
    logins: set[str] = set()
    for place, commit in enumerate(github.each(f"pulls/{number}/commits"), 1):
        if place == MOST_COMMITS:
            return None
        author = (commit.get("author") or {}).get("login")
        if author is None:
            return None
        logins |= {author, (commit.get("committer") or {}).get("login") or author}
    return frozenset(logins)
