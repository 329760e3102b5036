"""A short game of the kills that `benchmarks/chaos.py` plays for hours."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.backends import BACKENDS
from support.chaos import play
from support.marks import SQLITE
from support.processes import descendants
from support.stage import Stage

pytestmark = pytest.mark.slow

ROUNDS = 4


@pytest.mark.parametrize(("backend", "ledger"), list(zip(BACKENDS, ("git", SQLITE, SQLITE, "git"), strict=True)))
def test_random_kills_make_nothing_twice_and_lose_nothing(backend: str, ledger: str) -> None:
    tally = play(ROUNDS, f"a short game on {backend}", backend, ledger)
    assert tally.failures == []
    assert (tally.rounds, tally.bad) == (ROUNDS, 0)
    assert tally.kills.total() == ROUNDS


def test_what_forks_the_players_is_not_taken_for_one_of_them(tmp_path: Path) -> None:
    """It once had the names of all modules in its command line, so the one of the runner, and was killed as that."""
    actor = Stage(tmp_path).start("--version")
    below = [one for one in descendants(os.getpid()) if one.part]
    assert actor.ended() is not None
    assert [one for one in below if one.part in ("runner", "lane")] == []
