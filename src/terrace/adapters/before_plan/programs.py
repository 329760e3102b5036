"""Finds the programs of commands, and the folders of PATH that a command can read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from terrace.adapters.isolation.run import SETTINGS, SYSTEM

_VENV = "pyvenv.cfg"
_MOST_LINKS = 40
_LONGEST_FIRST_LINE = 256


def identity(path: str) -> str:
    """Returns the identity of a program: its path, size and modification time. "" where there is none."""
    try:
        real = Path(path).resolve(strict=True)
        about = real.stat()
    except (OSError, RuntimeError):
        return ""
    return f"{path} {real} {about.st_size} {about.st_mtime_ns}"


@dataclass(frozen=True, slots=True)
class FoundProgram:
    """A program: its path, and the folders that a command reads for it in addition to PATH."""

    path: str
    readable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Unseen:
    """A path on the way to a program that commands cannot read."""

    path: str


class SearchPath:
    """The folders of PATH that a command can read, the additional folders that it reads for them, and the folders of
    PATH that it cannot read (`hidden`)."""

    def __init__(self, path: str, private: Sequence[Path]) -> None:
        self._home = Path.home()
        self._private = tuple(folder.resolve() for folder in private)
        self.folders: list[str] = []
        self.readable: list[str] = []
        self.hidden: list[str] = []
        for name in dict.fromkeys(path.split(os.pathsep)):
            folder = Path(name)
            if not folder.is_absolute() or not folder.is_dir():
                continue
            if _is_of_system(name):
                self.folders.append(name)
            elif not self._is_private(folder.resolve()):
                self.folders.append(name)
                self._show(self._readable_folder(folder))
                if (folder.parent / _VENV).is_file():
                    # A virtualenv uses the program and the modules of the Python that created it.
                    self._show_interpreters(folder)
            else:
                self.hidden.append(name)

    def _show(self, path: str) -> None:
        if not _is_of_system(path) and not any(_is_in(path, folder) for folder in self.readable):
            self.readable.append(path)

    def _show_interpreters(self, folder: Path) -> None:
        for name in ("python3", "python"):
            links = self._links(folder / name)
            if links and not isinstance(links, _Unseen):
                for link in links:
                    self._show(link)

    def _links(self, path: Path) -> tuple[str, ...] | _Unseen:
        """Returns what a command has to read for a program: the folders of each link on the way to its file, and of
        that file. In a folder that is not called `bin`, only the file."""
        links: list[str] = []
        for _ in range(_MOST_LINKS):
            real_folder = Path(os.path.realpath(path.parent))
            for folder in dict.fromkeys((path.parent, real_folder)):
                if _is_of_system(str(folder)):
                    continue
                if self._is_private(folder.resolve()):
                    return _Unseen(str(path))
                whole = folder.name in ("bin", "sbin")
                links.append(self._readable_folder(folder) if whole else str(folder / path.name))
            if not path.is_symlink():
                return tuple(dict.fromkeys(links))
            path = Path(os.path.normpath(real_folder / path.readlink()))
        return _Unseen(str(path))

    def _readable_folder(self, folder: Path) -> str:
        """Returns what a command reads for a folder: programs need the folders beside `bin`, unless those can contain
        anything."""
        parent = folder.parent
        depth = len(parent.parts) - (len(self._home.parts) - 1 if parent.is_relative_to(self._home) else 0)
        deep = depth > 2 or (parent / _VENV).is_file()
        whole = folder.name in ("bin", "sbin") and deep and not self._is_private(parent.resolve())
        return str(parent if whole else folder)

    def _is_private(self, real: Path) -> bool:
        """Returns whether a folder is, contains or is in one that commands cannot read."""
        private = any(real.is_relative_to(folder) or folder.is_relative_to(real) for folder in self._private)
        return private or self._home.is_relative_to(real)

    def find(self, name: str) -> FoundProgram | None:
        """Returns the first program of that name that a command can read, or None."""
        for folder in self.folders if name and "/" not in name else ():
            path = Path(folder, name)
            if path.is_file() and os.access(path, os.X_OK):
                links = self._links(path)
                if not isinstance(links, _Unseen):
                    return FoundProgram(str(path), self._extra_paths((*links, *self._links_of_reader(path))))
        return None

    def _extra_paths(self, paths: Sequence[str]) -> tuple[str, ...]:
        """Returns the paths that PATH does not include already, without those in another one of them."""
        more: list[str] = []
        for path in sorted(paths):
            if not any(_is_in(path, folder) for folder in (*self.readable, *more)):
                more.append(path)
        return tuple(more)

    def _links_of_reader(self, script: Path) -> tuple[str, ...]:
        """Returns what a command has to read for the interpreter of a script, named by its absolute path."""
        with script.open("rb") as file:
            start = file.read(_LONGEST_FIRST_LINE)
        if not start.startswith(b"#!"):
            return ()
        words = os.fsdecode(start[2:].partition(b"\n")[0]).split()
        links = self._links(Path(words[0])) if words and words[0].startswith("/") else ()
        return () if isinstance(links, _Unseen) else links

    def describe_unreadable(self, name: str) -> str:
        """Returns a description of the location of a program that commands cannot read; "" where there is none in
        PATH."""
        for folder in (*self.folders, *self.hidden):
            path = Path(folder, name)
            if path.is_file() and os.access(path, os.X_OK):
                links = self._links(path)
                where = links.path if isinstance(links, _Unseen) else str(path)
                leads = f", which links to {where}" if where != str(path) else ""
                return f"{path}{leads}: in the checkout, in a folder of Terrace, or directly in a home"
        return ""


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _is_of_system(path: str) -> bool:
    return any(_is_in(path, folder) for folder in SYSTEM) or any(_is_in(path, f"/etc/{folder}") for folder in SETTINGS)
