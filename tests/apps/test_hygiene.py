"""The checks of hygiene, as `terrace check` tells them."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import LADDER, three_environments, world
from support.git import commit, git

pytestmark = pytest.mark.slow

LOOSE = """\
terraform {
  required_providers {
    nope = { source = "acme/nope" }
  }
}

data "aws_region" "here" {}
"""


def test_they_tell_and_block_only_where_they_are_required(tmp_path: Path) -> None:
    shop = world(tmp_path, {**three_environments(), "terrace.yaml": f"{LADDER}checks: {{commits: required}}\n"})
    git(shop.work, "switch", "--quiet", "--create", "change")
    commit(shop.work, {"environments/dev/extra.tf": "# nothing\n"}, "feat: say nothing")
    advisory = shop.ok("check", "--json").json["findings"]
    assert {(f["rule"], f["advisory"]) for f in advisory} == {("pinned", True), ("scanners", True)}
    assert "require a version of Terraform" in advisory[0]["message"]

    bad = commit(shop.work, {"environments/dev/extra.tf": LOOSE}, "wip")
    done = shop.run("check", "--json")
    assert done.code == 1
    found = {(f["rule"], f["advisory"]): f["message"] for f in done.json["findings"] if "Terraform" not in f["message"]}
    assert found["commits", False].startswith(f"commit {bad[:7]} 'wip'")
    assert found["pinned", True] == "the provider nope is required without a literal version"
    assert found["lock-file", True] == "no lock file is committed for acme/nope, hashicorp/aws"


OLD = """\
variable "theName" {
  type = "string"
}

resource "terraform_data" "terraform_data" {
  input = "${var.theName}"
}

resource "terraform_data" "data" {}
"""


def test_names_and_old_syntax_of_changed_files_are_told_and_remarks_never_block(tmp_path: Path) -> None:
    rules = "checks: {naming: required, deprecated: required}\nnaming: {variables: any}\n"
    before = {"environments/dev/old.tf": OLD.replace("theName", "another"), "terrace.yaml": LADDER + rules}
    shop = world(tmp_path, {**three_environments(), **before})
    git(shop.work, "switch", "--quiet", "--create", "change")
    commit(shop.work, {"environments/prod/new.tf": OLD.replace('"data"', '"theData"')}, "feat: say more")
    done = shop.run("check", "--json")
    assert done.code == 1
    wanted = ("naming", "deprecated")
    found = [(f["line"], f["message"], f["advisory"]) for f in done.json["findings"] if f["rule"] in wanted]
    assert found == [
        (5, "the name terraform_data.terraform_data repeats its type", True),
        (9, "the resource 'theData' is not snake_case", False),
        (2, 'the type `"string"` is written as before Terraform 0.12', False),
        (6, '"${var.theName}" is nothing but an interpolation', False),
    ]
