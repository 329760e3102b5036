"""Commands that run before a plan, from check to drift, with real Terraform."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from support.cli import World, world
from terrace.adapters.isolation.run import why_not

pytestmark = pytest.mark.skipif(
    bool(why_not()) and not os.environ.get("CI"), reason=f"commands cannot run here: {why_not()}"
)

STACK = "environments/dev/app"
MAIN = """\
resource "terraform_data" "code" {
  input = filesha256("${path.module}/build/app.txt")
}

output "hash" {
  value = terraform_data.code.output
}
"""
SCRIPT = "mkdir -p build && cat src/*.txt > build/app.txt\n"
RULES = f"""\
version: 1
environments: {{dev: {{}}}}
stacks:
- path: {STACK}
  environment: dev
  before_plan:
  - run: [sh, build.sh]
    inputs: [{STACK}/build.sh, "{STACK}/src/*.txt"]
    outputs: [{STACK}/build/app.txt]
"""
FILES = {
    f"{STACK}/main.tf": MAIN,
    f"{STACK}/build.sh": SCRIPT,
    f"{STACK}/src/a.txt": "one\n",
    "terrace.yaml": RULES,
}


def state(key: str) -> Any:
    (path,) = Path(os.environ["TERRACE_HOME"]).glob(f"data/*/states/{key}/terraform.tfstate")
    return json.loads(path.read_text())


def forget() -> None:
    """Do as another machine does, which has no result of any command."""
    for folder in Path(os.environ["TERRACE_HOME"]).glob("cache/*/before-plan"):
        shutil.rmtree(folder)


def test_a_command_builds_what_check_deploy_and_drift_plan(tmp_path: Path) -> None:
    shop = world(tmp_path, FILES)
    shop.ok("deploy", "dev", "--json")
    assert state("dev/app")["outputs"]["hash"]["value"] == hashlib.sha256(b"one\n").hexdigest()
    shop.ok("drift", "dev")
    rows = {row["what"]: row["state"] for row in shop.run("doctor", "--json").json["rows"]}
    assert rows["isolation"] == "ok"
    shop.push({f"{STACK}/src/b.txt": "two\n"})
    forget()
    impact = shop.ok("impact", "--base", "HEAD~1", "--json").json
    (reason,) = [one for one in impact["stacks"][0]["reasons"] if one["kind"] == "command"]
    assert (reason["path"], reason["place"]) == (f"{STACK}/src/b.txt", "terrace.yaml:7")
    checked = shop.ok("check", "--base", "HEAD~1", "--json").json
    assert [(one["stack"], one["update"]) for one in checked["plans"]] == [("dev/app", 1)]


@pytest.mark.slow
def test_the_command_of_a_change_runs_once_it_is_merged_and_its_failure_has_a_place(tmp_path: Path) -> None:
    plain = {path: text for path, text in FILES.items() if path != f"{STACK}/main.tf"}
    shop = world(tmp_path, {**plain, "terrace.yaml": "version: 1\nenvironments: {dev: {}}\n", "README.md": "x\n"})
    (shop.work / f"{STACK}/main.tf").write_text(MAIN)
    (shop.work / "terrace.yaml").write_text(RULES)
    before = shop.run("check", "--json").json
    (waits,) = [one for one in before["findings"] if one["rule"] == "plan"]
    assert "its commands under `before_plan` differ from those of the protected branch" in waits["message"]
    assert waits["advisory"]
    loosened = [one["message"] for one in before["findings"] if "before a plan" in one["message"]]
    assert loosened[0].endswith(f"the stack {STACK} of dev runs the command 'sh build.sh' before a plan")

    shop.push(
        {"terrace.yaml": RULES, f"{STACK}/main.tf": MAIN, f"{STACK}/build.sh": "echo no such thing >&2\nexit 4\n"}
    )
    failed = shop.run("check", "--base", "HEAD~1", "--json").json
    (why,) = [one for one in failed["findings"] if one["rule"] == "plan"]
    assert (why["file"], why["line"], why["status"], why["advisory"]) == ("terrace.yaml", 7, "unknown", False)
    assert "it exited with 4:\n    no such thing" in why["message"]
    deployed = shop.run("deploy", "dev")
    assert deployed.code == 1
    assert "it exited with 4" in deployed.out + deployed.err


@pytest.mark.slow
def test_the_output_of_a_failed_command_is_shown_once_line_by_line(tmp_path: Path) -> None:
    shop = world(tmp_path, FILES)
    shop.push({f"{STACK}/build.sh": "printf 'first\\nsecond \\033[2J line\\n' >&2\nexit 4\n"})
    told = shop.run("check", "--base", "HEAD~1").out
    assert told.count("second") == 1, told
    lines = [one.strip() for one in told.splitlines()]
    assert lines[lines.index("first") + 1] == "second \\x1b[2J line"
    assert "\\n" not in told
    assert "not planned: terrace.yaml:7: dev/app was not planned" in told
    planned = shop.run("plan", "dev").out
    assert planned.count("second") == 1, planned
    assert "\\n" not in planned
    deployed = shop.run("deploy", "dev")
    assert "\\n" not in deployed.out + deployed.err


@pytest.mark.slow
def test_going_back_to_a_commit_from_before_the_commands_needs_none(tmp_path: Path) -> None:
    plain = 'resource "terraform_data" "code" {\n  input = "one"\n}\n'
    rules = "version: 1\nenvironments: {dev: {}}\n"
    shop = world(tmp_path, {f"{STACK}/main.tf": plain, "terrace.yaml": rules})
    shop.ok("deploy", "dev")
    shop.push(FILES)
    shop.ok("deploy", "dev")
    back = shop.ok("rollback", "dev", "--reason", "broken", "--yes", "--json").json
    assert back["result"] == "succeeded"


@pytest.mark.slow
def test_a_static_check_runs_no_command_of_the_change(tmp_path: Path) -> None:
    shop = world(tmp_path, FILES)
    shop.push({f"{STACK}/build.sh": "mkdir build; date > build/app.txt; exit 9\n"})
    checked = shop.run("check", "--static", "--base", "HEAD~1", "--json").json
    (why,) = [one for one in checked["findings"] if one["rule"] == "plan"]
    assert (why["status"], why["advisory"]) == ("unknown", False)
    assert "a plan runs code of the change" in why["message"]
    assert not list(Path(os.environ["TERRACE_HOME"]).glob("cache/*/before-plan"))


ASKING = """\
version: 1
environments: {dev: {approvals: 1}}
people:
  ann: {emails: [ann@example.com]}
  bob: {emails: [bob@example.com]}
