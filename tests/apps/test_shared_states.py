"""A state belongs to one stack: with real Terraform, and a state store that is a server on loopback."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cli import World, world
from support.git import commit, git
from support.http_states import HttpStore, serve_states

pytestmark = pytest.mark.slow

RULES = """\
version: 1
environments:
  dev: {env: [TF_HTTP_ADDRESS]}
  prod: {approvals: 1}
people: {ann: {emails: [ann@example.com]}, bob: {emails: [bob@example.com]}}
"""


@pytest.fixture
def store() -> Iterator[tuple[str, HttpStore]]:
    with serve_states() as found:
        yield found


def backend(address: str, path: str) -> str:
    return f'terraform {{\n  backend "http" {{\n    address = "{address}/{path}"\n  }}\n}}\n'


def thing(name: str) -> str:
    return f'resource "terraform_data" "{name}" {{\n  input = "{name}"\n}}\n'


@pytest.fixture
def shop(tmp_path: Path, store: tuple[str, HttpStore]) -> World:
    """prod is deployed, with its approval; dev has one stack that was never deployed."""
    address, _ = store
    files = {
        "environments/prod/app/main.tf": backend(address, "prod") + thing("precious"),
        "environments/dev/app/main.tf": backend(address, "dev") + thing("toy"),
        "terrace.yaml": RULES,
    }
    made = world(tmp_path, files)
    made.run("deploy", "prod")
    made.approve("prod", "bob")
    made.ok("resume", "prod")
    return made


def blocked(shop: World, *words: str) -> None:
    """dev is refused, and the reason says all of that."""
    done = shop.run("deploy", "dev", "--json")
    assert (done.code, done.json["result"]) == (1, "blocked"), done.out + done.err
    assert not [step for step in done.json["steps"] if step["name"] == "plan"], "it is not even planned"
    for word in words:
        assert word in " ".join(done.json["reasons"]), done.json["reasons"]


def test_a_copy_of_the_backend_of_prod_is_found_by_check_and_refused_by_deploy(
    shop: World, store: tuple[str, HttpStore]
) -> None:
    address, states = store
    before = states.states["/prod"]
    git(shop.work, "switch", "--quiet", "--create", "change")
    copy = {
        "environments/dev/extra/main.tf": thing("other"),
        "environments/dev/extra/zz_override.tf.json": (
            f'{{"terraform": {{"backend": {{"http": {{"address": "{address}/./prod/"}}}}}}}}'
        ),
    }
    shop.push(copy)
    checked = shop.run("check", "--json")
    assert checked.code == 1
    (found,) = [f for f in checked.json["findings"] if f["rule"] == "shared-state" and f["status"] == "fail"]
    assert "environments/dev/extra/zz_override.tf.json" in str(found)
    assert "dev/extra and prod/app have the same state" in found["message"]
    assert all("precious" not in str(plan) for plan in checked.json["plans"]), "and it is not planned on it"
    git(shop.work, "switch", "--quiet", "main")
    git(shop.work, "merge", "--quiet", "change")
    git(shop.work, "push", "--quiet", "origin", "main")
    blocked(shop, "dev/extra (environments/dev/extra/zz_override.tf.json", "names the state of prod/app")
    assert states.states["/prod"] == before


def test_a_commit_that_moves_prod_away_frees_its_deployed_state_for_nobody(
    shop: World, store: tuple[str, HttpStore]
) -> None:
    """At that commit no two stacks have one address: prod is still deployed at its old one."""
    address, states = store
    before = states.states["/prod"]
    old = git(shop.work, "rev-parse", "HEAD")
    shop.push(
        {
            "environments/prod/app/main.tf": backend(address, "elsewhere") + thing("precious"),
            "environments/dev/extra/main.tf": backend(address, "prod") + thing("other"),
        }
    )
    checked = shop.run("check", "--base", old, "--json")
    messages = [f["message"] for f in checked.json["findings"] if f["rule"] == "shared-state"]
    assert any("dev/extra adopts the state of prod/app" in message for message in messages), messages
    blocked(shop, "names the state of prod/app at", old[:7])
    assert states.states["/prod"] == before


def test_a_stack_that_is_renamed_into_another_environment_does_not_take_its_state_along(
    shop: World, store: tuple[str, HttpStore]
) -> None:
    _, states = store
    before = states.states["/prod"]
    git(shop.work, "mv", "environments/prod/app", "environments/dev/extra")
    shop.push({"environments/dev/extra/main.tf": (shop.work / "environments/dev/extra/main.tf").read_text() + "\n"})
    blocked(shop, "dev/extra", "names the state of prod/app")
    assert states.states["/prod"] == before


def test_the_state_of_an_environment_that_is_gone_is_not_taken_over_by_one_that_was_there_before(
    shop: World, store: tuple[str, HttpStore]
) -> None:
    """dev asks nobody: the objects of prod would be destroyed by its rules as soon as prod is not named any more."""
    address, states = store
    before = states.states["/prod"]
    gone = RULES.replace("  prod: {approvals: 1}\n", "")
    shop.push(
        {
            "environments/prod/app/main.tf": None,
            "environments/dev/app/main.tf": backend(address, "prod") + thing("other"),
            "terrace.yaml": gone,
        }
    )
    done = shop.run("deploy", "dev", "--json")
    assert done.code == 1 and "is the state of prod/app" in " ".join(done.json["reasons"]), done.out + done.err
    assert states.states["/prod"] == before
    # Another name for the environment, with the same rules, keeps the states.
    shop.push(
        {
            "environments/dev/app/main.tf": backend(address, "dev") + thing("toy"),
            "environments/live/app/main.tf": backend(address, "prod") + thing("precious"),
            "terrace.yaml": RULES.replace("  prod:", "  live:"),
        }
    )
    renamed = shop.run("deploy", "live", "--json").json
    assert renamed["result"] in ("succeeded", "waiting"), renamed["reasons"]


def test_what_an_environment_took_over_from_its_old_name_is_not_destroyed_by_the_rules_of_the_old_name(
    shop: World, store: tuple[str, HttpStore]
) -> None:
    """Until the new name is deployed the ledger knows the objects under the old one, whose rules may ask nobody."""
    address, states = store
    before = states.states["/prod"]
    shop.push({"terrace.yaml": RULES.replace("prod: {approvals: 1}", "prod: {protected: false}")})
    shop.push(
        {
            "environments/prod/app/main.tf": None,
            "environments/live/app/main.tf": backend(address, "prod") + thing("precious"),
            "terrace.yaml": RULES.replace("  prod: {approvals: 1}", "  live: {approvals: 2}"),
        }
    )
    for stack in ((), ("prod/app",)):
        done = shop.run("destroy", "prod", *stack, "--reason", "x", "--yes", "--json")
        assert (done.code, done.json["result"]) == (1, "blocked"), done.out + done.err
        assert "live/app" in " ".join(done.json["reasons"])
        assert states.states["/prod"] == before


def test_an_address_that_is_not_literal_is_told_and_the_lineage_of_prod_is_refused(
    shop: World, store: tuple[str, HttpStore]
) -> None:
    address, states = store
    before = states.states["/prod"]
    git(shop.work, "switch", "--quiet", "--create", "change")
    shop.push(
        {
            "environments/dev/app/main.tf": None,
            "environments/dev/extra/main.tf": 'terraform {\n  backend "http" {}\n}\n' + thing("other"),
        }
    )
    shop.variables["TF_HTTP_ADDRESS"] = f"{address}/prod"
    checked = shop.run("check", "--json").json
    messages = [(f["status"], f["message"]) for f in checked["findings"] if f["rule"] == "shared-state"]
    assert any(s == "unknown" and "address of its http backend" in m for s, m in messages), messages
    assert any("dev/extra is new, and its state is not empty" in m for _, m in messages), messages
    git(shop.work, "switch", "--quiet", "main")
    git(shop.work, "merge", "--quiet", "change")
    git(shop.work, "push", "--quiet", "origin", "main")
    done = shop.run("deploy", "dev", "--json")
    assert (done.code, done.json["result"]) == (1, "failed"), done.out + done.err
    assert "is the state of prod/app" in done.json["reasons"][0]
    assert states.states["/prod"] == before


def test_a_state_of_which_neither_address_nor_ledger_says_whose_it_is_is_adopted_before_it_is_planned_on(
    shop: World, store: tuple[str, HttpStore]
) -> None:
    """Terrace never deployed the stack that it belongs to, and the environment completes the address."""
    address, states = store
    told = json.loads(states.states["/prod"])
    states.states["/legacy"] = json.dumps({**told, "lineage": "11111111-2222-3333-4444-555555555555"}).encode()
    before = states.states["/legacy"]
    shop.variables["TF_HTTP_ADDRESS"] = f"{address}/legacy"
    partial = 'terraform {\n  backend "http" {}\n}\n'
    shop.push({"environments/dev/app/main.tf": partial + thing("other")})
    done = shop.run("deploy", "dev", "--json")
    assert (done.code, done.json["result"]) == (1, "failed"), done.out + done.err
    assert "`terrace state adopt dev/app`" in done.json["reasons"][0]
    assert states.states["/legacy"] == before
    shop.push({"environments/dev/app/main.tf": partial + thing("precious")})
    shop.ok("state", "adopt", "dev/app", "--yes", "--reason", "it is ours")
    assert shop.ok("deploy", "dev", "--json").json["result"] == "succeeded"


def test_a_stack_that_is_renamed_keeps_its_state_and_goes_back(shop: World, store: tuple[str, HttpStore]) -> None:
    _, states = store
    git(shop.work, "mv", "environments/prod/app", "environments/prod/application")
    shop.push({"environments/prod/application/more.tf": thing("more")})
    told = shop.run("destroy", "prod", "prod/app", "--reason", "x", "--yes")
    assert told.code == 1, "it is not destroyed before its new name is deployed"
    assert "prod/app: its state" in told.out + told.err and "that of prod/application" in told.out + told.err
    waiting = shop.run("deploy", "prod", "--json")
    assert waiting.json["result"] == "waiting", waiting.out + waiting.err
    (planned,) = [step["message"] for step in waiting.json["steps"] if step["name"] == "plan"]
    assert "1 to create" in planned and "prod/app was renamed" in planned
    shop.approve("prod", "bob")
    assert shop.ok("resume", "prod", "--json").json["result"] == "succeeded"
    assert b"more" in states.states["/prod"] and b"precious" in states.states["/prod"]
    told = shop.run("destroy", "prod", "prod/app", "--reason", "x", "--yes")
    assert told.code == 2, "and not afterwards"
    assert "prod/app was renamed to prod/application" in told.err
    back = shop.run("rollback", "prod", "--reason", "sick", "--yes", "--json")
    assert back.json["result"] == "waiting", back.out + back.err
    shop.approve("prod", "bob")
    assert shop.ok("resume", "prod", "--json").json["result"] == "succeeded"
    assert b'"more"' not in states.states["/prod"] and b"precious" in states.states["/prod"]


def test_a_new_stack_whose_state_is_not_empty_is_told(shop: World, store: tuple[str, HttpStore]) -> None:
    """Somebody deployed it without Terrace: the state is nobody's in the ledger, and has objects."""
    _, states = store
    states.states["/dev"] = states.states["/prod"].replace(b'"lineage": "', b'"lineage": "0')
    done = shop.run("deploy", "dev", "--json")
    (planned,) = [step["message"] for step in done.json["steps"] if step["name"] == "plan"]
    assert "state of dev/app is not empty although the stack is new here" in planned
    assert "its 1 resources" in planned


