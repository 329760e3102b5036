"""The Terraform adapter against real Terraform, on stacks that need no provider."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from support.attempts import begin
from support.sites import GREETING, site_of, terraform_in
from support.tools import tofu
from terrace.adapters.files import put_link
from terrace.adapters.runner.applier import LocalApplier
from terrace.adapters.terraform.client import LocalTerraform
from terrace.adapters.terraform.data_folder import state_file
from terrace.config.model import TerraformSettings
from terrace.errors import BadInput, Corrupt, NotReady, TerraformFailed
from terrace.plans.ports import Progress

pytestmark = pytest.mark.slow


@pytest.fixture(params=["terraform", "embedded"])
def terraform(request: pytest.FixtureRequest, tmp_path: Path) -> LocalTerraform:
    return terraform_in(tmp_path / "terrace", request.param)


def test_it_plans_and_leaves_nothing_behind_once_discarded(terraform: LocalTerraform, tmp_path: Path) -> None:
    heard: list[Progress] = []
    made = terraform.plan(site_of(tmp_path, GREETING), listener=heard.append)
    changes = json.loads(made.document)["resource_changes"]
    assert [c["address"] for c in changes] == ["terraform_data.greeting"]
    assert [p.address for p in heard if p.phase == "plan"] == ["terraform_data.greeting"]
    assert made.file.parent.stat().st_mode & 0o077 == 0
    made.discard()
    assert not made.file.parent.exists()


def test_init_is_done_once_for_many_plans(terraform: LocalTerraform, tmp_path: Path) -> None:
    site = site_of(tmp_path, GREETING)
    terraform.plan(site).discard()
    folder = terraform.folder(site)
    stamp = (folder.path / "terrace-ready").stat().st_mtime_ns
    terraform.plan(site_of(tmp_path, GREETING.replace("hello", "good day"))).discard()
    assert (folder.path / "terrace-ready").stat().st_mtime_ns == stamp


def test_a_prepared_folder_that_lost_its_content_is_prepared_again(terraform: LocalTerraform, tmp_path: Path) -> None:
    (tmp_path / "modules/m").mkdir(parents=True)
    (tmp_path / "modules/m/main.tf").write_text('resource "terraform_data" "m" {}\n')
    site = site_of(tmp_path, 'module "m" {\n  source = "../../modules/m"\n}\n')
    terraform.plan(site).discard()
    (terraform.folder(site).path / "modules" / "modules.json").unlink()
    terraform.plan(site).discard()


def _damage(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "zeroed":
        path.write_bytes(bytes(len(content)))
    elif how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "not UTF-8":
        path.write_bytes(content + b"\xff")
    elif how == "foreign":
        path.write_bytes(b"[[1, {}]]")
    else:
        path.unlink()
        path.mkdir()


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("modules/modules.json", "zeroed"),
        ("modules/modules.json", "foreign"),
        ("terraform.tfstate", "cut"),
        ("terraform.tfstate", "not UTF-8"),
        ("lock.hcl", "foreign"),
        ("terrace-ready", "cut"),
        ("terrace-ready", "foreign"),
        ("modules/modules.json", "a folder"),
    ],
)
def test_a_damaged_cache_of_init_is_made_again_and_told_once(name: str, how: str, tmp_path: Path) -> None:
    (tmp_path / "modules/m").mkdir(parents=True)
    (tmp_path / "modules/m/main.tf").write_text('resource "terraform_data" "m" {}\n')
    site = site_of(tmp_path, 'module "m" {\n  source = "../../modules/m"\n}\n')
    first = terraform_in(tmp_path / "terrace", "terraform")
    first.plan(site).discard()
    folder = first.folder(site)
    assert folder.ready, "a plan changes nothing in it"
    _damage(folder.path / name, how)
    assert not folder.ready
    again = terraform_in(tmp_path / "terrace", "terraform")
    for told in (1, 0):
        made = again.plan(site)
        made.discard()
        said = [one.summary for one in made.diagnostics if "was damaged" in one.summary]
        assert len(said) == told
        assert not said or name in said[0]
    assert folder.ready


def test_a_file_in_the_place_of_a_cache_of_init_is_removed(tmp_path: Path) -> None:
    site = site_of(tmp_path, GREETING)
    terraform = terraform_in(tmp_path / "terrace", "terraform")
    terraform.plan(site).discard()
    place = terraform.folder(site).path
    shutil.rmtree(place)
    place.write_text("nothing of Terrace's")
    terraform_in(tmp_path / "terrace", "terraform").plan(site).discard()


def test_a_diagnostic_keeps_its_file_and_line(terraform: LocalTerraform, tmp_path: Path) -> None:
    with pytest.raises(TerraformFailed) as caught:
        terraform.plan(site_of(tmp_path, 'output "x" {\n  value = var.nothing\n}\n'))
    assert str(caught.value.place) == "environments/dev/main.tf:2:11"
    assert "undeclared" in caught.value.message
    assert caught.value.exit_code == 2


def test_a_broken_configuration_is_told_by_init_with_its_place(terraform: LocalTerraform, tmp_path: Path) -> None:
    with pytest.raises(TerraformFailed) as caught:
        terraform.plan(site_of(tmp_path, 'resource "terraform_data" "x" {\n'))
    assert caught.value.place is not None
    assert caught.value.place.path == "environments/dev/main.tf"


def test_the_state_of_a_stack_without_backend_lives_outside_of_the_checkout(
    terraform: LocalTerraform, tmp_path: Path
) -> None:
    site = site_of(tmp_path, GREETING)
    assert terraform.pull_state(site).content == b""
    assert not (site.folder / "terraform.tfstate").exists()


def test_a_state_in_our_own_place_is_read_as_terraform_tells_it(tmp_path: Path) -> None:
    site = site_of(tmp_path, GREETING)
    terraform = terraform_in(tmp_path / "terrace", "terraform")
    made = terraform.plan(site)
    folder = terraform.folder(site)
    env = terraform.environment(site, folder)
    subprocess.run([*terraform.binary.command, "apply", made.file], cwd=site.folder, env=env, check=True)
    asked = [*terraform.binary.command, "state", "pull"]
    told = subprocess.run(asked, cwd=site.folder, env=env, check=True, capture_output=True).stdout
    read = terraform.pull_state(site)
    assert json.loads(read.content) == json.loads(told)
    assert read.serial > 0

    path = state_file(tmp_path / "terrace" / "states", site)
    assert path is not None
    path.write_text(json.dumps({**json.loads(read.content), "version": 3, "modules": []}))
    with pytest.raises(Corrupt):
        terraform.pull_state(site)


@pytest.mark.parametrize("how", ["zeroed", "cut", "not UTF-8", "foreign", "a folder"])
def test_a_damaged_local_state_is_named_with_the_way_out(how: str, tmp_path: Path) -> None:
    site = site_of(tmp_path, GREETING)
    terraform = terraform_in(tmp_path / "terrace", "terraform")
    terraform.plan(site).discard()
    path = state_file(tmp_path / "terrace" / "states", site)
    assert path is not None
    path.write_bytes(b'{"version":4,"terraform_version":"1.9.0","serial":1,"lineage":"a","outputs":{},"resources":[]}')
    terraform.plan(site).discard()
    _damage(path, how)
    for use in (terraform.plan, terraform.pull_state):
        with pytest.raises(Corrupt) as told:
            use(site)
        assert str(path) in told.value.message
        assert "terrace state restore dev" in (told.value.hint or "")


def test_a_state_in_the_repository_is_refused(terraform: LocalTerraform, tmp_path: Path) -> None:
    site = site_of(tmp_path, GREETING)
    (site.folder / "terraform.tfstate").write_text("{}")
    with pytest.raises(BadInput, match="does not use a state in Git"):
        terraform.plan(site)


def test_unformatted_files_come_with_their_diff(terraform: LocalTerraform, tmp_path: Path) -> None:
    (tmp_path / "-good one.tf").write_text("locals {\n  a = 1\n}\n")
    (tmp_path / "bad.tf").write_text("locals {\n a=1\n}\n")
    found = terraform.find_unformatted(tmp_path, ("-good one.tf", "bad.tf", "gone.tf"))
    assert list(found) == ["bad.tf"]
    assert "+  a = 1" in found["bad.tf"]
    assert (tmp_path / "bad.tf").read_text() == "locals {\n a=1\n}\n"


def test_the_child_knows_only_what_it_needs(
    terraform: LocalTerraform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_VAR_greeting", "from outside")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    made = terraform.plan(site_of(tmp_path, GREETING))
    assert json.loads(made.document)["variables"]["greeting"]["value"] == "hello"
    made.discard()


def test_a_missing_binary_and_a_wrong_version_say_what_to_do(tmp_path: Path) -> None:
    missing = LocalTerraform(TerraformSettings(binary="/nowhere/terraform"), cache=tmp_path, states=tmp_path)
    with pytest.raises(NotReady, match="was not found") as caught:
        _ = missing.version
    assert caught.value.hint
    old = LocalTerraform(TerraformSettings(binary="terraform", version=">= 99"), cache=tmp_path, states=tmp_path)
    with pytest.raises(NotReady, match=r"does not match the version"):
        _ = old.version


@pytest.mark.parametrize("engine", ["terraform", "tofu"])
def test_an_init_beside_a_link_for_readers_of_the_state_leaves_the_state_alone(tmp_path: Path, engine: str) -> None:
    """`init` takes a `terraform.tfstate` beside the configuration for a state to move, and empties what the link is."""
    site = site_of(tmp_path / "tree", GREETING)
    binary = str(tofu()) if engine == "tofu" else engine
    states = tmp_path / "states"
    first = LocalTerraform(TerraformSettings(binary=binary), cache=tmp_path / "one", states=states)
    applier = LocalApplier(tmp_path / "runs", first)
    outcome = applier.wait(begin(applier, "a1", site, first.plan(site)))
    assert outcome is not None
    assert outcome.code == 0
    (state,) = states.rglob("terraform.tfstate")
    content = state.read_bytes()

    beside = f"{site.stack.path}/terraform.tfstate"
    put_link(site.root, beside, state)
    fresh = LocalTerraform(TerraformSettings(binary=binary), cache=tmp_path / "two", states=states)
    assert fresh.pull_state(site).content
    assert state.read_bytes() == content
    assert (site.root / beside).readlink() == state, "readers still find it"
    with fresh.scratch(site) as scratch:
        assert fresh.pull_state(scratch).content == b""
    assert state.read_bytes() == content
