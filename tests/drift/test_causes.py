"""Who changed what drifted, by the logs of the clouds: hints that are matched to the object and to the time."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.change_logs import ACCOUNT, activity, exported_activity, trail_event, trail_file
from terrace.assess.model import Severity
from terrace.drift.causes import Window, add_causes
from terrace.drift.causes import names as names_object
from terrace.drift.change_logs import ACTIVITY_LOG, LoggedChange, LoggedChanges, NoLog, may_contain, read_changes
from terrace.drift.model import DriftKind, Observation, ResourceDrift
from terrace.plans.model import Action

AT = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
SINCE, UNTIL = AT - timedelta(hours=2), AT + timedelta(hours=2)
ROLE = {"id": "app", "name": "app", "arn": f"arn:aws:iam::{ACCOUNT}:role/app"}
GROUP = {
    "id": "sg-0123456789abcdef0",
    "name": "web",
    "arn": f"arn:aws:ec2:eu-central-1:{ACCOUNT}:security-group/sg-0123456789abcdef0",
}
NSG = "/subscriptions/s/resourceGroups/shop/providers/Microsoft.Network/networkSecurityGroups/web"


def changes(*records: dict[str, Any]) -> tuple[LoggedChange, ...]:
    return read_changes(json.dumps({"Records": records}).encode(), SINCE, UNTIL)


def is_told(type_: str, identity: dict[str, str], event: dict[str, Any]) -> bool:
    return any(names_object(one, type_, identity) for one in changes(event))


# --- records ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"Records": [trail_event(AT, "PutRolePolicy")]}),
        json.dumps({"Events": [{"EventId": "e", "CloudTrailEvent": json.dumps(trail_event(AT, "PutRolePolicy"))}]}),
    ],
    ids=["a file of the trail", "lookup-events"],
)
def test_cloudtrail_tells_who_when_how_and_from_where(content: str) -> None:
    (change,) = read_changes(content.encode(), SINCE, UNTIL)
    cause = change.cause
    assert (cause.who, cause.at) == (f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/ann@example.com", AT)
    assert (cause.what, cause.origin, cause.client) == ("iam:PutRolePolicy", "203.0.113.7", "AWS-Console")


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([activity(AT, "Microsoft.Network/networkSecurityGroups/write", NSG)]),
        json.dumps({"value": [activity(AT, "Microsoft.Network/networkSecurityGroups/write", NSG)]}),
        json.dumps({"records": [exported_activity(AT, "Microsoft.Network/networkSecurityGroups/write", NSG)]}),
        json.dumps(exported_activity(AT, "Microsoft.Network/networkSecurityGroups/write", NSG))
        + "\r\n"
        + json.dumps(exported_activity(AT + timedelta(days=1), "Microsoft.Network/networkSecurityGroups/write", NSG)),
    ],
    ids=["az monitor activity-log list", "the API", "an old export", "an export with a record a line"],
)
def test_the_activity_log_tells_who_when_how_and_from_where(content: str) -> None:
    (change,) = read_changes(content.encode(), SINCE, UNTIL)
    cause = change.cause
    assert (cause.source, cause.who, cause.origin) == (ACTIVITY_LOG, "ann@example.com", "203.0.113.9")
    assert cause.what.casefold() == "microsoft.network/networksecuritygroups/write"
    assert names_object(change, "azurerm_network_security_group", {"id": NSG})


@pytest.mark.parametrize(
    "event",
    [
        trail_event(AT, "GetRole", readOnly=True),
        {name: value for name, value in trail_event(AT, "ListRoles").items() if name != "readOnly"},
        trail_event(AT, "PutRolePolicy", errorCode="AccessDenied"),
        trail_event(AT, "PutObject", "s3.amazonaws.com", eventCategory="Data", managementEvent=False),
        trail_event(AT - timedelta(days=1), "PutRolePolicy"),
        trail_event(AT, "PutRolePolicy", eventTime="yesterday"),
        {"eventTime": 3},
        activity(AT, "Microsoft.Storage/storageAccounts/listKeys/action", NSG),
        activity(AT, "Microsoft.Network/networkSecurityGroups/write", NSG, status={"value": "Failed"}),
        activity(AT, "Microsoft.Network/networkSecurityGroups/write", NSG, category={"value": "Policy"}),
    ],
    ids=[
        "reads",
        "reads, in an old record",
        "was refused",
        "is of data",
        "is too old",
        "has no time",
        "is none",
        "reads keys",
        "failed",
        "is of a policy",
    ],
)
def test_what_changes_nothing_is_no_change(event: dict[str, Any]) -> None:
    assert changes(event) == ()


@pytest.mark.parametrize("content", [b"", b"{", b"resource {}", b'{"version": 4}', b'{"Records": 3}', b"3", b"{x\n{y"])
def test_a_file_that_is_no_log_is_told_as_such(content: bytes) -> None:
    with pytest.raises(NoLog):
        read_changes(content, SINCE, UNTIL)


# --- matching --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_", "identity", "event"),
    [
        ("aws_iam_role", ROLE, trail_event(AT, "PutRolePolicy", requestParameters={"roleName": "app"})),
        ("aws_iam_role", {"id": "app"}, trail_event(AT, "PutRolePolicy", requestParameters={"roleName": "app"})),
        (
            "aws_security_group",
            GROUP,
            trail_event(
                AT,
                "AuthorizeSecurityGroupIngress",
                "ec2.amazonaws.com",
                awsRegion="eu-central-1",
                requestParameters={"groupId": GROUP["id"]},
            ),
        ),
        (
            "aws_security_group",
            GROUP,
            trail_event(
                AT,
                "CreateTags",
                "ec2.amazonaws.com",
                awsRegion="eu-central-1",
                requestParameters={"resourcesSet": {"items": [{"resourceId": GROUP["id"]}]}},
            ),
        ),
        (
            "aws_iam_role",
            ROLE,
            trail_event(
                AT, "TagResources", "tagging.amazonaws.com", requestParameters={"resourceARNList": [ROLE["arn"]]}
            ),
        ),
        (
            "aws_s3_bucket_versioning",
            {"id": "shop-logs", "bucket": "shop-logs"},
            trail_event(AT, "PutBucketVersioning", "s3.amazonaws.com", requestParameters={"bucketName": "shop-logs"}),
        ),
        (
            "aws_db_instance",
            {"id": "db-ABC", "identifier": "main", "arn": f"arn:aws:rds:eu-central-1:{ACCOUNT}:db:main"},
            trail_event(
                AT,
                "ModifyDBInstance",
                "rds.amazonaws.com",
                awsRegion="eu-central-1",
                requestParameters={"dBInstanceIdentifier": "main", "backupRetentionPeriod": 0},
            ),
        ),
        (
            "aws_kms_key",
            {"id": "k", "arn": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k"},
            trail_event(
                AT,
                "DisableKey",
                "kms.amazonaws.com",
                resources=[{"ARN": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k", "type": "AWS::KMS::Key"}],
            ),
        ),
    ],
    ids=["by name", "without an ARN", "by id", "in a list", "by its tags", "a part of a bucket", "database", "by ARN"],
)
def test_an_event_is_matched_by_what_its_request_names(
    type_: str, identity: dict[str, str], event: dict[str, Any]
) -> None:
    assert is_told(type_, identity, event)


@pytest.mark.parametrize(
    ("type_", "identity", "event"),
    [
        ("aws_iam_role", ROLE, trail_event(AT, "PutRolePolicy", requestParameters={"roleName": "other"})),
        (
            "aws_iam_role",
            ROLE,
            trail_event(AT, "PutRolePolicy", requestParameters={"roleName": "other", "policyName": "app"}),
        ),
        (
            "aws_iam_role_policy",
            {"id": "app:own", "name": "own", "role": "app"},
            trail_event(AT, "PutRolePolicy", requestParameters={"roleName": "other", "policyName": "own"}),
        ),
        (
            "aws_iam_role",
            ROLE,
            trail_event(AT, "PutRolePolicy", requestParameters={"roleName": "app"}, recipientAccountId="210987654321"),
        ),
        (
            "aws_security_group",
            GROUP,
            trail_event(AT, "DeleteSecurityGroup", "ec2.amazonaws.com", requestParameters={"groupId": GROUP["id"]}),
        ),
        (
            "aws_iam_role",
            ROLE,
            trail_event(
                AT,
                "UpdateFunctionConfiguration20150331v2",
                "lambda.amazonaws.com",
                requestParameters={"functionName": "f", "role": ROLE["arn"]},
            ),
        ),
        (
            "aws_security_group",
            GROUP,
            trail_event(
                AT,
                "AuthorizeSecurityGroupIngress",
                "ec2.amazonaws.com",
                awsRegion="eu-central-1",
                requestParameters={
                    "groupId": "sg-0fedcba9876543210",
                    "ipPermissions": {"items": [{"groups": {"items": [{"groupId": GROUP["id"]}]}}]},
                },
            ),
        ),
        ("local_file", {"id": "app"}, trail_event(AT, "PutRolePolicy", requestParameters={"roleName": "app"})),
        ("aws_iam_role", {}, trail_event(AT, "PutRolePolicy", requestParameters={"roleName": ""})),
    ],
    ids=[
        "another name",
        "another parameter",
        "another role",
        "another account",
        "another region",
        "another service",
        "what a rule lets in",
        "no object of a cloud",
        "nothing",
    ],
)
def test_an_event_of_another_object_is_no_cause(type_: str, identity: dict[str, str], event: dict[str, Any]) -> None:
    assert not is_told(type_, identity, event)


@pytest.mark.parametrize(
    ("id_", "named", "told"),
    [
        (NSG, NSG.upper(), True),
        (NSG, f"{NSG}/securityRules/ssh", True),
        (NSG, f"{NSG}2", False),
        (NSG.partition("/providers")[0], NSG, False),
        (NSG, f"{NSG}/providers/Microsoft.Authorization/locks/l", False),
        ("web", "web", False),
    ],
    ids=["whatever its letters", "a part of it", "a longer name", "what lies in a group", "what hangs on it", "no id"],
)
def test_an_activity_is_of_the_object_or_of_a_part_of_it(id_: str, named: str, told: bool) -> None:
    (change,) = changes(activity(AT, "Microsoft.Network/networkSecurityGroups/write", named))
    assert names_object(change, "azurerm_network_security_group", {"id": id_}) is told


# --- what is told ----------------------------------------------------------------------------------------------------

SEEN = ResourceDrift(
    *("prod", "aws_iam_role.app", "aws_iam_role", DriftKind.UNMANAGED, Severity.CRITICAL, ("inline_policy",)),
    undo=Action.NO_OP,
    fingerprint="f",
    identity=ROLE,
)


def told(resource: ResourceDrift, logged: LoggedChanges, *, now: datetime = UNTIL) -> ResourceDrift:
    window = {("prod", "f"): Window(AT - timedelta(hours=1), AT + timedelta(hours=1))}
    seen = Observation("prod", "environments/prod", "drifted", resources=(resource,))
    return add_causes(seen, window, logged, now).resources[0]


def test_the_newest_causes_are_told_each_once_and_the_rest_is_counted() -> None:
    events = [
        trail_event(AT - timedelta(minutes=n), "PutRolePolicy", requestParameters={"roleName": "app"}, eventID=f"e{n}")
        for n in range(5)
    ]
    found = told(SEEN, LoggedChanges(changes(*events, events[0]), 1))
    assert [one.event for one in found.causes] == ["e0", "e1", "e2"]
    assert (found.more_causes, found.cause_unknown) == (2, "")


def test_what_is_not_known_says_why() -> None:
    outside = changes(trail_event(AT - timedelta(minutes=61), "PutRolePolicy", requestParameters={"roleName": "app"}))
    found = told(SEEN, LoggedChanges(outside, 7, ("s3://b cannot be read: no",)), now=AT + timedelta(days=1))
    assert found.causes == ()
    assert found.cause_unknown == (
        "no change of it between 2026-11-25 02:00 and 2026-11-25 04:00 UTC is in 7 files of the logs; "
        "s3://b cannot be read: no"
    )
    assert "delivered late" in told(SEEN, LoggedChanges()).cause_unknown
    assert (
        told(replace(SEEN, identity={}), LoggedChanges()).cause_unknown
        == "the plan does not contain an id of the resource"
    )


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (f"s3://b/AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2026/11/25", True),
        (f"s3://b/AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2026/11", True),
        (f"s3://b/AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2025", False),
        (f"s3://b/AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2026/11/23", False),
        (f"s3://b/AWSLogs/{ACCOUNT}/CloudTrail-Digest/eu-west-1/2026/11/25", False),
        (f"logs/{ACCOUNT}_CloudTrail_eu-west-1_20261125T0315Z_x.json.gz", True),
        (f"logs/{ACCOUNT}_CloudTrail_eu-west-1_20261125T0805Z_x.json.gz", False),
        ("az://c/resourceId=/SUBSCRIPTIONS/S/y=2026/m=11/d=25/h=02/m=00/PT1H.json", True),
        ("az://c/resourceId=/SUBSCRIPTIONS/S/y=2026/m=10", False),
        ("exports/2019/all.json", True),
        (f"s3://b/AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2026/99", True),
    ],
)
def test_folders_and_files_of_another_time_are_not_read(name: str, told: bool) -> None:
    assert may_contain(name, SINCE, UNTIL) is told


def test_a_file_of_the_trail_is_read_as_it_is_delivered() -> None:
    """The helper that the other tests use writes what the reader unpacks."""
    assert trail_file(trail_event(AT, "PutRolePolicy")).startswith(b"\x1f\x8b")