@pytest.mark.parametrize("kept", ["local", "http"])
def test_a_stack_that_is_renamed_without_its_state_creates_nothing_twice(
    tmp_path: Path, store: tuple[str, HttpStore], kept: str
) -> None:
    address, _ = store
    marks = tmp_path / "marks"
    provisioner = f'  provisioner "local-exec" {{\n    command = "echo made >> {marks}"\n  }}\n'
    made = thing("toy").replace("}\n", f"{provisioner}}}\n")
    where = "" if kept == "local" else backend(address, "old")
    shop = world(
        tmp_path / "place",
        {
            "environments/dev/app/main.tf": where + made,
            "environments/dev/other/main.tf": thing("other"),
            "terrace.yaml": "version: 1\nenvironments:\n  dev: {}\npeople: {ann: {emails: [ann@example.com]}}\n",
        },
    )
    shop.ok("deploy", "dev")
    git(shop.work, "switch", "--quiet", "--create", "change")
    git(shop.work, "mv", "environments/dev/app", "environments/dev/app2")
    there = backend(address, "new") if kept == "http" else ""
    commit(shop.work, {"environments/dev/app2/main.tf": f"{there}{made}# moved\n"})
    checked = shop.run("check", "--json")
    assert checked.code == 1
    (found,) = [f for f in checked.json["findings"] if f["rule"] == "shared-state" and f["status"] == "fail"]
    assert "dev/app2 creates the resources of dev/app" in found["message"]
    assert "terraform state push" in found["fix"] and "terrace destroy dev dev/app" in found["fix"]
    git(shop.work, "switch", "--quiet", "main")
    git(shop.work, "merge", "--quiet", "change")
    git(shop.work, "push", "--quiet", "origin", "main")
    done = shop.run("deploy", "dev", "--json")
    assert (done.code, done.json["result"]) == (1, "failed"), done.out + done.err
    assert "dev/app2 creates the resources of dev/app" in done.json["reasons"][0]
    assert marks.read_text().split() == ["made"]
    if kept == "local":
        (state,) = Path(os.environ["TERRACE_HOME"]).glob("data/*/states/dev/app")
        state.rename(state.with_name("app2"))
        shop.ok("deploy", "dev")
        assert marks.read_text().split() == ["made"], "it has its state now"
    else:
        shop.ok("destroy", "dev", "dev/app", "--yes", "--reason", "made anew")
        shop.ok("deploy", "dev")
        assert marks.read_text().split() == ["made", "made"], "the first is gone"


