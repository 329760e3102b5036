"""The files of Git submodules, read from private clones, as part of the tree of a commit. Git's own submodule commands
are not used: nothing in a submodule is run or configured, and the user's checkout is not read.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from terrace.adapters.file_lock import file_lock
from terrace.adapters.git.access import Access
from terrace.adapters.git.command import git, git_untrusted, mask_tokens, stream_blobs
from terrace.adapters.git.names import commit_id
from terrace.adapters.git.trees import Contents, GitTree
from terrace.adapters.git.worktree import check_path
from terrace.adapters.process import Finished
from terrace.errors import BadInput, Interrupted, NotReady, Place, TerraceError
from terrace.hcl.tree import AbsentSubmodule, Entry
from terrace.stacks.submodules import (
    GITMODULES,
    DeclaredSubmodule,
    SubmoduleUrl,
    is_chosen,
    read_gitmodules,
    resolve_url,
    shown_url,
)

FETCH_SECONDS = 300.0
"""Time limit of one fetch of a submodule, in seconds."""
MOST_STORES = 32
"""Maximum number of private clones of submodules for one checkout."""
STORE_BYTES = 2**31
"""Maximum size of a private clone in bytes: a larger one is replaced before the next fetch."""
UNUSED_SECONDS = 86400.0
"""Minimum time without use, in seconds, after which a private clone can be removed for others."""
DEEPEST = 8
"""Maximum depth of submodules within submodules."""
_KEPT = 8


@dataclass(frozen=True, slots=True)
class SubmoduleRules:
    """The submodules that are included, and their trusted addresses. `chosen` is `Config.submodules` of the trust root,
    and `trusted` its commit, whose `.gitmodules` has the addresses. `base` is the address of the repository itself,
    None without a remote. `is_on_protected_branch` is the test for a commit. Without `fetch`, only what was fetched
    before is available. With `only_trusted`, a submodule is included only at the commit in the trust root: for changes
    of untrusted authors.
    """

    chosen: tuple[str, ...]
    trusted: str
    base: str | None
    is_on_protected_branch: Callable[[str], bool]
    fetch: bool = True
    only_trusted: bool = False


@dataclass(frozen=True, slots=True)
class _Parts:
    """The files of a commit with those of its submodules. `mounts` are the trees by their paths."""

    entries: Mapping[str, Entry]
    left: Mapping[str, str]
    absent: Mapping[str, AbsentSubmodule]
    mounts: Mapping[str, GitTree]


@dataclass(frozen=True, slots=True)
class _Level:
    """One repository with submodules: at `prefix`, fetched from `base`. `trusted` is its tree at the trust root, None
    where the trust root does not have it."""

    prefix: str
    tree: GitTree
    trusted: GitTree | None
    base: str | None
    depth: int = 0


class Submodules:
    """Adds the files of submodules to the trees of one repository. `stores` is the folder of the private clones.
    `rules` is called when the first tree with submodules is read; it returns None where none are included.
    """

    def __init__(
        self,
        root: Path,
        stores: Path,
        rules: Callable[[], SubmoduleRules | None],
        access: Access,
        contents: Contents,
    ) -> None:
        self._root = root
        self._stores = stores
        self._ask = rules
        self._access = access
        self._contents = contents
        self._rules: list[SubmoduleRules | None] = []
        self._composed: dict[str, _Parts] = {}
        self._present: set[tuple[Path, str]] = set()
        self._failed: dict[tuple[str, str], NotReady] = {}

    def of(self, own: GitTree) -> TreeWithSubmodules:
        """Returns the tree of a commit with the files of its submodules."""
        return TreeWithSubmodules(own, self)

    def parts(self, own: GitTree) -> _Parts:
        """Returns the files of a commit and of its submodules; submodules that are unavailable are left out and
        reported."""
        composed = self._composed.get(own.commit)
        if composed is None:
            composed = self._compose(own)
            while len(self._composed) >= _KEPT:
                self._composed.pop(next(iter(self._composed)))
            self._composed[own.commit] = composed
        return composed

    def _find_submodule(self) -> SubmoduleRules | None:
        if not self._rules:
            self._rules.append(self._ask())
        return self._rules[0]

    def _compose(self, own: GitTree) -> _Parts:
        rules = self._find_submodule() if own.submodules else None
        if rules is None or not rules.chosen:
            return _Parts(own.entries, own.submodules, {}, {})
        entries = dict(own.entries)
        unmounted: dict[str, str] = {}
        absent: dict[str, AbsentSubmodule] = {}
        mounts: dict[str, GitTree] = {}
        trusted = GitTree(self._root, rules.trusted, self._contents)
        levels = [_Level("", own, trusted, rules.base)]
        while levels:
            level = levels.pop()
            for path, commit in level.tree.submodules.items():
                full = f"{level.prefix}{path}"
                unmounted[full] = commit
                if not is_chosen(full, rules.chosen, nested=bool(level.prefix)):
                    continue
                mounted = self._mount(level, path, commit, own.commit, rules)
                if isinstance(mounted, AbsentSubmodule):
                    absent[full] = mounted
                    continue
                del unmounted[full]
                mounts[full] = mounted.tree
                entries |= {f"{full}/{inner}": entry for inner, entry in mounted.tree.entries.items()}
                levels.append(mounted)
        return _Parts(MappingProxyType(entries), unmounted, absent, mounts)

    def _mount(
        self, level: _Level, path: str, commit: str, outer: str, rules: SubmoduleRules
    ) -> _Level | AbsentSubmodule:
        """Returns the tree of a submodule at its commit, or why it is unavailable."""
        file = f"{level.prefix}{GITMODULES}"
        place = Place(file)
        try:
            entry = self._read_declared(level.tree).get(path)
            if entry is None:
                hint = "add its `path` and `url` there, as `git submodule add` does"
                return AbsentSubmodule(f"{file} does not define it", hint, place)
            place = Place(file, entry.line)
            merged = self._read_declared(level.trusted).get(path) if level.trusted is not None else None
            if level.trusted is None or merged is None:
                return AbsentSubmodule(
                    f"{file} on the protected branch does not define it, and Terrace uses addresses only from there",
                    "merge the submodule first; until then, only the other stacks are planned",
                    place,
                )
            if entry.url != merged.url and not rules.is_on_protected_branch(outer):
                return AbsentSubmodule(
                    f"its address is {shown_url(entry.url)} here but {shown_url(merged.url)} on the protected branch:"
                    " Terrace fetches only from merged addresses",
                    "update the branch, or merge the new address first",
                    place,
                )
            source = resolve_url(merged.url, level.base)
            trusted_commit = level.trusted.submodules.get(path)
            if rules.only_trusted and commit != trusted_commit:
                return AbsentSubmodule(
                    f"its commit {commit[:12]} is not fetched for changes by untrusted authors",
                    "checks of merged commits, and checks that plan, fetch it",
                    place,
                )
            if self._conflicts(level.tree, path):
                hint = "this commit was not created by Git; create it again"
                return AbsentSubmodule("files of the commit lie at its path", hint, place)
            store = self._store(source, commit, rules)
            tree = GitTree(store, commit, self._contents)
            for inner in tree.entries:
                check_path(f"{level.prefix}{path}/{inner}")
            if level.depth + 1 >= DEEPEST:
                return AbsentSubmodule("it is nested in too many other submodules", "use another folder", place)
            trusted = self._trusted_tree(source, trusted_commit, rules, tree)
        except Interrupted:
            raise
        except TerraceError as error:
            return AbsentSubmodule(error.message, error.hint or "correct it and try again", place)
        return _Level(f"{level.prefix}{path}/", tree, trusted, source.url, level.depth + 1)

    def _trusted_tree(
        self, source: SubmoduleUrl, commit: str | None, rules: SubmoduleRules, tree: GitTree
    ) -> GitTree | None:
        """Returns the tree of a submodule at the commit in the trust root, from which its own submodules are read."""
        if commit is None or not tree.submodules:
            return None
        if commit == tree.commit:
            return tree
        return GitTree(self._store(source, commit, rules), commit, self._contents)

    @staticmethod
    def _conflicts(tree: GitTree, path: str) -> bool:
        return any(entry == path or entry.startswith(f"{path}/") for entry in tree.entries)

    @staticmethod
    def _read_declared(tree: GitTree) -> Mapping[str, DeclaredSubmodule]:
        """Returns the content of `.gitmodules` in a tree. Raises BadInput where Git cannot parse it."""
        entry = tree.entries.get(GITMODULES)
        if entry is None:
            return {}
        if entry.is_link:
            raise BadInput(f"{GITMODULES} is a symbolic link", hint="commit it as a file", place=Place(GITMODULES))
        text = tree.read(GITMODULES)
        # `--file -` rejects an empty file.
        done = git(tree.root, "config", "--file", "-", "--no-includes", "--list", "-z", stdin=text or b"\n")
        if done.code != 0:
            raise BadInput(
                f"{GITMODULES} cannot be read: {done.message.splitlines()[0] if done.message else 'no reason given'}",
                hint="`git config --file .gitmodules --list` shows the error",
            )
        pairs = (os.fsdecode(line).partition("\n") for line in done.out.split(b"\0") if line)
        return read_gitmodules(((key, value) for key, _, value in pairs), os.fsdecode(text))

    # --- private clones ----------------------------------------------------------------------------------------

    def _store(self, source: SubmoduleUrl, commit: str, rules: SubmoduleRules) -> Path:
        """Returns the private clone of an address, with this commit. Raises NotReady where the commit is
        unavailable."""
        commit_id(commit)
        name = hashlib.sha256(f"{len(commit)} {source.url}".encode()).hexdigest()[:32]
        folder = self._stores / name
        if (folder, commit) in self._present:
            return folder
        request = (source.url, commit)
        if request in self._failed:
            raise self._failed[request]
        self._stores.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with file_lock(self._stores / f"{name}.lock", "the private clone of a submodule"):
                if not _has(folder, commit):
                    if not rules.fetch:
                        hint = "`terrace check` fetches it"
                        raise NotReady(f"the commit {commit[:12]} of it was not fetched yet", hint=hint)
                    self._prune(folder)
                    self._bring(folder, source, commit)
                with contextlib.suppress(OSError):
                    os.utime(folder)
        except NotReady as error:
            self._failed[request] = error
            raise
        self._present.add((folder, commit))
        return folder

    def _bring(self, folder: Path, source: SubmoduleUrl, commit: str) -> None:
        """Fetches a commit: alone where the server allows that, else with all branches and tags. A damaged clone is
        recreated once."""
        done: Finished | None = None
        for again in (False, True):
            if again or not _is_sound(folder):
                _begin(folder, commit)
            for specs in (
                (f"+{commit}:refs/kept/{commit}",),
                ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"),
            ):
                depth = ("--depth=1",) if len(specs) == 1 else ()
                done = self._fetch(folder, source, depth, specs)
                if done.code == 0 and _has(folder, commit):
                    self._keep(folder, commit)
                    return
        assert done is not None
        if done.code == 0:
            raise NotReady(
                f"its repository {shown_url(source.url)} does not have the commit {commit[:12]}",
                hint="push that commit there (`git push --recurse-submodules=on-demand`), or use another commit",
            )
        lines = mask_tokens(done.message).strip().splitlines()
        raise NotReady(
            f"its repository {shown_url(source.url)} cannot be read: {lines[-1] if lines else 'git fetch failed'}",
            hint="Git needs credentials for that repository: a credential helper, or an SSH key in the agent",
        )

    def _fetch(self, folder: Path, source: SubmoduleUrl, depth: tuple[str, ...], specs: tuple[str, ...]) -> Finished:
        quiet = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-gc")
        arguments = ("fetch", *quiet, *depth, "--end-of-options", source.url, *specs)
        return git_untrusted(folder, *arguments, transport=source.transport, env=self._access(), timeout=FETCH_SECONDS)

    @staticmethod
    def _keep(folder: Path, commit: str) -> None:
        git_untrusted(folder, "update-ref", f"refs/kept/{commit}", commit)

    def _prune(self, own_store: Path) -> None:
        """Removes clones beyond the limit. One that another process may be using is kept."""
        stores = []
        with contextlib.suppress(OSError):
            for path in self._stores.iterdir():
                if path.is_dir() and not path.is_symlink() and path != own_store:
                    stores.append((path.stat().st_mtime, path))
        for used, path in sorted(stores, reverse=True)[MOST_STORES - 1 :]:
            if time.time() - used > UNUSED_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
        if _size(own_store) > STORE_BYTES:
            shutil.rmtree(own_store, ignore_errors=True)


class TreeWithSubmodules:
    """The files of a commit and of its submodules: a `BatchTree` that reads each file from its repository."""

    def __init__(self, own: GitTree, submodules: Submodules) -> None:
        self.own = own
        self.commit = own.commit
        self._submodules = submodules

    @property
    def entries(self) -> Mapping[str, Entry]:
        """All files, including those of checked-out submodules."""
        return self._parts.entries

    @property
    def submodules(self) -> Mapping[str, str]:
        """The commits of submodules whose files are unavailable, by path."""
        return self._parts.left

    @property
    def absent_submodules(self) -> Mapping[str, AbsentSubmodule]:
        """The reasons why submodules in terrace.yaml are unavailable, by path."""
        return self._parts.absent

    @property
    def _parts(self) -> _Parts:
        return self._submodules.parts(self.own)

    def read(self, path: str) -> bytes:
        """Returns the content of one file. Raises KeyError where there is none."""
        return self.read_many((path,))[path]

    def read_many(self, paths: Iterable[str]) -> dict[str, bytes]:
        """Returns the contents of many files, by one process per repository. Raises KeyError where one does not
        exist."""
        by_path: dict[str, bytes] = {}
        for prefix, tree, tree_paths in self._by_tree(paths):
            contents = tree.read_many(path[len(prefix) :] for path in tree_paths)
            by_path |= {f"{prefix}{path}": content for path, content in contents.items()}
        return by_path

    def blobs(self, ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yields the contents of blobs with their ids, each from a repository that has it."""
        remaining = set(ids)
        for tree in (self.own, *self._parts.mounts.values()):
            own_blobs = remaining & {entry.blob for entry in tree.entries.values()} if remaining else set()
            remaining -= own_blobs
            yield from stream_blobs(tree.root, sorted(own_blobs))
        if remaining:
            raise KeyError(next(iter(remaining)))

    def _by_tree(self, paths: Iterable[str]) -> Iterator[tuple[str, GitTree, list[str]]]:
        mounts = self._parts.mounts
        if not mounts:
            yield "", self.own, list(paths)
            return
        groups: dict[str, list[str]] = {}
        # The deepest first: a nested submodule provides its own files.
        mount_paths = sorted(mounts, key=len, reverse=True)
        for path in paths:
            at = next((mount for mount in mount_paths if path.startswith(f"{mount}/")), "")
            groups.setdefault(at, []).append(path)
        for at, tree_paths in groups.items():
            yield (f"{at}/", mounts[at], tree_paths) if at else ("", self.own, tree_paths)


def _begin(folder: Path, commit: str) -> None:
    """Creates an empty private clone."""
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    shutil.rmtree(folder, ignore_errors=True)
    kind = "sha1" if len(commit) == 40 else "sha256"
    folder.mkdir(mode=0o700)
    done = git_untrusted(folder, "init", "--quiet", "--template=", f"--object-format={kind}", "--initial-branch=none")
    if done.code != 0:
        raise NotReady(
            f"the private clone {folder} cannot be created: {done.message}", hint="check the permissions of that folder"
        )


def _is_sound(folder: Path) -> bool:
    return not folder.is_symlink() and (folder / ".git" / "HEAD").is_file()


def _has(folder: Path, commit: str) -> bool:
    """Returns whether a private clone has all objects of a commit, undamaged."""
    if not _is_sound(folder):
        return False
    arguments = ("rev-list", "--verify-objects", "--objects", "--no-walk", "--quiet", "--end-of-options", commit, "--")
    return git_untrusted(folder, *arguments).code == 0


def _size(folder: Path) -> int:
    """Returns the approximate size of a private clone's packs in bytes."""
    with contextlib.suppress(OSError):
        return sum(pack.stat().st_size for pack in (folder / ".git" / "objects" / "pack").iterdir())
    return 0
