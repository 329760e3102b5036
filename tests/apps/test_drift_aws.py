"""Drift of real resources: the AWS provider against an embedded AWS, changed by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx
import pytest

from support.aws import PROVIDER, VARIABLES, ec2, iam, ssm
from support.change_logs import trail_event, trail_file, trail_name
from support.cli import World, world
from support.git import git
from terrace.adapters.embedded_aws import EmbeddedAws

pytestmark = pytest.mark.aws

MAIN = """
resource "aws_iam_role" "app" {
  name               = "app"
  description        = "one"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "own" {
  name   = "own"
  role   = aws_iam_role.app.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:ListAllMyBuckets", Resource = "*" }]
  })
}

resource "aws_security_group" "web" {
  name        = "web"
  description = "web"

  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }
}
"""
MORE = """
resource "aws_iam_user" "gone" {
  name = "gone"
}

resource "aws_iam_role" "left" {
  name               = "left"
  description        = "one"
  assume_role_policy = aws_iam_role.app.assume_role_policy

  lifecycle {
    ignore_changes = [description]
  }
}

resource "aws_ssm_parameter" "secret" {
  name  = "/secret"
  type  = "SecureString"
  value = "hunter2-first"
}

data "aws_ssm_parameter" "source" {
  name = "/source"
}

resource "aws_ssm_parameter" "copy" {
  name  = "/copy"
  type  = "SecureString"
  value = data.aws_ssm_parameter.source.value
}
"""
RULES = f"""\
version: 1
environments:
  dev:
    env: [{", ".join(VARIABLES)}]
    drift: {{remediate: {{approvals: 1, allow: {{aws_security_group: [ingress]}}}}}}
people:
  ann: {{emails: [ann@example.com]}}
