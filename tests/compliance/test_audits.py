"""What a look at everything leaves in the ledger comes back whole, is small, and can be read without any tool."""

from __future__ import annotations

import json

from support.plans import change, plan_of
from support.stories import Story
from terrace.assess.model import Finding, Severity, Status
from terrace.checks.policy.catalogue import PolicyRule
from terrace.compliance.audit import Audited, Scope, audit_results
from terrace.compliance.recorded_audits import drafts, newest
from terrace.ledger import kinds
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.chain import decode, export
from terrace.ledger.model import History
from terrace.plans.model import Action

RULES = tuple(
    PolicyRule(f"aws-rule-{n}", "A rule", Severity.HIGH, types=("aws_s3_bucket",), controls=(f"check_{n}",))
    for n in range(60)
)


def look(count: int = 1, commit: str = "c" * 40) -> Audited:
    wrong = [
        Finding(
            "aws-rule-1", Severity.HIGH, Status.FAIL, "opa", "the value hunter2 is wrong", "dev", f"aws_s3_bucket.b{n}"
        )
        for n in range(count)
    ]
    waived = Finding("aws-rule-2", Severity.LOW, Status.WAIVED, "opa", "no", "dev", "aws_s3_bucket.b0")
    plan = plan_of([change("aws_s3_bucket.b0", Action.NO_OP)])
    return audit_results(
        Scope("dev", "deployed", {commit: ("dev",)}), [*wrong, waived], {"dev": plan}, RULES, ["secrets"]
    )


def recorded(told: Story, seen: Audited) -> int:
    """Write it as a ledger does; how many bytes that takes."""
    before = len(told.history.events)
    for draft in drafts(told.history, [seen], RULES, "p1", "ann"):
        told.write(draft.kind, draft.subject, draft.payload)
    return sum(len(line) for line in export(told.history.events[before:]))


def test_what_was_seen_comes_back_as_it_was() -> None:
    told, seen = Story(), look()
    recorded(told, seen)
    stored = History(tuple(decode(line.encode()) for line in export(told.history.events)), key=NO_KEY)
    found = newest(stored, "dev")
    assert found is not None
    assert (found.scope, found.rules, found.policy) == (seen.scope, seen.rules, "p1")
    assert found.known["aws-rule-7"].controls == ("check_7",)
    assert found.findings == {"blocking": 1, "fail": 1, "unknown": 0, "waived": 1}
    assert newest(stored, "prod") is None


def test_what_the_rules_are_is_written_once_and_a_night_is_small() -> None:
    told = Story()
    first = recorded(told, look(5000))
    night = recorded(told, look(5000))
    assert [event.kind for event in told.history.events] == [kinds.AUDIT_RULES, kinds.AUDIT_DONE, kinds.AUDIT_DONE]
    assert night < 5_000 < first < 20_000


def test_no_message_and_so_no_value_is_kept() -> None:
    told = Story()
    recorded(told, look(3))
    assert "hunter2" not in json.dumps([dict(event.payload) for event in told.history.events])


def test_a_ledger_of_former_days_knows_no_look() -> None:
    told = Story()
    told.release("d1", "c1")
    assert newest(told.history, "prod") is None
