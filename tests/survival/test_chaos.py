"""A short game of the kills that `benchmarks/chaos.py` plays for hours."""

from __future__ import annotations

import pytest

from support.backends import BACKENDS
from support.chaos import play
from support.marks import SQLITE

pytestmark = pytest.mark.slow

ROUNDS = 6


@pytest.mark.parametrize(("backend", "ledger"), list(zip(BACKENDS, ("git", SQLITE, SQLITE, "git"), strict=True)))
def test_random_kills_make_nothing_twice_and_lose_nothing(backend: str, ledger: str) -> None:
    tally = play(ROUNDS, f"a short game on {backend}", backend, ledger)
    assert tally.failures == []
    assert (tally.rounds, tally.bad) == (ROUNDS, 0)
    assert tally.kills.total() == ROUNDS
