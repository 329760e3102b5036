"""Stacks that are taken over, as they are told: place, difference and reason, and no character that acts."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

from terrace.drift.state_adoption import Adopted, Adoption, Row, Settled
from terrace.errors import BadInput, Place
from terrace.plans.terraform import StateSnapshot
from terrace.report.adoption import as_json, details, old_files, row_line, summary, table
from terrace.report.screen import plain_text
from terrace.stacks.model import Stack
from terrace.states.checkout_states import LeftState

STACK = Stack.conventional("dev/net", "environments/dev/net")
STATE = StateSnapshot(b"{}", "l1", 7)
FOUND = Adoption(
    STACK,
    "c" * 40,
    "/srv/acme/environments/dev/net/terraform.tfstate",
    "there",
    STATE,
    ("a.b", "a.c"),
    (),
    deletes=("a.c",),
)
BLANK = Row("dev/net", "dev", "environments/dev/net", "refused")
READY = Row("dev/net", "dev", "environments/dev/net", "ready", FOUND)
DONE = Row("dev/net", "dev", "environments/dev/net", "adopted", FOUND, done=Adopted(FOUND, STATE, "b1", "/x.adopted"))
REFUSED = BLANK.refused(BadInput("evil \x1b[2J\nname", hint="fix it", place=Place("main.tf", 3)))
BEFORE = Row(
    "dev/net",
    "dev",
    "environments/dev/net",
    "settled",
    settled=Settled(STACK, "adopted", "d" * 40, "ann", datetime(2026, 1, 5, tzinfo=UTC), "there"),
)


def test_a_stack_is_told_with_its_place_in_the_checkout_and_what_differs() -> None:
    told = plain_text(table([READY, REFUSED, BEFORE], "/srv/acme"))
    assert "environments/dev/net/terraform.tfstate, to be moved" in told
    assert "1 to delete" in told
    assert "adopted before, at ddddddd" in told
    assert "a plan on it would delete a.c" in plain_text(details([READY]))


def test_a_refused_stack_is_told_with_place_reason_and_hint_in_one_line_each() -> None:
    told = plain_text(details([REFUSED]))
    assert "\x1b" not in told
    first, second = told.splitlines()
    assert first.startswith("dev/net cannot be taken over (environments/dev/net): main.tf:3: evil")
    assert second == "  hint: fix it"


def test_what_was_done_is_told_in_a_line_and_counted() -> None:
    assert row_line(DONE).plain == "dev/net: adopted, differs from Git: 1 to delete"
    assert summary([DONE, BEFORE, REFUSED]) == "3 stacks: 1 adopted, 1 nothing to do, 1 cannot be taken over"


def test_each_result_has_a_word_for_machines() -> None:
    told = as_json("c" * 40, [READY, DONE, REFUSED, BEFORE], written=True)
    assert [row["result"] for row in told["stacks"]] == ["ready", "adopted", "refused", "already"]
    assert told["stacks"][1]["put_aside"] == "/x.adopted"
    assert (told["stacks"][2]["place"], told["stacks"][2]["source"]) == ("main.tf:3", None)
    assert len({tuple(row) for row in told["stacks"]}) == 1, "every row has the same fields"
    json.dumps(told)


def test_what_happens_to_old_files_is_told_before_it_happens() -> None:
    with_file = replace(READY, found=replace(FOUND, left=LeftState(FOUND.source, b"{}")))
    assert old_files([READY, REFUSED, BEFORE]) == ""
    assert old_files([with_file]).startswith("the old state file gets the ending .adopted")
    assert old_files([with_file, with_file]).startswith("the old state files get the ending .adopted")
    assert "outside of Terrace" in old_files([with_file])
    assert old_files([replace(with_file, result="refused")]) == ""
