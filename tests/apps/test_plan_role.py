"""A run that may not apply works with credentials that can only read: the generated plan job has no others."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from support.aws import iam
from support.backends import BUCKET, S3
from support.cli import world
from terrace.adapters.embedded_aws import EmbeddedAws

pytestmark = pytest.mark.slow

ONE = 'resource "terraform_data" "it" {\n  input = "one"\n}\n'
CONFIG = """\
version: 1
environments:
  dev:
    approvals: 1
    env: [AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY]
stacks:
  - {path: environments/dev, environment: dev}
  - {path: net, environment: dev, workspace: blue}
people:
  ann: {emails: [ann@example.com]}
  bob: {emails: [bob@example.com]}
"""


def user(aws: EmbeddedAws, name: str, *actions: str) -> Mapping[str, str]:
    """Creates a user who is allowed these actions, and returns the variables with its credentials."""
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam(aws, "CreateUser", UserName=name)
    iam(aws, "PutUserPolicy", UserName=name, PolicyName="all", PolicyDocument=policy)
    answer = iam(aws, "CreateAccessKey", UserName=name)
    found = dict(re.findall(r"<(AccessKeyId|SecretAccessKey)>([^<]+)<", answer))
    return {
        **aws.variables,
        "AWS_ACCESS_KEY_ID": found["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": found["SecretAccessKey"],
    }


def test_a_plan_for_an_approval_needs_no_right_to_write(tmp_path: Path) -> None:
    """The second stack has a workspace that does not exist yet: only the apply may create it."""
    with EmbeddedAws() as aws:
        aws.make_bucket(BUCKET)
        reads = user(aws, "plan", "s3:Get*", "s3:List*")
        writes = user(aws, "apply", "*")
        httpx.post(f"{aws.endpoint}/moto-api/reset-auth", content=b"0").raise_for_status()

        block = S3(aws).block("dev")
        net = S3(aws).block("net")
        files = {"environments/dev/main.tf": block + ONE, "net/main.tf": net + ONE, "terrace.yaml": CONFIG}
        shop = world(tmp_path, files)
        shop.variables.update(reads)
        planned = shop.run("deploy", "dev", "--no-apply", "--json")
        assert planned.json["result"] == "waiting", planned.out + planned.err
        assert [step["message"] for step in planned.json["steps"]] == ["1 to create", "1 to create"]

        assert shop.approve("dev", "bob").code == 0
        shop.variables.update(writes)
        resumed = shop.run("resume", "dev", "--json")
        assert resumed.json["result"] == "succeeded", resumed.out + resumed.err

        # The first credentials cannot apply: the plan above did not succeed because everything is allowed.
        shop.variables.update(reads)
        shop.push({"environments/dev/main.tf": block + ONE.replace("one", "two")})
        refused = shop.run("deploy", "dev", "--json")
        assert refused.json["result"] == "failed"
        assert "PutObject" in refused.json["reasons"][0]
