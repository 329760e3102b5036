"""Reads the files of a first repository. Their texts are in `files/`, where names with a leading dot have none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable

CONFIG_FILE = "terrace.yaml"
FOLDERS = ("environments", "modules")
"""Folders that a repository must not have yet, since its own configuration would be mixed with that of the layout."""

EXECUTABLE = frozenset({"scripts/smoke.sh"})

_HIDDEN = {"gitignore": ".gitignore", "github": ".github", "allowed_signers": ".terrace/allowed_signers"}


def layout_files() -> Mapping[str, str]:
    """Returns the files by path, except terrace.yaml."""
    return {path: text for path, text in _files().items() if path != CONFIG_FILE}


def layout_environments() -> str:
    """Returns the part of terrace.yaml about environments, teams and policies."""
    return _files()[CONFIG_FILE]


def _files() -> Mapping[str, str]:
    return dict(sorted(_files_below(resources.files("terrace.apps.first_repository") / "files", "")))


def _files_below(folder: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
    for entry in folder.iterdir():
        name = _HIDDEN.get(entry.name, entry.name) if not prefix else entry.name
        if entry.is_dir():
            yield from _files_below(entry, f"{prefix}{name}/")
        else:
            yield f"{prefix}{name}", entry.read_text(encoding="utf-8")
