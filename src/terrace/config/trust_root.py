"""Which remote and which branch hold the rules that judge: decided from what is certain, refused where nothing is.

A branch of a remote can be created by every contributor, so the existence of a branch named `main` proves nothing. What
counts is what the operator of this machine says, and what the remote says about itself (its HEAD, which only an
administrator changes). A name of a remote is local to a clone and so is the operator's own word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from terrace.config.naming import shell_word
from terrace.errors import BadInput

BRANCH_VARIABLE = "TERRACE_BRANCH"
"""The variable by which an operator or a generated workflow names the protected branch."""

REMOTE_VARIABLE = "TERRACE_REMOTE"
"""The variable by which an operator or a generated workflow names the remote."""

BRANCH_SETTING = "terrace.branch"
"""The key of Git's configuration that names the protected branch of a clone."""

REMOTE_SETTING = "terrace.remote"
"""The key of Git's configuration that names the remote of a clone."""

BRANCH_NAME = re.compile(r"(?!-)(?!refs/)(?!HEAD$)[A-Za-z0-9._/-]+")
"""What the name of a protected branch looks like: short, as in `main`, and never a full ref."""

REMOTE_NAME = re.compile(r"(?!-)[A-Za-z0-9._/-]+")
"""What the name of a remote looks like."""

_USUAL = ("main", "master")


@dataclass(frozen=True, slots=True)
class Decided:
    """A name, and how it was decided, as a clause for people: `TERRACE_BRANCH names it`.

    `said_by` is the place where the operator of this machine says it; empty where it follows from something else.
    """

    name: str
    how: str
    said_by: str = ""


@dataclass(frozen=True, slots=True)
class RootPlace:
    """Where the trust root is read: a branch of a remote, or a local branch where the repository has no remote."""

    remote: Decided | None
    branch: Decided

    def __str__(self) -> str:
        return self.branch.name if self.remote is None else f"{self.remote.name}/{self.branch.name}"


def stated(what: str, sources: Mapping[str, str | None], grammar: re.Pattern[str]) -> Decided | None:
    """What the operator says, by the places where it can be said; None where nothing is said.

    Raises BadInput where two places say different names, or where a name cannot be one.
    """
    given = {source: name for source, name in sources.items() if name}
    for source, name in given.items():
        if not grammar.fullmatch(name):
            raise BadInput(
                f"{source} is {name[:100]!r}, which is not the name of a {what}",
                hint=f"give the short name, for example {'main' if what == 'branch' else 'origin'}",
            )
    if len(set(given.values())) > 1:
        told = " and ".join(f"{source} names {name!r}" for source, name in given.items())
        raise BadInput(f"the {what} of the trust root is not certain: {told}", hint=f"remove one: {_remove(given)}")
    return next((Decided(name, f"{source} names it", source) for source, name in given.items()), None)


def _remove(given: Mapping[str, str]) -> str:
    commands = [f"git config --unset {s}" if "." in s else f"unset {s}" for s in given]
    return " or ".join(f"`{command}`" for command in commands)


def choose_remote(remotes: Sequence[str], said: Decided | None) -> Decided | None:
    """The remote to read first; None where the repository has none. `said` is what the operator says.

    Raises BadInput where the named remote does not exist, or where there are several and none is named or `origin`.
    """
    if said is not None:
        if said.name not in remotes:
            raise BadInput(
                f"{said.said_by} names the remote {said.name!r}, and this repository has {_list(remotes)}",
                hint=f"add it: git remote add {shell_word(said.name)} URL",
            )
        return said
    if not remotes:
        return None
    if len(remotes) == 1:
        return Decided(remotes[0], "it is the only remote")
    if "origin" in remotes:
        return Decided("origin", f"it is called origin; this repository has {_list(remotes)}")
    raise BadInput(
        f"this repository has {_list(remotes)}, and nothing says which of them holds the trust root",
        hint=f"git config {REMOTE_SETTING} {shell_word(remotes[0])}   (or {REMOTE_VARIABLE})",
    )


def _list(remotes: Sequence[str]) -> str:
    if not remotes:
        return "no remotes"
    return f"the remote{'s' * (len(remotes) > 1)} {', '.join(sorted(remotes))}"


