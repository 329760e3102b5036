"""A backend that does not keep what an apply wrote: what the apply created is never created again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cli import World, world
from support.http_states import HttpStore, serving

pytestmark = pytest.mark.slow

RULES = "version: 1\nenvironments:\n  dev: {}\npeople: {ann: {emails: [ann@example.com]}}\n"


class Forgetful(dict[str, bytes]):
    """States of a store that answers every write with success and keeps none."""

    def __setitem__(self, path: str, state: bytes) -> None:
        """Keep nothing."""


class Unreachable(dict[str, bytes]):
    """States of a store that breaks off every write."""

    def __setitem__(self, path: str, state: bytes) -> None:
        raise OSError


@pytest.fixture
def store() -> Iterator[tuple[str, HttpStore]]:
    with serving() as found:
        yield found


def backend(address: str) -> str:
    return f'terraform {{\n  backend "http" {{\n    address = "{address}/dev"\n  }}\n}}\n'


def marking(name: str, marks: Path, then: str = "true") -> str:
    command = f"echo {name} >> {marks}; {then}"
    return (
        f'resource "terraform_data" "{name}" {{\n  provisioner "local-exec" {{\n    command = "{command}"\n  }}\n}}\n'
    )


def deployed(tmp_path: Path, address: str, **files: str) -> World:
    named = {f"environments/dev/{name}.tf": text for name, text in files.items()}
    return world(tmp_path / "place", {"environments/dev/main.tf": backend(address), "terrace.yaml": RULES, **named})


@pytest.mark.parametrize("had_state", [True, False], ids=["a state before", "no state before"])
def test_a_write_that_the_backend_lost_is_noticed_and_nothing_is_created_twice(
    tmp_path: Path, store: tuple[str, HttpStore], had_state: bool
) -> None:
    address, kept = store
    marks = tmp_path / "marks"
    shop = deployed(tmp_path, address, one=marking("one", marks))
    if had_state:
        shop.ok("deploy", "dev")
        shop.push({"environments/dev/two.tf": marking("two", marks)})
    kept.states = Forgetful(kept.states)
    lost = shop.run("deploy", "dev", "--json")
    assert (lost.code, lost.json["result"]) == (1, "failed"), lost.out
    kept.states = dict(kept.states)
    again = shop.run("deploy", "dev", "--json")
    assert (again.code, again.json["result"]) == (1, "failed"), again.out
    assert "the state is still what it was before the last apply" in again.json["reasons"][0]
    made = marks.read_text().split()
    assert made == (["one", "two"] if had_state else ["one"])
    shop.ok("state", "backup", "dev", "--accept", "dev")
    shop.ok("deploy", "dev")
    assert marks.read_text().split() == [*made, made[-1]], "created again once a person said that the state is right"


def test_a_state_that_could_be_written_nowhere_makes_the_outcome_unknown(
    tmp_path: Path, store: tuple[str, HttpStore]
) -> None:
    address, kept = store
    marks = tmp_path / "marks"
    # Without its folder Terraform cannot leave errored.tfstate there.
    shop = deployed(tmp_path, address, one=marking("one", marks, then="rm -rf $PWD"))
    kept.states = Unreachable()
    done = shop.run("deploy", "dev", "--json")
    assert (done.code, done.json["result"]) == (1, "unknown"), done.out
    assert "Terraform left no errored.tfstate" in done.json["reasons"][0]
    kept.states = {}
    assert shop.run("deploy", "dev").code == 1
    assert marks.read_text().split() == ["one"]
