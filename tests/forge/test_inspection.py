"""What GitHub guards is told as it is, and what it leaves to Terrace with where to change that."""

from __future__ import annotations

from forge.fake import FakeGitHub
from terrace.adapters.github.client import GitHub, Place
from terrace.adapters.github.credentials import Token
from terrace.adapters.github.inspection import Guard, Inspection


def guards(fake: FakeGitHub) -> dict[str, Guard]:
    github = GitHub(Place("acme", "infrastructure"), Token("t"), transport=fake.transport(), sleep=lambda _: None)
    found = Inspection(github).guards(["staging", "prod"], "main", "terrace/ledger", "Terrace gate")
    return {guard.what: guard for guard in found}


def test_what_github_leaves_open_is_said_with_where_to_close_it() -> None:
    found = guards(FakeGitHub(environments={"prod": None}))
    assert "no environment of this name" in found["environment staging"].status
    assert "the only gate" in found["environment prod"].status
    assert "need GitHub Enterprise" in found["environment prod"].how
    assert found["branch terrace/ledger"].status == "anyone with push access can delete, rewrite, write it"
    assert "no ruleset requires" in found["branch main"].status
    assert all(guard.how for guard in found.values())


def test_what_it_guards_needs_nothing() -> None:
    about = {"ruleset_source_type": "Repository", "ruleset_source": "acme/infrastructure", "ruleset_id": 1}
    checks = {"required_status_checks": [{"context": "Terrace gate"}], "strict_required_status_checks_policy": True}
    rules = {
        "main": [{"type": "required_status_checks", "parameters": checks, **about}],
        "terrace/ledger": [{"type": kind, **about} for kind in ("deletion", "non_fast_forward", "update")],
    }
    found = guards(FakeGitHub(environments={"staging": ["bob"], "prod": ["bob", "carol"]}, rules=rules))
    assert found["environment prod"] == Guard("environment prod", "2 required reviewers")
    assert not [guard for guard in found.values() if guard.how]


def test_reviewers_who_may_answer_for_themselves_are_said() -> None:
    found = guards(FakeGitHub(environments={"staging": ["bob"], "prod": ["bob"]}, self_review=True))
    assert found["environment prod"].status == "1 required reviewer, who can approve runs that they started"
