"""States that exist before Terrace: found, refused, and adopted, with real Terraform as a newcomer ran it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.cli import World, world
from support.http_states import HttpStore, serve_states

pytestmark = pytest.mark.slow

RULES = "version: 1\nenvironments: {dev: {}}\n"
THING = 'resource "terraform_data" "it" {\n  input = "one"\n}\n\noutput "it" {\n  value = terraform_data.it.output\n}\n'
STACK = "environments/dev"
YES = ("--yes", "--reason", "it was applied by hand")


@pytest.fixture
def store() -> Iterator[tuple[str, HttpStore]]:
    with serve_states() as found:
        yield found


def local(path: Path | str) -> str:
    return f'terraform {{\n  backend "local" {{\n    path = "{path}"\n  }}\n}}\n'


def http(address: str) -> str:
    return f'terraform {{\n  backend "http" {{\n    address = "{address}"\n  }}\n}}\n'


def newcomer(tmp_path: Path, backend: str = "") -> World:
    """A repository in whose checkout somebody ran `terraform apply`, with what every .gitignore has."""
    ignored = ".terraform/\n*.tfstate\n*.tfstate.*\n.terraform.lock.hcl\n"
    shop = world(tmp_path, {f"{STACK}/main.tf": backend + THING, ".gitignore": ignored, "terrace.yaml": RULES})
    by_hand(shop)
    return shop


def by_hand(shop: World) -> None:
    for command in (("init", "-input=false"), ("apply", "-auto-approve", "-input=false")):
        env = {k: v for k, v in os.environ.items() if not k.startswith("TF_")}
        subprocess.run(["terraform", *command], cwd=shop.work / STACK, env=env, check=True, capture_output=True)


def refused(shop: World) -> str:
    """`deploy` and `check` plan nothing and name the way out; what deploy says."""
    done = shop.run("deploy", "dev", "--json")
    assert (done.code, done.json["result"]) == (1, "failed"), done.out + done.err
    assert "apply" not in [step["name"] for step in done.json["steps"]]
    shop.push({f"{STACK}/more.tf": 'output "more" {\n  value = 1\n}\n'})
    checked = shop.run("check", "--base", "HEAD~1", "--json")
    assert checked.code == 1
    assert "terrace state adopt dev" in checked.out
    told: str = done.json["reasons"][0]
    assert "terrace state adopt dev" in told
    return told


def adopted(shop: World, *options: str) -> dict[str, Any]:
    """Adopt it; the deployment afterwards creates nothing."""
    done: dict[str, Any] = shop.ok("state", "adopt", "dev", *options, *YES, "--json").json
    again = shop.ok("deploy", "dev", "--json").json
    plans = [step for step in again["steps"] if step["name"] == "plan"]
    assert all("create" not in step["message"] for step in plans), plans
    return done


def test_a_state_beside_the_stack_is_refused_and_adopted(tmp_path: Path) -> None:
    shop = newcomer(tmp_path)
    file = shop.work / STACK / "terraform.tfstate"
    before = json.loads(file.read_text())
    assert "everything a second time" in refused(shop)
    done = adopted(shop)
    assert (done["source"], done["objects"], done["creates"]) == (str(file), ["terraform_data.it"], [])
    assert not file.exists(), "a plain `terraform apply` would go on with it"
    assert json.loads(Path(done["put_aside"]).read_text()) == before
    after = shop.state("dev")
    assert (after["lineage"], after["resources"]) == (before["lineage"], before["resources"])
    (copy, *_) = shop.ok("state", "list", "dev", "--json").json["backups"]
    assert copy["lineage"] == before["lineage"]
    again = shop.ok("state", "adopt", "dev", *YES)
    assert "dev is deployed by Terrace" in again.out
    assert "nothing to adopt" in again.out
    assert shop.ok("state", "adopt", "dev", "--json").json["already"] is True


@pytest.mark.parametrize("relative", [True, False])
def test_a_state_at_the_path_that_the_backend_names_is_refused_and_adopted(tmp_path: Path, relative: bool) -> None:
    path = "../../states/dev.tfstate" if relative else tmp_path / "elsewhere" / "dev.tfstate"
    shop = newcomer(tmp_path / "shop", local(path))
    refused(shop)
    done = adopted(shop)
    assert Path(done["source"]).name == "dev.tfstate"
    assert not Path(done["source"]).exists()


def test_a_state_in_the_backend_of_an_earlier_init_is_refused_and_adopted(
    tmp_path: Path, store: tuple[str, HttpStore]
) -> None:
    address, kept = store
    shop = newcomer(tmp_path, http(f"{address}/old"))
    shop.push({f"{STACK}/main.tf": http(f"{address}/new") + THING})
    told = refused(shop)
    assert "another backend: http address" in told
    done = adopted(shop)
    assert (done["put_aside"], json.loads(kept.states["/new"])["outputs"]["it"]["value"]) == (None, "one")
    assert "/old" in kept.states, "Terraform leaves the old one too"


@pytest.mark.parametrize("way", ["record", "record by a link", "state beside the stack", "state by a link"])
def test_a_branch_that_is_not_merged_does_not_say_where_the_state_of_a_stack_is(
    tmp_path: Path, store: tuple[str, HttpStore], way: str
) -> None:
    address, kept = store
    shop = world(tmp_path, {f"{STACK}/main.tf": THING, "terrace.yaml": RULES})
    evil = state_of_another(tmp_path)
    kept.states["/evil"] = evil.encode()
    record = json.dumps(
        {"version": 3, "backend": {"type": "http", "config": {"address": f"{address}/evil"}, "hash": 1}}
    )
    files = {
        "record": {f"{STACK}/.terraform/terraform.tfstate": record},
        "record by a link": {"docs/terraform.tfstate": record},
        "state beside the stack": {f"{STACK}/terraform.tfstate": evil},
        "state by a link": {"docs/dev.json": evil},
    }[way]
    git(shop, "switch", "-q", "-c", "feature")
    for path, text in files.items():
        (shop.work / path).parent.mkdir(parents=True, exist_ok=True)
        (shop.work / path).write_text(text)
    if way == "record by a link":
        (shop.work / STACK / ".terraform").symlink_to("../../docs")
    if way == "state by a link":
        (shop.work / STACK / "terraform.tfstate").symlink_to("../../docs/dev.json")
    git(shop, "add", "--force", ".")
    git(shop, "commit", "-q", "-m", "Describe how it is deployed")
    done = shop.run("state", "adopt", "dev", *YES)
    assert done.code == 2
    assert "is a file of the checked-out commit, not of the protected branch" in done.err
    assert kept.asked == []
    assert shop.run("adopt", "dev", "--yes", "--reason", "x").code != 0
    assert kept.asked == []
    if way.startswith("state"):
        return
    # Merged, it is what people reviewed.
    git(shop, "push", "-q", "origin", "feature:main")
    git(shop, "switch", "-q", "main")
    git(shop, "pull", "-q")
    shop.ok("state", "adopt", "dev", *YES)


def git(shop: World, *words: str) -> None:
    subprocess.run(["git", *words], cwd=shop.work, check=True, capture_output=True)


def state_of_another(tmp_path: Path) -> str:
    """A state with the objects of the stack, as somebody else applied them."""
    folder = tmp_path / "another"
    folder.mkdir()
    (folder / "main.tf").write_text(THING)
    for command in (("init", "-input=false"), ("apply", "-auto-approve", "-input=false")):
        subprocess.run(["terraform", *command], cwd=folder, check=True, capture_output=True)
    return (folder / "terraform.tfstate").read_text()


def test_a_local_state_is_adopted_into_a_remote_backend_that_is_empty(
    tmp_path: Path, store: tuple[str, HttpStore]
) -> None:
    address, kept = store
    shop = newcomer(tmp_path)
    shop.push({f"{STACK}/main.tf": http(f"{address}/new") + THING})
    refused(shop)
    adopted(shop)
    assert "/new" in kept.states


def test_an_adoption_that_was_cut_short_goes_on_and_one_onto_another_state_is_refused(
    tmp_path: Path, store: tuple[str, HttpStore]
) -> None:
    address, kept = store
    shop = newcomer(tmp_path)
    shop.push({f"{STACK}/main.tf": http(f"{address}/new") + THING})
    file = shop.work / STACK / "terraform.tfstate"
    state = json.loads(file.read_text())
    other = json.loads(file.read_text())
    other["resources"][0]["name"] = "another"
    kept.states["/new"] = json.dumps(other | {"lineage": "l2"}).encode()
    onto = shop.run("state", "adopt", "dev", *YES)
    assert (onto.code, "not overwritten" in onto.err) == (2, True)
    assert json.loads(kept.states["/new"])["lineage"] == "l2"
    # A remote backend gives what is pushed into it a lineage of its own.
    kept.states["/new"] = json.dumps(state | {"lineage": "l3", "serial": 1}).encode()
    done = adopted(shop)
    assert (done["lineage"], file.exists()) == ("l3", False)


def test_a_state_with_which_a_plan_creates_something_is_refused_until_that_is_accepted(tmp_path: Path) -> None:
    shop = newcomer(tmp_path)
    shop.push({f"{STACK}/more.tf": 'resource "terraform_data" "more" {}\n'})
    file = shop.work / STACK / "terraform.tfstate"
    doubtful = shop.run("state", "adopt", "dev", *YES)
    assert (doubtful.code, "--accept terraform_data.more" in doubtful.err) == (2, True)
    assert file.exists()
    done = shop.ok("state", "adopt", "dev", "--accept", "terraform_data.more", *YES, "--json").json
    assert done["creates"] == ["terraform_data.more"]


def test_a_damaged_state_and_several_states_are_never_guessed_about(tmp_path: Path) -> None:
    shop = newcomer(tmp_path)
    file = shop.work / STACK / "terraform.tfstate"
    whole = file.read_bytes()
    file.write_bytes(whole[:300])
    assert "not a state that Terraform writes" in refused(shop)
    damaged = shop.run("state", "adopt", "dev", *YES)
    assert (damaged.code, "cannot be adopted" in damaged.err) == (2, True)
    for workspace in ("one", "two"):
        other = shop.work / STACK / "terraform.tfstate.d" / workspace / "terraform.tfstate"
        other.parent.mkdir(parents=True)
        other.write_bytes(whole)
    several = shop.run("state", "adopt", "dev", *YES)
    assert (several.code, "--from PATH" in several.err) == (2, True)
    done = shop.ok("state", "adopt", "dev", "--from", str(other), *YES, "--json").json
    assert done["source"] == str(other)


def reader(path: str) -> str:
    return (
        f'data "terraform_remote_state" "net" {{\n  backend = "local"\n  config = {{\n    path = {path}\n  }}\n}}\n\n'
        'output "read" {\n  value = data.terraform_remote_state.net.outputs.it\n}\n'
    )


def test_a_reader_of_a_local_state_that_terrace_keeps_finds_it_by_every_way_of_naming_it(tmp_path: Path) -> None:
    files = {
        f"{STACK}/net/main.tf": THING,
        f"{STACK}/named/main.tf": local("../../../states/named.tfstate") + THING,
        f"{STACK}/app/main.tf": reader('"../net/terraform.tfstate"'),
        f"{STACK}/bpp/main.tf": reader('"${path.root}/../net/terraform.tfstate"'),
        f"{STACK}/cpp/main.tf": reader('"../../../states/named.tfstate"'),
        f"{STACK}/dpp/main.tf": 'module "reads" {\n  source = "../../../modules/reads"\n}\n\n'
        'output "read" {\n  value = module.reads.read\n}\n',
        "modules/reads/main.tf": reader('"${path.module}/../../environments/dev/net/terraform.tfstate"'),
        "terrace.yaml": RULES
        + "stacks:\n"
        + "".join(f"  - {{path: {STACK}/{one}, environment: dev, after: [net, named]}}\n" for one in ("bpp", "dpp")),
    }
    shop = world(tmp_path, files)
    done = shop.ok("deploy", "dev", "--json").json
    outputs = {step["stack"]: step for step in done["steps"] if step["name"] == "apply"}
    assert set(outputs) == {f"dev/{one}" for one in ("net", "named", "app", "bpp", "cpp", "dpp")}
    for name in ("app", "bpp", "cpp", "dpp"):
        (path,) = Path(os.environ["TERRACE_HOME"]).glob(f"data/*/states/dev/{name}/terraform.tfstate")
        assert json.loads(path.read_text())["outputs"]["read"]["value"] == "one", name
    again = shop.ok("deploy", "dev", "--json").json
    assert "apply" not in [step["name"] for step in again["steps"]]


def test_another_address_of_a_deployed_state_is_told_at_check_and_the_state_moves_once_merged(
    tmp_path: Path, store: tuple[str, HttpStore]
) -> None:
    address, kept = store
    shop = world(tmp_path, {f"{STACK}/main.tf": http(f"{address}/old") + THING, "terrace.yaml": RULES})
    shop.ok("deploy", "dev")
    kept.states["/other"] = kept.states["/old"].replace(b'"lineage":', b'"lineage": "of another stack", "was":')
    (shop.work / STACK / "main.tf").write_text(http(f"{address}/other") + THING)
    onto = shop.run("check", "--json")
    assert onto.code == 1
    assert "another state is there" in onto.out
    assert "state restore" not in onto.out
    assert "--accept" not in onto.out

    (shop.work / STACK / "main.tf").write_text(http(f"{address}/new") + THING)
    told = shop.run("check", "--json")
    (finding,) = [one for one in told.json["findings"] if one["rule"] == "plan"]
    assert (finding["advisory"], "terrace state adopt dev" in finding["message"]) == (True, True)

    shop.push({f"{STACK}/main.tf": http(f"{address}/new") + THING})
    failed = shop.run("deploy", "dev", "--json")
    assert (failed.code, failed.json["result"]) == (1, "failed")
    assert "terrace state adopt dev" in failed.json["reasons"][0]
    assert "state restore" not in failed.json["reasons"][0]
    done = adopted(shop)
    assert (done["objects"], "/new" in kept.states) == (["terraform_data.it"], True)


def test_an_ignored_backend_does_not_silently_mean_a_new_local_state(
    tmp_path: Path, store: tuple[str, HttpStore]
) -> None:
    files = {f"{STACK}/main.tf": THING, ".gitignore": "backend.tf\n.terraform*\n", "terrace.yaml": RULES}
    shop = world(tmp_path, files)
    (shop.work / STACK / "backend.tf").write_text(http(f"{store[0]}/dev"))
    done = shop.run("deploy", "dev", "--json")
    assert (done.code, done.json["result"]) == (1, "failed"), done.out + done.err
    assert f"{STACK}/backend.tf:2 of the checkout sets a backend (http)" in done.json["reasons"][0]
    assert f"git add --force {STACK}/backend.tf" in done.json["reasons"][0]
    shop.push({f"{STACK}/more.tf": 'output "more" {\n  value = 1\n}\n'})
    assert "sets a backend (http)" in shop.run("check", "--base", "HEAD~1", "--json").out
    shop.push({".gitignore": None, f"{STACK}/backend.tf": http(f"{store[0]}/dev")})
    assert shop.ok("deploy", "dev", "--json").json["result"] == "succeeded"
