"""Finds the programs of commands, and what of PATH a command sees."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from terrace.adapters.isolation.run import SYSTEM


def identity(path: str) -> str:
    """Returns what a program is known by: where it is, its size, and when it was changed. "" where there is none."""
    try:
        real = Path(path).resolve(strict=True)
        about = real.stat()
    except (OSError, RuntimeError):
        return ""
    return f"{real} {about.st_size} {about.st_mtime_ns}"


class SearchPath:
    """The folders of PATH that a command sees, and what it may read for them beside the system's folders."""

    def __init__(self, path: str, private: Sequence[Path]) -> None:
        self._home = Path.home()
        self._private = tuple(one.resolve() for one in private)
        self.folders: list[str] = []
        self.readable: list[str] = []
        for name in dict.fromkeys(path.split(os.pathsep)):
            folder = Path(name)
            if not folder.is_absolute() or not folder.is_dir():
                continue
            if _is_of_system(name):
                self.folders.append(name)
            elif not self._is_private(folder.resolve()):
                self.folders.append(name)
                self.readable.append(self._shown(folder))

    def _shown(self, folder: Path) -> str:
        """What a command reads for a folder: programs need what lies beside `bin`, unless that could be anything."""
        parent = folder.parent
        depth = len(parent.parts) - (len(self._home.parts) - 1 if parent.is_relative_to(self._home) else 0)
        whole = folder.name in ("bin", "sbin") and depth > 2 and not self._is_private(parent.resolve())
        return str(parent if whole else folder)

    def _is_private(self, real: Path) -> bool:
        """Whether a folder is, holds or lies in one that no command sees."""
        private = any(real.is_relative_to(one) or one.is_relative_to(real) for one in self._private)
        return private or self._home.is_relative_to(real)

    def find(self, name: str) -> str | None:
        """Returns the path of a program, or None."""
        for folder in self.folders if name and "/" not in name else ():
            path = Path(folder, name)
            if path.is_file() and os.access(path, os.X_OK) and self._is_visible(path.resolve()):
                return str(path)
        return None

    def _is_visible(self, real: Path) -> bool:
        return _is_of_system(str(real)) or any(real.is_relative_to(Path(one).resolve()) for one in self.readable)


def _is_of_system(path: str) -> bool:
    return any(path == one or path.startswith(f"{one}/") for one in SYSTEM)
