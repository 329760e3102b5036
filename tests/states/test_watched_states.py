"""Is a state what it should be, and did a drill prove that it can be brought back?"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from terrace.plans.ports import StateSnapshot
from terrace.states.backup_status import BackupStatus, Finding, StateVersion
from terrace.states.restore_rules import Difference
from terrace.states.state_checks import Drill, judge, judge_drill

CONTENT = b'{"version": 4}'
KNOWN = BackupStatus("prod", "prod", backup="b1", lineage="l1", serial=5, sha256=hashlib.sha256(CONTENT).hexdigest())
NEW = BackupStatus("prod", "prod")
APPLIED = replace(KNOWN, planned_on=StateVersion("l1", 5))
FIRST = replace(NEW, planned_on=StateVersion("", -1))
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("known", "state", "finding", "why"),
    [
        (NEW, StateSnapshot(b""), "none", ""),
        (NEW, StateSnapshot(CONTENT, "l1", 1), "saved", ""),
        (KNOWN, StateSnapshot(CONTENT, "l1", 5), "same", ""),
        (KNOWN, StateSnapshot(b"{}", "l1", 6), "saved", ""),
        (KNOWN, StateSnapshot(b""), "alarm", "holds no state"),
        (KNOWN, StateSnapshot(b"{}", "l2", 9), "alarm", "created again"),
        (KNOWN, StateSnapshot(b"{}", "l1", 4), "alarm", "went back"),
        (APPLIED, StateSnapshot(CONTENT, "l1", 5), "alarm", "not updated by the last apply"),
        (APPLIED, StateSnapshot(b"{}", "l1", 6), "saved", ""),
        (FIRST, StateSnapshot(b""), "alarm", "not updated by the last apply"),
        (FIRST, StateSnapshot(CONTENT, "l1", 1), "saved", ""),
    ],
    ids=[
        "none yet",
        "the first",
        "unchanged",
        "moved on",
        "gone",
        "another lineage",
        "back",
        "not written",
        "written",
        "the first not written",
        "the first written",
    ],
)
def test_a_state_that_is_gone_back_or_anew_is_no_progress(
    known: BackupStatus, state: StateSnapshot, finding: Finding, why: str
) -> None:
    found, reason = judge(known, state)
    assert found == finding
    assert why in reason


def drill(**more: Any) -> Drill:
    blank = Drill("prod", "prod", "failed", rto=timedelta(seconds=30), targets=(HOUR, timedelta(minutes=15)))
    return replace(blank, **more)


def test_a_drill_passes_only_in_time_and_with_nothing_left_to_do() -> None:
    assert judge_drill(drill(), HOUR).result == "passed"
    late = judge_drill(drill(rto=timedelta(minutes=16)), HOUR)
    assert (late.result, late.reasons) == ("missed", ("RTO: the restore took 16m; the objective is 15m",))
    lost = judge_drill(drill(), timedelta(hours=2))
    assert (lost.result, lost.reasons) == (
        "missed",
        ("RPO: the changes of the last 2h are not in a backup; the objective is 1h",),
    )
    wrong = judge_drill(drill(differences=(Difference("a.b", "create"),)), timedelta(0))
    assert (wrong.result, "create a.b" in wrong.reasons[0]) == ("failed", True)


def test_without_targets_a_drill_is_measured_and_misses_nothing() -> None:
    found = judge_drill(drill(targets=(None, None), rto=timedelta(hours=9)), timedelta(days=9))
    assert (found.result, found.rpo) == ("passed", timedelta(days=9))
