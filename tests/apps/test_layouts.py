"""Repositories whose layout is not the conventional one."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from support.cli import MODULE, root, world
from support.configuration import load
from support.golden import assert_same
from support.trees import DictTree
from terrace.adapters.folder_tree import FolderTree
from terrace.apps.cli.proposed_config import terrace_yaml
from terrace.hcl.facts_store import NoStore
from terrace.stacks.discovery import environments, find_stacks
from terrace.stacks.proposals import propose

pytestmark = pytest.mark.slow


def test_a_root_module_in_the_root_of_the_repository_goes_from_check_to_deployed(tmp_path: Path) -> None:
    text = "version: 1\nenvironments: {dev: {}, prod: {after: dev, protected: false}}\nstacks:\n"
    entries = "  - {path: ., environment: dev}\n  - {path: ., environment: prod, var_files: [prod.tfvars]}\n"
    files = {
        "main.tf": root("dev", "./modules/thing") + 'variable "unused" {\n  default = ""\n}\n',
        "prod.tfvars": 'unused = "prod"\n',
        "modules/thing/main.tf": MODULE,
        "terrace.yaml": text + entries,
    }
    shop = world(tmp_path, files)
    assert [plan["path"] for plan in shop.ok("plan", "dev", "--json").json["plans"]] == ["."]
    assert shop.ok("deploy", "dev", "--json").json["result"] == "succeeded"
    assert shop.state("dev")["outputs"]["it"]["value"] == "dev-1"
    shop.push({"main.tf": files["main.tf"].replace('"dev"', '"new"')})
    drift = shop.ok("drift", "dev", "--json").json
    assert [stack["status"] for stack in drift["environments"][0]["stacks"]] == ["clean"], drift
    assert shop.ok("promote", "prod", "--json").json["result"] == "succeeded"
    assert shop.ok("destroy", "dev", "--reason", "done", "--yes", "--json").json["result"] == "succeeded"


BACKEND = 'terraform {\n  backend "s3" {}\n}\n'


def test_a_check_or_a_plan_without_any_stack_does_not_pass(tmp_path: Path) -> None:
    shop = world(tmp_path, {"infra/prod/main.tf": BACKEND, "infra/dev/main.tf": BACKEND, "README.md": "a\n"})
    (shop.work / "README.md").write_text("b\n")
    checked = shop.run("check", "--json", "--static")
    assert (checked.code, checked.json["verdict"]) == (1, "block")
    (finding,) = [one for one in checked.json["findings"] if one["rule"] == "layout"]
    assert not finding["advisory"]
    assert (
        "2 folders with a backend or a provider are not part of any stack: infra/dev, infra/prod" in finding["message"]
    )
    planned = shop.run("plan")
    assert planned.code == 1
    assert "2 folders with a backend or a provider are not part of any stack" in planned.err
    assert "there are no stacks" in planned.err
    assert "terrace init --print" in planned.err


def test_plan_takes_the_name_of_an_environment_with_several_stacks(tmp_path: Path) -> None:
    stacks = {f"environments/{e}/{s}/main.tf": root(s, "../../../modules/thing") for e in ("dev", "prod") for s in "ab"}
    text = "version: 1\nenvironments: {dev: {}, prod: {}, empty: {}}\n"
    shop = world(tmp_path, {**stacks, "modules/thing/main.tf": MODULE, "terrace.yaml": text})
    planned = shop.ok("plan", "dev", "prod/b", "--json").json["plans"]
    assert sorted(plan["path"].removeprefix("environments/") for plan in planned) == ["dev/a", "dev/b", "prod/b"]
    refused = shop.run("plan", "empty")
    assert (refused.code, "empty has no stack" in refused.err) == (2, True)


def test_a_file_of_opentofu_changes_nothing_where_terraform_runs(tmp_path: Path) -> None:
    files = {"environments/dev/main.tf": root("dev"), "modules/thing/main.tf": MODULE}
    shop = world(tmp_path, {**files, "environments/dev/main.tofu": "terraform {\n  cloud {}\n}\n"})
    planned = shop.ok("plan", "dev", "--json").json
    assert (len(planned["plans"]), planned["unplanned"]) == (1, [])


# --- layouts and what a person wants of them ---------------------------------------------------------------------

LAYOUTS = Path(__file__).parent.parent / "layouts"
NAMES = sorted(folder.name for folder in LAYOUTS.iterdir() if folder.is_dir())


@dataclass(frozen=True, slots=True)
class Layout:
    """A repository, and what a person wants of it."""

    folder: Path
    files: dict[str, str]
    want: Any


def layout(name: str) -> Layout:
    home = LAYOUTS / name / "repository"
    files = {str(path.relative_to(home)): path.read_text() for path in sorted(home.rglob("*")) if path.is_file()}
    return Layout(LAYOUTS / name, files, YAML(typ="safe").load((LAYOUTS / name / "want.yaml").read_text()))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_proposed_is_what_a_person_wants(name: str) -> None:
    given = layout(name)
    proposed = propose(FolderTree(given.folder / "repository"), NoStore())
    want = given.want
    assert [one.name for one in proposed.environments] == want["environments"]
    assert {one.name: one.after for one in proposed.environments if one.after} == want["after"]
    assert [one.name for one in proposed.environments if one.asks] == want["asks"]
    assert [one.path for one in proposed.unplaced] == want["unplaced"]
    assert len(proposed.entries) <= want["entries"]
    assert all(one.why for one in proposed.environments)
    assert all(one.why and one.hint for one in proposed.unplaced)
    assert {key: path or "." for key, path in proposed.stacks} == {k: v["path"] for k, v in want["stacks"].items()}


@pytest.mark.parametrize("name", [name for name in NAMES if name != "terragrunt"])
def test_the_file_that_is_written_makes_the_stacks_that_a_person_wants(name: str) -> None:
    given = layout(name)
    tree = DictTree(given.files)
    proposed = propose(tree, NoStore())
    text = terrace_yaml(proposed.environments, proposed.entries).encode()
    stacks, problems = find_stacks(tree, load(text, discovered=environments(tree)))
    assert problems == ()
    found: dict[str, dict[str, Any]] = {}
    for stack in stacks:
        found[stack.key] = {"path": stack.shown_path}
        if stack.var_files:
            found[stack.key]["var_files"] = list(stack.var_files)
        if stack.backend_files:
            found[stack.key]["backend_files"] = list(stack.backend_files)
    assert found == given.want["stacks"]


@pytest.mark.parametrize("name", NAMES)
def test_a_layout_is_brought_in_and_a_change_of_it_checked(name: str, tmp_path: Path) -> None:
    """As a person does it: look at the proposal, take it, merge it, and make a change."""
    given = layout(name)
    shop = world(tmp_path, given.files)
    shown = shop.run("init", "--print")
    # What is said of tools that judge depends on the machine.
    file = shown.out.partition("\npolicy_pack:")[0]
    said = [line for line in shown.err.splitlines() if not line.startswith("note: OPA")]
    assert_same(given.folder / "init.txt", "\n".join([*said, "", file]))
    assert not (shop.work / "terrace.yaml").exists()
    if given.want["environments"]:
        shop.ok("init", "--yes")
        shop.push({}, "feat: add Terrace")
        assert shop.ok("config", "check", "--json").json["ok"]
    path = shop.work / given.want["edit"]
    path.write_text(path.read_text() + "# edited\n")
    impact = shop.ok("impact", "--json").json
    assert sorted(one["stack"] for one in impact["stacks"]) == sorted(given.want["impacted"])
    assert_same(given.folder / "impact.txt", _plain(shop.ok("impact", "--why").out))
    checked = shop.run("check", "--static")
    assert_same(given.folder / "check.txt", _plain(checked.out))


def _plain(text: str) -> str:
    """Without what differs between runs and machines: commits, and tools that are here or not."""
    text = re.sub(r" +advisory (scanners|policy) [^\n]*\n( +(fix|at)[^\n]*\n)*", "", text)
    lines = re.sub(r"\b[0-9a-f]{7}\b", "COMMIT", text).splitlines()
    return "\n".join(line.rstrip() for line in lines) + "\n"


@pytest.mark.parametrize(
    ("answers", "code", "environment"),
    [("live\n\n", 0, "live"), ("\ny\n", 0, "default"), ("\nn\n", 1, ""), ("--help\n", 2, "")],
)
def test_init_asks_for_an_environment_that_no_folder_name_tells(
    tmp_path: Path, answers: str, code: int, environment: str
) -> None:
    shop = world(tmp_path, {"main.tf": BACKEND})
    terminal, end = pty.openpty()
    os.write(terminal, answers.encode())
    done = subprocess.run(
        [sys.executable, "-P", "-m", "terrace", "init"],
        cwd=shop.work,
        stdin=end,
        capture_output=True,
        text=True,
        check=False,
    )
    os.close(terminal)
    os.close(end)
    assert done.returncode == code, done.stderr
    assert "Name of the environment? [default]" in done.stderr
    file = shop.work / "terrace.yaml"
    assert file.exists() == (code == 0)
    if code == 0:
        (only,) = load(file.read_bytes()).environments
        assert (only.name, load(file.read_bytes()).stacks[0].environment) == (environment, environment)
