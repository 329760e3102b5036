"""Stacks in workspaces of Terraform: with real Terraform, and states on this machine, in S3 and in PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.backends import BUCKET, S3, Postgres, pg, s3
from support.cli import World, world
from support.postgres import server_programs

pytestmark = pytest.mark.slow

RULES = """\
version: 1
environments: {dev: {env: ENV}, prod: {after: dev, env: ENV}}
stacks:
  - {path: net, environment: dev, workspace: dev}
  - {path: net, environment: prod, workspace: prod}
"""
NET = """\
resource "terraform_data" "it" {
  input = "in ${terraform.workspace}"
}

output "it" {
  value = terraform_data.it.output
}
"""
YES = ("--yes", "--reason", "the workspace was deleted")


@dataclass(frozen=True, slots=True)
class Place:
    """Where states are; `states` reads them without Terraform, by their own address. `remove` removes one."""

    block: str
    variables: dict[str, str]
    states: Callable[[], dict[str, Any]]
    remove: Callable[[str], object]
    dev: str
    prod: str


@contextmanager
def in_s3() -> Iterator[Place]:
    with s3() as found:
        assert isinstance(found, S3)
        signed, url = found.aws.sign("s3"), f"{found.aws.endpoint}/{BUCKET}"

        def states() -> dict[str, Any]:
            listed = httpx.get(f"{url}?list-type=2", headers=signed, timeout=None).text
            keys = [part.partition("</Key>")[0] for part in listed.split("<Key>")[1:]]
            return {key: httpx.get(f"{url}/{key}", headers=signed, timeout=None).json() for key in keys}

        def remove(key: str) -> None:
            httpx.delete(f"{url}/{key}", headers=signed, timeout=None).raise_for_status()

        yield Place(found.block("net"), dict(found.variables), states, remove, "env:/dev/net", "env:/prod/net")


@contextmanager
def in_postgres() -> Iterator[Place]:
    with pg() as found:
        assert isinstance(found, Postgres)

        def sql(text: str) -> str:
            command = [str(server_programs() / "psql"), found.connection, "-At", "-F", "\t", "-c", text]
            return subprocess.run(command, check=True, capture_output=True, text=True).stdout

        def states() -> dict[str, Any]:
            if sql("select to_regclass('of_net.states')").strip() == "":
                return {}
            rows = [line.split("\t", 1) for line in sql("select name, data::jsonb from of_net.states").splitlines()]
            return {name: json.loads(data) for name, data in rows}

        def remove(name: str) -> None:
            sql(f"delete from of_net.states where name = '{name}'")

        yield Place(found.block("net"), dict(found.variables), states, remove, "dev", "prod")


@contextmanager
def here() -> Iterator[Place]:
    def found() -> dict[str, Path]:
        roots = list(Path(os.environ["TERRACE_HOME"]).glob("data/*/states"))
        return {str(p.relative_to(r)): p for r in roots for p in r.rglob("*.tfstate") if p.stat().st_size}

    def states() -> dict[str, Any]:
        return {name: json.loads(path.read_text()) for name, path in found().items()}

    where = "{0}/net/terraform.tfstate.d/{0}/terraform.tfstate"
    yield Place("", {}, states, lambda name: found()[name].unlink(), where.format("dev"), where.format("prod"))


PLACES = {"local": here, "s3": in_s3, "pg": in_postgres}


@pytest.fixture(params=[pytest.param(name, marks=[pytest.mark.aws] if name == "s3" else []) for name in PLACES])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    with PLACES[request.param]() as found:
        yield found


def shop_of(folder: Path, place: Place, more: dict[str, str] | None = None) -> World:
    rules = RULES.replace("ENV", f"[{', '.join(place.variables)}]")
    made = world(folder, {"net/main.tf": place.block + NET, "terrace.yaml": rules, **(more or {})})
    made.variables.update(place.variables)
    return made


def outputs(states: dict[str, Any]) -> dict[str, str]:
    return {name: state["outputs"]["it"]["value"] for name, state in states.items() if state["outputs"]}


def test_each_workspace_has_its_state_from_the_first_deployment_to_the_restore(tmp_path: Path, place: Place) -> None:
    shop = shop_of(tmp_path, place)
    planned = {plan["environment"]: plan for plan in shop.ok("plan", "--json").json["plans"]}
    assert [len(planned[name]["changes"]) for name in ("dev", "prod")] == [1, 1]
    if place.block:
        assert "the workspace dev does not exist" in planned["dev"]["notices"][0]
    assert place.states() == {}, "a plan makes no workspace"
    shop.ok("deploy", "dev")
    assert outputs(place.states()) == {place.dev: "in dev"}
    assert set(place.states()) == {place.dev}, "and a deployment only its own"
    shop.ok("promote", "prod")
    assert outputs(place.states()) == {place.dev: "in dev", place.prod: "in prod"}
    for environment in ("dev", "prod"):
        done = shop.ok("deploy", environment, "--json").json
        assert "apply" not in [step["name"] for step in done["steps"]], "the same state is found again"
    assert shop.ok("drift", "--json").json["environments"][0]["status"] == "clean"
    place.remove(place.dev)
    refused = shop.run("deploy", "dev", "--json")
    assert refused.code != 0
    assert "apply" not in [step["name"] for step in refused.json["steps"]]
    assert set(place.states()) == {place.prod}, "a workspace that was deleted is not made again in silence"
    assert shop.run("drift", "dev").code == 1
    assert shop.run("state", "restore", "dev/net", *YES).code in (0, 1)
    assert outputs(place.states()) == {place.dev: "in dev", place.prod: "in prod"}
    shop.ok("destroy", "dev", "--yes", "--reason", "not needed")
    left = place.states()
    assert left[place.prod]["resources"] and not left.get(place.dev, {}).get("resources")


def test_two_workspaces_of_one_folder_are_deployed_side_by_side(tmp_path: Path, place: Place) -> None:
    rules = (
        f"version: 1\nenvironments: {{prod: {{env: [{', '.join(place.variables)}]}}}}\nstacks:\n"
        + "".join(f"  - {{path: net, environment: prod, name: {n}, workspace: {n}}}\n" for n in ("eu", "us", "ap"))
        + "  - {path: net, environment: prod, name: none}\n"
    )
    shop = shop_of(tmp_path, place, {"terrace.yaml": rules})
    checked = shop.run("check", "--base", "HEAD", "--json")
    assert checked.json["verdict"] == "pass", checked.out
    shop.ok("deploy", "prod")
    assert sorted(outputs(place.states()).values()) == ["in ap", "in default", "in eu", "in us"]
    planned = shop.ok("plan", "--json").json["plans"]
    assert [len(plan["changes"]) for plan in planned] == [0, 0, 0, 0]


@pytest.mark.aws
def test_a_workspace_that_was_renamed_is_told_and_its_state_moves(tmp_path: Path) -> None:
    with in_s3() as place:
        shop = shop_of(tmp_path, place)
        shop.ok("deploy", "dev")
        old = shop.work.joinpath("terrace.yaml").read_text()
        shop.push({"terrace.yaml": old.replace("workspace: dev", "workspace: develop")})
        checked = shop.run("check", "--base", "HEAD~1", "--json")
        (found,) = [f for f in checked.json["findings"] if f["rule"] == "plan" and f.get("stack") == "dev/net"]
        assert "the address of its state changed" in found["message"] and "env:/develop/net" in found["message"]
        refused = shop.run("deploy", "dev", "--json")
        assert refused.code != 0 and "apply" not in [step["name"] for step in refused.json["steps"]]
        assert set(place.states()) == {"env:/dev/net"}, "nothing was made under the new name"
        shop.ok("state", "adopt", "dev/net", "--yes", "--reason", "renamed")
        assert outputs(place.states())["env:/develop/net"] == "in dev"
        assert [s["name"] for s in shop.ok("deploy", "dev", "--json").json["steps"] if s["name"] == "apply"] == [
            "apply"
        ]
        assert outputs(place.states())["env:/develop/net"] == "in develop"


def test_the_state_of_a_workspace_of_plain_terraform_is_adopted_and_no_other(tmp_path: Path) -> None:
    with here() as place:
        shop = shop_of(tmp_path, place)
        for name in ("dev", "prod"):
            env = {**os.environ, "TF_WORKSPACE": name, "TF_CLI_CONFIG_FILE": os.devnull}
            for command in (("init", "-input=false"), ("apply", "-auto-approve", "-input=false")):
                subprocess.run(["terraform", *command], cwd=shop.work / "net", env=env, check=True, capture_output=True)
        (shop.work / ".git/info/exclude").write_text("*.tfstate*\n.terraform*\n")
        refused = shop.run("deploy", "dev")
        assert refused.code != 0 and "state adopt dev/net" in refused.out + refused.err
        shop.ok("state", "adopt", "dev/net", "--yes", "--reason", "taken over")
        assert outputs(place.states()) == {place.dev: "in dev"}
        done = shop.ok("deploy", "dev", "--json").json
        assert "apply" not in [step["name"] for step in done["steps"]], "nothing is made a second time"


def test_the_workspace_that_a_user_selected_is_told_where_the_stack_names_none(tmp_path: Path) -> None:
    with in_postgres() as place:
        rules = "version: 1\nenvironments: {dev: {}}\nstacks: [{path: net, environment: dev}]\n"
        shop = shop_of(tmp_path, place, {"terrace.yaml": rules})
        for command in (("init", "-input=false"), ("workspace", "new", "live"), ("apply", "-auto-approve")):
            env = {**os.environ, "TF_CLI_CONFIG_FILE": os.devnull}
            subprocess.run(["terraform", *command], cwd=shop.work / "net", env=env, check=True, capture_output=True)
        (shop.work / ".git/info/exclude").write_text(".terraform*\n")
        refused = shop.run("deploy", "dev")
        assert refused.code != 0
        assert "`workspace: live`" in refused.out + refused.err, refused.out + refused.err
        shop.push({"terrace.yaml": rules.replace("dev}]", "dev, workspace: live}]")})
        done = shop.ok("deploy", "dev", "--json").json
        assert "apply" not in [step["name"] for step in done["steps"]], "the state of the workspace is found"


@pytest.mark.aws
def test_one_root_with_a_file_of_settings_for_each_environment_shares_no_state(tmp_path: Path) -> None:
    with in_s3() as place:
        rules = RULES.replace("ENV", f"[{', '.join(place.variables)}]").partition("stacks:")[0] + (
            "stacks:\n"
            + "".join(f"  - {{path: net, environment: {e}, var_files: [env/{e}.tfvars]}}\n" for e in ("dev", "prod"))
        )
        files = {f"env/{e}.tfvars": f'size = "{e}"\n' for e in ("dev", "prod")}
        files |= {f"env/{e}.tfbackend": f'key = "multi/{e}"\n' for e in ("dev", "prod")}
        main = place.block + 'variable "size" {}\n' + NET.replace("terraform.workspace", "var.size")
        shop = shop_of(tmp_path, place, {**files, "net/main.tf": main, "terrace.yaml": rules})
        shared = shop.run("deploy", "dev", "--json")
        assert (shared.code, shared.json["result"]) == (1, "blocked")
        assert "dev/net" in shared.json["reasons"][0] and "names the state of prod/net" in shared.json["reasons"][0]
        assert place.states() == {}
        shop.push({"terrace.yaml": rules.replace(".tfvars]", ".tfvars], backend_files: [FILE]")})
        lines = [
            line.replace("FILE", f"env/{e}.tfbackend")
            for line in (shop.work / "terrace.yaml").read_text().splitlines()
            for e in ["dev" if "environment: dev" in line else "prod"]
        ]
        shop.push({"terrace.yaml": "\n".join(lines) + "\n"})
        shop.ok("deploy", "dev")
        assert outputs(place.states()) == {"multi/dev": "in dev"}
        shop.ok("promote", "prod")
        assert outputs(place.states()) == {"multi/dev": "in dev", "multi/prod": "in prod"}
        planned = shop.ok("plan", "--json").json["plans"]
        assert [len(plan["changes"]) for plan in planned] == [0, 0]


def test_committed_states_of_workspaces_are_refused(tmp_path: Path) -> None:
    with here() as place:
        shop = shop_of(tmp_path, place, {"net/terraform.tfstate.d/old/terraform.tfstate": "{}"})
        refused = shop.run("plan", "dev/net", "prod/net")
        assert refused.code == 2
        assert refused.out.count("net/terraform.tfstate.d is committed to the repository") >= 2, refused.out


READER = """\
data "terraform_remote_state" "net" {
  backend   = "pg"
  workspace = terraform.workspace

  config = {
    conn_str    = "CONNECTION"
    schema_name = "of_net"
  }
}

