"""Fifty stacks of real resources that plain Terraform deployed are taken over by one command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.aws import PROVIDER, VARIABLES
from support.backends import BUCKET, S3
from support.cli import World, world
from terrace.adapters.embedded_aws import EmbeddedAws
from terrace.adapters.terraform.cli_config import cli_config

pytestmark = pytest.mark.aws

PARAMETER = 'resource "aws_ssm_parameter" "it" {\n  name  = "/NAME"\n  type  = "String"\n  value = "v"\n}\n'
TOPIC = 'resource "aws_sns_topic" "it" {\n  name = "NAME"\n}\n'
GROUP = """\
resource "aws_security_group" "it" {
  name        = "NAME"
  description = "web"
}

resource "aws_vpc_security_group_ingress_rule" "rule" {
  security_group_id = aws_security_group.it.id
  from_port         = 443
  to_port           = 443
  ip_protocol       = "tcp"
  cidr_ipv4         = "10.0.0.0/8"
}
"""
OLD_GROUP = """\
locals {
  group = aws_security_group.it.id
}

resource "aws_security_group" "it" {
  name        = "NAME"
  description = "web"
}

resource "aws_security_group_rule" "rule" {
  security_group_id = local.group
  type              = "ingress"
  from_port         = 443
  to_port           = 443
  protocol          = "tcp"
  cidr_blocks       = ["10.0.0.0/8"]
}
"""


@dataclass(frozen=True, slots=True)
class Deployed:
    """A stack that plain Terraform deployed: its key, its configuration, and where it keeps its state."""

    key: str
    text: str
    remote: bool = False
    workspace: str = ""

    @property
    def folder(self) -> str:
        return f"environments/{self.key}" if not self.workspace else f"shared/{'s3' if self.remote else 'local'}"

    @property
    def name(self) -> str:
        return self.key.replace("/", "-")


def fifty() -> list[Deployed]:
    """Ten in dev, the rest in prod; three in four keep their state in S3; four share two folders, by workspaces."""
    found = []
    for environment, size in (("dev", 8), ("prod", 38)):
        for number in range(size):
            text = {0: GROUP, 1: OLD_GROUP, 2: GROUP, 3: TOPIC}.get(number, PARAMETER)
            found.append(Deployed(f"{environment}/s{number:02}", text, remote=number % 4 > 0))
        for remote in (False, True):
            key = f"{environment}/{'s3' if remote else 'local'}"
            found.append(Deployed(key, PARAMETER, remote, workspace=environment))
    return found


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as running:
        running.make_bucket(BUCKET)
        yield running


def plain(folder: Path, aws: EmbeddedAws, *command: str) -> None:
    """Run plain Terraform."""
    mirrors = cli_config(os.environ, folder.parent / "mirrors").path
    env = {**os.environ, **aws.variables, "TF_CLI_CONFIG_FILE": str(mirrors)}
    done = subprocess.run(["terraform", *command], cwd=folder, env=env, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def applied(folder: Path, aws: EmbeddedAws, stacks: list[Deployed]) -> dict[str, Any]:
    """Have plain Terraform make the resources of all these stacks in one apply; its state."""
    folder.mkdir()
    parts = []
    for one in stacks:
        text = (
            one.text.replace("NAME", one.name).replace('"it"', f'"it_{one.name}"').replace(".it.", f".it_{one.name}.")
        )
        text = text.replace('"rule"', f'"rule_{one.name}"').replace("local.group", f"local.group_{one.name}")
        parts.append(text.replace("  group = ", f"  group_{one.name} = "))
    (folder / "main.tf").write_text(PROVIDER + "".join(parts))
    plain(folder, aws, "init", "-input=false")
    plain(folder, aws, "apply", "-auto-approve", "-input=false", "-parallelism=20")
    found: dict[str, Any] = json.loads((folder / "terraform.tfstate").read_text())
    return found


def state_of(one: Deployed, whole: Mapping[str, Any]) -> bytes:
    """The part of a state that is one stack's, as `terraform state mv` into a file of its own makes it."""
    mine = []
    for resource in whole["resources"]:
        role, _, owner = resource["name"].partition("_")
        if owner == one.name:
            instances = [
                {**instance, "dependencies": ["aws_security_group.it"] if role == "rule" else []}
                for instance in resource["instances"]
            ]
            mine.append({**resource, "name": role, "instances": instances})
    assert mine, one.key
    return json.dumps({**whole, "lineage": str(uuid.uuid4()), "resources": mine}).encode()


