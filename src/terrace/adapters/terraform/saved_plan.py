"""Reads the configuration files that a saved plan carries: exactly those that Terraform planned, modules included."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from terrace.plans.sources import UNREADABLE, Sources, read_sources

_FOLDER = "tfconfig/m-"
_LARGEST = 64 * 1024 * 1024
"""Bytes of configuration that are read at most; nobody writes as much."""


def sources_of(saved: Path) -> Sources:
    """The files of a saved plan; UNREADABLE where it is encrypted, or of a format that is not known."""
    try:
        with zipfile.ZipFile(saved) as archive:
            keys = [str(module["Key"]) for module in json.loads(archive.read("tfconfig/modules.json"))]
            files: dict[str, list[tuple[str, bytes]]] = {key: [] for key in keys}
            entries = [entry for entry in archive.infolist() if entry.filename.startswith(_FOLDER)]
            if sum(entry.file_size for entry in entries) > _LARGEST:
                return UNREADABLE
            for entry in entries:
                key, _, name = entry.filename.removeprefix(_FOLDER).partition("/")
                files[key].append((name, archive.read(entry)))
            return read_sources(files)
    except (zipfile.BadZipFile, OSError, ValueError, KeyError, TypeError, NotImplementedError, RuntimeError):
        return UNREADABLE