stacks:
- path: environments/dev/app
  environment: dev
  before_plan:
  - run: [cp, /proc/sys/kernel/random/uuid, build.txt]
    outputs: [environments/dev/app/build.txt]
"""


@pytest.fixture
def asking(tmp_path: Path) -> World:
    """A stack whose plan is the same whatever its command writes, and that asks for an approval."""
    code = 'resource "terraform_data" "code" {\n  input = "${path.module}/build.txt"\n}\n'
    shop = world(tmp_path, {f"{STACK}/main.tf": code, "terrace.yaml": ASKING})
    assert shop.run("deploy", "dev", "--json").json["result"] == "waiting"
    assert shop.approve("dev", "bob").code == 0
    return shop


@pytest.mark.slow
def test_the_same_bytes_of_a_command_keep_an_approval(asking: World) -> None:
    assert asking.ok("resume", "dev", "--json").json["result"] == "succeeded"


@pytest.mark.slow
def test_other_bytes_of_a_command_ask_again_though_terraform_plans_the_same(asking: World) -> None:
    forget()
    again = asking.run("resume", "dev", "--json")
    assert again.json["result"] == "waiting"
    assert "apply" not in [step["name"] for step in again.json["steps"]]
    assert "created other files for this plan than for the previous one, from the same source" in again.out
    assert "SOURCE_DATE_EPOCH" in again.out
    assert asking.approve("dev", "bob").code == 0
    assert asking.ok("resume", "dev", "--json").json["result"] == "succeeded"
