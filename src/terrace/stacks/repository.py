"""What the corridor needs of the Git repository. `terrace.adapters.git.repository` is the real one."""

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
    """Who wrote a commit, as the commit says: its author, its committer, or a co-author."""

    name: str
    email: str


_CO_AUTHOR = re.compile(r"[ \t]*co-?[ \t]?authored-by[ \t]*:(.*)", re.IGNORECASE)
_ADDRESS = re.compile(r"([^<>]*)<([^<>]*)>")


def co_authors(message: str) -> tuple[Author, ...]:
    """Returns the co-authors that a commit message names.

    Every line `Co-authored-by: NAME <EMAIL>` counts, in any case, at any place (squash merges gather them in the
    middle), folded or not, with several people or none in brackets. A name too many bars one person more; a name too
    few lets somebody approve their own work.
    """
    lines = message.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found = []
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
        found += [Author(name.strip(" \t,;"), email.strip()) for name, email in people]
        if not people and value.strip():
            found += [Author(one.strip(), one.strip()) for one in re.split(r"[,;]", value) if one.strip()]
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of a history: its full id, its whole message, and whether it has several parents."""

    id: str
    message: str
    merge: bool = False


class Repository(Protocol):
    """One repository with an optional remote. Refs come from outside and are checked; ids are full commit ids."""

    def resolve(self, ref: str) -> str:
        """The commit a ref names. Raises BadInput when there is none, or when the ref is not one that Git allows."""
        ...

    def snapshot(self) -> str:
        """A commit with the working tree as it is now, untracked files included and ignored ones not.

        Nothing of the user's is touched: no index, no branch, no checkout. The same tree gives the same content.
        """
        ...

    def tree(self, commit: str) -> Tree:
        """The files of a commit."""
        ...

    def protected_tip(self) -> str:
        """The newest commit of the protected branch: the remote's when there is a remote, else the local one's."""
        ...

    def on_protected_branch(self, commit: str) -> bool | None:
        """Whether a commit lies on the protected branch's first-parent line; None when history is too shallow."""
        ...

    def merge_base(self, one: str, other: str) -> str:
        """The newest commit that both descend from."""
        ...

    def contains(self, descendant: str, ancestor: str) -> bool:
        """Whether `ancestor` is `descendant` or one of its ancestors."""
        ...

    def is_whole(self, base: str | None, head: str) -> bool:
        """Whether every commit of base..head is in this clone. A shallow one may lack some without a sign of it."""
        ...

    def authors(self, base: str | None, head: str) -> tuple[Author, ...]:
        """The authors, committers and co-authors of base..head (all of head's history when base is None)."""
        ...

    def commits(self, base: str, head: str) -> tuple[Commit, ...]:
        """The commits of base..head, newest first. One that `snapshot` made is nobody's commit, and left out."""
        ...

    def landed(self, base: str | None, head: str) -> tuple[str, ...]:
        """The commits of base..head on the first-parent line of head, newest first; head alone when base is None."""
        ...

    def touching(self, base: str, head: str, paths: tuple[str, ...]) -> tuple[str, ...]:
        """The commits of base..head, on the first-parent line of head, that touch one of these files; newest first."""
        ...

    def checkout(self, commit: str, name: str, added: Mapping[str, str] | None = None) -> AbstractContextManager[Path]:
        """A private folder that holds exactly that commit, at the same path every time for one `name`.

        `added` are files to put there besides, by path; none of them may be in the commit.
        It is nobody else's while the context lasts.
        """
        ...

    def prepare_revert(self, branch: str, bad: str, good: str, message: str) -> str:
        """Put on a new branch, pushed where there is a remote, a commit that takes back on the protected tip what
        `good`..`bad` did; returns it. The same again is no error. Raises BadInput when it cannot be done without a
        person, naming the files."""
        ...

    def tag(self, name: str, commit: str, message: str) -> None:
        """Make an annotated tag and push it where there is a remote. The same tag on the same commit is no error."""
        ...
