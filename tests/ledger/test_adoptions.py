"""Stacks that were taken over: what the ledger knows of them, until a deployment goes over them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from support.ledgers import MemoryLedger
from support.payloads import origin_payload
from terrace.drift.own_changes import recorded_own_changes
from terrace.ledger import kinds
from terrace.ledger.adoptions import adoptions, newest_adoptions
from terrace.ledger.authenticity import NO_KEY, EventKey, demands_code
from terrace.ledger.deployed_revisions import baseline, find_abandoned
from terrace.ledger.deployment import Holder
from terrace.ledger.model import Draft, History
from terrace.stacks.model import Manual
from terrace.states.backup_status import release_named, release_of, stacks_of

Told = tuple[str, str, dict[str, Any]]
SEEN = {
    "address": "aws_security_group.web",
    "type": "aws_security_group",
    "quadrant": "unmanaged",
    "severity": "critical",
    "paths": ["ingress"],
    "undo": "no-op",
    "fingerprint": "f",
    "kept": ["ingress"],
    "grave": True,
    "observed": {"ingress": "m1"},
}


def history(*told: Told) -> History:
    number = count()
    start = datetime(2026, 1, 5, 12, tzinfo=UTC)
    ledger = MemoryLedger(
        clock=lambda: start + timedelta(minutes=next(number)), new_id=lambda: f"e{next(number)}", key=NO_KEY
    )
    for kind, subject, payload in told:
        ledger.append([Draft(kind, subject, "ann", payload)], head=ledger.read().head)
    return ledger.read()


def adopted(commit: str = "a", stack: str = "dev/net", **more: Any) -> Told:
    state = {"lineage": "l1", "serial": 4, "backup": "b1", "sha256": "s1", "same": True, "source": "a file"}
    return kinds.STACK_ADOPTED, stack, {"environment": "dev", "commit": commit * 40, **state, **more}


def opened(deployment: str = "d1") -> Told:
    payload = {"environment": "dev", "commit": "d" * 40, "waves": [["dev/net"]], "policy": "p"}
    return kinds.DEPLOYMENT_OPENED, deployment, {**payload, "origin": origin_payload(Manual("ann"))}


def step(name: str, result: str = "", **detail: Any) -> Told:
    payload = {"step": name, "stack": "dev/net", "attempt": name, "detail": detail}
    if not result:
        return kinds.STEP_BEGUN, "d1", payload
    return kinds.STEP_ENDED, "d1", {**payload, "result": result}


EMPTY_PLAN = step("plan", "succeeded", empty=True, digest="x", lineage="l1", serial=4, sha256="s")
LEASE: Told = (kinds.LEASE_TAKEN, "d1", {"holder": asdict(Holder("host", "boot", 7, "ann")), "epoch": 1})


def test_an_adopted_stack_is_at_the_commit_that_its_plan_was_made_of() -> None:
    assert baseline(history(adopted()), "dev").commits == {"dev/net": "a" * 40}
    assert baseline(history(adopted()), "prod").commits == {}
    assert baseline(history(adopted("a"), adopted("b")), "dev").commits == {"dev/net": "b" * 40}


def test_an_adopted_stack_that_differed_from_git_is_at_no_commit_and_says_so() -> None:
    known = baseline(history(adopted(same=False, deletes=1)), "dev")
    assert known.commits == {}
    assert "terrace deploy dev" in known.unclear["dev/net"]
    assert baseline(history(adopted(same=False), adopted("b")), "dev").unclear == {}


def test_a_deployment_replaces_an_adoption_even_with_an_empty_plan() -> None:
    empty = (adopted(), opened(), LEASE, step("plan"), EMPTY_PLAN)
    applied = (adopted(), opened(), LEASE, step("apply"), step("apply", "succeeded"))
    assert baseline(history(*empty), "dev").commits == {"dev/net": "d" * 40}
    assert baseline(history(*applied), "dev").commits == {"dev/net": "d" * 40}
    assert newest_adoptions(history(*empty), "dev") == newest_adoptions(history(*applied), "dev") == {}


def test_an_adoption_after_a_deployment_counts_more_than_that() -> None:
    failed = (opened(), LEASE, step("apply"), step("apply", "failed", evidence="terraform_failed"))
    assert "dev/net" in baseline(history(*failed), "dev").unclear
    known = baseline(history(*failed, adopted()), "dev")
    assert (known.commits, known.unclear) == ({"dev/net": "a" * 40}, {})


def test_differences_that_were_accepted_are_known_until_something_is_applied() -> None:
    there = (adopted(accepted=[SEEN]),)
    (echo,) = recorded_own_changes(history(*there), "dev", "dev/net")
    assert (echo.address, echo.grave) == ("aws_security_group.web", True)
    assert recorded_own_changes(history(*there), "dev", "dev/app") == ()
    assert recorded_own_changes(history(*there, opened(), LEASE, step("plan"), EMPTY_PLAN), "dev", "dev/net") == (echo,)
    assert recorded_own_changes(history(*there, opened(), LEASE, step("apply")), "dev", "dev/net") == ()


def test_a_stack_without_a_state_is_no_longer_adopted() -> None:
    gone: Told = (kinds.STATE_BACKED_UP, "dev/net", {"environment": "dev", "finding": "none"})
    assert adoptions(history(adopted(), gone)) == {}


def test_an_environment_with_adopted_stacks_only_is_found_as_abandoned() -> None:
    assert find_abandoned(history(adopted()), ["prod"]) == ("dev",)


def test_an_adoption_counts_only_where_a_process_with_the_key_of_the_ledger_wrote_it() -> None:
    """Whoever may only push to the branch of the ledger makes no commit the deployed one."""
    known = history(adopted())
    assert all(demands_code(event.record) for event in known.events)  # type: ignore[arg-type]
    forged = History(known.events, key=EventKey.of(b"another"))
    assert (adoptions(forged), len(forged.reading.faults)) == ({}, 1)


@pytest.mark.parametrize("more", [{"environment": "prod"}, {"commit": "HEAD"}, {"backup": "../x"}, {"serial": "4"}])
def test_an_invalid_adoption_is_not_read(more: dict[str, Any]) -> None:
    kind, subject, payload = adopted()
    assert adoptions(history((kind, subject, {**payload, **more}))) == {}


def test_an_adopted_stack_has_a_release_for_copies_restores_and_drills() -> None:
    seen = history(adopted())
    last = release_of(seen, "dev", "dev/net")
    assert last is not None
    assert (last.commit, last.destroyed, stacks_of(seen, "dev")) == ("a" * 40, False, ("dev/net",))
    assert release_named(seen, last.id) == last
    assert release_named(seen, "d1") is None
    deployed = release_of(history(adopted(), opened(), LEASE, step("plan"), EMPTY_PLAN), "dev", "dev/net")
    assert deployed is not None
    assert (deployed.id, deployed.commit) == ("d1", "d" * 40)
