"""States saved, compared, brought back and drilled, as people do it: real Terraform, local states, every command a
process."""

from __future__ import annotations

import base64
import json
import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from support.cli import KEY, MODULE, World, three_environments, world
from terrace.adapters.artifacts import Artifacts
from terrace.adapters.backup_encryption import BackupCipher, read_key
from terrace.adapters.backups import Backups
from terrace.adapters.ledgers.git import GitLedger
from terrace.ledger.authenticity import EventKey
from terrace.ledger.kinds import ENVIRONMENT_HELD, STATE_RESTORE_BEGUN
from terrace.ledger.model import Draft
from terrace.states.state_file import read_state

pytestmark = pytest.mark.slow

HOLDER = """
import fcntl, sys
state = open(sys.argv[1], "r+b")
fcntl.lockf(state, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""

NEXT = MODULE.replace("-1", "-2")
OTHER_KEY = base64.b64encode(bytes(range(1, 33))).decode()
YES = ("--yes", "--reason", "the bucket was emptied")


@pytest.fixture
def shop(tmp_path: Path) -> World:
    made = world(tmp_path, three_environments())
    made.ok("deploy", "dev")
    return made


def state_path(shop: World, environment: str = "dev") -> Path:
    (path,) = Path(shop.environment["TERRACE_HOME"]).glob(
        f"data/*/states/{environment}/{environment}/terraform.tfstate"
    )
    return path


def backups(shop: World, place: str = "dev") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shop.ok("state", "list", place, "--json").json["backups"]
    return found


def events(shop: World, kind: str) -> list[dict[str, Any]]:
    lines = shop.ok("ledger", "export").out.splitlines()
    return [event["payload"] for line in lines if (event := json.loads(line))["kind"] == kind]


def second_release(shop: World) -> None:
    shop.push({"modules/thing/main.tf": NEXT})
    shop.ok("deploy", "dev")


def test_a_lost_state_is_restored(shop: World) -> None:
    before = shop.state("dev")
    state_path(shop).unlink()
    done = shop.ok("state", "restore", "dev", *YES, "--json").json
    assert (done["result"], done["differences"], done["held"]) == ("restored", [], None)
    assert done["drift"]["status"] == "clean", "a check says what is there now"
    assert [event["stacks"][0]["status"] for event in events(shop, "drift.checked")] == ["clean"]
    assert not any("terrace drift" in step for step in shop.status()["dev"]["next"])
    after = shop.state("dev")
    assert (after["lineage"], after["resources"]) == (before["lineage"], before["resources"])
    assert after["serial"] > before["serial"]
    assert shop.status()["dev"]["state"] == "deployed"
    again = shop.ok("deploy", "dev", "--json").json
    assert "apply" not in [step["name"] for step in again["steps"]], "Terraform knows everything again"
    (ended,) = events(shop, "state.restore_ended")
    assert (ended["result"], ended["lineage"]) == ("restored", before["lineage"])


def test_on_a_state_that_is_gone_nothing_is_deployed_until_it_is_back_or_said_to_be_right(shop: World) -> None:
    """Else everything that it knew would be made a second time, by the next deployment that comes along."""
    state_path(shop).unlink()
    failed = shop.run("deploy", "dev", "--json")
    assert (failed.code, failed.json["result"]) == (1, "failed")
    assert "the backend holds no state, and there was one" in failed.json["reasons"][0]
    assert "terrace state restore dev" in failed.json["reasons"][0]
    assert shop.run("state", "backup", "dev").code == 1
    shop.ok("state", "backup", "dev", "--accept", "dev")
    again = shop.ok("deploy", "dev", "--json").json
    assert "apply" in [step["name"] for step in again["steps"]]


def test_a_copy_that_is_older_than_the_world_is_put_back(shop: World) -> None:
    """What semantics.md 2 measured: Terraform takes old content under a new serial. The plan afterwards catches it."""
    old = backups(shop)[-1]["name"]
    shop.push({"environments/dev/more.tf": 'resource "terraform_data" "more" {}\n'})
    shop.ok("deploy", "dev")
    there = shop.state("dev")
    refused = shop.run("state", "restore", "dev", "--from", old, *YES)
    assert (refused.code, "later-apply" in refused.err) == (2, True)
    assert shop.status()["dev"]["state"] == "deployed", "a refusal holds nothing"
    done = shop.run("state", "restore", "dev", "--from", old, "--accept", "later-apply", *YES, "--json")
    assert (done.code, done.json["result"]) == (1, "put_back")
    assert {"action": "create", "address": "terraform_data.more"} in done.json["differences"]
    assert shop.state("dev")["resources"] == there["resources"]
    assert shop.state("dev")["serial"] > there["serial"]
    assert shop.status()["dev"]["state"] == "held"
    accepted = shop.ok(
        *("state", "restore", "dev", "--from", old, "--accept", "later-apply"),
        *("--accept", "terraform_data.more", *YES, "--json"),
    ).json
    assert (accepted["result"], accepted["held"] is not None) == ("restored", True), "not clean: it stays held"
    (drifted,) = accepted["drift"]["stacks"][0]["resources"]
    assert (drifted["address"], drifted["undo"]) == ("terraform_data.more", "create")
    assert shop.run("deploy", "dev").code == 1


def test_a_restore_does_not_release_an_earlier_hold(shop: World) -> None:
    shop.ok("hold", "dev", "--reason", "incident 4711")
    state_path(shop).unlink()
    done = shop.ok("state", "restore", "dev", *YES)
    assert "dev is on hold: incident 4711" in done.out
    assert "\ndev clean\n" in done.out, "the check is shown"
    assert shop.status()["dev"]["state"] == "held"


def test_a_state_is_not_restored_under_an_open_deployment(shop: World) -> None:
    shop.run("promote", "staging")
    shop.approve("staging", "bob")
    shop.ok("resume", "staging")
    shop.push({"modules/thing/main.tf": NEXT})
    shop.ok("deploy", "dev")
    shop.run("promote", "staging")
    refused = shop.run("state", "restore", "staging", "--from", backups(shop, "staging")[0]["name"], *YES)
    assert (refused.code, "is open" in refused.err) == (2, True)


def test_a_copy_that_is_gone_from_the_store_is_made_again(shop: World) -> None:
    (store,) = Path(shop.environment["TERRACE_HOME"]).glob("data/*/artefacts")
    for copy in store.rglob("*.enc"):
        copy.unlink()
    assert shop.ok("state", "backup", "--json").json["stacks"][0]["finding"] == "saved"
    assert len(backups(shop)) == 1
    store.rename(store.with_name("away"))
    store.write_text("in the way")
    unknown = shop.run("state", "backup", "--json")
    assert (unknown.code, unknown.json["stacks"][0]["finding"]) == (1, "unknown")
    assert "it is unknown whether its backup still exists" in unknown.json["stacks"][0]["reason"]


def test_a_copy_of_another_state_is_refused_and_nothing_is_written(shop: World) -> None:
    foreign = backups(shop)[-1]["name"]
    document = shop.state("dev") | {"lineage": "another", "serial": 1}
    state_path(shop).write_text(json.dumps(document | {"resources": [], "outputs": {}}))
    refused = shop.run("state", "restore", "dev", "--from", foreign, *YES)
    assert (refused.code, "belongs to a different state" in refused.err) == (2, True)
    assert events(shop, "state.restore_begun") == []


def test_nothing_is_restored_where_nothing_is_to_be(shop: World) -> None:
    refused = shop.run("state", "restore", "dev", *YES)
    assert (refused.code, "there is nothing to restore" in refused.err) == (2, True)
    assert shop.run("state", "restore", "prod", *YES).code == 2
    state_path(shop).unlink()
    unexplained = shop.run("state", "restore", "dev", "--yes")
    assert (unexplained.code, "--reason" in unexplained.err) == (2, True)
    nobody = shop.run("state", "restore", "dev", "--reason", "x")
    assert (nobody.code, "no terminal" in nobody.err) == (2, True)


def test_a_copy_that_the_ledger_does_not_know_needs_consent(shop: World) -> None:
    """Whoever can write to the store can seal a copy for the recipients: only the ledger knows what is ours."""
    (store,) = Path(shop.environment["TERRACE_HOME"]).glob("data/*/artefacts")
    forged = json.dumps(shop.state("dev") | {"outputs": {}}).encode()
    forger = Backups(Artifacts(store), BackupCipher(lambda: read_key("env:K", {"K": KEY})), lambda: datetime.now(UTC))
    record = forger.save("dev", "dev", read_state(forged, "it"), commit="c" * 40, deployment="none", moment="poll")
    refused = shop.run("state", "restore", "dev", "--from", record.name, *YES)
    assert (refused.code, "the ledger has no record of it" in refused.err) == (2, True)
    assert "--accept unrecorded" in refused.err


def test_what_a_poll_finds_is_saved_once_and_what_is_wrong_is_an_alarm_until_it_is_accepted(shop: World) -> None:
    def poll(*more: str) -> tuple[int, str]:
        done = shop.run("state", "backup", "dev", *more, "--json")
        return done.code, done.json["stacks"][0]["finding"]

    assert poll() == (0, "same")
    number = len(backups(shop))
    document = shop.state("dev")
    state_path(shop).write_text(json.dumps(document | {"serial": document["serial"] + 1}))
    assert [poll(), poll()] == [(0, "saved"), (0, "same")]
    assert len(backups(shop)) == number + 1
    state_path(shop).write_text(json.dumps(document))
    assert [poll(), poll()] == [(1, "alarm"), (1, "alarm")], "it went back, and stays wrong"
    assert "went back" in shop.status()["dev"]["alarms"][0]
    assert shop.run("doctor").code == 1
    assert poll("--accept", "dev") == (0, "saved")
    assert poll() == (0, "same")
    state_path(shop).unlink()
    assert poll() == (1, "alarm")
    restored = shop.ok("state", "restore", "dev", *YES, "--json").json
    assert restored["result"] == "restored"
    assert poll()[0] == 0


def test_doctor_of_an_environment_examines_its_state_its_lock_and_its_backup(shop: World) -> None:
    def rows(environment: str, **more: str) -> dict[str, tuple[str, str]]:
        done = shop.run("doctor", environment, "--json", **more)
        found = {row["what"]: (row["state"], f"{row['found']}; {row['how']}") for row in done.json["rows"]}
        assert done.code == int(any(state == "missing" for state, _ in found.values()))
        return found

    before = state_path(shop).read_bytes()
    whole = rows("dev")
    for what, words in (
        ("state of dev", f"serial {shop.state('dev')['serial']}, {len(before):,} bytes"),
        ("lock of dev", "not held"),
        ("backup of dev", "decrypted with this key"),
        ("approvers of dev", "no approval is required"),
    ):
        assert whole[what][0] == "ok", whole[what]
        assert words in whole[what][1]
    assert whole["identity of dev"][0] == "optional"
    assert "not checked" in whole["identity of dev"][1]

    note = {"ID": "1-2-3", "Operation": "OperationTypeApply", "Who": "eve\x1b[2J@x", "Created": "2026-01-05T12:00:00Z"}
    state_path(shop).with_name(".terraform.tfstate.lock.info").write_text(json.dumps(note))
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, state_path(shop)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == b"held\n"
        locked = rows("dev")["lock of dev"]
        holder.stdin.close()
    assert (locked[0], "held by eve" in locked[1], "\x1b" in locked[1]) == ("missing", True, False)
    assert "force-unlock 1-2-3" in locked[1]

    other = rows("dev", TERRACE_BACKUP_KEY=OTHER_KEY)["backup of dev"]
    assert (other[0], "unknown" in other[1]) == ("missing", True), "a key that does not decrypt it is not ok"
    state_path(shop).write_text("{")
    assert rows("dev")["state of dev"][0] == "missing"
    path = state_path(shop)
    path.unlink()
    gone = shop.run("doctor", "dev")
    assert gone.code == 1
    assert "to do" in gone.out
    assert "state of dev" in gone.out.partition("to do")[2]
    assert not path.exists(), "looking makes no state"

    never = rows("prod")
    assert "no state yet" in never["state of prod"][1]
    assert "nothing was deployed yet" in never["backup of prod"][1]
    wrong = shop.run("doctor", "prd")
    assert (wrong.code, "did you mean 'prod'?" in wrong.err) == (2, True)
    both = shop.run("doctor", "dev", "--lane", "dev")
    assert (both.code, "terrace doctor --lane dev" in both.err) == (2, True)


def test_a_check_that_is_older_than_the_rpo_is_an_alarm_and_tick_makes_it_anew(tmp_path: Path) -> None:
    files = three_environments()
    files["terrace.yaml"] = files["terrace.yaml"].replace("dev: {}", "dev: {rpo: 3s, rto: 10m}")
    shop = world(tmp_path, files)
    shop.ok("deploy", "dev")
    time.sleep(3.2)
    (alarm,) = shop.status()["dev"]["alarms"]
    assert "the RPO is 3s" in alarm
    (look,) = shop.ok("tick", "--json").json["backups"]
    assert (look["stack"], look["finding"]) == ("dev", "same")
    assert shop.status()["dev"]["alarms"] == []


def test_a_difference_names_addresses_and_attributes_and_no_value(shop: World) -> None:
    first = backups(shop)[-1]["name"]
    second_release(shop)
    shop.push({"environments/dev/more.tf": 'resource "terraform_data" "more" {\n  input = "hunter2"\n}\n'})
    shop.ok("deploy", "dev")
    found = shop.ok("state", "diff", "dev", first, "--json").json
    assert found["added"] == ["terraform_data.more"]
    assert {c["address"]: c["attributes"] for c in found["changed"]} == {
        "module.thing.terraform_data.it": ["input", "output"]
    }
    assert found["outputs"] == ["it"]
    told = shop.ok("state", "diff", "dev", first)
    assert "hunter2" not in told.out + json.dumps(found)
    assert "no resource and no output differs" in shop.ok("state", "diff", "dev").out


def test_a_drill_brings_the_newest_copy_back_where_it_hurts_nobody(tmp_path: Path) -> None:
    files = three_environments()
    files["terrace.yaml"] = files["terrace.yaml"].replace("dev: {}", "dev: {rpo: 1h, rto: 10m}")
    shop = world(tmp_path, files)
    shop.ok("deploy", "dev")
    before = state_path(shop).read_bytes()
    (one,) = shop.ok("state", "drill", "dev", "--json").json["stacks"]
    assert (one["result"], one["rpo_ms"], one["objects"]) == ("passed", 0, 1)
    assert 0 < one["rto_ms"] < one["rto_target_ms"]
    assert state_path(shop).read_bytes() == before
    assert backups(shop)[-1]["drill"] == "passed"
    assert "apply" not in [s["name"] for s in shop.ok("deploy", "dev", "--json").json["steps"]]
    state_path(shop).unlink()
    assert shop.ok("state", "drill", "dev", "--json").json["stacks"][0]["result"] == "passed", "that is what it is for"
    (secret,) = {p.parent for p in Path(shop.environment["TERRACE_HOME"]).rglob("*.tfstate.enc")}
    for copy in secret.iterdir():
        copy.write_bytes(copy.read_bytes()[:-3] + b"abc")
    spoilt = shop.run("state", "drill", "dev", "--json")
    assert (spoilt.code, spoilt.json["stacks"][0]["result"]) == (1, "failed")
    assert "was changed after it was stored" in spoilt.json["stacks"][0]["reasons"][0]


def test_a_drill_that_takes_too_long_misses_its_target(tmp_path: Path) -> None:
    files = three_environments()
    files["terrace.yaml"] = files["terrace.yaml"].replace("dev: {}", "dev: {rto: 1s}")
    slow = tmp_path / "terraform"
    slow.write_text('#!/bin/sh\nif [ "$1" = plan ]; then sleep 1.1; fi\nexec terraform "$@"\n')
    slow.chmod(0o755)
    files["terrace.yaml"] += f"terraform: {{binary: {slow}}}\n"
    shop = world(tmp_path / "shop", files)
    shop.ok("deploy", "dev")
    missed = shop.run("state", "drill", "--json")
    (one,) = missed.json["stacks"]
    assert (missed.code, one["result"]) == (1, "missed")
    assert "RTO" in one["reasons"][0]


def begun_elsewhere(shop: World) -> str:
    """A restore that bob began on another machine, and that went no further; the copy that it is from."""
    deployment = shop.ok("history", "dev", "--json").json["deployments"][0]
    copy: str = backups(shop)[-1]["name"]
    intent = {
        "environment": "dev",
        "restore": "r1",
        "backup": copy,
        "deployment": deployment["id"],
        "commit": deployment["commit"],
        "reason": "lost",
        "holder": {"host": "elsewhere", "boot": "b", "pid": 1, "who": "bob"},
        "accepted": [],
        "held_by_us": True,
    }
    held = {"reason": "being restored", "deployment": "r1"}
    ledger = GitLedger(
        shop.work,
        remote="origin",
        clock=lambda: datetime.now(UTC),
        new_id=lambda: os.urandom(6).hex(),
        key=EventKey.of(read_key("env:K", {"K": KEY})),
    )
    drafts = (Draft(STATE_RESTORE_BEGUN, "dev", "bob", intent), Draft(ENVIRONMENT_HELD, "dev", "bob", held))
    ledger.append(drafts, head=ledger.read().head)
    return copy


def test_a_restore_that_was_begun_elsewhere_is_only_taken_over_by_somebody_who_says_so(shop: World) -> None:
    begun_elsewhere(shop)
    state_path(shop).unlink()
    refused = shop.run("state", "restore", "dev")
    assert (refused.code, "was started by bob on elsewhere" in refused.err) == (2, True)
    assert "--takeover" in refused.err
    assert shop.run("state", "prune").code == 2, "its copies stay as they are"
    done = shop.ok("state", "restore", "dev", "--takeover", "--json").json
    assert (done["restore"], done["result"], done["held"]) == ("r1", "restored", None)


def test_a_restore_whose_copy_is_gone_ends_where_nothing_was_pushed(shop: World) -> None:
    copy = begun_elsewhere(shop)
    (store,) = Path(shop.environment["TERRACE_HOME"]).glob("data/*/artefacts")
    (store / copy).unlink()
    there = state_path(shop).read_bytes()
    done = shop.run("state", "restore", "dev", "--takeover", "--json")
    assert (done.code, done.json["result"], done.json["held"]) == (1, "unchanged", None)
    assert "is no longer available" in done.json["reason"]
    assert state_path(shop).read_bytes() == there
    assert shop.status()["dev"]["state"] == "deployed"


def test_what_was_destroyed_keeps_its_last_copy_and_is_no_alarm(shop: World) -> None:
    shop.ok("destroy", "dev", "--reason", "not needed", "--yes")
    assert "final" in [b["moment"] for b in backups(shop)]
    assert shop.ok("state", "backup", "--json").json["stacks"][0]["finding"] == "same"
    assert shop.ok("state", "drill", "--json").json["stacks"][0]["result"] == "skipped"
    refused = shop.run("state", "restore", "dev", "--from", backups(shop)[0]["name"], *YES)
    assert (refused.code, "later-apply" in refused.err) == (2, True)


WAITING = """#!/bin/sh
if [ "$1 $2" = "state push" ] && [ -n "$WAIT_AT" ]; then
  echo $$ >> "$WAIT_AT.pids"
  if [ "$WAIT_WHEN" = before ]; then touch "$WAIT_AT"; exec sleep 60; fi
  terraform "$@" || exit $?
  touch "$WAIT_AT"; exec sleep 60