"""
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
ROLE, GROUP = "aws_iam_role.app", "aws_security_group.web"


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as running:
        yield running


def played(folder: Path, aws: EmbeddedAws, text: str, rules: str = RULES) -> World:
    """A world where this is deployed in dev."""
    made = world(folder, {"environments/dev/main.tf": PROVIDER + text, "terrace.yaml": rules})
    made.variables.update(aws.variables)
    made.ok("deploy", "dev")
    return made


@pytest.fixture
def shop(tmp_path: Path, aws: EmbeddedAws) -> World:
    return played(tmp_path, aws, MAIN)


def deliver(aws: EmbeddedAws, at: datetime, **more: Any) -> None:
    """Have CloudTrail tell of a change."""
    name = trail_name(at).replace("aB3dEf", token_hex(4))
    content = trail_file(trail_event(at, "PutRolePolicy", **more))
    httpx.put(f"{aws.endpoint}/trail/{name}", content=content, headers=aws.sign("s3"), timeout=None).raise_for_status()


def open_to_the_world(aws: EmbeddedAws) -> None:
    group = group_id(aws)
    ec2(
        aws,
        "AuthorizeSecurityGroupIngress",
        GroupId=group,
        **{
            "IpPermissions.1.IpProtocol": "tcp",
            "IpPermissions.1.FromPort": "22",
            "IpPermissions.1.ToPort": "22",
            "IpPermissions.1.IpRanges.1.CidrIp": "0.0.0.0/0",
        },
    )


def group_id(aws: EmbeddedAws) -> str:
    groups = ec2(aws, "DescribeSecurityGroups", **{"Filter.1.Name": "group-name", "Filter.1.Value.1": "web"})
    found = re.search(r"<groupId>(sg-[0-9a-f]+)</groupId>", groups)
    assert found is not None
    return found[1]


def is_open(aws: EmbeddedAws) -> bool:
    group = ec2(aws, "DescribeSecurityGroups", **{"GroupId.1": group_id(aws)})
    rules = re.findall(r"<ipPermissions>.*?</ipPermissions>", group, re.DOTALL)
    assert len(rules) == 1, group
    return "0.0.0.0/0" in rules[0]


def resources(shop: World) -> dict[str, Any]:
    done = shop.run("drift", "--json")
    ((stack,),) = [one["stacks"] for one in done.json["environments"]]
    assert stack["status"] != "unknown", stack
    return {one["address"]: one for one in stack["resources"]}


def test_a_policy_added_by_hand_blocks_every_apply_until_it_is_acknowledged(shop: World, aws: EmbeddedAws) -> None:
    """Terraform shows it and would do nothing; the next apply writes it into the state, and it is not seen again."""
    events = [json.loads(line) for line in shop.ok("ledger", "export").out.splitlines()]
    (snapshot,) = [e["payload"]["detail"] for e in events if "echoes" in e["payload"].get("detail", {})]
    assert [(one["address"], one["paths"]) for one in snapshot["echoes"]] == [(ROLE, ["inline_policy"])], "our own"
    assert resources(shop) == {}, "right after a deployment nothing differs"
    document = json.dumps(EVERYTHING)
    iam(aws, "PutRolePolicy", RoleName="app", PolicyName="back-door", PolicyDocument=document)
    seen = resources(shop)[ROLE]
    assert (seen["quadrant"], seen["severity"], seen["paths"]) == ("unmanaged", "critical", ["inline_policy"])

    shop.push({"environments/dev/main.tf": PROVIDER + MAIN.replace('"one"', '"two"')})
    waits = shop.run("deploy", "dev", "--json")
    assert (waits.code, waits.json["result"]) == (1, "waiting")
    assert f"terrace drift ack dev '{ROLE}'" in waits.json["reasons"][0]
    assert shop.run("drift", "ack", "dev", "aws_iam_role.other", "--reason", "x").code == 2

    other = shop.run("drift", "ack", "dev", ROLE, "--attribute", "inline", "--reason", "x")
    assert (other.code, "attributes with drift: inline_policy" in other.err) == (2, True)
    shop.ok("drift", "ack", "dev", ROLE, "--attribute", "inline_policy", "--reason", "incident 4711")
    shop.ok("resume", "dev")
    assert resources(shop) == {}, "Terraform does not see it any more"
    (kept,) = shop.run("drift", "last", "--json").json["environments"][0]["absorbed"]
    assert (kept["address"], kept["paths"]) == (ROLE, ["inline_policy"])
    assert (kept["acknowledged"]["by"], kept["acknowledged"]["reason"]) == ("ann", "incident 4711")
    assert "incident 4711" in shop.run("drift", "last").out


def test_an_acknowledgement_is_valid_for_the_observed_values_only(shop: World, aws: EmbeddedAws) -> None:
    one = {**EVERYTHING, "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
    iam(aws, "PutRolePolicy", RoleName="app", PolicyName="by-hand", PolicyDocument=json.dumps(one))
    resources(shop)
    shop.ok("drift", "ack", "dev", ROLE, "--reason", "reads a bucket for a week")
    iam(aws, "PutRolePolicy", RoleName="app", PolicyName="by-hand", PolicyDocument=json.dumps(EVERYTHING))
    shop.push({"environments/dev/main.tf": PROVIDER + MAIN.replace('"one"', '"two"')})
    assert shop.run("deploy", "dev", "--json").json["result"] == "waiting"


def test_a_rule_opened_by_hand_is_reported_and_reverted(shop: World, aws: EmbeddedAws) -> None:
    open_to_the_world(aws)
    seen = resources(shop)[GROUP]
    assert (seen["quadrant"], seen["severity"], seen["paths"]) == ("actionable", "critical", ["ingress"])
    assert (seen["undo"], seen["seen"]) == ("update", 1)
    newer = shop.push({"environments/dev/main.tf": PROVIDER + MAIN.replace('"one"', '"two"')})

    asked = shop.run("drift", "dev", "--remediate", "--json")
    ((deployment,),) = [one["deployments"] for one in asked.json["remediation"]]
    assert (asked.code, deployment["result"]) == (1, "waiting"), "a release needs nobody here, a remedy does"
    assert is_open(aws)
    assert shop.approve("dev", "bob").code == 0
    deployment = shop.ok("resume", "dev", "--json").json
    assert deployment["result"] == "succeeded"
    done = shop.ok("drift", "dev", "--json").json
    ((stack,),) = [one["stacks"] for one in done["environments"]]
    assert (stack["status"], stack["undeployed_commits"]) == ("clean", [newer])
    assert [turn["word"] for turn in stack["record"]["turns"]] == ["opened"], "one clean look is not enough"
    assert deployment["commit"] != newer, "what is not deployed yet stays so"
    assert not is_open(aws)
    assert [d["origin"] for d in shop.ok("history", "--json").json["deployments"]] == ["remediation", "manual"]
    assert shop.status()["dev"]["drift"]["status"] == "clean"
    assert shop.ok("deploy", "dev", "--json").json["result"] == "succeeded", "and goes in as always"


REMOTE = """
terraform {
  backend "s3" {
    bucket         = "states"
    key            = "dev.tfstate"
    use_lockfile   = true
    use_path_style = true
  }
}
"""


def test_a_remediation_back_to_the_values_of_the_state_succeeds_though_no_state_is_written(
    tmp_path: Path, aws: EmbeddedAws
) -> None:
    """Terraform writes to a remote backend at the end of an apply, and only a state that differs."""
    aws.make_bucket("states")
    group = MAIN[MAIN.index('resource "aws_security_group"') :].replace(
        "ingress {", 'ingress {\n    description = "HTTPS"'
    )
    shop = played(tmp_path, aws, group + REMOTE, RULES.replace("approvals: 1, ", ""))
    # After an update the state has the group as the provider reads it.
    tagged = group.replace('description = "web"', 'description = "web"\n  tags = { Team = "shop" }')
    shop.push({"environments/dev/main.tf": PROVIDER + tagged + REMOTE})
    shop.ok("deploy", "dev")
    open_to_the_world(aws)
    assert GROUP in resources(shop)
    shop.ok("drift", "dev", "--remediate")
    assert not is_open(aws)
    assert shop.ok("history", "--json").json["deployments"][0]["result"] == "succeeded"
    assert shop.status()["dev"]["drift"]["status"] == "clean"


def test_an_object_that_is_created_again_as_the_state_has_it_needs_no_new_state(
    tmp_path: Path, aws: EmbeddedAws
) -> None:
    aws.make_bucket("states")
    parameter = 'resource "aws_ssm_parameter" "size" {\n  name  = "/size"\n  type  = "String"\n  value = "%s"\n}\n'
    shop = played(tmp_path, aws, parameter % 1 + REMOTE)
    ssm(aws, "DeleteParameter", Name="/size")
    again = shop.ok("deploy", "dev", "--json").json
    assert again["result"] == "succeeded"
    assert aws.parameter("/size") == "1"
    shop.ok("state", "backup", "dev")
    shop.push({"environments/dev/main.tf": PROVIDER + parameter % 2 + REMOTE})
    assert shop.ok("deploy", "dev", "--json").json["result"] == "succeeded"


def test_whatever_happens_outside_is_in_its_quadrant_and_no_value_is_told(tmp_path: Path, aws: EmbeddedAws) -> None:
    """What was measured of Terraform, held: ignored attributes show up, deletions do, inputs do, secrets do not."""
    ssm(aws, "PutParameter", Name="/source", Value="hunter2-source", Type="SecureString")
    shop = played(tmp_path, aws, MAIN + MORE)
    assert resources(shop) == {}
    open_to_the_world(aws)
    iam(aws, "DeleteUser", UserName="gone")
    iam(aws, "UpdateRole", RoleName="left", Description="by hand")
    ssm(aws, "PutParameter", Name="/secret", Value="hunter2-second", Type="SecureString", Overwrite=True)
    ssm(aws, "PutParameter", Name="/source", Value="hunter2-other", Type="SecureString", Overwrite=True)
    seen = resources(shop)
    assert {address: (one["quadrant"], one["undo"]) for address, one in seen.items()} == {
        GROUP: ("actionable", "update"),
        "aws_iam_role.left": ("unmanaged", "no-op"),
        "aws_iam_user.gone": ("deleted", "create"),
        "aws_ssm_parameter.copy": ("input", "update"),
        "aws_ssm_parameter.secret": ("actionable", "update"),
    }
    attributes = {one["path"]: one["differences"] for one in seen["aws_ssm_parameter.secret"]["attributes"]}
    assert attributes["value"] == [{**attributes["value"][0], "before": "(sensitive)", "after": "(sensitive)"}]
    opened = [one for one in seen[GROUP]["attributes"][0]["differences"] if one.get("after") == "0.0.0.0/0"]
    assert [(one["action"], "before" in one) for one in opened] == [("add", False)], "only what was opened differs"
    told = [shop.run("drift", "last", "--format", style).out for style in ("terminal", "markdown", "json")]
    full = shop.run("drift", "dev", "--full").out
    assert "value: (sensitive) → (sensitive) (managed)" in full
    assert re.search(r'\+ ingress\S+cidr_blocks\[0\] = "0\.0\.0\.0/0"', full), full
    told += [full, json.dumps(seen)]
    adopted = shop.run("drift", "adopt", "dev", "aws_ssm_parameter.secret")
    assert (adopted.code, "its value is sensitive" in adopted.out) == (1, True)
    assert git(shop.work, "status", "--porcelain") == "", "what the provider counts is nobody's to write"
    for text in (*told, adopted.out, shop.ok("ledger", "export").out):
        assert text
        assert "hunter2" not in text

    shop.ok("drift", "adopt", "dev", GROUP)
    written = (shop.work / "environments/dev/main.tf").read_text()
    assert written.count("ingress {") == 2
    assert '["0.0.0.0/0"]' in written
    (planned,) = shop.ok("plan", "dev", "--json").json["plans"]
    assert GROUP not in {one["address"] for one in planned["changes"]}, "Git says what is there"
    refused = shop.run("drift", "dev", "--remediate", "--json").json["remediation"][0]
    assert refused["deployments"] == []
    assert any("aws_iam_user.gone is deleted drift" in one["reason"] for one in refused["refused"])


DATABASE = """
resource "aws_db_instance" "main" {
  identifier              = "main"
  engine                  = "postgres"
  instance_class          = "db.t3.micro"
  allocated_storage       = 10
  username                = "app"
  password                = "hunter2-first"
  backup_retention_period = 7
  skip_final_snapshot     = true

  tags = {
    team = "a"
  }
}

