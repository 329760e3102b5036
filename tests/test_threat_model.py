"""Every row of the threat model has a mitigation in an existing file and an existing test."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/threat-model.md"
TITLES = ["attack", "mitigation", "tests", "residual risk"]


def rows() -> Iterator[tuple[str, list[str]]]:
    """Yields each row of the tables of attacks, with the heading above it."""
    heading, inside = "", False
    for line in PAGE.read_text().split("\n"):
        if line.startswith("## "):
            heading = line[3:]
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        inside = cells == TITLES or (inside and bool(cells))
        if inside and cells != TITLES and set("".join(cells)) != {"-", " "} and set(line) != {"|", "-", " "}:
            yield heading, cells


ROWS = list(rows())
NAMES = {
    name
    for file in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"^(?:async )?def (test_\w+)", file.read_text(), re.MULTILINE)
}


@pytest.mark.parametrize(("heading", "cells"), ROWS, ids=[f"{h}: {c[0][:50]}" for h, c in ROWS])
def test_every_row_names_a_test_and_a_file_that_exist(heading: str, cells: list[str]) -> None:
    what, against, tests, left = cells
    assert what and left, "name the attack, and the residual risk (`none known`)"
    named = re.findall(r"`([^`]+)`", tests)
    assert named, f"{what}: no test"
    assert set(named) <= NAMES, f"{what}: no such test"
    files = re.findall(r"`([^`]+)`", against)
    assert files, f"{what}: no file"
    for file in files:
        assert (ROOT / "src/terrace" / file).exists(), f"{what}: {file}"


def test_every_kind_of_attacker_has_rows() -> None:
    wanted = (
        *("contributor", "fork", "commenter", "ledger writer", "approver", "administrator", "module or provider"),
        *("token", "same user", "dies or is cloned"),
    )
    headings = {heading for heading, _ in ROWS}
    for who in wanted:
        assert any(who in heading for heading in headings), who


def test_the_threat_model_is_reached_from_the_readme_and_from_the_security_page() -> None:
    for page in ("README.md", "SECURITY.md"):
        assert "docs/threat-model.md" in (ROOT / page).read_text()
