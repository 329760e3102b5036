"""Every command that evaluates the configuration gets the variable files of terrace.yaml, in Terraform and OpenTofu."""

from __future__ import annotations

import dataclasses
import json
import os
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from support.attempts import begin
from support.sites import site_of, terraform_in
from support.tools import tofu
from terrace.adapters.runner.applier import LocalApplier
from terrace.adapters.terraform import argv
from terrace.adapters.terraform.client import LocalTerraform
from terrace.plans.ports import Goal, Site
from terrace.plans.versions import Version
from terrace.states.state_file import with_serial

EPHEMERAL = """
variable "token" {
  type      = string
  ephemeral = true
}

variable "size" {
  type = object({ count = number, name = optional(string, "small") })
}

locals {
  used = var.token
}

resource "terraform_data" "size" {
  input = var.size
}

output "size" {
  value = terraform_data.size.output.count
}
"""

EARLY = """
variable "flavor" {
  type = string
}

module "chosen" {
  source = "./modules/${var.flavor}"
}

output "chosen" {
  value = module.chosen.name
}
"""


def given(site: Site, text: str, name: str = "values/dev.tfvars") -> Site:
    """The same site with a variable file of that text."""
    path = site.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return dataclasses.replace(site, stack=dataclasses.replace(site.stack, var_files=(name,)))


def applied(terraform: LocalTerraform, site: Site, folder: Path, name: str, goal: Goal = Goal.CONVERGED) -> None:
    """Plan a site and apply that, to a good end."""
    applier = LocalApplier(folder, terraform)
    attempt = begin(applier, name, site, terraform.plan(site, goal=goal))
    outcome = applier.wait(attempt)
    assert outcome is not None
    assert outcome.code == 0, (outcome.summary, outcome.diagnostics)


@pytest.mark.parametrize(
    "command", ["init", "plan", "show", "apply", "state pull", "state push", "state rm", "untaint"]
)
@pytest.mark.parametrize(
    ("product", "version", "taking"),
    [
        ("terraform", "1.9.8", {"plan"}),
        ("terraform", "1.10.0", {"plan", "apply"}),
        ("terraform", "1.14.1", {"plan", "apply"}),
        ("tofu", "1.7.3", {"plan"}),
        ("tofu", "1.8.0", None),
        ("tofu", "1.12.6", None),
    ],
)
def test_a_command_gets_the_files_where_it_knows_the_option(
    tmp_path: Path, command: str, product: str, version: str, taking: set[str] | None
) -> None:
    site = given(site_of(tmp_path, EPHEMERAL), "")
    major, minor, patch = map(int, version.split("."))
    files = argv.variable_files(site, command, product, Version(major, minor, patch))
    assert bool(files) is (taking is None or command in taking)


def test_options_come_before_what_a_command_works_on() -> None:
    files, wait = ("-var-file=/a/b.tfvars",), timedelta(seconds=1)
    for command in (
        argv.show(Path("/p"), files=files),
        argv.apply(Path("/p"), wait, files=files),
        argv.state_push(wait, files=files),
        argv.state_rm("a.b", wait, files=files),
        argv.lock_probe(files=files),
        argv.force_unlock("one", files=files),
    ):
        assert command[-2:-1] == files


@pytest.mark.slow
@pytest.mark.parametrize("binary", ["terraform", "embedded", "tofu"])
def test_an_ephemeral_variable_of_a_file_has_its_value_at_apply_and_destroy(tmp_path: Path, binary: str) -> None:
    terraform = terraform_in(tmp_path / "terrace", str(tofu()) if binary == "tofu" else binary)
    if (
        terraform.product == "terraform"
        and terraform.binary.version < argv.EPHEMERAL_SINCE
        and not os.environ.get("CI")
    ):
        pytest.skip(f"{terraform.version} has no ephemeral variables")
    # What the file says and nothing declares is a warning, and the type is another than the declared one.
    values = 'token = "t"\nsize = { count = "3" }\nundeclared = true\n'
    site = given(site_of(tmp_path / "repo", EPHEMERAL), values)
    applied(terraform, site, tmp_path / "runs", "one")
    assert terraform.pull_state(site).outputs["size"].value == 3
    applied(terraform, site, tmp_path / "runs", "two", Goal.DESTROYED)
    assert not terraform.pull_state(site).outputs


@pytest.mark.slow
def test_opentofu_finds_a_module_by_a_variable_in_every_command(tmp_path: Path) -> None:
    terraform = terraform_in(tmp_path / "terrace", str(tofu()))
    site = given(site_of(tmp_path / "repo", EARLY), 'flavor = "plain"\n')
    for flavor in ("plain", "rich"):
        module = site.folder / "modules" / flavor / "main.tf"
        module.parent.mkdir(parents=True)
        module.write_text(
            f'resource "terraform_data" "it" {{\n  input = "{flavor}"\n}}\noutput "name" {{\n  value = "{flavor}"\n}}\n'
        )
    applied(terraform, site, tmp_path / "runs", "one")
    assert terraform.pull_state(site).outputs["chosen"].value == "plain"
    assert terraform.lock_of(site) is None

    given(site, 'flavor = "rich"\n')
    applied(terraform, site, tmp_path / "runs", "two")
    state = terraform.pull_state(site)
    assert state.outputs["chosen"].value == "rich", "another value of the same file is another initialisation"

    terraform.push_state(site, with_serial(state.content, state.serial + 5))
    terraform.forget(site, "module.chosen.terraform_data.it")
    after = terraform.pull_state(site)
    assert after.serial > state.serial + 5
    assert b"terraform_data" not in after.content
    with terraform.scratch(site) as scratch:
        assert terraform.pull_state(scratch).content == b""


ENCRYPTED = """
terraform {
  encryption {
    key_provider "pbkdf2" "own" {
      passphrase = "correct-horse-battery-staple"
    }
    method "aes_gcm" "own" {
      keys = key_provider.pbkdf2.own
    }
    plan {
      method   = method.aes_gcm.own
      enforced = true
    }
  }
}

module "inner" {
  source = "./inner"
  at     = plantimestamp()
}
"""


def test_the_configuration_of_an_encrypted_plan_is_read_where_it_was_planned(tmp_path: Path) -> None:
    """OpenTofu reads `main.tofu` in the place of `main.tf`; nothing opens the plan that carries both."""
    site = site_of(tmp_path, 'variable "at" {}\n')
    inner = site.folder / "inner"
    inner.mkdir()
    (inner / "main.tf").write_text('variable "at" {}\n')
    moves = {"variable": {"at": {}}, "resource": {"terraform_data": {"it": {"input": "${var.at}"}}}}
    (inner / "main.tofu").write_text('variable "at" {}\n')
    (inner / "more.tf.json").write_text(json.dumps({"resource": moves["resource"]}))
    (site.folder / "main.tofu").write_text(ENCRYPTED)
    made = terraform_in(tmp_path / "terrace", str(tofu())).plan(site)
    try:
        assert not zipfile.is_zipfile(made.file)
        assert made.sources is not None
        assert made.sources.whole
        assert ("module.inner", ("resource", "terraform_data.it", "input")) in made.sources.clock.at_plan
    finally:
        made.discard()
