"""Drift reports: how to resolve each difference, and text from outside without effect."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest

from support.payloads import payload_of
from support.plans import change, drifted_resource, plan_of
from support.records import data_of
from terrace.assess.model import Severity
from terrace.drift.acknowledgements import Acknowledgement
from terrace.drift.checks import Check, EnvironmentDrift
from terrace.drift.detection import find_drift
from terrace.drift.model import Cause, DriftKind, Ignored, Observation, ResourceDrift
from terrace.drift.records import resource_drift_record, resources_of
from terrace.drift.review import Review
from terrace.plans.model import MASKED, Action, Value
from terrace.report.drift_words import remedy
from terrace.report.json.drift import drift_json
from terrace.report.markdown.drift import drift_markdown
from terrace.report.terminal.drift import drift_report
from terrace.report.terminal.screen import plain_text

AT = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
SEEN = ResourceDrift(
    "prod",
    'aws_iam_role.a["<b>|x"]',
    "aws_iam_role",
    DriftKind.UNMANAGED,
    Severity.CRITICAL,
    ("inline_policy",),
    Action.NO_OP,
    "f",
)


def review(*observations: Observation, overdue: str = "") -> Review:
    check = Check("e1", "prod", AT, observations, timedelta(0))
    return Review("prod", (check,), EnvironmentDrift(check.status, AT, overdue), (), ())


def terminal(one: Review) -> str:
    return plain_text(drift_report([one]))


def as_json(reviews: list[Review]) -> Any:
    return data_of(drift_json(reviews, (), {}))


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (SEEN, "terrace drift ack prod"),
        (replace(SEEN, kind=DriftKind.ACTIONABLE, undo=Action.UPDATE), "terrace drift prod --remediate"),
        (replace(SEEN, kind=DriftKind.ACTIONABLE, undo=Action.REPLACE), "would replace it"),
        (replace(SEEN, kind=DriftKind.INPUT, undo=Action.UPDATE), "not changed outside Terraform"),
        (replace(SEEN, kind=DriftKind.DELETED, undo=Action.CREATE), "recreates it, without the data that it held"),
        (replace(SEEN, kind=DriftKind.DELETED), "no deployment recreates it"),
    ],
    ids=["unmanaged", "actionable", "replacement", "input", "deleted", "deleted permanently"],
)
def test_each_quadrant_names_its_remedy(seen: ResourceDrift, words: str) -> None:
    assert words in remedy("prod", seen, "c" * 40)


MIXED = replace(
    SEEN,
    kind=DriftKind.ACTIONABLE,
    undo=Action.UPDATE,
    paths=("inline_policy", "tags.team"),
    kept=("inline_policy",),
    values={"inline_policy": (None, MASKED), "tags.team": ("a", "b")},
)


def test_each_attribute_says_whether_a_deployment_changes_it_back() -> None:
    told = remedy("prod", MIXED, "c" * 40)
    assert "changes tags.team back" in told
    assert "inline_policy: not managed" in told
    alone = remedy("prod", replace(MIXED, paths=("inline_policy",)), "c" * 40)
    assert "no deployment changes it back" in alone


def test_changed_inputs_are_distinguished_from_drift() -> None:
    seen = replace(MIXED, paths=("inline_policy", "source", "tags.team"), inputs=("source",))
    one = review(Observation("prod", "environments/prod", "drifted", "c" * 40, resources=(seen,)))
    for told in (terminal(one), drift_markdown([one])):
        assert "source (not changed outside Terraform)" in told
        assert "actionable, unmanaged, input" in told
    assert "source: not changed outside Terraform, the inputs changed" in remedy("prod", seen, "c" * 40)


def test_an_acknowledgement_of_one_attribute_is_shown_with_it_and_does_not_cover_the_others() -> None:
    given = Acknowledgement("prod", MIXED.address, ("tags.team",), {}, "g", "ann|", "billing sets it", AT)
    one = review(Observation("prod", "environments/prod", "drifted", "c" * 40, resources=(MIXED,)))
    one = replace(one, acknowledged=(given,))
    assert '"b" (managed), acknowledged by ann|: billing sets it' in terminal(one)
    assert "\n  acknowledged" not in terminal(one)
    (resource,) = as_json([one])["environments"][0]["stacks"][0]["resources"]
    assert "acknowledged" not in resource
    assert [(a["path"], "acknowledged" in a) for a in resource["attributes"]] == [
        ("inline_policy", False),
        ("tags.team", True),
    ]
    both = replace(one, acknowledged=(given, replace(given, paths=("inline_policy",), reason="incident", by="bob")))
    (resource,) = as_json([both])["environments"][0]["stacks"][0]["resources"]
    assert resource["acknowledged"]["by"] in ("ann|", "bob"), "two acknowledgements together cover the resource"


def test_every_format_shows_the_values_of_each_attribute() -> None:
    one = review(Observation("prod", "environments/prod", "drifted", "c" * 40, resources=(MIXED,)))
    for told in (terminal(one), drift_markdown([one])):
        assert "inline_policy: nothing → (sensitive) (not managed)" in told
        assert 'tags.team: "a" → "b" (managed)' in told
    (resource,) = as_json([one])["environments"][0]["stacks"][0]["resources"]
    assert resource["attributes"] == [
        {
            "path": "inline_policy",
            "quadrant": "unmanaged",
            "managed": False,
            "deployed": "nothing",
            "there": "(sensitive)",
            "differences": [{"path": "", "action": "add", "after": "(sensitive)"}],
        },
        {
            "path": "tags.team",
            "quadrant": "actionable",
            "managed": True,
            "deployed": '"a"',
            "there": '"b"',
            "differences": [{"path": "", "action": "change", "before": "a", "after": "b"}],
        },
    ]


def differing(deployed: Value, live: Value) -> Review:
    """A review of one attribute, `rules`, with these values."""
    seen = replace(SEEN, paths=("rules",), values={"rules": (deployed, live)})
    return review(Observation("prod", "environments/prod", "drifted", "c" * 40, resources=(seen,)))


def test_blocks_are_aligned_and_only_what_differs_in_them_is_shown() -> None:
    web = {"name": "web", "ports": [443], "secret": MASKED}
    ssh = {"name": "ssh", "ports": [22], "secret": "hunter2", "note": "", "sources": []}
    one = differing([web], [ssh, {**web, "ports": [80]}])
    for told in (terminal(one), drift_markdown([one])):
        assert '+ rules[0].name = "ssh"' in told
        assert 'rules[name="web"].ports[0] = 443' in told
        assert "hunter2" not in told, "what is masked in one element is masked in all"
        assert 'name = "web"' not in told
        assert "sources" not in told, "an added block is shown without its empty parts"
    (attribute,) = as_json([one])["environments"][0]["stacks"][0]["resources"][0]["attributes"]
    secrets = [part for part in attribute["differences"] if part["path"].endswith("secret")]
    assert [part["after"] for part in secrets] == ["(sensitive)"]


def test_a_sensitive_part_that_differs_is_never_left_out() -> None:
    one = differing({"a": MASKED}, {"a": MASKED})
    for told in (terminal(one), drift_markdown([one])):
        assert "rules: (sensitive) → (sensitive)" in told
    assert 'rules: nothing → ""' in terminal(differing(None, "")), "an empty value alone is a difference"
    partly = differing({"a": MASKED, "b": 1}, {"a": "hunter2", "b": 2})
    for told in (terminal(partly), drift_markdown([partly])):
        assert "hunter2" not in told
        assert "rules.b = 1" in told
        assert "rules = (sensitive)" in told


def drift_of(before: Value, after: Value, **undo: Any) -> Review:
    """A review of a group that was changed from `before` to `after`; a deployment replaces it to undo that."""
    address = "aws_security_group.web"
    plan = plan_of(
        [change(address, Action.REPLACE, after, before, **undo)],
        [drifted_resource(address, before, after)],
    )
    return review(Observation("prod", "environments/prod", "drifted", "c" * 40, resources=find_drift(plan)))


def test_rows_say_what_was_opened_and_what_forces_a_replacement() -> None:
    rule = {"from_port": 22, "cidr_blocks": ["10.0.0.0/8"]}
    one = drift_of(
        {"name": "a", "ingress": [rule]},
        {"name": "b", "ingress": [{**rule, "cidr_blocks": ["0.0.0.0/0", "10.0.0.0/8"]}]},
        replace_paths=(("name",),),
    )
    for told in (terminal(one), unescape(drift_markdown([one]))):
        assert 'ingress[0].cidr_blocks[0] = "0.0.0.0/0"  # open to everyone' in told
        assert 'name: "a" → "b" (managed)  # forces replacement' in told
    (resource,) = as_json([one])["environments"][0]["stacks"][0]["resources"]
    assert (resource["exposes"], resource["replace_reasons"]) == (["open to everyone"], ["name"])
    exposing = [part["exposes"] for one in resource["attributes"] for part in one["differences"] if "exposes" in part]
    assert exposing == ["open to everyone"]


def test_what_no_attribute_shows_has_a_row_of_its_own() -> None:
    def policy(effect: str) -> dict[str, Any]:
        document = {"Statement": [{"Effect": effect, "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]}
        return {"policy": json.dumps(document)}

    one = drift_of(policy("Deny"), policy("Allow"), replace_paths=(("name",),))
    for told in (terminal(one), unescape(drift_markdown([one]))):
        assert "! open to everyone (policy.Statement[0].Principal)" in told
        assert "name  # forces replacement" in told
    opened = [resource.exposes for resource in drift_json([one], (), {}).environments[0].stacks[0].resources]
    assert opened == [("open to everyone",)]


def test_a_deleted_protection_says_what_it_opens() -> None:
    deleted = change("aws_s3_bucket_public_access_block.a", Action.DELETE, {"block_public_acls": True})
    (resource,) = find_drift(plan_of([], [deleted]))
    one = review(Observation("prod", "environments/prod", "drifted", "c" * 40, resources=(resource,)))
    for told in (terminal(one), unescape(drift_markdown([one]))):
        assert "! no longer blocks public access" in told


def test_policies_and_texts_are_shown_as_differences_of_their_content() -> None:
    def policy(action: str) -> str:
        return json.dumps({"Statement": [{"Sid": "own", "Action": [action], "Resource": "*"}]})

    told = terminal(differing(policy("s3:GetObject"), policy("s3:*")))
    assert '"s3:*"' in told
    assert "Resource" not in told
    text = terminal(differing("one\ntwo\nthree\n", "one\nTWO\nthree\n"))
    assert "- two" in text
    assert "+ TWO" in text


def test_a_long_value_is_cut_with_a_count_and_complete_in_full() -> None:
    one = differing(None, "x" * 500)
    for short, full in (
        (terminal(one), plain_text(drift_report([one], full=True))),
        (drift_markdown([one]), drift_markdown([one], full=True)),
    ):
        assert "more characters" in short
        assert "x" * 101 not in short
        assert "x" * 500 in full
    many = differing([], [f"10.0.{number}.0/24" for number in range(30)])
    assert "and 20 more differences" in terminal(many)
    assert "10.0.29.0/24" in plain_text(drift_report([many], full=True))


def test_values_of_attributes_have_no_effect_on_a_terminal_or_in_markdown() -> None:
    one = differing(["a"], ["a", "\x1b[31m|<b>`"])
    assert "\x1b" not in terminal(one)
    (row,) = [line for line in drift_markdown([one]).splitlines() if "rules" in line]
    assert row.count("|") == 6, "a value does not end a cell"


def test_every_format_has_the_same_facts() -> None:
    one = review(
        Observation(
            "prod",
            "environments/prod",
            "drifted",
            "c" * 40,
            undeployed=("a" * 40,),
            resources=(SEEN,),
            ignored=(Ignored("x.y", ("size",), "ann", "scaler", "2026-12-31"),),
            notices=("the rule to ignore z ran out",),
        ),
        Observation("prod/app", "", "unknown", why="no network"),
        overdue="no good check for drift ever",
    )
    for told in (terminal(one), drift_markdown([one]), str(as_json([one]))):
        for word in ("drifted", "inline", "critical", "unmanaged", "no network", "ann", "ran out", "aaaaaaa", "ever"):
            assert word in told, word


def test_text_from_outside_is_no_markup_in_markdown() -> None:
    told = drift_markdown([review(Observation("prod", "p", "unknown", why="<script> | [x](y) @bob"), overdue="")])
    assert not {"<script>", "[x](y)", "@bob"} & set(told.split())
    table = drift_markdown([review(Observation("prod", "p", "drifted", resources=(SEEN,)))])
    (row,) = [line for line in table.splitlines() if "inline_policy" in line]
    assert row.count("|") == 6, "an address does not end a cell"


def test_an_environment_that_was_never_checked_says_so() -> None:
    nothing = Review("dev", (), None, (), ())
    assert "nothing is deployed" in terminal(nothing)
    assert as_json([nothing])["environments"][0]["status"] is None


CAUSED = replace(
    SEEN,
    causes=(
        Cause(
            "AWS CloudTrail", AT, "ann\x1b[31m|", "iam:PutRolePolicy", "203.0.113.7", "[x](https://e.com)", "e" * 999
        ),
    ),
    more_causes=2,
)


def test_a_possible_cause_is_a_hint_and_its_text_has_no_effect() -> None:
    one = review(Observation("prod", "environments/prod", "drifted", "c" * 40, resources=(CAUSED,)))
    for told in (terminal(one), unescape(drift_markdown([one]))):
        assert "possible cause (a hint, not proof): ann" in told
        assert "2 earlier changes of it in the logs" in told
        assert "\x1b" not in told
        assert "e" * 200 not in told
    assert "[x](" not in drift_markdown([one])
    (resource,) = as_json([one])["environments"][0]["stacks"][0]["resources"]
    (cause,) = resource["causes"]
    assert (cause["at"], cause["origin"], resource["more_causes"]) == ("2026-11-25T03:00:00Z", "203.0.113.7", 2)


def test_an_unknown_cause_has_a_reason_and_without_logs_there_is_no_cause() -> None:
    unknown = replace(SEEN, cause_unknown="the plan does not contain an id of the resource")
    one = review(Observation("prod", "environments/prod", "drifted", "c" * 40, resources=(unknown,)))
    for told in (terminal(one), unescape(drift_markdown([one]))):
        assert "cause unknown: the plan does not contain an id of the resource" in told
    assert as_json([one])["environments"][0]["stacks"][0]["resources"][0]["cause_unknown"]
    bare = review(Observation("prod", "environments/prod", "drifted", "c" * 40, resources=(SEEN,)))
    assert "cause" not in terminal(bare)


def test_the_ledger_keeps_causes_without_values_and_ids_of_resources() -> None:
    record = resource_drift_record(replace(CAUSED, identity={"id": "app"}, values={"inline_policy": (None, "x")}))
    payload = payload_of(record)
    assert "identity" not in payload
    assert "values" not in payload
    (read,) = resources_of("prod", [record])
    assert (read.causes, read.more_causes) == (CAUSED.causes, 2)
