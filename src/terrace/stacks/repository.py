"""The port of the Git repository, which `terrace.adapters.git.repository` implements."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from terrace.hcl.tree import Tree


@dataclass(frozen=True, slots=True, order=True)
class Author:
    """An author, committer or co-author, as recorded in a commit."""

    name: str
    email: str


_CO_AUTHOR = re.compile(r"[ \t]*co-?[ \t]?authored-by[ \t]*:(.*)", re.IGNORECASE)
_ADDRESS = re.compile(r"([^<>]*)<([^<>]*)>")


def co_authors(message: str) -> tuple[Author, ...]:
    """Returns the co-authors in a commit message.

    Every line `Co-authored-by: NAME <EMAIL>` is read, in any case and at any place (squash merges have them in the
    middle), folded or not, with several people or without brackets. A surplus name excludes one more person from
    approving, but a missing name would allow authors to approve their own work.
    """
    lines = message.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    authors = []
    for number, line in enumerate(lines):
        trailer = _CO_AUTHOR.fullmatch(line)
        if trailer is None:
            continue
        value = trailer[1]
        for more in lines[number + 1 :]:
            if not more[:1].isspace() or not more.strip() or _CO_AUTHOR.fullmatch(more):
                break
            value += f" {more}"
        people = _ADDRESS.findall(value)
        authors += [Author(name.strip(" \t,;"), email.strip()) for name, email in people]
        if not people and value.strip():
            authors += [Author(part.strip(), part.strip()) for part in re.split(r"[,;]", value) if part.strip()]
    return tuple(authors)


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of a history: its full id, its complete message, and whether it has several parents."""

    id: str
    message: str
    merge: bool = False


class Repository(Protocol):
    """One repository with an optional remote. Refs come from outside and are checked; ids are full commit ids."""

    def resolve(self, ref: str) -> str:
        """Returns the commit of a ref. Raises BadInput where the ref does not exist or is not valid in Git."""
        ...

    def snapshot(self) -> str:
        """Returns a new commit of the current working tree, with untracked files and without ignored ones.

        The user's index, branches and checkout stay the same. The same tree gives the same content.
        """
        ...

    def tree(self, commit: str) -> Tree:
        """Returns the files of a commit."""
        ...

    def protected_tip(self) -> str:
        """Returns the newest commit of the protected branch, on the remote where there is one."""
        ...

    def on_protected_branch(self, commit: str) -> bool | None:
        """Returns whether a commit is on the protected branch's first-parent line; None if history is too shallow."""
        ...

    def merge_base(self, commit: str, other: str) -> str:
        """Returns the newest commit that both descend from."""
        ...

    def contains(self, descendant: str, ancestor: str) -> bool:
        """Returns whether `ancestor` is `descendant` or one of its ancestors."""
        ...

    def is_whole(self, base: str | None, head: str) -> bool:
        """Returns whether this clone has every commit of base..head. A shallow clone can lack some without an error."""
        ...

    def authors(self, base: str | None, head: str) -> tuple[Author, ...]:
        """Returns the authors, committers and co-authors of base..head; of all history of head where base is None."""
        ...

    def commits(self, base: str, head: str) -> tuple[Commit, ...]:
        """Returns the commits of base..head, newest first, without those that `snapshot` created."""
        ...

    def commits_on_first_parent(self, base: str | None, head: str) -> tuple[str, ...]:
        """Returns the commits of base..head on head's first-parent line, newest first; only head if base is None."""
        ...

    def commits_touching(self, base: str, head: str, paths: tuple[str, ...]) -> tuple[str, ...]:
        """Returns the commits of base..head on the first-parent line of head that change these files, newest first."""
        ...

    def checkout(self, commit: str, name: str, added: Mapping[str, str] | None = None) -> AbstractContextManager[Path]:
        """Provides a private folder with exactly that commit, always at the same path for one `name`.

        `added` are additional files by path, which the commit must not have. No other process uses the folder while
        the context is open.
        """
        ...

    def prepare_revert(self, branch: str, bad: str, good: str, message: str) -> str | None:
        """Creates a branch with a commit that reverts `good`..`bad` on the protected tip, and returns the commit; None
        where the protected branch has reverted it already, so that there is nothing to merge.

        It is pushed where there is a remote. Doing the same again is not an error. Raises BadInput with the names of
        the files where a person has to resolve conflicts."""
        ...

    def tag(self, name: str, commit: str, message: str) -> None:
        """Creates an annotated tag and pushes it where there is a remote. It may exist already at the same commit."""
        ...
