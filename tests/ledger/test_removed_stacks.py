"""Which removed stack a plan creates again: a stack that was renamed, never one that was destroyed."""

from __future__ import annotations

import pytest

from terrace.ledger.removed_stacks import recreated_stack

HELD = {"dev/app": frozenset({"a.x", "a.y", "a.z"}), "dev/old": frozenset({"b.x"})}


@pytest.mark.parametrize(
    ("creations", "found"),
    [
        (["a.x", "a.y", "a.z"], "dev/app"),
        (["a.x", "a.y", "n.1", "n.2", "n.3", "n.4"], "dev/app"),
        (["a.x", "n.1"], "dev/app"),
        (["a.x", "n.1", "n.2"], ""),
        (["b.x", *(f"n.{number}" for number in range(100))], "dev/old"),
        (["n.1"], ""),
        ([], ""),
    ],
    ids=["all", "most of what it held", "half of the new", "one by chance", "all that is known", "nothing", "none"],
)
def test_a_stack_that_creates_what_a_removed_one_holds_is_told(creations: list[str], found: str) -> None:
    assert recreated_stack(creations, HELD) == found


def test_nothing_is_recreated_where_no_stack_was_removed() -> None:
    assert recreated_stack(["a.x"], {}) == ""
