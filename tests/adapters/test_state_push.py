"""Putting a state in the place of another, against real Terraform: what it takes, what it refuses, what nobody sees."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.sites import GREETING, site_of, terraform_in
from terrace.adapters.terraform.client import LocalTerraform
from terrace.errors import TerraformFailed
from terrace.plans.ports import Site
from terrace.states.state_file import compare, empty_state, same_objects, with_serial

pytestmark = pytest.mark.slow

EARLIER = {
    "version": 4,
    "terraform_version": "1.5.0",
    "serial": 4,
    "lineage": "l1",
    "outputs": {},
    "resources": [
        {
            "mode": "managed",
            "type": "terraform_data",
            "name": "greeting",
            "provider": 'provider["terraform.io/builtin/terraform"]',
            "instances": [{"schema_version": 0, "attributes": {"id": "one", "input": None}, "dependencies": []}],
        }
    ],
    "check_results": None,
}
STATE = json.dumps(EARLIER).encode()


@pytest.fixture(params=["terraform", "embedded"])
def terraform(request: pytest.FixtureRequest, tmp_path: Path) -> LocalTerraform:
    return terraform_in(tmp_path / "terrace", request.param)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return site_of(tmp_path, GREETING)


def test_an_empty_backend_takes_the_lineage_of_what_is_pushed(terraform: LocalTerraform, site: Site) -> None:
    assert terraform.pull_state(site).content == b""
    terraform.push_state(site, STATE)
    there = terraform.pull_state(site)
    assert (there.lineage, there.serial) == ("l1", 4)
    assert same_objects(there.content, STATE)


def test_only_a_serial_that_is_ahead_is_taken_and_never_another_lineage(terraform: LocalTerraform, site: Site) -> None:
    terraform.push_state(site, STATE)
    other = json.dumps(EARLIER | {"resources": []}).encode()
    for refused in (with_serial(other, 3), other, json.dumps(EARLIER | {"lineage": "l2", "serial": 9}).encode()):
        with pytest.raises(TerraformFailed):
            terraform.push_state(site, refused)
    assert same_objects(terraform.pull_state(site).content, STATE)
    terraform.push_state(site, with_serial(other, 5))
    there = terraform.pull_state(site)
    assert there.serial in (5, 6), "it may count one further"
    assert compare(STATE, there.content).removed == ("terraform_data.greeting",)


def test_a_state_that_holds_nothing_can_be_put_there(terraform: LocalTerraform, site: Site) -> None:
    terraform.push_state(site, STATE)
    terraform.push_state(site, empty_state(STATE, 5))
    assert same_objects(terraform.pull_state(site).content, b"")


def test_a_state_of_a_newer_core_is_taken_without_a_word(terraform: LocalTerraform, site: Site) -> None:
    """So that it is on us to compare the versions."""
    terraform.push_state(site, json.dumps(EARLIER | {"terraform_version": "1.99.0"}).encode())
    assert terraform.pull_state(site).serial == 4


def test_a_scratch_state_is_private_and_gone_afterwards_and_the_real_one_is_out_of_reach(
    terraform: LocalTerraform, site: Site
) -> None:
    terraform.push_state(site, STATE)
    with terraform.scratch(site) as scratch:
        assert terraform.pull_state(scratch).content == b""
        other = json.dumps(EARLIER | {"lineage": "l2", "serial": 9}).encode()
        terraform.push_state(scratch, other)
        assert terraform.pull_state(scratch).lineage == "l2"
        assert scratch.scratch is not None
        assert scratch.scratch.stat().st_mode & 0o077 == 0
        data = terraform.folder(scratch).path
        made = terraform.plan(scratch, lock=False)
        made.discard()
    assert not scratch.scratch.exists()
    assert not data.exists()
    assert not list(site.folder.glob("zz_*")), "what redirects the state is gone"
    assert (terraform.pull_state(site).lineage, terraform.pull_state(site).serial) == ("l1", 4)


def test_no_file_holds_what_is_pushed(terraform: LocalTerraform, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes through stdin, from a file without a name."""
    monkeypatch.setattr("tempfile.tempdir", str(site.root / "tmp"))
    (site.root / "tmp").mkdir()
    secret = json.dumps(EARLIER | {"outputs": {"p": {"value": "hunter2", "type": "string"}}}).encode()
    terraform.push_state(site, secret)
    found = [p for p in site.root.rglob("*") if p.is_file() and b"hunter2" in p.read_bytes()]
    assert {p.name for p in found} == {"terraform.tfstate"}
