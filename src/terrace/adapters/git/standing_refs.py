"""Refs that prevent the creation of another one: Git cannot have both `a` and `a/b`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from terrace.adapters.git.command import NETWORK_SECONDS, git
from terrace.config.naming import quote_word
from terrace.errors import TerraceError
from terrace.words import join_some

_SHOWN = 3


def conflicting_refs(repository: Path, ref: str, remote: str | None, access: Mapping[str, str]) -> tuple[str, ...]:
    """Returns the refs of the remote, or of the clone without one, that prevent the creation of `ref`. None where they
    cannot be read: this only explains a failure that has already happened.
    """
    parts = ref.split("/")
    above = ["/".join(parts[:end]) for end in range(2, len(parts))]
    try:
        if remote is None:
            done = git(repository, "for-each-ref", "--format=x%09%(refname)", *above, f"{ref}/")
        else:
            argv = ("ls-remote", "--refs", "--", remote, *above, f"{ref}/*")
            done = git(repository, *argv, env=access, timeout=NETWORK_SECONDS)
    except TerraceError:
        return ()
    names = (line.partition("\t")[2] for line in done.out.decode("utf-8", "replace").splitlines())
    return tuple(name for name in names if name in above or name.startswith(f"{ref}/"))


def resolution(ref: str, standing: tuple[str, ...], remote: str | None) -> tuple[str, str]:
    """Returns the conflict with `ref`, as a clause, and the commands that resolve it, as a hint."""
    shown = join_some([_describe(name) for name in standing], _SHOWN, " and ")
    why = f"Git cannot have {_describe(ref)} together with {shown}"
    first = standing[0]
    if not first.startswith("refs/heads/"):
        delete = f"git update-ref -d {quote_word(first)}"
        if remote is not None:
            delete = f"git push {quote_word(remote)} --delete {quote_word(first)}"
        return why, f"check its content, then delete it: {delete}"
    short = first.removeprefix("refs/heads/")
    moved = f"old/{short}"
    if remote is None:
        return why, f"rename it: git branch -m {quote_word(short)} {quote_word(moved)}"
    fetched = f"git fetch {quote_word(remote)} {quote_word(first)}"
    pushed = f"git push {quote_word(remote)} {quote_word(f'FETCH_HEAD:refs/heads/{moved}')} {quote_word(f':{first}')}"
    return why, f"rename it: {fetched} && {pushed}"


def _describe(ref: str) -> str:
    for folder, kind in (("refs/heads/", "the branch"), ("refs/tags/", "the tag")):
        if ref.startswith(folder):
            return f"{kind} {ref.removeprefix(folder)}"
    return f"the ref {ref}"
