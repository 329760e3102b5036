"""What speaks against a restore, one reason at a time, and what a plan afterwards tells."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from terrace.plans.model import Action, Digest, OutputChange, Plan, ResourceChange
from terrace.plans.ports import StateSnapshot
from terrace.stacks.model import Stack
from terrace.states.backups import BackupRecord
from terrace.states.restore_rules import Difference, RestoreFacts, differences, obstacles

RECORD = BackupRecord(
    name="b1",
    environment="prod",
    stack="prod",
    lineage="l1",
    serial=3,
    sha256="s1",
    size=1,
    key_id="k",
    moment="after",
    commit="c",
    deployment="d1",
    taken_at=datetime(2026, 1, 5, tzinfo=UTC),
    original="b1",
)
COPY = StateSnapshot(b"{}", "l1", 3, "1.11.4")
CURRENT = StateSnapshot(b"{ }", "l1", 4, "1.11.4")
EMPTY = StateSnapshot(b"")
KNOWN = RestoreFacts(version="1.11.4", applied=(), sha256="s1", lineage="l1")
PLAN = Plan(Stack.conventional("prod", "environments/prod"), "c", Digest("d", "k"), ())


@pytest.mark.parametrize("current", [CURRENT, EMPTY], ids=["there", "empty"])
def test_nothing_speaks_against_a_known_copy_of_the_same_state(current: StateSnapshot) -> None:
    assert obstacles(current, RECORD, COPY, KNOWN) == ()


@pytest.mark.parametrize("current", [CURRENT, EMPTY], ids=["there", "empty"])
def test_a_copy_of_a_lineage_that_the_state_had_before_is_of_the_same_state(current: StateSnapshot) -> None:
    known = replace(KNOWN, same_state=frozenset({"l0", "l1"}))
    assert obstacles(current, RECORD, replace(COPY, lineage="l0"), known) == ()


@pytest.mark.parametrize(
    ("current", "copy", "known", "why", "consent"),
    [
        (CURRENT, replace(COPY, lineage="l2"), KNOWN, "a different state", ""),
        (EMPTY, replace(COPY, lineage="l2"), KNOWN, "the backend is empty", "other-lineage"),
        (
            CURRENT,
            replace(COPY, lineage="l2"),
            replace(KNOWN, holds_nothing=True),
            "a different state",
            "other-lineage",
        ),
        (CURRENT, replace(COPY, terraform_version="1.12.0"), KNOWN, "written by version 1.12.0", ""),
        (CURRENT, replace(COPY, terraform_version=""), KNOWN, "version unknown", ""),
        (CURRENT, COPY, replace(KNOWN, sha256=""), "no record of it", "unrecorded"),
        (CURRENT, COPY, replace(KNOWN, sha256="s2"), "content differs", ""),
        (CURRENT, COPY, replace(KNOWN, applied=("d2",)), "d2", "later-apply"),
    ],
    ids=[
        "foreign",
        "empty and other",
        "nothing there",
        "newer core",
        "no version",
        "unrecorded",
        "swapped",
        "applied since",
    ],
)
def test_each_danger_is_told_and_only_some_can_be_accepted(
    current: StateSnapshot, copy: StateSnapshot, known: RestoreFacts, why: str, consent: str
) -> None:
    (only,) = obstacles(current, RECORD, copy, known)
    assert (why in only.why, only.consent) == (True, consent)


def test_an_older_core_and_a_pre_release_of_ours_are_no_danger() -> None:
    for version in ("1.5.0", "1.11.4-rc1"):
        assert obstacles(CURRENT, RECORD, replace(COPY, terraform_version=version), KNOWN) == ()


def test_all_that_a_plan_would_do_is_a_difference() -> None:
    assert differences(PLAN) == ()
    plan = replace(
        PLAN,
        changes=(ResourceChange("a.b", "a", "b", Action.CREATE), ResourceChange("a.c", "a", "c", Action.NO_OP)),
        outputs=(OutputChange("it", Action.UPDATE), OutputChange("same", Action.NO_OP)),
    )
    assert differences(plan) == (Difference("a.b", "create"), Difference("output.it", "update"))