fi
if [ "$1" = plan ] && [ "$WAIT_WHEN" = plan ]; then echo $$ >> "$WAIT_AT.pids"; touch "$WAIT_AT"; exec sleep 60; fi
exec terraform "$@"
"""


@pytest.mark.parametrize("when", ["before", "after", "plan"])
@pytest.mark.parametrize("clean", [True, False], ids=["clean", "put-back"])
def test_killed_anywhere_it_is_finished_or_put_back_by_the_next_call(tmp_path: Path, when: str, *, clean: bool) -> None:
    binary = tmp_path / "terraform"
    binary.write_text(WAITING)
    binary.chmod(0o755)
    files = three_environments()
    files["terrace.yaml"] += f"terraform: {{binary: {binary}}}\n"
    shop = world(tmp_path / "shop", files)
    shop.ok("deploy", "dev")
    copy = backups(shop)[-1]["name"]
    if clean:
        state_path(shop).write_text(json.dumps(shop.state("dev") | {"serial": 50, "resources": [], "outputs": {}}))
    else:
        shop.push({"environments/dev/more.tf": 'resource "terraform_data" "more" {}\n'})
        shop.ok("deploy", "dev")
    there = shop.state("dev")
    mark = tmp_path / "mark"
    binary.write_text(WAITING.replace("$WAIT_AT", str(mark)).replace("$WAIT_WHEN", when))
    command = ("state", "restore", "dev", "--from", copy, "--accept", "later-apply", *YES)
    child = shop.start(*command)
    wait_for(mark)
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate()
    for pid in Path(f"{mark}.pids").read_text().split():
        os.kill(int(pid), signal.SIGKILL)
    binary.write_text('#!/bin/sh\nexec terraform "$@"\n')

    assert shop.status()["dev"]["state"] == "held"
    refused = shop.run("deploy", "dev")
    assert (refused.code, "is busy: restore" in refused.out) == (1, True)
    other = shop.run("state", "restore", "dev", "--from", "20010101T000000Z", *YES)
    assert (other.code, "is unfinished" in other.err) == (2, True)

    done = shop.run("state", "restore", "dev", "--json")
    if clean:
        assert (done.code, done.json["result"], done.json["held"]) == (0, "restored", None), done.err
        assert len(shop.state("dev")["resources"]) == 1
    else:
        assert (done.code, done.json["result"]) == (1, "put_back"), done.err
        assert shop.state("dev")["resources"] == there["resources"]
    assert shop.state("dev")["serial"] > there["serial"]
    assert len(events(shop, "state.restore_ended")) == 1


def test_a_restore_that_is_killed_repeatedly_has_the_same_result(shop: World) -> None:
    state_path(shop).unlink()
    moments = random.Random(5)
    for _ in range(5):
        if events(shop, "state.restore_ended"):
            break
        child = shop.start("state", "restore", "dev", *YES)
        try:
            child.communicate(timeout=moments.uniform(0.6, 2.5))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
    if not events(shop, "state.restore_ended"):
        shop.ok("state", "restore", "dev", *YES)
    assert [payload["result"] for payload in events(shop, "state.restore_ended")] == ["restored"]
    assert len(shop.state("dev")["resources"]) == 1
    assert shop.status()["dev"]["state"] == "deployed"
    assert "apply" not in [step["name"] for step in shop.ok("deploy", "dev", "--json").json["steps"]]


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.02)
