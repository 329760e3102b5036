"""The place of the trust root: the remote and the branch that the rules are read from. It is never guessed.

Every contributor can create a branch of a remote, so the existence of a branch named `main` proves nothing. The place
follows from the settings of the operator of this machine, and from the HEAD of the remote, which only an administrator
changes. The name of a remote is local to a clone, and so a setting of the operator as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from terrace.config.naming import quote_word
from terrace.errors import BadInput

BRANCH_VARIABLE = "TERRACE_BRANCH"
"""The environment variable with which an operator or a generated workflow sets the protected branch."""

REMOTE_VARIABLE = "TERRACE_REMOTE"
"""The environment variable with which an operator or a generated workflow sets the remote."""

BRANCH_SETTING = "terrace.branch"
"""The key of the Git configuration for the protected branch of a clone."""

REMOTE_SETTING = "terrace.remote"
"""The key of the Git configuration for the remote of a clone."""

BRANCH_NAME = re.compile(r"(?!-)(?!refs/)(?!HEAD$)[A-Za-z0-9._/-]+")
"""The grammar of a protected branch: a short name such as `main`, never a full ref."""

REMOTE_NAME = re.compile(r"(?!-)[A-Za-z0-9._/-]+")
"""The grammar of a remote."""

_USUAL = ("main", "master")


@dataclass(frozen=True, slots=True)
class Decided:
    """A name, and the reason for it as a clause, such as `TERRACE_BRANCH names it`.

    `setting` is the setting of the operator that names it; empty where the name follows from something else.
    """

    name: str
    how: str
    setting: str = ""


@dataclass(frozen=True, slots=True)
class RootPlace:
    """The place of the trust root: a branch of a remote, or a local branch where the repository has no remote."""

    remote: Decided | None
    branch: Decided

    def __str__(self) -> str:
        return self.branch.name if self.remote is None else f"{self.remote.name}/{self.branch.name}"


def read_settings(kind: str, sources: Mapping[str, str | None], grammar: re.Pattern[str]) -> Decided | None:
    """Returns the name that the operator sets, given the values of the settings; None where none is set.

    Raises BadInput where two settings differ, or where a value cannot be a name.
    """
    chosen = {source: name for source, name in sources.items() if name}
    for source, name in chosen.items():
        if not grammar.fullmatch(name):
            raise BadInput(
                f"{source} is {name[:100]!r}, which is not a {kind} name",
                hint=f"give the short name, for example {'main' if kind == 'branch' else 'origin'}",
            )
    if len(set(chosen.values())) > 1:
        settings = " and ".join(f"{source} names {name!r}" for source, name in chosen.items())
        raise BadInput(
            f"the {kind} of the trust root is ambiguous: {settings}", hint=f"remove one: {_list_removals(chosen)}"
        )
    return next((Decided(name, f"{source} names it", source) for source, name in chosen.items()), None)


def _list_removals(settings: Mapping[str, str]) -> str:
    commands = [f"git config --unset {s}" if "." in s else f"unset {s}" for s in settings]
    return " or ".join(f"`{command}`" for command in commands)


def choose_remote(remotes: Sequence[str], setting: Decided | None) -> Decided | None:
    """Returns the remote to read first; None where the repository has none. `setting` is the operator's setting.

    Raises BadInput where the set remote does not exist, or where there are several, none is set and none is `origin`.
    """
    if setting is not None:
        if setting.name not in remotes:
            raise BadInput(
                f"{setting.setting} names the remote {setting.name!r}, "
                f"and this repository has {_list_remotes(remotes)}",
                hint=f"add it: git remote add {quote_word(setting.name)} URL",
            )
        return setting
    if not remotes:
        return None
    if len(remotes) == 1:
        return Decided(remotes[0], "it is the only remote")
    if "origin" in remotes:
        return Decided("origin", f"it is named origin; this repository has {_list_remotes(remotes)}")
    raise BadInput(
        f"this repository has {_list_remotes(remotes)}, and no setting selects the one with the trust root",
        hint=f"git config {REMOTE_SETTING} {quote_word(remotes[0])}   (or {REMOTE_VARIABLE})",
    )


def _list_remotes(remotes: Sequence[str]) -> str:
    if not remotes:
        return "no remotes"
    return f"the remote{'s' * (len(remotes) > 1)} {', '.join(sorted(remotes))}"


def choose_branch(remote: str, setting: Decided | None, *, remote_head: str | None, recorded: str | None) -> Decided:
    """Returns the protected branch of a remote.

    `remote_head` is the branch that the HEAD of the remote names now, None where the remote was not queried.
    `recorded` is the branch that this clone has recorded for it (refs/remotes/REMOTE/HEAD), None where there is no
    record. Raises BadInput where they differ, or where no branch is known.
    """
    if setting is not None:
        _check_short(setting, remote)
        return setting
    if remote_head is not None and recorded is not None and remote_head != recorded:
        raise BadInput(
            f"the protected branch is ambiguous: the HEAD of {remote} names {remote_head!r}, and this clone has "
            f"recorded {recorded!r}",
            hint=f"if the default branch was changed on purpose: git remote set-head {quote_word(remote)} --auto",
        )
    name = remote_head or recorded
    if name is None:
        raise BadInput(
            f"the protected branch is unknown: this clone has no record of the HEAD of {remote}",
            hint=f"with network access: git remote set-head {quote_word(remote)} --auto; "
            f"or set it: git config {BRANCH_SETTING} NAME",
        )
    how = f"the HEAD of {remote} names it" if remote_head else f"this clone has recorded it as the HEAD of {remote}"
    if not BRANCH_NAME.fullmatch(name):
        raise BadInput(
            f"the HEAD of {remote} names the branch {name[:100]!r}, which Terrace cannot use",
            hint="use letters, digits, `.`, `_`, `-` and `/`, and a name that does not start with `refs/`",
        )
    return Decided(name, how)


def _check_short(setting: Decided, remote: str) -> None:
    """Refuses `origin/main` and `heads/main`: contributors can create branches of those names at the remote."""
    for prefix in ("heads/", "remotes/", f"{remote}/"):
        if setting.name.startswith(prefix):
            raise BadInput(
                f"{setting.setting} names the branch {setting.name!r} at the remote {remote}",
                hint=f"if the branch {setting.name.removeprefix(prefix)!r} is meant, leave {prefix!r} out",
            )


def choose_local_branch(
    branches: Mapping[str, str], setting: Decided | None, *, usual: str | None, head: str | None
) -> Decided:
    """Returns the protected branch of a repository without a remote. `branches` are its local branches by name, with
    their commits.

    `usual` is `init.defaultBranch`; `head` the branch that is checked out, or that the first commit will create. Raises
    BadInput where several branches are possible and they differ.
    """
    if setting is not None:
        return setting
    candidates = list(dict.fromkeys(name for name in (usual or "", *_USUAL) if name in branches))
    if len({branches[name] for name in candidates}) > 1:
        raise BadInput(
            f"the protected branch is ambiguous: this repository has {' and '.join(candidates)}, and they differ",
            hint=f"git config {BRANCH_SETTING} {quote_word(candidates[0])}   (or {BRANCH_VARIABLE})",
        )
    if candidates:
        others = f" of {' and '.join(candidates)}, which are equal" if len(candidates) > 1 else ""
        return Decided(candidates[0], f"this repository has no remote, and it is the usual branch{others}")
    if len(branches) == 1:
        return Decided(next(iter(branches)), "this repository has no remote and no other branch")
    if not branches and head is not None:
        return Decided(head, "this repository has no remote and no commit yet")
    raise BadInput(
        f"the protected branch is ambiguous: this repository has no remote, and none of its {len(branches)} branches "
        "is named main or master",
        hint=f"git config {BRANCH_SETTING} NAME   (or {BRANCH_VARIABLE})",
    )


def follow_remote(named: str, remotes: Sequence[str], at: RootPlace) -> Decided:
    """Returns the remote that terrace.yaml names, where it differs from the remote that it was read from.

    Raises BadInput where this repository has no such remote.
    """
    current = at.remote.name if at.remote is not None else ""
    if named not in remotes:
        raise BadInput(
            f"terrace.yaml at {at} names the remote {named!r}, and this repository has {_list_remotes(remotes)}",
            hint=f"git remote add {quote_word(named)} URL; "
            f"if {current} is the same repository: git config {REMOTE_SETTING} {quote_word(current)}",
        )
    return Decided(named, f"terrace.yaml at {at} names it")


def follow_branch(named: str, at: RootPlace) -> Decided:
    """Returns the branch that terrace.yaml names, where it differs from the branch that it was read from.

    Raises BadInput where the operator set the branch that it was read from, because the two settings then differ.
    """
    if at.branch.setting:
        raise BadInput(
            f"the protected branch is ambiguous: {at.branch.setting} is {at.branch.name!r}, and terrace.yaml on it "
            f"names {named!r}",
            hint=f"make them equal: change {at.branch.setting}, or `branch:` in terrace.yaml",
        )
    return Decided(named, f"terrace.yaml at {at} names it")


def check_agreement(first: RootPlace, second: RootPlace, *, remote: str, branch: str) -> None:
    """Checks that the second place names itself: `remote` and `branch` are the values in its terrace.yaml.

    Raises BadInput where it names a third place, or the first one again.
    """
    other_remote = second.remote.name if second.remote is not None else remote
    if (remote, branch) != (other_remote, second.branch.name):
        further = branch if branch != second.branch.name else f"the remote {remote}"
        raise BadInput(
            f"the trust root is ambiguous: terrace.yaml at {first} names {second}, and the one there names {further}",
            hint="set the same `branch:` and `remote:` in terrace.yaml of both places",
        )