resource "aws_ssm_parameter" "counted" {
  name  = "/counted"
  type  = "String"
  value = "1"
}
"""


def test_what_the_provider_computes_is_no_drift_and_each_attribute_says_who_manages_it(
    tmp_path: Path, aws: EmbeddedAws
) -> None:
    """SSM counts the versions of a parameter; the inline policy of a role is not in the configuration, its tag is.

    A log of CloudTrail in a bucket tells who added both, and of another role nothing.
    """
    aws.make_bucket("trail")
    logs = "    drift: {logs: [s3://trail/AWSLogs], "
    shop = played(tmp_path, aws, MAIN + DATABASE, RULES.replace("    drift: {", logs))
    shop.variables["AWS_ALLOW_HTTP"] = "true"
    assert resources(shop) == {}
    ssm(aws, "PutParameter", Name="/counted", Value="2", Type="String", Overwrite=True)
    ssm(aws, "PutParameter", Name="/counted", Value="1", Type="String", Overwrite=True)
    assert resources(shop) == {}, "only its computed version differs"
    iam(aws, "PutRolePolicy", RoleName="app", PolicyName="open", PolicyDocument=json.dumps(EVERYTHING))
    iam(aws, "TagRole", RoleName="app", **{"Tags.member.1.Key": "by", "Tags.member.1.Value": "hand"})
    at = datetime.now(UTC)
    unknown = resources(shop)[ROLE]
    assert (unknown["causes"], unknown["cause_unknown"].partition(" between ")[0]) == ([], "no change of it")
    deliver(aws, at, requestParameters={"roleName": "app", "policyName": "open"}, userAgent="[console](https://x) *")
    deliver(aws, at, requestParameters={"roleName": "other", "policyName": "open"}, eventID="of-another")
    (role,) = resources(shop).values()
    ((who, what, origin),) = [(one["who"], one["what"], one["origin"]) for one in role["causes"]]
    assert who.endswith("assumed-role/Admin/ann@example.com")
    assert (what, origin) == ("iam:PutRolePolicy", "203.0.113.7")
    for told in (shop.run("drift", "last").out, shop.run("drift", "last", "--format", "markdown").out):
        assert "possible cause" in told
        assert "a hint, not proof" in told
        assert "of-another" not in told
    assert "[console]" not in told, "what a client calls itself is no Markdown"
    managed = {one["path"]: one["managed"] for one in role["attributes"]}
    assert managed["inline_policy"] is False
    assert managed["tags.by"] is True
    shop.ok("drift", "ack", "dev", ROLE, "--attribute", "tags", "--reason", "billing sets it")
    ((stack,),) = [one["stacks"] for one in shop.run("drift", "last", "--json").json["environments"]]
    answered = {one["path"]: "acknowledged" in one for one in stack["resources"][0]["attributes"]}
    assert (answered["tags.by"], answered["inline_policy"]) == (True, False)
    assert "acknowledged" not in stack["resources"][0], "nobody answers for the policy"
    (tag,) = [one for one in role["attributes"] if one["path"] == "tags.by"]
    assert (tag["deployed"], tag["there"]) == ("nothing", '"hand"')