resource "terraform_data" "reader" {
  input = "read: ${data.terraform_remote_state.net.outputs.it}"
}

output "it" {
  value = terraform_data.reader.output
}
"""


def test_a_stack_that_reads_the_workspace_of_another_goes_after_it(tmp_path: Path) -> None:
    with pg() as found:
        assert isinstance(found, Postgres)
        more = "".join(f"  - {{path: app, environment: {e}, workspace: {e}}}\n" for e in ("dev", "prod"))
        files = {
            "net/main.tf": found.block("net") + NET,
            "app/main.tf": found.block("app") + READER.replace("CONNECTION", found.connection),
            "terrace.yaml": RULES.replace("ENV", "[]") + more,
        }
        shop = world(tmp_path, files)
        for command, environment in (("deploy", "dev"), ("promote", "prod")):
            steps = shop.ok(command, environment, "--json").json["steps"]
            applied = [step["stack"] for step in steps if step["name"] == "apply"]
            assert applied == [f"{environment}/net", f"{environment}/app"]
            (snapshot,) = [s for s in steps if s["name"] == "snapshot" and s["stack"] == f"{environment}/app"]
            assert snapshot["result"] == "succeeded"


def test_local_states_of_other_workspaces_do_not_come_in_the_way_of_a_check(tmp_path: Path) -> None:
    """A stack of another folder is planned beside them, as are the workspaces that are new and those that are not."""
    with here() as place:
        more = "".join(f"  - {{path: app, environment: {e}, workspace: {e}}}\n" for e in ("dev", "prod"))
        rules = RULES.replace("ENV", "[]") + more + "  - {path: own, environment: dev}\n"
        shop = shop_of(tmp_path, place, {"app/main.tf": NET, "own/main.tf": NET, "terrace.yaml": rules})
        shop.ok("deploy", "dev")
        planned = shop.ok("plan", "--json").json["plans"]
        assert {plan["path"] + " " + plan["environment"]: len(plan["changes"]) for plan in planned} == {
            "app dev": 0,
            "net dev": 0,
            "own dev": 0,
            "app prod": 1,
            "net prod": 1,
        }
        shop.ok("promote", "prod")