def test_a_stack_that_is_split_without_its_state_creates_nothing_twice_until_a_person_says_that_it_is_empty(
    tmp_path: Path,
) -> None:
    rules = "version: 1\nenvironments:\n  dev: {}\npeople: {ann: {emails: [ann@example.com]}}\n"
    parts = [thing(f"part{number}") for number in range(4)]
    halves = {
        "environments/dev/one/main.tf": "".join([parts[0], *(thing(f"one{at}") for at in range(3))]),
        "environments/dev/two/main.tf": "".join([parts[1], *(thing(f"two{at}") for at in range(3))]),
    }
    other = {"environments/dev/other/main.tf": thing("other")}
    shop = world(tmp_path / "place", {"environments/dev/app/main.tf": "".join(parts), **other, "terrace.yaml": rules})
    shop.ok("deploy", "dev")
    git(shop.work, "switch", "--quiet", "--create", "change")
    git(shop.work, "rm", "--quiet", "-r", "environments/dev/app")
    commit(shop.work, halves)
    checked = shop.run("check", "--json")
    found = [f for f in checked.json["findings"] if f["rule"] == "shared-state" and f["status"] == "fail"]
    assert sorted(f["stack"] for f in found) == ["dev/one", "dev/two"], checked.out
    assert all("dev/one, dev/two together create the resources of dev/app" in f["message"] for f in found)
    assert "terrace state backup dev --accept dev/app" in found[0]["fix"]
    git(shop.work, "switch", "--quiet", "main")
    git(shop.work, "merge", "--quiet", "change")
    git(shop.work, "push", "--quiet", "origin", "main")
    done = shop.run("deploy", "dev", "--json")
    assert (done.code, done.json["result"]) == (1, "failed"), done.out + done.err
    assert "together create the resources of dev/app" in json.dumps(done.json["reasons"])
    assert not list(Path(os.environ["TERRACE_HOME"]).glob("data/*/states/dev/one/*.tfstate")), "nothing was applied"

    shop.ok("state", "backup", "dev", "--accept", "dev/app")
    assert shop.run("deploy", "dev").code == 1, "it holds its objects, whatever a person says"
    (state,) = Path(os.environ["TERRACE_HOME"]).glob("data/*/states/dev/app/terraform.tfstate")
    emptied = json.loads(state.read_bytes())
    state.write_text(json.dumps({**emptied, "serial": emptied["serial"] + 1, "resources": []}))
    shop.ok("state", "backup", "dev")
    assert shop.run("deploy", "dev").code == 1, "nobody said that this is right"
    shop.ok("state", "backup", "dev", "--accept", "dev/app")
    shop.ok("state", "backup", "dev")
    shop.ok("deploy", "dev")


def test_a_setting_of_the_machine_does_not_move_the_state_from_the_judged_address(
    tmp_path: Path, store: tuple[str, HttpStore]
) -> None:
    """An argument of `init` comes after the backend block and after `backend_config`."""
    address, states = store
    moved = tmp_path / "backend.hcl"
    moved.write_text(f'address = "{address}/elsewhere"\n')
    shop = world(
        tmp_path / "place",
        {
            "environments/dev/main.tf": backend(address, "dev") + thing("toy"),
            "terrace.yaml": "version: 1\nenvironments:\n  dev: {env: [TF_CLI_ARGS_init]}\n"
            "people: {ann: {emails: [ann@example.com]}}\n",
        },
    )
    for argument in (f"-backend-config=address={address}/elsewhere", f"-backend-config={moved}"):
        shop.variables["TF_CLI_ARGS_init"] = argument
        done = shop.run("deploy", "dev", "--json")
        assert (done.code, done.json["result"]) == (1, "failed"), done.out + done.err
        assert "would use another address in its http backend" in done.json["reasons"][0]
    assert not states.states
    shop.variables.clear()
    shop.variables["TF_CLI_ARGS_init"] = "-no-color"
    shop.ok("deploy", "dev")
    assert list(states.states) == ["/dev"]
