"""The gates by example, and the counting of approvals against a brute-force oracle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations, product
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.requests import at_entry, before_apply
from terrace.config.model import ApprovalRule, Config, DriftSettings, Environment, Person, Remediate
from terrace.gates.approvals.gate import approval_rule
from terrace.gates.approvals.tally import Approver, assign_roles
from terrace.gates.facts import Facts, Upstream
from terrace.gates.model import Approval, GateResult, Identity, Outcome, Proof, Subject, Verdict, Withdrawal
from terrace.stacks.model import AutomaticRollback, Manual, Remediation, Rollback
from terrace.stacks.repository import Author

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
COMMIT = "abcdef0" + "1" * 33
OTHER = "fedcba9" + "2" * 33

FACTS = Facts(
    commit=COMMIT,
    authors=(Author("Alice Liddell", "alice@example.com"),),
    requester="rita",
    branch="main",
    on_protected_branch=True,
    upstream=Upstream("staging", COMMIT, NOW - timedelta(hours=2)),
    held=None,
    busy=None,
    origin=Manual("rita"),
    deployment="d1",
)

PROD = Environment("prod", after="staging", soak=timedelta(hours=1))

SUBJECT = Subject(
    ledger="l0", environment="prod", stack="prod/app", commit=COMMIT, digest="d1", policy="p1", lineage="lin"
)

TEAMS = {"security": ("bob", "carol"), "sre": ("bob", "dave")}
PEOPLE = {
    name: Person(name, (f"{name}@example.com",)) for name in ("alice", "bob", "carol", "dave", "erin", "frank", "rita")
}
CONFIG = Config(teams=TEAMS, people=PEOPLE)


def yes(
    actor: str,
    role: str = "",
    *,
    proof: Proof = "ssh",
    at: datetime = NOW,
    subjects: tuple[Subject, ...] = (SUBJECT,),
    answer: Literal["approve", "reject"] = "approve",
    comment: str = "",
) -> Approval:
    return Approval(
        actor,
        role,
        answer,
        subjects,
        at,
        proof,
        comment,
        deployment="d1",
        by=f"key of {actor}" if proof == "ssh" else "",
    )


def no(actor: str, comment: str = "", *, proof: Proof = "ssh", at: datetime = NOW) -> Approval:
    return yes(actor, answer="reject", comment=comment, proof=proof, at=at)


def withdrawal(actor: str, *, proof: Proof = "ssh", at: datetime = NOW, by: str | None = None) -> Withdrawal:
    return Withdrawal(actor, "", at, Identity(proof, f"key of {actor}" if by is None else by))


def ask(
    *approvals: Approval,
    count: int = 0,
    roles: Mapping[str, int] | None = None,
    unsigned: bool = False,
    facts: Facts = FACTS,
    config: Config = CONFIG,
    subjects: tuple[Subject, ...] = (SUBJECT,),
    withdrawals: tuple[Withdrawal, ...] = (),
    unplanned: tuple[str, ...] = (),
) -> Verdict:
    environment = replace(PROD, approvals=ApprovalRule(count, roles or {}, unsigned=unsigned))
    return before_apply(
        config, environment, subjects, approvals, facts, NOW, withdrawals=withdrawals, unplanned=unplanned
    )


def only(verdict: Verdict) -> GateResult:
    assert len(verdict.results) == 1, verdict
    return verdict.results[0]


def enter(facts: Facts = FACTS, environment: Environment = PROD) -> dict[str, GateResult]:
    return {result.gate: result for result in at_entry(environment, facts, NOW).results}


# --- admission ---------------------------------------------------------------------------------------------------


def test_a_release_that_passes_every_gate_is_admitted() -> None:
    assert list(enter()) == ["held", "busy", "protected-branch", "forward", "promotion", "soak"]
    assert at_entry(PROD, FACTS, NOW).outcome is Outcome.PASS


def test_the_first_environment_requires_no_promotion() -> None:
    first = enter(replace(FACTS, upstream=None), Environment("dev"))
    assert list(first) == ["held", "busy", "protected-branch", "forward"]


def test_a_held_environment_blocks_and_names_the_command_that_releases_it() -> None:
    result = enter(replace(FACTS, held="incident 7 (by dave)"))["held"]
    assert result.outcome is Outcome.BLOCK
    assert result.reason == "prod is on hold: incident 7 (by dave)"
    assert "terrace unhold prod" in result.satisfy


def test_a_hold_with_an_unknown_outcome_names_the_recovery_command() -> None:
    result = enter(replace(FACTS, held="what it did is not known (by terrace)", unsettled="d7"))["held"]
    assert "terrace resume prod" in result.satisfy
    assert "d7" in result.satisfy
    assert "unhold" not in result.satisfy, "it is refused until that is settled"


def test_a_busy_environment_waits_and_names_the_process_that_deploys() -> None:
    result = enter(replace(FACTS, busy="deployment 1 of 1234567, driven by dave"))["busy"]
    assert result.outcome is Outcome.WAIT
    assert "driven by dave" in result.reason
    assert result.satisfy


def test_a_commit_that_is_not_on_the_protected_branch_is_blocked() -> None:
    result = enter(replace(FACTS, on_protected_branch=False))["protected-branch"]
    assert result.outcome is Outcome.BLOCK
    assert result.reason == "abcdef0 is not on the first-parent line of main"
    assert "merge" in result.satisfy


def test_a_shallow_clone_proves_no_branch() -> None:
    result = enter(replace(FACTS, on_protected_branch=None))["protected-branch"]
    assert result.outcome is Outcome.BLOCK
    assert "git fetch --unshallow" in result.satisfy


@pytest.mark.parametrize(
    ("upstream", "said", "todo"),
    [
        (None, "is unknown", "terrace status"),
        (Upstream("dev", COMMIT, NOW), "is unknown", "terrace status"),
        (Upstream("staging", None, None), "nothing has succeeded in staging yet", "terrace deploy staging"),
        (Upstream("staging", OTHER, NOW), "staging has fedcba9, not abcdef0", "terrace promote prod"),
    ],
)
def test_only_a_commit_that_succeeded_in_the_previous_environment_is_promoted(
    upstream: Upstream | None, said: str, todo: str
) -> None:
    found = enter(replace(FACTS, upstream=upstream))
    assert found["promotion"].outcome is Outcome.BLOCK
    assert said in found["promotion"].reason
    assert todo in found["promotion"].satisfy
    assert "soak" not in found


def test_a_release_soaks_before_its_promotion() -> None:
    result = enter(replace(FACTS, upstream=Upstream("staging", COMMIT, NOW - timedelta(minutes=20))))["soak"]
    assert result.outcome is Outcome.WAIT
    assert result.reason == "soaking in staging for 1h; 40m left"
    assert result.until == NOW + timedelta(minutes=40)


def test_a_soak_passes_exactly_at_its_end() -> None:
    assert enter(replace(FACTS, upstream=Upstream("staging", COMMIT, NOW - PROD.soak)))["soak"].outcome is Outcome.PASS


def test_all_reasons_are_shown_together() -> None:
    facts = replace(FACTS, held="x", busy="y", on_protected_branch=False, upstream=None)
    verdict = at_entry(PROD, facts, NOW)
    assert [r.gate for r in verdict.open] == ["held", "busy", "protected-branch", "promotion"]
    assert all(r.reason and r.satisfy for r in verdict.open)


# --- approvals: the rule --------------------------------------------------------------------------------------


def test_plans_without_changes_require_no_approval() -> None:
    result = only(ask(count=2, subjects=()))
    assert (result.gate, result.outcome) == ("approvals", Outcome.PASS)
    assert "nothing to approve" in result.reason


@pytest.mark.parametrize("count", [0, 2])
def test_missing_plans_are_not_reported_as_empty(count: int) -> None:
    result = only(ask(count=count, subjects=(), unplanned=("prod/app", "prod/net")))
    assert (result.gate, result.outcome) == ("approvals", Outcome.WAIT)
    assert result.reason == "there is nothing to approve yet: Terrace has no plan of prod/app, prod/net"
    assert "terrace check" in (result.satisfy or "")
    asked = only(ask(count=2, unplanned=("prod/net",)))
    assert "no plan" not in asked.reason


def test_without_a_rule_no_approval_is_required() -> None:
    assert only(ask()).outcome is Outcome.PASS


def test_a_missing_role_waits_and_names_who_could_fill_it() -> None:
    result = only(ask(roles={"security": 1}))
    assert result.outcome is Outcome.WAIT
    assert result.reason == "security: 0 of 1 approvals"
    assert result.satisfy == "`terrace approve prod --role security` by one of: bob, carol"


def test_every_missing_role_is_a_result_of_its_own() -> None:
    verdict = ask(roles={"security": 1, "sre": 1})
    assert [r.reason.split(":")[0] for r in verdict.open] == ["security", "sre"]


def test_a_count_is_of_people_not_of_approvals() -> None:
    assert ask(yes("bob"), yes("bob"), count=2).outcome is Outcome.WAIT
    assert ask(yes("bob"), yes("BOB@example.com"), count=2).outcome is Outcome.WAIT
    assert ask(yes("bob"), yes("erin"), count=2).outcome is Outcome.PASS


def test_a_count_says_how_many_are_lacking() -> None:
    verdict = ask(yes("bob"), count=3)
    assert [r.outcome for r in verdict.results] == [Outcome.PASS, Outcome.WAIT]
    assert verdict.open[0].reason == "1 of 3 people have approved"
    assert verdict.open[0].satisfy == "`terrace approve prod` by 2 of: carol, dave, erin, frank"


def test_without_names_in_the_configuration_any_other_person_can_approve() -> None:
    assert "2 more" in only(ask(count=2, config=Config())).satisfy
    assert ask(yes("x"), yes("y"), count=2, config=Config()).outcome is Outcome.PASS


def test_a_person_who_fills_a_role_counts_towards_the_count() -> None:
    assert ask(yes("bob", "sre"), yes("carol", "security"), count=2, roles={"sre": 1, "security": 1}).open == ()
    verdict = ask(yes("carol", "security"), count=2, roles={"sre": 1, "security": 1})
    assert [r.reason for r in verdict.open] == ["sre: 0 of 1 approvals"]


def test_one_person_fills_one_role() -> None:
    """bob is in both teams: his one answer cannot be both."""
    verdict = ask(yes("bob"), roles={"security": 1, "sre": 1})
    assert verdict.outcome is Outcome.WAIT
    assert len(verdict.open) == 1


def test_an_approval_without_a_role_fills_the_missing_role() -> None:
    assert ask(yes("bob"), yes("carol"), roles={"security": 1, "sre": 1}).outcome is Outcome.PASS
    assert ask(yes("bob"), yes("dave"), roles={"security": 1, "sre": 1}).outcome is Outcome.PASS


def test_an_approval_with_a_role_fills_no_other_role() -> None:
    verdict = ask(yes("bob", "security"), yes("carol", "security"), roles={"security": 1, "sre": 1})
    assert [r.reason for r in verdict.open] == ["sre: 0 of 1 approvals"]
    assert verdict.open[0].satisfy == "`terrace approve prod --role sre` by dave"


def test_only_members_approve_as_a_team() -> None:
    verdict = ask(yes("erin", "security"), roles={"security": 1})
    assert "erin (approves as security without being a member of that team)" in only(verdict).reason


def test_the_gate_names_an_approver_who_frees_another_for_a_missing_role() -> None:
    """Only bob is in b, and he fills a; dave in a would free him. It would be wrong to say that nobody is left."""
    config = Config(teams={"a": ("bob", "dave"), "b": ("bob",)})
    verdict = ask(yes("bob"), roles={"a": 1, "b": 1}, config=config)
    assert [r.satisfy for r in verdict.open] == ["`terrace approve prod --role a` by dave"]
    assert ask(yes("bob"), yes("dave", "a"), roles={"a": 1, "b": 1}, config=config).outcome is Outcome.PASS


# --- consent: who counts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("actor", ["rita", "RITA", "rita@example.com"])
def test_the_requester_cannot_approve(actor: str) -> None:
    result = only(ask(yes(actor), count=1))
    assert result.outcome is Outcome.WAIT
    assert "rita (requested this deployment)" in result.reason


@pytest.mark.parametrize(
    "author",
    [
        Author("Somebody", "Alice@Example.com"),
        Author("ALICE", "elsewhere@example.com"),
        Author("alice@example.com", ""),
    ],
)
def test_authors_do_not_count(author: Author) -> None:
    result = only(ask(yes("alice"), count=1, facts=replace(FACTS, authors=(author,))))
    assert result.outcome is Outcome.WAIT
    assert "alice (wrote commits of this release)" in result.reason


@pytest.mark.parametrize("login", ["alice", "ALICE"])
def test_the_person_who_opened_a_change_cannot_approve_it_although_others_wrote_its_commits(login: str) -> None:
    facts = replace(FACTS, authors=(), opened_by=("renovate[bot]", login))
    result = only(ask(yes("alice"), count=1, facts=facts))
    assert result.outcome is Outcome.WAIT
    assert "alice (opened a change of this release)" in result.reason


def test_the_account_in_terrace_yaml_identifies_the_person_who_opened_a_change() -> None:
    people = {"alice": Person("alice", login="al-1"), "bob": Person("bob", login="alice")}
    config, facts = Config(people=people), replace(FACTS, authors=(), opened_by=("Al-1",))
    assert ask(yes("alice"), count=1, config=config, facts=facts).outcome is Outcome.WAIT
    assert ask(yes("bob"), count=1, config=config, facts=facts).outcome is Outcome.PASS
    facts = replace(facts, opened_by=("alice",))
    assert ask(yes("alice"), count=1, config=config, facts=facts).outcome is Outcome.PASS, "that account is bob's"
    assert ask(yes("bob"), count=1, config=config, facts=facts).outcome is Outcome.WAIT
    config = replace(config, people={})
    assert ask(yes("alice"), count=1, config=config, facts=facts).outcome is Outcome.WAIT, "nothing says otherwise"


def test_no_approval_is_enough_while_the_openers_of_the_changes_are_unknown() -> None:
    facts = replace(FACTS, openers_unknown="GitHub is down")
    result = only(ask(yes("bob"), yes("carol"), count=1, facts=facts))
    assert result.outcome is Outcome.WAIT and "GitHub is down" in result.reason
    assert ask(count=0, facts=facts).outcome is Outcome.PASS, "nobody is asked"
    assert ask(yes("bob", answer="reject"), count=1, facts=facts).outcome is Outcome.BLOCK, "a no needs no forge"


def test_people_without_an_entry_are_matched_by_their_name_and_email() -> None:
    facts = replace(FACTS, authors=(Author("Zoe", "zoe@example.com"),))
    assert ask(yes("zoe@example.com"), count=1, config=Config(), facts=facts).outcome is Outcome.WAIT
    assert ask(yes("zoe"), count=1, config=Config(), facts=facts).outcome is Outcome.WAIT


def test_the_gate_names_the_setting_when_no_one_can_approve() -> None:
    facts = replace(FACTS, requester="bob", authors=(Author("Carol", "carol@example.com"),))
    result = only(ask(roles={"security": 1}, facts=facts))
    assert result.outcome is Outcome.WAIT
    assert "no one in the team security can still approve" in result.reason
    assert "bob requested this deployment, carol wrote commits of this release" in result.reason
    assert "`teams.security`" in result.satisfy
    assert "`environments.prod.approvals`" in result.satisfy


def test_the_gate_reports_that_the_last_person_already_approves_as_another_role() -> None:
    config = Config(teams={"a": ("bob",), "b": ("bob",)})
    result = ask(yes("bob"), roles={"a": 1, "b": 1}, config=config).open[0]
    assert "no one in the team b can still approve: bob already approves as a" in result.reason


def test_an_empty_team_is_named() -> None:
    assert "the team legal has no members" in only(ask(roles={"legal": 1})).reason


def test_a_team_that_is_too_small_is_named() -> None:
    facts = replace(FACTS, requester="bob")
    assert "only carol in the team security can still approve" in only(ask(roles={"security": 2}, facts=facts)).reason


def test_the_gate_reports_that_too_few_people_can_still_approve() -> None:
    config = Config(people={"rita": PEOPLE["rita"], "bob": PEOPLE["bob"]})
    result = only(ask(count=2, config=config))
    assert "only bob in terrace.yaml can still approve" in result.reason
    assert "`people`" in result.satisfy


# --- consent: which answers hold ---------------------------------------------------------------------------------


def test_an_invalid_signature_never_counts() -> None:
    result = only(ask(yes("bob", proof="invalid"), count=1, unsigned=True))
    assert result.outcome is Outcome.WAIT
    assert "bob (the signature is invalid)" in result.reason


def test_an_unsigned_approval_is_valid_only_where_allowed_and_is_shown_as_such() -> None:
    said = yes("bob", proof="unsigned")
    result = only(ask(said, roles={"security": 1}))
    assert result.outcome is Outcome.WAIT
    assert "bob (unsigned: sign with an SSH key)" in result.reason
    allowed = only(ask(said, roles={"security": 1}, unsigned=True))
    assert allowed.outcome is Outcome.PASS
    assert allowed.reason == "approved by bob for security (unsigned)"


@pytest.mark.parametrize(
    ("age", "counts"),
    [
        (timedelta(0), True),
        (timedelta(hours=24) - timedelta(seconds=1), True),
        (timedelta(hours=24), False),
        (-timedelta(minutes=5), True),
        (-timedelta(minutes=5, seconds=1), False),
    ],
)
def test_an_approval_is_valid_until_it_expires(age: timedelta, counts: bool) -> None:
    assert (ask(yes("bob", at=NOW - age), count=1).outcome is Outcome.PASS) is counts


@pytest.mark.parametrize("part", ["ledger", "environment", "stack", "commit", "digest", "policy", "lineage"])
def test_changing_any_part_of_an_approved_subject_voids_the_approval(part: str) -> None:
    changed = replace(SUBJECT, **{part: "another"})
    result = only(ask(yes("bob", subjects=(changed,)), count=1))
    assert result.outcome is Outcome.WAIT
    assert "another plan" in result.reason


def test_an_approval_must_cover_every_plan() -> None:
    other = replace(SUBJECT, stack="prod/network")
    both = (SUBJECT, other)
    assert ask(yes("bob", subjects=(SUBJECT,)), count=1, subjects=both).outcome is Outcome.WAIT
    assert ask(yes("bob", subjects=both), count=1, subjects=both).outcome is Outcome.PASS


def test_two_people_who_approve_half_of_the_plans_each_approve_nothing() -> None:
    other = replace(SUBJECT, stack="prod/network")
    halves = (yes("bob", subjects=(SUBJECT,)), yes("erin", subjects=(other,)))
    assert ask(*halves, count=1, subjects=(SUBJECT, other)).outcome is Outcome.WAIT


# --- consent: no -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1])
def test_one_rejection_blocks_despite_approvals(count: int) -> None:
    result = only(ask(yes("erin"), yes("carol"), no("bob", "too risky on a Friday"), count=count))
    assert result.outcome is Outcome.BLOCK
    assert result.reason == "bob rejected this: too risky on a Friday"
    assert result.satisfy


def test_the_author_can_reject() -> None:
    assert ask(no("alice"), count=1).outcome is Outcome.BLOCK


def test_a_rejection_does_not_expire() -> None:
    assert ask(no("bob", at=NOW - timedelta(days=9)), yes("erin"), count=1).outcome is Outcome.BLOCK


def test_an_unsigned_rejection_is_valid_only_from_a_member_of_a_team() -> None:
    assert ask(no("bob", proof="unsigned"), count=1).outcome is Outcome.BLOCK
    assert ask(no("erin", proof="unsigned"), count=1).outcome is Outcome.WAIT
    assert ask(no("erin", proof="unsigned"), count=1, unsigned=True).outcome is Outcome.BLOCK


@pytest.mark.parametrize("proof", ["invalid", "unsaid"])
def test_the_rejection_of_a_team_member_blocks_without_proof_and_comment(proof: Proof) -> None:
    """A false no stops something that can be asked for again; a lost one applies it."""
    result = only(ask(no("bob", proof=proof), yes("erin"), count=1))
    assert (result.outcome, result.reason) == (Outcome.BLOCK, "bob rejected this (not proven), without a comment")
    assert ask(no("erin", proof=proof), yes("bob"), count=1).outcome is Outcome.PASS


@pytest.mark.parametrize("part", ["ledger", "stack", "digest", "policy", "lineage"])
def test_the_rejection_of_a_commit_survives_changes_of_rules_and_plans(part: str) -> None:
    before = replace(no("bob"), subjects=(replace(SUBJECT, **{part: "another"}),))
    assert ask(before, yes("erin"), count=1).outcome is Outcome.BLOCK


def test_the_rejection_of_a_plan_survives_its_commit_and_its_deployment() -> None:
    before = replace(no("bob"), deployment="d0", subjects=(replace(SUBJECT, commit=OTHER, policy="p0"),))
    assert ask(before, yes("erin"), count=1).outcome is Outcome.BLOCK


@pytest.mark.parametrize("changed", [{"environment": "staging"}, {"commit": OTHER, "digest": "d0"}])
def test_the_rejection_of_another_plan_and_commit_does_not_block(changed: dict[str, str]) -> None:
    elsewhere = replace(no("bob"), subjects=(replace(SUBJECT, **changed),))
    assert ask(elsewhere, yes("erin"), count=1).outcome is Outcome.PASS


def test_the_rejection_of_a_release_does_not_reject_a_rollback_to_its_commit() -> None:
    before = replace(no("bob"), subjects=(replace(SUBJECT, digest="d0"),))
    back = replace(FACTS, origin=Rollback("d0", "rita", "sick"))
    assert ask(before, yes("erin"), count=1, facts=back).outcome is Outcome.PASS
    assert ask(no("bob"), yes("erin"), count=1, facts=back).outcome is Outcome.BLOCK


def test_no_automatic_rollback_to_a_rejected_commit() -> None:
    before = replace(no("bob"), subjects=(replace(SUBJECT, digest="d0"),), deployment="d0")
    back = replace(FACTS, origin=AutomaticRollback("d0", "sick"))
    assert ask(before, facts=back).outcome is Outcome.BLOCK
    assert ask(facts=back).outcome is Outcome.PASS
    taken = (withdrawal("bob", at=NOW + timedelta(seconds=1)),)
    assert ask(before, facts=back, withdrawals=taken).outcome is Outcome.PASS


def test_the_last_decision_of_a_person_is_valid_and_an_approval_withdraws_no_rejection() -> None:
    later = NOW + timedelta(seconds=1)
    assert ask(yes("bob"), no("bob", at=later), count=1).outcome is Outcome.BLOCK
    assert ask(no("bob"), yes("bob", at=later), count=1).outcome is Outcome.BLOCK
    taken = (withdrawal("bob", at=later),)
    after = later + timedelta(seconds=1)
    assert ask(no("bob"), yes("bob", at=after), count=1, withdrawals=taken).outcome is Outcome.PASS
    assert ask(yes("bob"), no("bob", at=later), count=1, withdrawals=taken).outcome is Outcome.WAIT


@pytest.mark.parametrize("who", [("bob",), ("carol", "dave"), ("dave", "carol")])
def test_an_approval_from_before_the_withdrawal_of_a_rejection_is_invalid(who: tuple[str, ...]) -> None:
    """A ledger writer keeps a yes that was signed between the no and its withdrawal, and writes it afterwards."""
    said, between, end = no("bob"), NOW + timedelta(seconds=1), NOW + timedelta(seconds=3)
    taken = tuple(replace(withdrawal(one, at=NOW + timedelta(seconds=2 + n)), position=5) for n, one in enumerate(who))
    late = replace(yes("bob", at=between), position=9)
    result = only(ask(said, late, count=1, withdrawals=taken))
    assert result.outcome is Outcome.WAIT
    assert "this approval is older than the withdrawal: approve again" in result.reason
    # Two others need both: what was said after the first of them is still too early.
    assert ask(said, replace(late, at=end), count=1, withdrawals=taken).outcome is (
        Outcome.PASS if len(who) == 1 else Outcome.WAIT
    )
    after = replace(late, at=end + timedelta(seconds=1))
    assert ask(said, after, count=1, withdrawals=taken).outcome is Outcome.PASS
    # Written down before the withdrawal, with a time that was yet to come.
    assert ask(said, replace(after, position=4), count=1, withdrawals=taken).outcome is Outcome.WAIT


def test_the_earlier_of_two_withdrawals_of_one_rejection_counts() -> None:
    taken = tuple(withdrawal("bob", at=NOW + timedelta(seconds=s)) for s in (9, 1))
    assert ask(no("bob"), yes("bob", at=NOW + timedelta(seconds=5)), count=1, withdrawals=taken).outcome is Outcome.PASS


def test_every_rejection_of_a_person_must_be_withdrawn_before_their_approval() -> None:
    first = replace(no("bob"), id="first", at=NOW - timedelta(seconds=9))
    second = no("bob")
    taken = (
        replace(withdrawal("bob", at=NOW + timedelta(seconds=1)), of="first"),
        withdrawal("bob", at=NOW + timedelta(seconds=5)),
    )
    said = yes("bob", at=NOW + timedelta(seconds=3))
    assert ask(first, second, said, count=1, withdrawals=taken).outcome is Outcome.WAIT
    assert ask(first, second, replace(said, at=NOW + timedelta(seconds=6)), count=1, withdrawals=taken).outcome is (
        Outcome.PASS
    )


@pytest.mark.parametrize("deployment", ["", "d0"])
def test_an_approval_of_another_deployment_is_invalid(deployment: str) -> None:
    result = only(ask(replace(yes("bob"), deployment=deployment), count=1))
    assert result.outcome is Outcome.WAIT
    assert "approve again" in result.reason


# --- consent: withdrawing a no -----------------------------------------------------------------------------------


def test_only_the_person_who_rejected_withdraws_the_rejection_alone() -> None:
    said = (no("bob"), yes("erin"))
    assert ask(*said, count=1, withdrawals=(withdrawal("bob"),)).outcome is Outcome.PASS
    assert ask(*said, count=1, withdrawals=(withdrawal("carol"),)).outcome is Outcome.BLOCK
    assert ask(*said, count=1, withdrawals=(withdrawal("carol"), withdrawal("dave"))).outcome is Outcome.PASS


@pytest.mark.parametrize(
    "other",
    [
        ("carol", "ssh", "key of carol"),
        ("CAROL@example.com", "ssh", "another key of carol"),
        ("frank", "ssh", "key of carol"),
        ("alice", "ssh", "key of alice"),
        ("rita", "ssh", "key of rita"),
        ("zoe", "ssh", "key of zoe"),
        ("dave", "unsigned", ""),
        ("dave", "invalid", ""),
    ],
    ids=str,
)
def test_one_other_person_under_two_names_withdraws_no_rejection(other: tuple[str, Proof, str]) -> None:
    actor, proof, by = other
    second = withdrawal(actor, proof=proof, by=by)
    said = ask(no("bob"), yes("erin"), count=1, withdrawals=(withdrawal("carol"), second))
    assert said.outcome is Outcome.BLOCK


@pytest.mark.parametrize("proof", ["unsigned", "invalid", "unsaid"])
def test_a_signed_rejection_is_not_withdrawn_without_a_proof(proof: Proof) -> None:
    taken = (withdrawal("bob", proof=proof, by=""),)
    assert ask(no("bob"), yes("erin"), count=1, unsigned=True, withdrawals=taken).outcome is Outcome.BLOCK
    honor = ask(no("bob", proof="unsigned"), yes("erin"), count=1, unsigned=True, withdrawals=taken)
    assert (honor.outcome is Outcome.PASS) is (proof == "unsigned")


def test_a_withdrawal_from_before_the_rejection_is_invalid() -> None:
    taken = (withdrawal("bob", at=NOW - timedelta(seconds=1)),)
    assert ask(no("bob"), yes("erin"), count=1, withdrawals=taken).outcome is Outcome.BLOCK


# --- consent: one proof is one person ----------------------------------------------------------------------------


def test_one_key_under_two_names_is_one_person() -> None:
    two = (replace(yes("erin"), by="key 1"), replace(yes("frank"), by="key 1"))
    assert ask(*two, count=2).outcome is Outcome.WAIT
    assert ask(two[0], replace(two[1], by="key 2"), count=2).outcome is Outcome.PASS


def test_one_key_under_two_names_fills_one_role() -> None:
    two = (replace(yes("carol"), by="key 1"), replace(yes("dave"), by="key 1"))
    assert ask(*two, roles={"security": 1, "sre": 1}).outcome is Outcome.WAIT
    assert ask(two[0], replace(two[1], by="key 2"), roles={"security": 1, "sre": 1}).outcome is Outcome.PASS


def test_a_third_name_joins_two_keys_of_one_person() -> None:
    keys = [("bob", "key 1"), ("erin", "key 1"), ("erin", "key 2"), ("frank", "key 2")]
    said = [replace(yes(name), by=by) for name, by in keys]
    assert ask(*said, count=2).outcome is Outcome.WAIT


def test_a_key_that_cannot_approve_cannot_approve_under_another_name() -> None:
    said = (replace(yes("alice"), by="key 1"), replace(yes("frank"), by="key 1"))
    assert "frank (wrote commits of this release)" in only(ask(*said, count=1)).reason


def test_a_rejection_under_another_name_of_a_key_blocks_and_is_withdrawn_by_that_key() -> None:
    said = (replace(no("bob"), by="key 1"), yes("carol"))
    mine = withdrawal("erin", by="key 1")
    assert ask(*said, count=1).outcome is Outcome.BLOCK
    assert ask(*said, count=1, withdrawals=(mine,)).outcome is Outcome.PASS


def test_the_key_that_requested_a_deployment_does_not_approve_it_under_another_name() -> None:
    facts = replace(FACTS, requester="somebody else", requested_by="key of bob")
    result = only(ask(yes("bob"), count=1, facts=facts))
    assert "bob (requested this deployment)" in result.reason


@pytest.mark.parametrize(
    ("email", "login"),
    [
        ("carol-gh@users.noreply.github.com", "carol-gh"),
        ("4711+Carol-GH@users.noreply.github.com", "carol-gh"),
        ("4711-carol-gh@users.noreply.gitlab.example.com", "carol-gh"),
        ("4711+carol@users.noreply.github.com", ""),
    ],
)
def test_an_author_with_a_private_email_is_identified_by_their_account(email: str, login: str) -> None:
    config = replace(CONFIG, people={**PEOPLE, "carol": Person("carol", ("carol@example.com",), login)})
    facts = replace(FACTS, authors=(Author("C. C.", email),))
    assert (
        "carol (wrote commits of this release)" in only(ask(yes("carol"), count=1, config=config, facts=facts)).reason
    )


def test_a_copy_of_an_old_approval_withdraws_no_rejection() -> None:
    """Anyone who can write to the ledger can copy a signed statement, but cannot change its time."""
    old = yes("bob", at=NOW - timedelta(hours=1))
    assert ask(old, no("bob"), old, count=1).outcome is Outcome.BLOCK


@pytest.mark.parametrize("proof", ["unsigned", "invalid"])
def test_an_invalid_approval_withdraws_no_rejection(proof: Proof) -> None:
    later = NOW + timedelta(seconds=1)
    assert ask(no("bob"), yes("bob", proof=proof, at=later), count=1).outcome is Outcome.BLOCK


# --- before the apply: the facts again --------------------------------------------------------------------------


def test_an_open_deployment_waits_while_the_environment_is_on_hold() -> None:
    verdict = ask(yes("bob"), count=1, facts=replace(FACTS, held="incident 7 (by dave)"))
    assert verdict.outcome is Outcome.WAIT
    assert verdict.results[0].gate == "held"


def test_an_open_deployment_of_a_commit_that_left_the_protected_branch_is_blocked() -> None:
    verdict = ask(yes("bob"), count=1, facts=replace(FACTS, on_protected_branch=False))
    assert verdict.outcome is Outcome.BLOCK


def test_an_open_deployment_waits_in_a_shallow_clone_and_does_not_end() -> None:
    assert ask(yes("bob"), count=1, facts=replace(FACTS, on_protected_branch=None)).outcome is Outcome.WAIT


# --- properties --------------------------------------------------------------------------------------------------

ROLES = ("a", "b", "c")
NAMES = ("p0", "p1", "p2", "p3", "p4")
role_counts = st.dictionaries(st.sampled_from(ROLES), st.integers(0, 3))
team_lists = st.dictionaries(st.sampled_from(ROLES), st.lists(st.sampled_from(NAMES), unique=True).map(tuple))
answers = st.lists(
    st.builds(
        yes,
        st.sampled_from(NAMES),
        st.sampled_from(("", *ROLES)),
        proof=st.sampled_from(["ssh", "ssh", "ssh", "unsigned", "invalid"]),
        at=st.integers(-30, 1).map(lambda hours: NOW + timedelta(hours=hours)),
        answer=st.sampled_from(["approve", "approve", "approve", "approve", "reject"]),
    ),
    max_size=6,
)


@given(role_counts, st.lists(st.frozensets(st.sampled_from(ROLES)), max_size=5))
def test_as_many_roles_are_filled_as_any_arrangement_could(
    roles: dict[str, int], members: list[frozenset[str]]
) -> None:
    approvers = [Approver(f"v{i}", f"v{i}", teams) for i, teams in enumerate(members)]
    filled = assign_roles(roles, approvers)
    used = [voice.person for who in filled.values() for voice in who]
    assert len(used) == len(set(used))
    assert all(role in voice.roles for role, who in filled.items() for voice in who)
    assert all(len(who) <= roles[role] for role, who in filled.items())
    best = max(
        sum(role != "" for role in choice)
        for choice in product(("", *roles), repeat=len(approvers))
        if all(role in ("", *voice.roles) for role, voice in zip(choice, approvers, strict=True))
        and all(choice.count(role) <= n for role, n in roles.items())
    )
    assert len(used) == best


@given(answers, role_counts, st.integers(0, 4), team_lists)
def test_the_gate_passes_exactly_where_a_brute_force_search_finds_an_assignment(
    given_answers: list[Approval], roles: dict[str, int], count: int, teams: dict[str, tuple[str, ...]]
) -> None:
    """The oracle knows the rules as sentences: a no blocks, latest yes, bars, who may speak for whom, one role each."""
    config = Config(teams=teams)
    facts = replace(FACTS, requester="p0", authors=(Author("P1", ""),))
    verdict = ask(*given_answers, count=count, roles=roles, config=config, facts=facts)
    member = {name: {r for r in teams if name in teams[r]} for name in NAMES}

    def holds(said: Approval) -> bool:
        if said.answer == "reject":
            return said.proof == "ssh" or bool(member[said.actor])
        return said.proof == "ssh" and NOW - said.at < timedelta(hours=24) and said.at <= NOW + timedelta(minutes=5)

    last = {}
    for said in sorted(given_answers, key=lambda a: (a.at, a.answer == "reject")):
        if holds(said):
            last[said.actor] = said
    if any(said.answer == "reject" and holds(said) for said in given_answers):
        assert verdict.outcome is Outcome.BLOCK
        return
    approvers = [
        member[name] & {said.role} if said.role else member[name]
        for name, said in last.items()
        if name not in ("p0", "p1") and (not said.role or said.role in member[name])
    ]
    slots = [role for role, n in roles.items() for _ in range(n)]
    enough = len(approvers) >= max(count, len(slots)) and any(
        all(role in voice for role, voice in zip(slots, order, strict=False)) for order in permutations(approvers)
    )
    assert (verdict.outcome is Outcome.PASS) is enough


@given(answers, answers, role_counts, st.integers(0, 4), team_lists, st.integers(0, 12))
def test_approvals_of_other_plans_change_nothing(
    mine: list[Approval],
    others: list[Approval],
    roles: dict[str, int],
    count: int,
    teams: dict[str, tuple[str, ...]],
    place: int,
) -> None:
    elsewhere = tuple(replace(a, subjects=(replace(SUBJECT, digest="d0", commit=OTHER),)) for a in others)
    config = Config(teams=teams)
    without = ask(*mine, count=count, roles=roles, config=config)
    mixed = (*mine[:place], *elsewhere, *mine[place:])
    assert ask(*mixed, count=count, roles=roles, config=config).outcome is without.outcome


@given(answers, answers, role_counts, st.integers(0, 4), team_lists)
def test_answers_of_people_who_cannot_approve_never_make_a_gate_pass(
    mine: list[Approval],
    others: list[Approval],
    roles: dict[str, int],
    count: int,
    teams: dict[str, tuple[str, ...]],
) -> None:
    """Whatever the requester and the authors add, the verdict gets no better."""
    config = Config(teams=teams)
    added = tuple(replace(a, actor="p0" if i % 2 else "p1") for i, a in enumerate(others))
    facts = replace(FACTS, requester="p0", authors=(Author("p1", ""),))
    rest = tuple(a for a in mine if a.actor not in ("p0", "p1"))
    without = ask(*rest, count=count, roles=roles, config=config, facts=facts)
    assert ask(*rest, *added, count=count, roles=roles, config=config, facts=facts).outcome.rank >= without.outcome.rank


@given(answers, role_counts, st.integers(0, 4), team_lists)
def test_every_gate_that_does_not_pass_says_why_and_what_to_do(
    given_answers: list[Approval], roles: dict[str, int], count: int, teams: dict[str, tuple[str, ...]]
) -> None:
    verdict = ask(*given_answers, count=count, roles=roles, config=Config(teams=teams))
    assert verdict.results
    assert all(result.reason and result.satisfy for result in verdict.open)


def test_drift_is_reverted_only_where_terrace_yaml_allows_it() -> None:
    """A remediation is not a promotion: the commit is already deployed. A hold blocks it like a release."""
    facts = replace(FACTS, origin=Remediation("e1", "rita"), upstream=None)
    off = at_entry(PROD, facts, NOW)
    assert [r.gate for r in off.open] == ["remediation"]
    lets = replace(PROD, drift=DriftSettings(remediate=Remediate()))
    assert at_entry(lets, facts, NOW).outcome is Outcome.PASS
    assert [r.gate for r in at_entry(lets, replace(facts, held="incident"), NOW).open] == ["held"]


def test_a_remediation_has_its_own_approvals_or_those_of_a_release() -> None:
    origin = Remediation("e1", "rita")
    three = replace(PROD, approvals=ApprovalRule(3))
    assert approval_rule(three, origin).count == 3
    apart = replace(three, drift=DriftSettings(remediate=Remediate(approvals=ApprovalRule(1))))
    assert approval_rule(apart, origin).count == 1
    assert approval_rule(apart, Manual("rita")).count == 3
