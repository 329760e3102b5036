"""The gate `reviewed`: it blocks commits without a review, and waits when the reviews are unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from support.requests import at_entry
from terrace.config.model import Environment
from terrace.gates.facts import Facts, Reviewed
from terrace.gates.model import Outcome
from terrace.stacks.model import Manual, Origin, Remediation, Rollback

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FACTS = Facts("a" * 40, (), "rita", "main", True, None, None, None, Manual("rita"))
DEV = Environment("dev")


def outcome(reviewed: Reviewed | None, origin: Origin = FACTS.origin) -> tuple[Outcome, str]:
    verdict = at_entry(DEV, replace(FACTS, reviewed=reviewed, origin=origin), NOW)
    told = next((result.reason for result in verdict.results if result.gate == "reviewed"), "not asked")
    return verdict.outcome, told


def test_without_required_reviews_there_is_no_gate() -> None:
    assert outcome(None) == (Outcome.PASS, "not asked")


def test_a_reviewed_commit_passes() -> None:
    assert outcome(Reviewed())[0] is Outcome.PASS


def test_commits_without_a_review_are_blocked_by_name() -> None:
    found, why = outcome(Reviewed(tuple(f"c{n} was pushed" for n in range(5))))
    assert (found, why) == (Outcome.BLOCK, "c0 was pushed; c1 was pushed; c2 was pushed and 2 more")


def test_an_unknown_review_waits() -> None:
    found, why = outcome(Reviewed(unknown="GitHub is down"))
    assert (found, "GitHub is down" in why) == (Outcome.WAIT, True)


def test_no_review_is_required_for_rollbacks_and_remediations() -> None:
    for origin in (Rollback("d1", "rita", "sick"), Remediation("x", "rita")):
        assert outcome(Reviewed(("x",)), origin)[1] == "not asked"
