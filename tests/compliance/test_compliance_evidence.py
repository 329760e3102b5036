"""Evidence that the ledger tells: who agreed, what was tried before, what drifted, what was brought back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from support.plans import change, plan_of
from support.stories import NOON, Story
from terrace.assess.model import Severity
from terrace.checks.policy.catalogue import PolicyRule
from terrace.compliance.audit import Audited, RuleSeen, Scope, audit_results
from terrace.compliance.gathering import EvidenceInputs, Span, evidence
from terrace.compliance.overview import compliance
from terrace.compliance.recorded_audits import drafts
from terrace.compliance.results import Evidence, Outcome
from terrace.compliance.shipped import aliases, framework, sources
from terrace.config.model import ApprovalRule, Config, Environment
from terrace.gates.model import Identity, Proof
from terrace.ledger import kinds
from terrace.ledger.approvals import SignedApproval
from terrace.ledger.deployment import Step
from terrace.plans.model import Action
from terrace.stacks.model import Manual

ASKS = ApprovalRule(count=1)
CONFIG = Config((Environment("staging"), Environment("prod", after="staging", approvals=ASKS)))
SPAN = Span(NOON + timedelta(hours=3))
RULE = PolicyRule("no-twos", "No twos", Severity.HIGH, types=("aws_s3_bucket",), controls=("s3_bucket_kms_encryption",))
DAY = timedelta(days=1)


def known(told: Story, proof: Proof = "ssh", policy: str = "p") -> EvidenceInputs:
    def by(signed: SignedApproval) -> Identity:
        return Identity(proof, f"key of {signed.actor}" if proof == "ssh" else "")

    return EvidenceInputs(CONFIG, told.history, policy, by)


def said(one: EvidenceInputs, key: str, environment: str = "prod", span: Span = SPAN) -> Evidence:
    told = evidence(one, ("staging", "prod"), sources(), span)
    (found,) = (e for e in told if (e.key, e.environment) == (key, environment))
    return found


def approve(told: Story, deployment: str, actor: str) -> None:
    told.write(
        kinds.APPROVAL_GIVEN,
        deployment,
        {"actor": actor, "role": "", "answer": "approve", "subjects": [], "at": NOON.isoformat(), "statement": "s"},
    )


def deploy(told: Story, name: str, *people: str, environment: str = "prod", commit: str = "1" * 40) -> None:
    """A release that changed something, and who agreed to it. ann asks for all of them."""
    told.open(name, commit, Manual("ann"), environment, (environment,))
    told.step(name, Step.PLAN, stack=environment, detail={"empty": False})
    for person in people:
        approve(told, name, person)
    told.step(name, Step.APPLY, stack=environment)
    told.end(name, "succeeded")


def test_whoever_was_not_asked_gives_no_evidence() -> None:
    told = Story()
    deploy(told, "d1", environment="staging")
    assert said(known(told), "terrace:approvals", "staging").outcome is Outcome.NOT_APPLICABLE
    assert said(known(told), "terrace:approvals").outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("people", "proof", "policy", "outcome"),
    [
        (("bob",), "ssh", "p", Outcome.PASSED),
        ((), "ssh", "p", Outcome.FAILED),
        ((), "ssh", "another", Outcome.UNKNOWN),
        (("bob",), "unsigned", "p", Outcome.UNKNOWN),
        (("bob",), "invalid", "p", Outcome.UNKNOWN),
    ],
)
def test_an_approval_counts_by_its_signature(
    people: tuple[str, ...], proof: Proof, policy: str, outcome: Outcome
) -> None:
    told = Story()
    deploy(told, "d1", *people)
    found = said(known(told, proof, policy), "terrace:approvals")
    assert found.outcome is outcome, found.what
    assert found.commits == ("1" * 40,)


def test_one_deployment_without_an_approval_is_not_hidden_by_others() -> None:
    told = Story()
    deploy(told, "d1", "bob")
    deploy(told, "d2")
    found = said(known(told), "terrace:approvals")
    assert (found.outcome, found.places) == (Outcome.FAILED, ("deployment d2 of 1111111",))


def test_one_signature_is_not_two() -> None:
    told = Story()
    deploy(told, "d1", "bob", "bob")
    two = Config((Environment("staging"), Environment("prod", after="staging", approvals=ApprovalRule(count=2))))
    found = said(replace(known(told), config=two), "terrace:approvals")
    assert found.outcome is Outcome.FAILED
    deploy(told, "d2", "bob", "carol")
    found = said(replace(known(told), config=two), "terrace:approvals")
    assert found.places == ("deployment d1 of 1111111",)


def test_nobody_agrees_to_their_own() -> None:
    told = Story()
    deploy(told, "d1", "ann")
    assert said(known(told), "terrace:duties-apart").outcome is Outcome.FAILED
    deploy(told, "d2", "ann", "bob")
    other = Story()
    deploy(other, "d2", "ann", "bob")
    assert said(known(other), "terrace:duties-apart").outcome is Outcome.PASSED


def test_what_did_not_succeed_below_first_was_not_tested() -> None:
    told = Story()
    deploy(told, "d1", "bob", commit="1" * 40)
    assert said(known(told), "terrace:promotion").outcome is Outcome.FAILED
    other = Story()
    deploy(other, "d0", environment="staging", commit="1" * 40)
    deploy(other, "d1", "bob", commit="1" * 40)
    assert said(known(other), "terrace:promotion").outcome is Outcome.PASSED
    assert said(known(other), "terrace:promotion", "staging").outcome is Outcome.NOT_APPLICABLE


def test_what_is_older_than_the_period_is_not_looked_at() -> None:
    told = Story()
    deploy(told, "d1")
    late = replace(SPAN, now=NOON + 91 * DAY)
    assert said(known(told), "terrace:approvals", span=late).outcome is Outcome.NOT_APPLICABLE


def drift(told: Story, status: str) -> None:
    seen = {
        "stack": "prod",
        "path": "environments/prod",
        "status": status,
        "commit": "1" * 40,
        "why": "",
        "undeployed": [],
        "sightings": [],
        "ignored": [],
        "notices": [],
        "objects": 1,
    }
    told.write(kinds.DRIFT_CHECKED, "prod", {"every": 0, "stacks": [seen]})


@pytest.mark.parametrize(
    ("status", "after", "outcome"),
    [
        ("clean", timedelta(hours=1), Outcome.PASSED),
        ("clean", 8 * DAY, Outcome.UNKNOWN),
        ("unknown", timedelta(hours=1), Outcome.UNKNOWN),
        ("drifted", timedelta(hours=1), Outcome.FAILED),
        ("drifted", 8 * DAY, Outcome.FAILED),
        ("", timedelta(hours=1), Outcome.UNKNOWN),
    ],
)
def test_drift_is_what_the_newest_look_saw(status: str, after: timedelta, outcome: Outcome) -> None:
    told = Story()
    deploy(told, "d1", "bob")
    if status:
        drift(told, status)
    assert said(known(told), "terrace:drift", span=replace(SPAN, now=NOON + after)).outcome is outcome


def test_states_without_copies_and_drills_are_not_passed() -> None:
    told = Story()
    deploy(told, "d1", "bob")
    assert said(known(told), "terrace:backups").outcome is Outcome.UNKNOWN
    assert said(known(told), "terrace:drills").outcome is Outcome.NOT_APPLICABLE
    copy = {"environment": "prod", "finding": "saved", "backup": "b1", "lineage": "l", "serial": 1, "sha256": "s"}
    told.write(kinds.STATE_BACKED_UP, "prod", copy)
    assert said(known(told), "terrace:backups").outcome is Outcome.PASSED
    assert said(known(told), "terrace:drills").outcome is Outcome.UNKNOWN
    for result, outcome in (("passed", Outcome.PASSED), ("missed", Outcome.FAILED)):
        told.write(kinds.STATE_DRILLED, "prod", {"environment": "prod", "backup": "b1", "result": result})
        assert said(known(told), "terrace:drills").outcome is outcome


def seen(told: Story, environment: str, change_it: Callable[[Audited], Audited] = lambda one: one) -> None:
    plan = plan_of([change("aws_s3_bucket.b0", Action.NO_OP)])
    plan = replace(plan, stack=replace(plan.stack, environment=environment, name=environment))
    look = audit_results(
        Scope(environment, "deployed", {"1" * 40: (environment,)}), (), {environment: plan}, [RULE], ["secrets"]
    )
    for draft in drafts(told.history, [change_it(look)], [RULE], "p", "ann"):
        told.write(draft.kind, draft.subject, draft.payload)


def rule(**more: Any) -> Callable[[Audited], Audited]:
    return lambda one: replace(one, rules={**one.rules, "no-twos": RuleSeen("no-twos", **more)})


@pytest.mark.parametrize(
    ("change_it", "after", "outcome", "words"),
    [
        (rule(looked=3), timedelta(hours=1), Outcome.PASSED, "3 of 3 passed"),
        (rule(looked=3), 8 * DAY, Outcome.UNKNOWN, "too old"),
        (rule(looked=3, unknown=1), timedelta(hours=1), Outcome.UNKNOWN, "unknown for 1"),
        (rule(), timedelta(hours=1), Outcome.NOT_APPLICABLE, "no resource of its types"),
        (rule(looked=3, waived=1), timedelta(hours=1), Outcome.WAIVED, "1 of 3 waived"),
        (rule(looked=3, failed=1, waived=1, unknown=2), 8 * DAY, Outcome.FAILED, "1 of 3 failed, and 1 waived"),
    ],
)
def test_a_rule_says_what_it_saw_and_old_looks_pass_nothing(
    change_it: Callable[[Audited], Audited], after: timedelta, outcome: Outcome, words: str
) -> None:
    told = Story()
    seen(told, "prod", change_it)
    found = said(known(told), "s3_bucket_kms_encryption", span=replace(SPAN, now=NOON + after))
    assert found.outcome is outcome
    assert words in found.what
    # An environment that nobody looked at is not passed by what was seen elsewhere.
    assert said(known(told), "s3_bucket_kms_encryption", "staging").outcome is Outcome.UNKNOWN


def test_an_environment_that_is_left_behind_is_not_forgotten() -> None:
    told = Story()
    deploy(told, "d1", environment="old")
    found = compliance(known(told), ("staging", "prod"), [framework("cis-aws")], sources(), SPAN)
    assert [one.environment for one in found.looked] == ["staging", "prod", "old"]
    assert "no longer defined in terrace.yaml" in found.looked[-1].notes[0]


def test_where_nothing_stands_nothing_is_wrong_and_nothing_right() -> None:
    for blind, outcome in ((0, Outcome.NOT_APPLICABLE), (1, Outcome.FAILED)):

        def nothing(one: Audited, blind: int = blind) -> Audited:
            return replace(rule(looked=1, failed=1)(one), objects=0, blind=blind)

        told = Story()
        seen(told, "prod", nothing)
        assert said(known(told), "s3_bucket_kms_encryption").outcome is outcome


def test_a_definition_of_azure_policy_is_evidence_for_the_checks_that_it_stands_for() -> None:
    azure = replace(RULE, controls=("404C3081-a854-4457-ae30-26a93ef643f9",))
    look = audit_results(Scope("prod", "deployed", {"1" * 40: ("prod",)}), (), {}, [azure], ())
    told = Story()
    for draft in drafts(told.history, [replace(look, blind=0, objects=1)], [azure], "p", "ann"):
        told.write(draft.kind, draft.subject, draft.payload)
    one = replace(known(told), aliases=aliases())
    assert said(one, "storage_secure_transfer_required_is_enabled").by == "no-twos"


def test_a_report_says_what_it_does_not_tell_of_today() -> None:
    told = Story()
    seen(told, "prod")
    deploy(told, "d1", "bob", commit="2" * 40)
    late = replace(SPAN, now=NOON + 8 * DAY)
    found = compliance(known(told, policy="q"), ("staging", "prod"), [framework("cis-aws")], sources(), late)
    staging, prod = found.looked
    assert "never audited" in staging.notes[0]
    notes = " ".join(prod.notes)
    assert all(words in notes for words in ("deployed since", "2222222", "audited with other rules", "too old"))
    (told_of,) = found.frameworks
    assert told_of.count("pass") == 0
