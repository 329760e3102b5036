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
    assert "environments/dev/zz_terrace_override.tf is in the commit" in done.err
    assert precious.read_text() == "kept-by-its-owner\n"


def test_a_link_in_the_place_of_a_lock_file_is_neither_read_nor_written_through(shop: World, precious: Path) -> None:
    (shop.work / "environments/dev/.terraform.lock.hcl").symlink_to(precious)
    commit(shop.work, {})
    done = shop.run("check", "--json")
    assert precious.read_text() == "kept-by-its-owner\n"
    assert "kept-by-its-owner" not in done.out + done.err
    assert any("leads out of the repository" in found["message"] for found in done.json["findings"])
    assert done.code == 1


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
