"""Reads the configuration files in a saved plan: exactly those that Terraform planned, including modules. A plan that
OpenTofu encrypted cannot be opened. It was created a moment ago in a private checkout, so that the files of the stack
and of the modules that `init` recorded are read there.
"""

from __future__ import annotations

import json
import os
import stat
import zipfile
from pathlib import Path

from terrace.plans.sources import UNREADABLE, Sources, read_sources

_FOLDER = "tfconfig/m-"
_LARGEST = 64 * 1024 * 1024
"""Maximum size of configuration that is read, in bytes; far above real ones."""

_TOFU = ((".tofu", ".tf"), (".tofu.json", ".tf.json"))
_MANIFEST = Path("modules", "modules.json")


def sources_of(saved: Path, folder: Path, data: Path) -> Sources:
    """Returns the files of a saved plan that was created in `folder` with the prepared folder `data`. UNREADABLE where
    they cannot be read or have an unknown format.
    """
    if not zipfile.is_zipfile(saved):
        return _in_checkout(folder, data) if _is_encrypted(saved) else UNREADABLE
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


def _is_encrypted(saved: Path) -> bool:
    """Returns whether OpenTofu encrypted the plan: it is JSON with its content in `encrypted_data`."""
    try:
        return isinstance(json.loads(saved.read_bytes()).get("encrypted_data"), str)
    except (OSError, ValueError, AttributeError, RecursionError):
        return False


def _in_checkout(folder: Path, data: Path) -> Sources:
    try:
        manifest = data / _MANIFEST
        listed = json.loads(manifest.read_bytes())["Modules"] if manifest.is_file() else []
        folders = {"": folder, **{str(module["Key"]): folder / str(module["Dir"]) for module in listed}}
        remaining = _LARGEST
        files: dict[str, list[tuple[str, bytes]]] = {}
        for key, place in folders.items():
            files[key] = [(name, _read(place / name, remaining)) for name in _names(place)]
            remaining -= sum(len(content) for _, content in files[key])
        return read_sources(files)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return UNREADABLE


def _names(folder: Path) -> list[str]:
    """Returns the files of a folder that OpenTofu reads: `a.tofu` replaces `a.tf`."""
    names = [name for name in sorted(path.name for path in folder.iterdir()) if not name.startswith(".")]
    hidden = {f"{name.removesuffix(own)}{plain}" for own, plain in _TOFU for name in names if name.endswith(own)}
    suffixes = tuple(suffix for pair in _TOFU for suffix in pair)
    return [name for name in names if name.endswith(suffixes) and name not in hidden]


def _read(path: Path, limit: int) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError(f"{path} is not a file")
        content = file.read(limit + 1)
    if len(content) > limit:
        raise ValueError(f"{path} is too large")
    return content
