"""Writes records of people, such as waivers, into the working tree."""

from __future__ import annotations

from pathlib import Path

from terrace.adapters.files import write_whole
from terrace.errors import NotReady


def write_record_file(root: Path, path: str, text: str) -> None:
    """Replaces a file of a repository, whole or not at all. Raises NotReady or BadInput where it cannot."""
    try:
        write_whole(root, path, text.encode(), make_folders=True)
    except NotReady as error:
        raise NotReady(error.message, place=error.place, hint="make room, or its folder writable") from error
