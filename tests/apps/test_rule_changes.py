"""A change of what decides about changes is told in the check, with the people who are to look at it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.cli import World, three_environments, world
from support.git import git

pytestmark = pytest.mark.slow

WORKFLOW = "on: push\njobs: {x: {runs-on: ubuntu-24.04, environment: prod, steps: [{run: ./own}]}}\n"


@pytest.fixture
def place(tmp_path: Path) -> World:
    return world(tmp_path, three_environments())


def write(place: World, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = place.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def told(place: World) -> dict[str, dict[str, Any]]:
    """The findings about the rules, by file. Nothing is planned: they come from the sources."""
    found = place.run("check", "--static", "--json").json["findings"]
    return {finding["file"]: finding for finding in found if finding["rule"] == "trust-root"}


def test_a_change_of_ci_of_owners_and_of_an_environment_of_a_stack_is_told(place: World) -> None:
    place.push({".github/workflows/a.yml": WORKFLOW, "CODEOWNERS": "/terrace.yaml @ann\n"})
    write(place, {".github/workflows/b.yml": WORKFLOW, "CODEOWNERS": "", "README.md": "x"})
    git(place.work, "mv", "environments/prod", "environments/dev/extra")
    found = told(place)
    assert found.keys() == {".github/workflows/b.yml", "CODEOWNERS", "environments/dev/extra"}
    assert "moves the stack prod to dev/extra" in found["environments/dev/extra"]["message"]
    assert all(not finding["advisory"] for finding in found.values())
    assert "the approvers of prod: owners (bob), security (carol)" in found["CODEOWNERS"]["fix"]


def test_a_change_that_removes_a_file_of_ci_is_told_and_the_first_one_holds_nothing(place: World) -> None:
    write(place, {".github/workflows/a.yml": WORKFLOW})
    assert [finding["advisory"] for finding in told(place).values()] == [True]
    place.push({})
    (place.work / ".github/workflows/a.yml").unlink()
    assert [finding["advisory"] for finding in told(place).values()] == [False]
