"""Reports about adopted stacks: places, differences and reasons, without characters that act on a terminal."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

from support.records import data_of
from terrace.drift.state_adoption import Adopted, Adoption, Row, Settled
from terrace.errors import BadInput, Place
from terrace.plans.ports import StateSnapshot
from terrace.report.json.adoption import adopt_json
from terrace.report.terminal.adoption import (
    adoption_details,
    adoption_summary,
    adoption_table,
    old_files_note,
    row_line,
)
from terrace.report.terminal.screen import plain_text
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


def test_the_table_shows_the_place_in_the_checkout_and_the_differences() -> None:
    text = plain_text(adoption_table([READY, REFUSED, BEFORE], "/srv/acme"))
    assert "environments/dev/net/terraform.tfstate, to be moved" in text
    assert "1 to delete" in text
    assert "already adopted, at ddddddd" in text
    assert "a plan on it would delete a.c" in plain_text(adoption_details([READY]))


def test_a_refused_stack_has_a_line_with_place_and_reason_and_one_with_the_hint() -> None:
    text = plain_text(adoption_details([REFUSED]))
    assert "\x1b" not in text
    first, second = text.splitlines()
    assert first.startswith("dev/net cannot be adopted (environments/dev/net): main.tf:3: evil")
    assert second == "  hint: fix it"


def test_results_have_a_line_each_and_are_counted() -> None:
    assert row_line(DONE).plain == "dev/net: adopted, differs from Git: 1 to delete"
    assert adoption_summary([DONE, BEFORE, REFUSED]) == "3 stacks: 1 adopted, 1 nothing to do, 1 cannot be adopted"


def test_each_result_has_a_word_in_json() -> None:
    record = data_of(adopt_json("c" * 40, [READY, DONE, REFUSED, BEFORE], written=True))
    assert [row["result"] for row in record["stacks"]] == ["ready", "adopted", "refused", "already"]
    assert record["stacks"][1]["put_aside"] == "/x.adopted"
    assert (record["stacks"][2]["place"], record["stacks"][2]["source"]) == ("main.tf:3", None)
    assert len({tuple(row) for row in record["stacks"]}) == 1, "every row has the same fields"
    json.dumps(record)


def test_the_renaming_of_old_state_files_is_announced() -> None:
    with_file = replace(READY, adoption=replace(FOUND, left=LeftState(FOUND.source, b"{}")))
    assert old_files_note([READY, REFUSED, BEFORE]) == ""
    assert old_files_note([with_file]).startswith("the old state file is renamed to end in .adopted")
    assert old_files_note([with_file, with_file]).startswith("the old state files are renamed to end in .adopted")
    assert "without Terrace" in old_files_note([with_file])
    assert old_files_note([replace(with_file, result="refused")]) == ""
