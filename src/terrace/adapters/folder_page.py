"""The page of a change without a forge: a folder with one file per comment and verdict."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from terrace.forge.ports import Annotation


class FolderPage:
    """A folder that a mail system, a patch queue or a web server reads. Files are replaced atomically."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def comment(self, marker: str, body: str) -> str:
        return self._write(f"{_name(marker)}.md", body.encode())

    def conclude(self, name: str, *, passed: bool, title: str, summary: str, remarks: Sequence[Annotation]) -> str:
        verdict = {
            "passed": passed,
            "title": title,
            "remarks": [
                {"path": r.path, "line": r.line, "level": r.level, "title": r.title, "message": r.message}
                for r in remarks
            ],
        }
        return self._write(f"{_name(name)}.json", msgspec.json.format(msgspec.json.encode(verdict)))

    def _write(self, name: str, content: bytes) -> str:
        self._folder.mkdir(parents=True, exist_ok=True)
        part = self._folder / f".{name}.part"
        part.write_bytes(content)
        return str(part.replace(self._folder / name))


def _name(text: str) -> str:
    """Returns the file name of a marker or verdict: `<!-- terrace:v1 {"kind":"check"} -->` is terrace-v1-kind-check."""
    return "-".join(re.findall(r"[a-z0-9]+", text.lower()))
