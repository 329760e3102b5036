"""Interprets file names as Terraform does, and follows symbolic links in the repository."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from terrace.hcl.tree import Tree

LOCK_FILE = ".terraform.lock.hcl"
WRITTEN_BY_TERRACE = ("zz_terrace_override.tf", "zz_terrace_additions.tf")
"""Files that Terrace writes into private checkouts. A commit must not have them, whatever their suffix."""

LONGEST_TARGET = 4000
"""Maximum bytes of the target of a symbolic link that every system supports."""

_SUFFIXES = (".tf", ".tofu", ".tf.json", ".tofu.json")
_MANY_LINKS = 40
_OF_TOFU = {".tofu": ".tf", ".tofu.json": ".tf.json", ".tofutest.hcl": ".tftest.hcl"}
"""Suffixes of files that only OpenTofu reads, and those of the files that it then ignores."""


def is_configuration(name: str) -> bool:
    """Returns whether Terraform or OpenTofu reads a file of this name as configuration. Both ignore hidden files."""
    return name.endswith(_SUFFIXES) and not name.startswith(".")


def is_written_by_terrace(name: str) -> bool:
    """Returns whether Terrace writes a file of this name, or the file would replace one that Terrace writes."""
    folded = name.lower()
    own = {written.removesuffix(".tf") for written in WRITTEN_BY_TERRACE}
    return any(folded.removesuffix(suffix) in own for suffix in _SUFFIXES if folded.endswith(suffix))


def is_override(name: str) -> bool:
    """Returns whether a configuration file is an override file, which Terraform merges over the others."""
    stem = name.removesuffix(".json").rpartition(".")[0]
    return stem == "override" or stem.endswith("_override")


def is_tofu_only(path: str) -> bool:
    """Returns whether OpenTofu reads a file of this name and Terraform does not."""
    return path.endswith(tuple(_OF_TOFU))


def replaced_files(paths: Iterable[str]) -> set[str]:
    """Returns the paths that OpenTofu ignores, whether they exist or not: `main.tf` beside `main.tofu`."""
    return {
        f"{path.removesuffix(suffix)}{replaced}"
        for path in paths
        for suffix, replaced in _OF_TOFU.items()
        if path.endswith(suffix)
    }


def is_automatic_variables(name: str) -> bool:
    """Returns whether Terraform loads variables from a file of this name automatically."""
    return name in ("terraform.tfvars", "terraform.tfvars.json") or name.endswith((".auto.tfvars", ".auto.tfvars.json"))


def parent(path: str) -> str:
    """Returns the folder of a path; "" for the root of the repository."""
    return path.rpartition("/")[0]


def join(folder: str, rest: str) -> str | None:
    """Returns `folder/rest` without `.` and `..`; "" for the root of the repository, None for a path outside it."""
    if rest.startswith(("/", "~")):
        return None
    joined = posixpath.normpath(f"{folder}/{rest}" if folder else rest or ".")
    if joined == ".." or joined.startswith("../"):
        return None
    return "" if joined == "." else joined


@dataclass(frozen=True, slots=True)
class ResolvedPath:
    """A path with its links resolved: the real path (None: it leads outside the repository) and the links in it."""

    real: str | None
    links: tuple[str, ...] = ()


class Layout:
    """The folders of a tree that have configuration, and its links."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.entries = tree.entries
        self.folders: dict[str, list[str]] = {}
        self.links: set[str] = set()
        self.variables: dict[str, list[str]] = {}
        for path, entry in self.entries.items():
            if entry.mode == "120000":
                self.links.add(path)
            if path.endswith(_SUFFIXES):
                folder, _, name = path.rpartition("/")
                if not name.startswith("."):
                    self.folders.setdefault(folder, []).append(name)
            elif path.endswith((".tfvars", ".tfvars.json")):
                folder, _, name = path.rpartition("/")
                if is_automatic_variables(name):
                    self.variables.setdefault(folder, []).append(name)
        self._targets: dict[str, str] = {}

    def resolve(self, path: str) -> ResolvedPath:
        """Follows the links in `path`, as the operating system does."""
        if not self.links:
            return ResolvedPath(path)
        done, remaining, followed = "", [p for p in path.split("/") if p], list[str]()
        while remaining:
            step = remaining.pop(0)
            path_so_far = join(done, step)
            if path_so_far is None:
                return ResolvedPath(None, tuple(followed))
            if path_so_far in self.links:
                if len(followed) == _MANY_LINKS:
                    return ResolvedPath(None, tuple(followed))
                followed.append(path_so_far)
                target = self._target(path_so_far)
                if target.startswith("/"):
                    return ResolvedPath(None, tuple(followed))
                remaining = [p for p in target.split("/") if p] + remaining
            else:
                done = path_so_far
        return ResolvedPath(done, tuple(dict.fromkeys(followed)))

    @cached_property
    def linked(self) -> Mapping[str, tuple[str, ...]]:
        """The links to each path, or through a link at that path."""
        links: dict[str, list[str]] = {}
        for link in sorted(self.links):
            way = self.resolve(link)
            for path in {*way.links, way.real} - {link, None}:
                links.setdefault(path or "", []).append(link)
        return {path: tuple(links) for path, links in links.items()}

    def read(self, path: str) -> bytes | None:
        """Returns the content of a file; None where there is no file at the path. Links are not followed."""
        entry = self.entries.get(path)
        return None if entry is None or entry.is_link else self._tree.read(path)

    def is_inside(self, link: str) -> bool:
        """Returns whether a link resolves to a path inside the repository, whether that path exists or not."""
        target = self._target(link)
        fits = bool(target) and "\0" not in target and len(target) <= LONGEST_TARGET
        return fits and self.resolve(link).real is not None

    def _target(self, link: str) -> str:
        if link not in self._targets:
            self._targets[link] = self._tree.read(link).decode("utf-8", "surrogateescape")
        return self._targets[link]

    def variable_files(self, folder: str) -> tuple[str, ...]:
        """Returns the variable files in a folder that Terraform loads automatically, with links resolved, in the order
        in which Terraform applies them."""
        real = self.resolve(folder).real
        names = [] if real is None else self.variables.get(real, [])
        names = sorted(names, key=lambda name: (".auto.tfvars" in name, name))
        paths = (self.resolve(f"{real}/{name}" if real else name).real for name in names)
        return tuple(path for path in paths if path in self.entries and path is not None)

    def configuration(self, folder: str) -> tuple[str, ...]:
        """Returns the sorted names of the configuration files in a folder. Links in its path are followed."""
        real = self.resolve(folder).real
        return () if real is None else tuple(sorted(self.folders.get(real, ())))
