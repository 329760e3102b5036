"""Writes files with waivers to the working tree."""

from __future__ import annotations

from pathlib import Path

from terrace.adapters.files import write_whole
from terrace.errors import NotReady


def write_record_file(root: Path, path: str, text: str) -> None:
    """Replaces a file of a repository atomically. Raises NotReady or BadInput if that fails."""
    try:
        write_whole(root, path, text.encode(), make_folders=True)
    except NotReady as error:
        raise NotReady(error.message, place=error.place, hint="free disk space, or make the folder writable") from error
