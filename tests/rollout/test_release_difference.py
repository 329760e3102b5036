"""What a promotion brings: tickets from messages, and the sentence that every surface shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from terrace.ledger.deployment import Deployment
from terrace.report.release_words import difference_words
from terrace.rollout.release_difference import ReleaseDifference, tickets_in
from terrace.stacks.model import Manual
from terrace.stacks.repository import Author, Commit

NOW = datetime(2026, 3, 1, tzinfo=UTC)
OLD = Deployment("d1", "prod", "a" * 40, Manual("ann"), "ann", NOW, (), "p", result="succeeded", ended_at=NOW)
NEW = replace(OLD, id="d2", environment="staging", commit="b" * 40)
DIFFERENCE = ReleaseDifference(
    "staging",
    "prod",
    NEW,
    OLD,
    commits=(
        Commit("b" * 40, "Merge #9", merge=True),
        Commit("c" * 40, "SHOP-2 and SHOP-1"),
        Commit("d" * 40, "SHOP-1"),
    ),
    people=(Author("ann", "ann@x"), Author("", "bob@x")),
)


@pytest.mark.parametrize(
    ("message", "tickets"),
    [
        ("SHOP-12: add it (#34)", ("SHOP-12", "#34")),
        ("Fixes #1, #1 and ABC-7.", ("#1", "ABC-7")),
        ("see https://x.example/pull/3#4 and a/b#5", ()),
        ("use UTF-8 and SHA-256, not x-1 or A-0", ()),
        ("[PROJ-1] (PROJ-2)", ("PROJ-1", "PROJ-2")),
    ],
)
def test_tickets_are_found_in_messages(message: str, tickets: tuple[str, ...]) -> None:
    assert tickets_in([message]) == tickets


def test_a_difference_counts_commits_and_names_people_and_tickets_in_the_order_of_the_work() -> None:
    assert difference_words(DIFFERENCE) == "2 commits by ann, bob@x, SHOP-1, SHOP-2, #9"


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (
            replace(DIFFERENCE, backwards=True),
            "prod is ahead: 2 commits by ann, bob@x, SHOP-1, SHOP-2, #9 would be reverted",
        ),
        (replace(DIFFERENCE, replaces=None), "the first release of prod"),
        (replace(DIFFERENCE, brings=None), "nothing has succeeded in staging yet"),
        (replace(DIFFERENCE, replaces=NEW), "both run the same commit"),
        (
            replace(DIFFERENCE, unknown="this clone is too shallow"),
            "the commits are unknown: this clone is too shallow",
        ),
    ],
)
def test_other_differences_say_what_they_are(difference: ReleaseDifference, words: str) -> None:
    assert difference_words(difference) == words
