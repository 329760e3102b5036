"""Somebody pushes a branch that attacks whoever checks it. Terraform and Git are real."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import World, three_environments, world
from support.git import commit, git

pytestmark = pytest.mark.slow


@pytest.fixture
def shop(tmp_path: Path) -> World:
    made = world(tmp_path / "place", three_environments())
    git(made.work, "switch", "--quiet", "--create", "hostile")
    return made


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    path = tmp_path / "precious"
    path.write_text("kept-by-its-owner\n")
    return path


def test_a_link_in_the_place_of_a_file_of_terrace_is_not_written_through(shop: World, precious: Path) -> None:
    (shop.work / "environments/dev/zz_terrace_override.tf").symlink_to(precious)
    commit(shop.work, {})
    done = shop.run("check")
    assert done.code == 2
    assert "environments/dev/zz_terrace_override.tf: the commit contains a file whose name Terrace reserves" in done.err
    assert precious.read_text() == "kept-by-its-owner\n"


def test_a_link_in_the_place_of_a_lock_file_is_neither_read_nor_written_through(shop: World, precious: Path) -> None:
    (shop.work / "environments/dev/.terraform.lock.hcl").symlink_to(precious)
    commit(shop.work, {})
    done = shop.run("check", "--json")
    assert precious.read_text() == "kept-by-its-owner\n"
    assert "kept-by-its-owner" not in done.out + done.err
    assert any("leads out of the repository" in found["message"] for found in done.json["findings"])
    assert done.code == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("zzz_override.tf", 'terraform {\n  backend "local" {\n    path = "PLACE"\n  }\n}\n'),
        ("zzz_override.tf.json", '{"terraform": {"backend": {"local": {"path": "PLACE"}}}}'),
    ],
    ids=["native", "JSON"],
)
def test_an_override_file_after_that_of_terrace_does_not_move_the_state(
    shop: World, tmp_path: Path, name: str, text: str
) -> None:
    place = tmp_path / "elsewhere.tfstate"
    shop.push({f"environments/dev/{name}": text.replace("PLACE", str(place))})
    git(shop.work, "push", "--quiet", "origin", "HEAD:main")
    checked = shop.run("check", "--base", "main", "--json")
    assert checked.code == 1
    assert "instead of the local state that Terrace manages" in checked.out
    done = shop.run("deploy", "dev", "--json")
    assert (done.code, done.json["result"]) == (1, "failed"), done.out + done.err
    assert "Not planned." in done.json["reasons"][0]
    assert not place.exists()


def test_a_committed_encoding_does_not_hide_what_is_planned(shop: World) -> None:
    # What a checkout of Git would make HCL of; as it is committed, it says nothing.
    hidden = b'output "hidden" {\n  value = "planned-all-the-same"\n}\n'.decode("cp037").encode()
    (shop.work / "environments/dev/.gitattributes").write_text("hidden.tf working-tree-encoding=IBM037\n")
    id_ = git(shop.work, "hash-object", "-w", "--stdin", stdin=hidden)
    commit(shop.work, {})
    git(shop.work, "update-index", "--add", "--cacheinfo", f"100644,{id_},environments/dev/hidden.tf")
    git(shop.work, "commit", "--quiet", "-m", "hide")
    git(shop.work, "reset", "--quiet", "--hard")
    done = shop.run("check", "--base", "main", "--json")
    assert "planned-all-the-same" not in done.out + done.err
    assert done.code != 0, "what cannot be read is not planned as something else"


def test_reading_other_processes_holds_the_change(shop: World) -> None:
    text = 'output "x" {\n  value = [for p in fileset("/proc", "1/environ") : filebase64("/proc/${p}")]\n}\n'
    commit(shop.work, {"environments/dev/output.tf": text})
    done = shop.run("check", "--json")
    found = [one for one in done.json["findings"] if one["rule"] == "outside-files"]
    assert done.code == 1
    assert {one["status"] for one in found} == {"fail"}
    assert "environments/dev/output.tf" in str(found)


def test_a_name_that_stands_twice_in_json_hides_nothing(shop: World) -> None:
    """Terraform reads both `output` blocks; most readers of JSON see the last one only."""
    text = r'{"output": {"x": {"value": "${filebase64(\"/proc/1/environ\")}"}}, "output": {"y": {"value": "1"}}}'
    commit(shop.work, {"environments/dev/output.tf.json": text})
    done = shop.run("check", "--json")
    assert done.code == 1
    found = [one for one in done.json["findings"] if one["rule"] == "outside-files"]
    assert {one["status"] for one in found} == {"fail"}