def put(shop: World, aws: EmbeddedAws, one: Deployed, content: bytes) -> None:
    """Keep a state where plain Terraform keeps it."""
    if one.remote:
        key = f"env:/{one.workspace}/shared" if one.workspace else one.key
        address = f"{aws.endpoint}/{BUCKET}/{key}"
        httpx.put(address, content=content, headers=aws.sign("s3"), timeout=60).raise_for_status()
        return
    folder = shop.work / one.folder
    path = folder / (f"terraform.tfstate.d/{one.workspace}" if one.workspace else ".") / "terraform.tfstate"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def written(one: Deployed, s3: S3) -> str:
    """The configuration of a stack."""
    name = f"${{terraform.workspace}}-{one.key.partition('/')[2]}" if one.workspace else one.name
    block = s3.block("shared" if one.workspace else one.key) if one.remote else ""
    return block + PROVIDER + one.text.replace("NAME", name)


def told(shop: World, *command: str) -> tuple[int, Any]:
    """Run a command to its end however long it takes; its exit code, and what it tells as JSON."""
    with shop.start(*command, "--json") as child:
        out, err = child.communicate()
    assert out, err
    return child.returncode, json.loads(out)


def test_fifty_stacks_are_taken_over_and_then_plans_change_nothing_and_nothing_drifted(
    tmp_path: Path, aws: EmbeddedAws
) -> None:
    stacks, s3 = fifty(), S3(aws)
    assert len(stacks) == 50
    whole = applied(tmp_path / "plain", aws, stacks)
    entries = [
        f"  - {{path: {one.folder}, environment: {one.workspace}, name: {one.key.partition('/')[2]}, "
        f"workspace: {one.workspace}}}\n"
        for one in stacks
        if one.workspace
    ]
    env = f"env: [{', '.join(VARIABLES)}]"
    rules = f"version: 1\nenvironments:\n  dev: {{{env}}}\n  prod: {{after: dev, approvals: 1, {env}}}\nstacks:\n"
    lock = (tmp_path / "plain" / ".terraform.lock.hcl").read_text()
    files = {f"{one.folder}/main.tf": written(one, s3) for one in stacks}
    files |= {f"{one.folder}/.terraform.lock.hcl": lock for one in stacks}
    ignored = ".terraform/\n*.tfstate\n*.tfstate.*\nterraform.tfstate.d/\n"
    shop = world(tmp_path / "shop", {**files, "terrace.yaml": rules + "".join(entries), ".gitignore": ignored})
    shop.variables.update(aws.variables)
    shutil.rmtree(tmp_path / "plain")
    for one in stacks:
        put(shop, aws, one, state_of(one, whole))

    code, done = told(shop, "adopt", "--yes", "--reason", "from plain Terraform")
    rows = {row["stack"]: row for row in done["stacks"]}
    wrong = {key: row["why"] or row for key, row in rows.items() if (row["result"], row["same"]) != ("adopted", True)}
    assert (code, len(rows), wrong) == (0, 50, {})
    groups = {key for key, row in rows.items() if [one["paths"] for one in row["accepted"]] == [["ingress"]]}
    assert groups == {f"{name}/s0{number}" for name in ("dev", "prod") for number in (0, 1, 2)}
    assert not [row for row in rows.values() if row["outside"]]

    # A look at the drift of a stack is a plan of the commit that was adopted.
    code, drift = told(shop, "drift")
    looked = [one for name in drift["environments"] for one in name["stacks"]]
    wrong = {one["stack"]: one for one in looked if one["status"] != "clean"}
    assert (code, len(looked), wrong) == (0, 50, {})
