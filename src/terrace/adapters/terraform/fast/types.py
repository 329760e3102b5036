"""Which types a stack may need: every word of its configuration, and every type of its state.

A word is taken wherever it stands. That is more than the types that are named, and never less: resources, data
sources, ephemeral resources, moved, import and removed blocks, in both syntaxes, in every module that `init` installed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

_WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_-]*")
_TYPE = re.compile(rb'"mode"\s*:\s*"(?:managed|data)"\s*,\s*"type"\s*:\s*"([A-Za-z0-9_-]+)"')
SUFFIXES = (".tf", ".tf.json", ".tofu", ".tofu.json")


def words(root: Path, data: Path) -> frozenset[str]:
    """Every word of the stack's own files and of the modules that `init` noted in its data folder."""
    found: set[bytes] = set()
    for folder in _modules(root, data):
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.name.endswith(SUFFIXES):
                found.update(_WORD.findall(path.read_bytes()))
    return frozenset(word.decode() for word in found)


def _modules(root: Path, data: Path) -> Iterator[Path]:
    yield root
    manifest = data / "modules" / "modules.json"
    if not manifest.is_file():
        return
    for module in json.loads(manifest.read_bytes()).get("Modules", ()):
        yield root / module["Dir"]


def types_in(document: bytes) -> frozenset[str]:
    """Every type that a state, or a plan as JSON, holds objects of. Nothing else of it is kept: it holds secrets."""
    return frozenset(name.decode() for name in _TYPE.findall(document))
