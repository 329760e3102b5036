"""What the ledger knows of states: which copy is the state, since when none is, and which restore is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from support.payloads import origin_payload
from terrace.ledger import kinds
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.chain import seal
from terrace.ledger.deployment import Holder
from terrace.ledger.model import Draft, History
from terrace.stacks.model import Manual
from terrace.states.backup_status import (
    BackupStatus,
    backup_statuses,
    find_applying_deployments,
    good_backups,
    recorded_hashes,
    release_of,
    same_state,
    stacks_of,
)
from terrace.states.restores import open_restore, restores

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
COPY: Mapping[str, Any] = {"backup": "b1", "lineage": "l1", "serial": 3, "state_sha256": "s1", "key_id": "k"}


def minute(number: int) -> datetime:
    return NOON + timedelta(minutes=number)


def history(*told: tuple[str, str, Mapping[str, Any]]) -> History:
    """Events, one a minute."""
    seen = History(key=NO_KEY)
    for at, (kind, subject, payload) in enumerate(told):
        draft = Draft(kind, subject, "ann", payload)
        event = seal(draft, position=at, previous=seen.head, id=f"e{at}", time=minute(at), key=NO_KEY)
        seen = History((*seen.events, event), key=NO_KEY)
    return seen


def opened(deployment: str = "d1") -> tuple[str, str, Mapping[str, Any]]:
    payload = {
        "environment": "prod",
        "commit": "c" * 40,
        "origin": origin_payload(Manual("ann")),
        "waves": [["prod"]],
        "policy": "p",
    }
    return kinds.DEPLOYMENT_OPENED, deployment, payload


def step(name: str, kind: str = kinds.STEP_ENDED, deployment: str = "d1", **detail: Any) -> tuple[str, str, Any]:
    payload = {"step": name, "stack": "prod", "attempt": f"{name}-{deployment}", "detail": detail}
    if kind == kinds.STEP_ENDED:
        payload["result"] = "succeeded"
    return kind, deployment, payload


def looked(finding: str, **more: Any) -> tuple[str, str, Any]:
    blank = {"backup": "b2", "lineage": "l1", "serial": 4, "sha256": "s2", "reason": "it went back"}
    return kinds.STATE_BACKED_UP, "prod", {"environment": "prod", "finding": finding, **blank, **more}


def apply(deployment: str = "d1") -> tuple[tuple[str, str, Any], ...]:
    """An apply with its snapshot, whose copy is b1."""
    return (
        step("apply", kinds.STEP_BEGUN, deployment),
        step("apply", deployment=deployment),
        step("snapshot", kinds.STEP_BEGUN, deployment),
        step("snapshot", deployment=deployment, **COPY),
    )


def ended(deployment: str = "d1") -> tuple[str, str, Any]:
    return kinds.DEPLOYMENT_ENDED, deployment, {"result": "succeeded"}


def begun(restore: str = "r1") -> tuple[str, str, Any]:
    payload = {
        "environment": "prod",
        "restore": restore,
        "backup": "b1",
        "deployment": "d1",
        "commit": "c" * 40,
        "reason": "lost",
        "holder": asdict(Holder("host", "boot", 7, "ann")),
        "accepted": ["later-apply"],
        "held_by_us": True,
    }
    return kinds.STATE_RESTORE_BEGUN, "prod", payload


def restore_ended(result: str) -> tuple[str, str, Any]:
    payload = {"environment": "prod", "restore": "r1", "result": result, "backup": "b9", "lineage": "l1", "serial": 9}
    return kinds.STATE_RESTORE_ENDED, "prod", {**payload, "sha256": "s9"}


def test_while_an_apply_goes_on_no_copy_is_the_state() -> None:
    backup_status = backup_statuses(history(opened(), step("apply", kinds.STEP_BEGUN)))["prod"]
    assert (backup_status.environment, backup_status.unbacked_since) == ("prod", minute(1))
    assert backup_status.exposure(minute(31)) == timedelta(minutes=30)
    assert backup_status.problem(timedelta(minutes=20), minute(31)) == (
        "no backup of the state of the last 30m, and the RPO is 20m"
    )
    assert backup_status.problem(None, minute(31)) == ""


def test_the_copy_of_a_snapshot_is_the_state() -> None:
    backup_status = backup_statuses(history(opened(), *apply()))["prod"]
    assert (backup_status.backup, backup_status.lineage, backup_status.serial, backup_status.sha256) == (
        "b1",
        "l1",
        3,
        "s1",
    )
    assert (backup_status.checked_at, backup_status.unbacked_since) == (minute(4), None)
    assert backup_status.exposure(minute(500)) == timedelta(0)
    assert backup_status.problem(HOUR, minute(64)) == ""
    assert backup_status.problem(HOUR, minute(65)) == "last checked 1h 1m ago, and the RPO is 1h"


def test_a_look_moves_what_is_known_only_when_all_is_well() -> None:
    told = (opened(), *apply())
    saved = backup_statuses(history(*told, looked("saved")))["prod"]
    assert (saved.backup, saved.serial, saved.checked_at) == ("b2", 4, minute(5))
    wrong = backup_statuses(history(*told, looked("alarm"), looked("alarm")))["prod"]
    assert (wrong.backup, wrong.serial, wrong.checked_at, wrong.alarm) == ("b1", 3, minute(4), "it went back")
    assert wrong.unbacked_since == minute(5), "the first time that it was seen counts"
    assert wrong.problem(None, minute(6)) == "it went back"
    assert backup_statuses(history(*told, looked("alarm"), looked("saved")))["prod"].alarm == ""
    unread = backup_statuses(history(*told, looked("unknown")))["prod"]
    assert unread.checked_at == minute(4), "a look that failed proves nothing"
    unsaved = backup_statuses(history(*told, looked("unsaved"), looked("unsaved")))["prod"]
    assert (unsaved.backup, unsaved.unbacked_since) == ("b1", minute(5))
    gone = backup_statuses(history(*told, looked("alarm"), looked("none")))["prod"]
    assert (gone.backup, gone.serial, gone.alarm) == ("", -1, ""), "somebody said that it is rightly gone"


def test_a_restore_is_open_until_its_end_and_knows_how_far_it_came() -> None:
    told = (opened(), *apply(), ended(), begun())
    one = open_restore(history(*told), "prod")
    assert one is not None
    assert (one.id, one.stack, one.target, one.accepted) == ("r1", "prod", -1, frozenset({"later-apply"}))
    kept = looked("saved", restore="r1", target=10)
    known = open_restore(history(*told, kept), "prod")
    assert known is not None
    assert (known.previous, known.previous_serial, known.target) == ("b2", 4, 10)
    assert open_restore(history(*told, kept), "dev") is None
    done = history(*told, kept, restore_ended("restored"))
    assert open_restore(done, "prod") is None
    assert [r.result for r in restores(done)] == ["restored"]


def test_what_a_restore_left_is_the_state_unless_it_was_wrong_before() -> None:
    told = (opened(), *apply(), ended())
    kept = looked("saved", restore="r1", target=10)
    assert backup_statuses(history(*told, begun(), kept))["prod"].backup == "b1", "what was found may be what is wrong"
    assert backup_statuses(history(*told, begun(), kept, restore_ended("restored")))["prod"].backup == "b9"
    assert backup_statuses(history(*told, begun(), kept, restore_ended("put_back")))["prod"].backup == "b9"
    assert backup_statuses(history(*told, begun(), kept, restore_ended("unknown")))["prod"].backup == "b1"
    wrong = backup_statuses(history(*told, looked("alarm"), begun(), kept, restore_ended("put_back")))["prod"]
    assert (wrong.backup, wrong.alarm) == ("b1", "it went back")


def test_only_good_releases_leave_good_copies_and_every_copy_is_recorded() -> None:
    told = (opened(), *apply())
    assert good_backups(history(*told)) == frozenset()
    assert good_backups(history(*told, ended())) == {"b1"}
    assert recorded_hashes(history(*told, looked("saved"), looked("unknown", backup=""))) == {"b1": "s1", "b2": "s2"}


def test_what_was_applied_since_is_told_whether_or_not_it_succeeded() -> None:
    seen = history(opened(), *apply(), ended(), opened("d2"), step("apply", kinds.STEP_BEGUN, "d2"))
    assert find_applying_deployments(seen, "prod", minute(4)) == ("d2",)
    assert find_applying_deployments(seen, "prod", minute(0)) == ("d1", "d2")
    assert find_applying_deployments(seen, "prod/other", minute(0)) == ()
    tried = release_of(seen, "prod", "prod")
    assert tried is not None
    assert tried.id == "d2", "its newest apply did not succeed: that one tried"
    assert release_of(seen, "prod", "prod/other") is None
    assert (stacks_of(seen, "prod"), stacks_of(seen, "dev")) == (("prod",), ())


@given(st.lists(st.sampled_from(["saved", "same", "none", "unsaved", "alarm", "unknown"]), max_size=12))
def test_exposure_counts_from_the_first_look_that_was_not_good(findings: list[str]) -> None:
    seen = history(opened(), *apply(), *(looked(finding) for finding in findings))
    backup_status = backup_statuses(seen)["prod"]
    good = [n for n, finding in enumerate(findings) if finding in ("saved", "same", "none")]
    after = findings[good[-1] + 1 if good else 0 :]
    bad = [n for n, finding in enumerate(after) if finding in ("unsaved", "alarm")]
    first = minute(5 + len(findings) - len(after) + bad[0]) if bad else None
    assert backup_status.unbacked_since == first
    assert bool(backup_status.alarm) == ("alarm" in after)


def test_a_stack_without_a_checked_state_has_no_problem() -> None:
    assert BackupStatus("prod", "prod").problem(HOUR, NOON) == ""


def test_a_lineage_that_continues_another_is_the_same_state_of_that_stack_alone() -> None:
    def saved(stack: str, before: str, after: str) -> tuple[str, str, Mapping[str, Any]]:
        copy = {"backup": f"states/{stack}/{after}", "sha256": "s1", "serial": 1, "lineage": after}
        return kinds.STATE_BACKED_UP, stack, {"environment": "dev", "finding": "saved", "continues": before, **copy}

    seen = history(
        saved("dev/a", "l0", "l1"), saved("dev/a", "l1", "l2"), saved("dev/b", "l2", "l9"), saved("dev/a", "", "l7")
    )
    assert same_state(seen, "dev/a", "l1") == {"l0", "l1", "l2"}
    assert same_state(seen, "dev/b", "l1") == {"l1"}
    assert same_state(seen, "dev/a", "l7") == {"l7"}
