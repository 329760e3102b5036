"""Golden files: what a report looked like when somebody last looked at it. GOLDEN=1 writes them anew."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "report" / "golden"


def assert_golden(name: str, text: str) -> None:
    """The text is the file's, to the letter."""
    assert_same(FOLDER / name, text)


def assert_same(file: Path, text: str) -> None:
    """The text is the file's, to the letter."""
    if os.environ.get("GOLDEN"):
        file.write_text(text)
    assert text == file.read_text(), f"{file} differs; look at it, then GOLDEN=1"
