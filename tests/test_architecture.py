"""The page about the architecture names packages and files that are there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import terrace

SOURCE = Path(terrace.__file__).parent
PAGE = SOURCE.parents[1] / "docs/architecture.md"


def named() -> Iterator[str]:
    """Every path in the tables of packages and of changes: with a slash, or the name of a Python file of a package."""
    sections = re.findall(
        r"^## (?:Packages|Where do I change what)\n(.*?)(?=^## )", PAGE.read_text("utf-8"), re.M | re.S
    )
    for row in re.findall(r"^\|.*\|$", "\n".join(sections), re.MULTILINE):
        yield from re.findall(r"`([a-z_*]+(?:/[a-z_*]+)+(?:\.py|/)?|[a-z_]+/|[a-z_]+\.py)`", row)


def packages() -> set[str]:
    return {path.name for path in SOURCE.iterdir() if (path / "__init__.py").is_file()}


def test_every_package_has_a_row() -> None:
    assert packages() <= {name.rstrip("/") for name in named()}


@pytest.mark.parametrize("path", sorted(set(named())))
def test_every_path_in_a_table_exists(path: str) -> None:
    places = [SOURCE, SOURCE.parents[1], *(SOURCE / name for name in packages())]
    assert any(any(place.glob(path)) for place in places)
