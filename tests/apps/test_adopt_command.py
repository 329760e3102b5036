"""`terrace adopt`: stacks that plain Terraform deployed are taken over, with real Terraform on local backends."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from support.cli import World, world
from support.http_states import HttpStore, serve_states

pytestmark = pytest.mark.slow

YES = ("--yes", "--reason", "it was applied by hand", "--json")
IGNORED = ".terraform/\n*.tfstate\n*.tfstate.*\n.terraform.lock.hcl\n"
RULES = "version: 1\nterraform: {lock_wait: 1s}\nenvironments: {dev: {}, prod: {after: dev, approvals: 1}}\n"
THING = 'resource "terraform_data" "it" {\n  input = "one"\n}\n'
OUTPUT = 'output "it" {\n  value = "one"\n}\n'
READER = """\
data "terraform_remote_state" "net" {
  backend = "local"
  config = {
    path = "../net/terraform.tfstate"
  }
}

resource "terraform_data" "it" {
  input = data.terraform_remote_state.net.outputs.it
}
"""


def state(*names: str, lineage: str = "", output: bool = False, **more: Any) -> str:
    """What plain Terraform keeps of such a stack, without the time that it takes to run it."""
    things = [
        {
            "mode": "managed",
            "type": "terraform_data",
            "name": name,
            "provider": 'provider["terraform.io/builtin/terraform"]',
            "instances": [
                {
                    "schema_version": 0,
                    "attributes": {
                        "id": str(uuid.uuid4()),
                        "input": {"value": "one", "type": "string"},
                        "output": {"value": "one", "type": "string"},
                        "triggers_replace": None,
                    },
                    "sensitive_attributes": [],
                }
            ],
        }
        for name in names
    ]
    outputs = {"it": {"value": "one", "type": "string"}} if output else {}
    known = {"version": 4, "terraform_version": "1.11.0", "serial": 3, "lineage": lineage or str(uuid.uuid4())}
    return json.dumps({**known, "outputs": outputs, "resources": things, "check_results": None, **more})


def http(address: str) -> str:
    names = ("address", "lock_address", "unlock_address")
    settings = "\n".join(f'    {name} = "{address}"' for name in names)
    return f'terraform {{\n  backend "http" {{\n{settings}\n  }}\n}}\n'


def repository(folder: Path, stacks: Mapping[str, str], states: Mapping[str, str], rules: str = RULES) -> World:
    """A repository with these stacks (`dev/net`), in whose checkout lie these states."""
    files = {f"environments/{key}/main.tf": text for key, text in stacks.items()}
    shop = world(folder, {**files, ".gitignore": IGNORED, "terrace.yaml": rules})
    for key, text in states.items():
        left(shop, key).write_text(text)
    return shop


def left(shop: World, key: str) -> Path:
    return shop.work / "environments" / key / "terraform.tfstate"


def events(shop: World, kind: str = "stack.adopted") -> list[dict[str, Any]]:
    lines = shop.ok("ledger", "export").out.splitlines()
    return [event for line in lines if (event := json.loads(line))["kind"] == kind]


def rows(told: Any) -> dict[str, Any]:
    return {row["stack"]: row for row in told["stacks"]}


@pytest.fixture
def store() -> Iterator[tuple[str, HttpStore]]:
    with serve_states() as found:
        yield found


def test_stacks_of_several_environments_are_taken_over_by_one_command(
    tmp_path: Path, store: tuple[str, HttpStore]
) -> None:
    address, kept = store
    kept.states["/db"] = state("it").encode()
    shop = repository(
        tmp_path,
        {"dev/app": READER, "dev/net": THING + OUTPUT, "prod/db": http(f"{address}/db") + THING},
        {"dev/net": state("it", output=True), "dev/app": state("it")},
    )
    shown = shop.ok("adopt", "--print", "--json", TERRACE_BACKUP_KEY="").json
    assert shown["written"] is False
    assert {key: row["result"] for key, row in rows(shown).items()} == {
        "dev/net": "ready",
        "dev/app": "later",
        "prod/db": "ready",
    }
    assert left(shop, "dev/net").exists(), "it only looked"

    done = shop.ok("adopt", *YES).json
    assert [row["stack"] for row in done["stacks"]] == ["dev/net", "dev/app", "prod/db"]
    found = rows(done)
    assert {row["result"] for row in found.values()} == {"adopted"}
    assert {row["same"] for row in found.values()} == {True}
    assert (found["prod/db"]["source"], found["prod/db"]["put_aside"]) == (found["prod/db"]["target"], None)
    assert not left(shop, "dev/net").exists()
    assert len(kept.states) == 1
    assert json.loads(kept.states["/db"])["serial"] == 3, "what is in its backend already is not written"

    drift = shop.ok("drift", "--json").json
    assert [one["status"] for env in drift["environments"] for one in env["stacks"]] == ["clean"] * 3
    (record,) = [event["payload"] for event in events(shop) if event["subject"] == "prod/db"]
    assert (record["commit"], record["same"], record["serial"]) == (done["commit"], True, 3)
    assert record["engine"].startswith("terraform 1.")
    (record,) = [event["payload"] for event in events(shop) if event["subject"] == "dev/net"]
    assert record["written_by"] == "1.11.0"

    again = shop.ok("adopt", *YES).json
    assert (again["written"], {row["result"] for row in again["stacks"]}) == (False, {"already"})
    # As it is where a process is killed before it puts the old file aside.
    Path(found["dev/net"]["put_aside"]).rename(left(shop, "dev/net"))
    ended = rows(shop.ok("adopt", "dev", *YES).json)
    assert (ended["dev/net"]["result"], left(shop, "dev/net").exists()) == ("adopted", False)
    assert len(events(shop)) == 3
    assert "was adopted at" in shop.ok("state", "adopt", "prod/db").out


def test_an_adopted_stack_is_watched_and_its_lost_state_comes_back(tmp_path: Path) -> None:
    shop = repository(tmp_path, {"dev/net": THING}, {"dev/net": state("it")})
    shop.ok("adopt", *YES)
    assert [(one["stack"], one["same"]) for one in shop.ok("status", "--json").json["adopted"]] == [("dev/net", True)]
    assert "1 stack was adopted" in shop.ok("status").out
    (looked,) = shop.ok("state", "backup", "dev", "--json").json["stacks"]
    assert (looked["stack"], looked["finding"]) == ("dev/net", "same")
    assert shop.ok("state", "drill", "dev", "--json").json["stacks"][0]["result"] == "passed"
    (kept,) = Path(os.environ["TERRACE_HOME"]).glob("data/*/states/dev/net/terraform.tfstate")
    before = json.loads(kept.read_text())
    kept.unlink()
    assert shop.run("drift", "dev", "--json").json["environments"][0]["status"] == "unknown"
    done = shop.ok("state", "restore", "dev/net", "--yes", "--reason", "lost", "--json").json
    assert done["result"] == "restored"
    assert json.loads(kept.read_text())["resources"] == before["resources"]


def test_a_stack_that_cannot_be_adopted_is_reported_and_does_not_stop_others(
    tmp_path: Path, store: tuple[str, HttpStore]
) -> None:
    address, kept = store
    kept.states["/locked"] = state("it").encode()
    kept.locks["/locked"] = json.dumps({"ID": "i", "Who": "bob@laptop", "Operation": "OperationTypeApply"}).encode()
    shared = str(uuid.uuid4())
    names = ("ahead", "behind", "broken", "copy", "good", "later", "never", "original", "sealed", "split", "working")
    stacks = {f"dev/{name}": THING for name in names}
    stacks["dev/locked"] = http(f"{address}/locked") + THING
    stacks["dev/cloud"] = 'terraform {\n  cloud {\n    organization = "acme"\n  }\n}\n' + THING
    shop = repository(
        tmp_path,
        stacks,
        {
            "dev/ahead": state("it", "gone"),
            "dev/behind": state("other"),
            "dev/broken": state("it")[:200],
            "dev/copy": state("it", lineage=shared),
            "dev/good": state("it"),
            "dev/later": state("it", terraform_version="1.99.0"),
            "dev/original": state("it", lineage=shared),
            "dev/sealed": json.dumps({"meta": {"key_provider.pbkdf2.p": "e30="}, "encrypted_data": "AAAA"}),
            "dev/split": state("it"),
            "dev/working": state("it"),
        },
    )
    other = left(shop, "dev/split").parent / "terraform.tfstate.d/blue/terraform.tfstate"
    other.parent.mkdir(parents=True)
    other.write_text(state("it"))
    with left(shop, "dev/working").open("r+b") as written:
        fcntl.lockf(written, fcntl.LOCK_EX)
        done = shop.run("adopt", *YES)
    assert done.code == 1, done.err
    found = rows(done.json)
    assert {key for key, row in found.items() if row["result"] == "adopted"} == {"dev/good", "dev/ahead"}
    reasons = {
        "behind": "would create terraform_data.it",
        "broken": "not a state that Terraform writes",
        "cloud": "cloud",
        "copy": "is also the state of dev/original",
        "later": "written by version 1.99.0",
        "locked": "lock",
        "never": "no state to adopt",
        "original": "is also the state of dev/copy",
        "sealed": "encrypted by OpenTofu",
        "split": "several states",
        "working": "has locked it",
    }
    for name, reason in reasons.items():
        row = found[f"dev/{name}"]
        assert (row["result"], reason in row["why"]) == ("refused", True), row
        assert row["hint"], row
    assert found["dev/cloud"]["place"].startswith("environments/dev/cloud/main.tf:2")
    assert "tofu state pull" in found["dev/sealed"]["hint"]
    assert (found["dev/ahead"]["deletes"], found["dev/ahead"]["same"]) == (["terraform_data.gone"], False)

    # What differs from Git is at no commit until it is deployed, or until Git says what is there.
    told = {one["stack"]: one for one in shop.run("drift", "dev", "--json").json["environments"][0]["stacks"]}
    assert (told["dev/good"]["status"], told["dev/ahead"]["status"]) == ("clean", "unknown")
    shop.push({"environments/dev/ahead/main.tf": THING + THING.replace("it", "gone", 1)})
    mended = shop.ok("adopt", "dev", "--stack", "ahead", *YES).json
    assert [(row["result"], row["same"]) for row in mended["stacks"]] == [("adopted", True)]
    assert [e["payload"]["same"] for e in events(shop) if e["subject"] == "dev/ahead"] == [False, True]


def local(path: str) -> str:
    return f'terraform {{\n  backend "local" {{\n    path = "{path}"\n  }}\n}}\n'


def reads(path: str) -> str:
    return READER.replace("../net/terraform.tfstate", path)


PATTERNS = """\
version: 1
environments: {nonprod: {}, prod: {after: nonprod, approvals: 1}}
stacks:
- {path: "live/*/*", environment: "{1}", name: "{2}"}
"""


def test_a_stack_that_reads_a_state_beside_it_is_planned_once_that_one_is_taken_over(tmp_path: Path) -> None:
    # Two ways to keep a state in a file, and three to name the folder of the stack; `app` goes first by its name.
    files = {
        "live/nonprod/network/main.tf": THING + OUTPUT,
        "live/nonprod/app/main.tf": reads("${path.module}/../network/terraform.tfstate"),
        "live/prod/network/main.tf": local("../../../states/prod/network.tfstate") + THING + OUTPUT,
        "live/prod/app/main.tf": local("../../../states/prod/app.tfstate")
        + reads("${path.root}/../../../states/prod/network.tfstate"),
        "live/prod/across/main.tf": reads("${path.cwd}/../../nonprod/network/terraform.tfstate"),
    }
    states = {
        "live/nonprod/network/terraform.tfstate": state("it", output=True),
        "live/nonprod/app/terraform.tfstate": state("it"),
        "states/prod/network.tfstate": state("it", output=True),
        "states/prod/app.tfstate": state("it"),
        "live/prod/across/terraform.tfstate": state("it"),
    }
    shop = world(tmp_path, {**files, ".gitignore": IGNORED, "terrace.yaml": PATTERNS})
    for path, text in states.items():
        (shop.work / path).parent.mkdir(parents=True, exist_ok=True)
        (shop.work / path).write_text(text)
    shown = " ".join(shop.ok("adopt", "--print").out.split())
    assert "nonprod/app - - - planned after nonprod/network is adopted" in shown
    assert "prod/across - - - planned after nonprod/network is adopted" in shown
    assert "prod/app - - - planned after prod/network is adopted" in shown
    assert " states/prod/network.tfstate, to be moved" in shown
    assert "to end in .adopted" in shown
    assert ".." not in shown
    done = shop.ok("adopt", *YES).json
    assert {key: row["result"] for key, row in rows(done).items()} == dict.fromkeys(rows(done), "adopted")
    assert len(done["stacks"]) == len(states)
    for path in states:
        assert not (shop.work / path).exists()
        assert (shop.work / f"{path}.adopted").exists()
    assert {row["put_aside"] for row in done["stacks"]} == {f"{shop.work}/{path}.adopted" for path in states}


def test_a_state_that_is_read_and_is_at_no_stack_is_told_with_what_to_do(tmp_path: Path) -> None:
    text = reads("${path.module}/../elsewhere/terraform.tfstate")
    shop = repository(tmp_path, {"dev/app": text}, {"dev/app": state("it")})
    (row,) = shop.run("adopt", "--print", "--json").json["stacks"]
    assert row["result"] == "refused"
    assert "name that stack in `after`" in row["hint"]


def test_an_adoption_killed_at_any_moment_is_finished_by_the_same_command(tmp_path: Path) -> None:
    names = ("a", "b", "c", "d")
    shop = repository(
        tmp_path, {f"dev/{name}": THING for name in names}, {f"dev/{name}": state("it") for name in names}
    )
    wanted = {name: json.loads(left(shop, f"dev/{name}").read_text()) for name in names}
    home = Path(os.environ["TERRACE_HOME"])
    for copies in (1, 3):
        # Once while the first state is moved, once between two of them.
        child = shop.start("adopt", *YES)
        deadline = time.monotonic() + 60
        while len([*home.glob("data/*/states/dev/*/terraform.tfstate")]) < copies and time.monotonic() < deadline:
            time.sleep(0.01)
            if child.poll() is not None:
                break
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
    done = shop.ok("adopt", *YES).json
    assert {row["result"] for row in done["stacks"]} <= {"adopted", "already"}
    assert sorted(event["subject"] for event in events(shop)) == [f"dev/{name}" for name in names]
    for name in names:
        assert not left(shop, f"dev/{name}").exists()
        (kept,) = home.glob(f"data/*/states/dev/{name}/terraform.tfstate")
        assert json.loads(kept.read_text())["lineage"] == wanted[name]["lineage"]
    assert {row["result"] for row in shop.ok("adopt", *YES).json["stacks"]} == {"already"}


def test_states_are_compared_with_the_commit_whatever_lies_in_the_checkout(tmp_path: Path) -> None:
    shop = repository(tmp_path, {"dev/net": THING, "dev/app": ""}, {"dev/net": state("it")})
    (shop.work / "environments/dev/net/main.tf").write_text(THING + THING.replace("it", "more"))
    (shop.work / "environments/dev/app/terraform.tfvars").write_text('x = "y"\n')
    shown = shop.run("adopt", "dev", "--stack", "dev/net", "--print")
    assert (shown.code, "1 stack: 1 can be adopted" in shown.out) == (0, True)
    assert "has uncommitted changes" in shown.err
    assert "environments/dev/net/terraform.tfstate, to be moved" in " ".join(shown.out.split())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("adopt",), "no terminal"),
        (("adopt", "--yes"), "--yes needs --reason"),
        (("adopt", "--yes", "--print", "--reason", "x"), "cannot be combined"),
        (("adopt", "--json"), "--json --print"),
        (("adopt", "prdo", "--print"), "prdo"),
        (("adopt", "--print", "--stack", "nett"), "dev/net"),
        (("adopt", "prod", "--print"), "no stacks to adopt in prod"),
    ],
)
def test_a_usage_error_is_reported_before_any_work(shared: World, options: tuple[str, ...], said: str) -> None:
    done = shared.run(*options)
    assert (done.code, said in done.err) == (2, True), done.err


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> World:
    return repository(tmp_path_factory.mktemp("wrong"), {"dev/net": THING}, {})