def choose_branch(remote: str, said: Decided | None, *, asked: str | None, recorded: str | None) -> Decided:
    """The protected branch of a remote.

    `asked` is the branch that the remote's HEAD names now, None where the remote was not asked; `recorded` the one that
    it named when this clone last recorded it (refs/remotes/REMOTE/HEAD), None where nothing is recorded. Raises
    BadInput where they disagree, or where nothing is certain.
    """
    if said is not None:
        _check_short(said, remote)
        return said
    if asked is not None and recorded is not None and asked != recorded:
        raise BadInput(
            f"the protected branch is not certain: the HEAD of {remote} names {asked!r}, and this clone has recorded "
            f"{recorded!r}",
            hint=f"if the default branch was changed on purpose: git remote set-head {shell_word(remote)} --auto",
        )
    name = asked or recorded
    if name is None:
        raise BadInput(
            f"the protected branch is not certain: this clone has not recorded which branch the HEAD of {remote} names",
            hint=f"with a network: git remote set-head {shell_word(remote)} --auto; "
            f"or name it: git config {BRANCH_SETTING} NAME",
        )
    how = f"the HEAD of {remote} names it" if asked else f"this clone has recorded it as the HEAD of {remote}"
    if not BRANCH_NAME.fullmatch(name):
        raise BadInput(
            f"the HEAD of {remote} names the branch {name[:100]!r}, which Terrace cannot use",
            hint="use letters, digits, `.`, `_`, `-` and `/`, and no name that begins with `refs/`",
        )
    return Decided(name, how)


def _check_short(said: Decided, remote: str) -> None:
    """Refuse `origin/main` and `heads/main`: branches of those names can be created at the remote by others."""
    for prefix in ("heads/", "remotes/", f"{remote}/"):
        if said.name.startswith(prefix):
            raise BadInput(
                f"{said.said_by} names the branch {said.name!r} at the remote {remote}",
                hint=f"if the branch {said.name.removeprefix(prefix)!r} is meant, leave {prefix!r} out",
            )


def choose_local_branch(
    branches: Mapping[str, str], said: Decided | None, *, usual: str | None, head: str | None
) -> Decided:
    """The protected branch of a repository without a remote. `branches` are its local branches with their commits.

    `usual` is `init.defaultBranch`; `head` the branch that is checked out, or that the first commit will be on. Raises
    BadInput where several branches could be meant and they differ.
    """
    if said is not None:
        return said
    candidates = list(dict.fromkeys(name for name in (usual or "", *_USUAL) if name in branches))
    if len({branches[name] for name in candidates}) > 1:
        raise BadInput(
            f"the protected branch is not certain: this repository has {' and '.join(candidates)}, and they differ",
            hint=f"git config {BRANCH_SETTING} {shell_word(candidates[0])}   (or {BRANCH_VARIABLE})",
        )
    if candidates:
        others = f" of {' and '.join(candidates)}, which are equal" if len(candidates) > 1 else ""
        return Decided(candidates[0], f"this repository has no remote, and it is the usual branch{others}")
    if len(branches) == 1:
        return Decided(next(iter(branches)), "this repository has no remote and no other branch")
    if not branches and head is not None:
        return Decided(head, "this repository has no remote and no commit yet")
    raise BadInput(
        f"the protected branch is not certain: this repository has no remote, and of its {len(branches)} branches none "
        "is called main or master",
        hint=f"git config {BRANCH_SETTING} NAME   (or {BRANCH_VARIABLE})",
    )


def follow_remote(named: str, remotes: Sequence[str], at: RootPlace) -> Decided:
    """The remote that terrace.yaml names where it is another than the one that it was read from.

    Raises BadInput where this repository has no such remote.
    """
    here = at.remote.name if at.remote is not None else ""
    if named not in remotes:
        raise BadInput(
            f"terrace.yaml at {at} names the remote {named!r}, and this repository has {_list(remotes)}",
            hint=f"git remote add {shell_word(named)} URL; "
            f"if {here} is the same repository: git config {REMOTE_SETTING} {shell_word(here)}",
        )
    return Decided(named, f"terrace.yaml at {at} names it")


def follow_branch(named: str, at: RootPlace) -> Decided:
    """The branch that terrace.yaml names where it is another than the one that it was read from.

    Raises BadInput where the operator named the branch that it was read from: then the two disagree.
    """
    if at.branch.said_by:
        raise BadInput(
            f"the protected branch is not certain: {at.branch.said_by} is {at.branch.name!r}, and terrace.yaml on it "
            f"names {named!r}",
            hint=f"make them equal: change {at.branch.said_by}, or `branch:` in terrace.yaml",
        )
    return Decided(named, f"terrace.yaml at {at} names it")


def agree(first: RootPlace, second: RootPlace, *, remote: str, branch: str) -> None:
    """Check that the followed place names itself: `remote` and `branch` are what its terrace.yaml says.

    Raises BadInput where it names a third place, or the first one again.
    """
    here = second.remote.name if second.remote is not None else remote
    if (remote, branch) != (here, second.branch.name):
        further = branch if branch != second.branch.name else f"the remote {remote}"
        raise BadInput(
            f"the trust root is not certain: terrace.yaml at {first} names {second}, and the one there names {further}",
            hint="let terrace.yaml of both name the same `branch:` and `remote:`",
        )
