"""Killed, interrupted, raced: a deployment goes on where it was; an apply happens once or is told as unknown."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support.attempts import runner_of
from support.cli import KEY, World, three_environments, world
from support.payloads import origin_payload
from support.waiting import until
from terrace.apps.output.progress import Silent
from terrace.apps.wiring.project import Project
from terrace.ledger import kinds
from terrace.ledger.model import Draft
from terrace.stacks.model import Manual

pytestmark = pytest.mark.slow


@pytest.fixture
def slow_shop(tmp_path: Path) -> World:
    """An apply of three seconds that leaves a mark each time it is made."""
    files = three_environments()
    files["environments/dev/slow.tf"] = (
        'resource "terraform_data" "slow" {\n  provisioner "local-exec" {\n'
        f'    command = "echo applied >> {tmp_path}/marks; sleep 2; while [ -e {tmp_path}/wait ]; do sleep 0.1; done; '
        f'echo done >> {tmp_path}/marks"\n  }}\n}}\n'
    )
    return world(tmp_path, files)


def marks(shop: World) -> list[str]:
    path = shop.work.with_name("marks")
    return path.read_text().split() if path.is_file() else []


def mid_apply(shop: World) -> subprocess.Popen[str]:
    """A deployment that is in the middle of its apply."""
    child = shop.start("deploy", "dev")
    until(lambda: marks(shop) == ["applied"])
    return child


def ended(child: subprocess.Popen[str]) -> tuple[int, str]:
    with child:
        out, err = child.communicate(timeout=60)
    return child.returncode, out + err


def runs() -> list[Path]:
    return list(Path(os.environ["TERRACE_HOME"]).glob("data/*/runs/*/started.json"))


def test_a_deployment_killed_in_the_apply_is_resumed_and_applied_once(slow_shop: World) -> None:
    wait = slow_shop.work.with_name("wait")
    wait.touch()
    child = mid_apply(slow_shop)
    until(lambda: "terraform_data.slow: Creating" in slow_shop.run("show", "dev", "--log").out)
    child.kill()
    ended(child)
    assert "terraform_data.slow: Creating" in slow_shop.ok("show", "dev", "--log").out, "as far as it was written"
    wait.unlink()
    refused = slow_shop.run("deploy", "dev", "--json")
    assert refused.json["result"] == "succeeded", refused.out + refused.err
    assert marks(slow_shop) == ["applied", "done"]
    assert slow_shop.state("dev")["outputs"]["it"]["value"] == "dev-1"
    log = slow_shop.ok("show", "dev", "--log").out
    assert (log.count("terraform_data.slow: Creating"), "Apply complete!" in log) == (1, True), "read again, kept once"


def test_an_apply_that_ended_without_the_driver_keeps_its_result(slow_shop: World) -> None:
    child = mid_apply(slow_shop)
    child.kill()
    ended(child)
    until(lambda: marks(slow_shop) == ["applied", "done"] and all((r.parent / "exit.json").is_file() for r in runs()))
    assert slow_shop.status()["dev"]["state"] == "deploying"
    assert slow_shop.ok("resume", "dev", "--json").json["result"] == "succeeded"
    assert marks(slow_shop) == ["applied", "done"]


def test_the_outcome_is_unknown_when_every_process_is_killed(slow_shop: World) -> None:
    child = mid_apply(slow_shop)
    child.kill()
    ended(child)
    (started,) = runs()
    os.killpg(runner_of(started.parent), signal.SIGKILL)
    done = slow_shop.run("resume", "dev")
    assert done.code == 1
    assert "does not run it again" in done.out
    assert "terrace resume dev" in done.out
    row = slow_shop.status()["dev"]
    assert row["state"] == "held"
    again = slow_shop.run("deploy", "dev")
    assert (again.code, "the result of deployment" in again.out) == (1, True)
    assert marks(slow_shop).count("applied") == 1
    looked = slow_shop.run("resume", "dev", "--json")
    assert (looked.code, looked.json["result"]) == (1, "unknown")
    (remains,) = looked.json["remains"]
    assert remains["dead"]
    # Terraform writes the state when the other object is done: with luck this one is in it, without its provisioner.
    (left,) = remains["open"] + remains["unfinished"]
    assert left == "terraform_data.slow"
    option = "--whole" if remains["unfinished"] else "--absent"
    assert f"{option} 'terraform_data.slow'" in looked.json["reasons"][0]
    assert slow_shop.run("resume", "dev", "--yes").code == 1, "nothing is done while something is open"
    assert marks(slow_shop).count("applied") == 1
    settled = slow_shop.run("resume", "dev", option, "terraform_data.slow")
    assert (settled.code, "terrace resume dev --yes" in settled.out) == (1, True), "and nobody agreed yet"
    done = slow_shop.ok("resume", "dev", option, "terraform_data.slow", "--yes", "--json")
    assert done.json["result"] == "succeeded"
    assert marks(slow_shop).count("applied") == (1 if option == "--whole" else 2)
    assert slow_shop.status()["dev"]["state"] == "deployed"
    assert slow_shop.ok("ledger", "verify", "--json").json["ok"]


def test_a_deployment_that_a_ledger_writer_opens_over_a_killed_apply_does_not_have_it_made_again(
    slow_shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even one who got hold of the key of the ledger."""
    monkeypatch.setenv("TERRACE_BACKUP_KEY", KEY)
    child = mid_apply(slow_shop)
    child.kill()
    ended(child)
    (started,) = runs()
    os.killpg(runner_of(started.parent), signal.SIGKILL)
    ledger = Project(slow_shop.work).ledger
    history = ledger.read()
    opening = next(e for e in history.events if e.kind == kinds.DEPLOYMENT_OPENED)
    known = {key: value for key, value in opening.payload.items() if key != "declaration"}
    forged = [
        Draft(kinds.DEPLOYMENT_OPENED, "f0f0f0f0f0f0", "mallory", known),
        Draft(kinds.DEPLOYMENT_ENDED, "f0f0f0f0f0f0", "mallory", {"result": "blocked", "reasons": []}),
    ]
    ledger.append(forged, head=history.head)
    again = slow_shop.run("deploy", "dev", "--json")
    assert again.code == 1, again.out + again.err
    assert f"another deployment started before deployment {opening.subject}" in again.out
    assert slow_shop.run("resume", "dev", "--json").json["result"] == "unknown"
    assert marks(slow_shop).count("applied") == 1
    looked = slow_shop.run("resume", "dev", "--json").json
    option = "--whole" if looked["remains"][0]["unfinished"] else "--absent"
    done = slow_shop.ok("resume", "dev", option, "terraform_data.slow", "--yes", "--json")
    assert done.json["result"] == "succeeded", "it is brought in order like every unknown outcome"
    assert slow_shop.ok("deploy", "dev", "--json").json["result"] == "succeeded"


def test_an_end_of_a_killed_apply_that_a_ledger_writer_forges_does_not_have_it_made_again(slow_shop: World) -> None:
    child = mid_apply(slow_shop)
    child.kill()
    ended(child)
    (started,) = runs()
    os.killpg(runner_of(started.parent), signal.SIGKILL)
    ledger = Project(slow_shop.work).ledger
    events = ledger.read().events
    opening = next(e for e in events if e.kind == kinds.DEPLOYMENT_OPENED)
    (attempt,) = (e.payload["attempt"] for e in events if e.kind == kinds.STEP_BEGUN and e.payload["step"] == "apply")
    settling = {key: value for key, value in opening.payload.items() if key != "declaration"}
    settling |= {"origin": {"kind": "recovery", "of": opening.subject, "by": "ann"}, "settles": opening.subject}
    nothing = {"attempt": attempt, "result": "failed", "detail": {"evidence": "it was never started"}}
    forged: list[tuple[str, str, dict[str, Any]]] = [
        (kinds.STEP_ENDED, opening.subject, nothing),
        (kinds.DEPLOYMENT_ENDED, opening.subject, {"result": "failed", "reasons": []}),
        (kinds.DEPLOYMENT_OPENED, "f0f0f0f0f0f0", settling),
        (kinds.DEPLOYMENT_ENDED, "f0f0f0f0f0f0", {"result": "succeeded", "reasons": []}),
        (kinds.ENVIRONMENT_UNHELD, "dev", {"deployment": opening.subject}),
    ]
    drafts = [Draft(kind, subject, "mallory", payload) for kind, subject, payload in forged]
    ledger.append(drafts, head=ledger.read().head)
    for command in ("deploy", "resume", "deploy"):
        again = slow_shop.run(command, "dev", "--json")
        assert again.code == 1, again.out + again.err
    assert marks(slow_shop).count("applied") == 1
    verified = slow_shop.run("ledger", "verify", "--json").json
    assert [one["why"] for one in verified["unread"]] == [
        "code: a process without the key of the ledger wrote it"
    ] * 4, "what follows an absent opening is absent"


def test_the_first_interrupt_is_passed_on_and_what_was_done_is_recorded(slow_shop: World) -> None:
    child = mid_apply(slow_shop)
    child.send_signal(signal.SIGINT)
    assert child.stderr is not None
    assert any("interrupted: running programs are asked to stop" in line for line in child.stderr), "at once"
    child.send_signal(signal.SIGINT)
    code, said = ended(child)
    assert code == 130, said
    assert "terrace resume dev" in said
    done = slow_shop.run("resume", "dev", "--json")
    assert (done.code, done.json["result"]) == (1, "failed")
    assert "interrupted" in done.json["reasons"][0]
    names = {r["name"] for r in slow_shop.state("dev")["resources"]}
    assert "it" in names, "what was made is in the state"
    assert slow_shop.ok("deploy", "dev", "--json").json["result"] == "succeeded"


def test_a_deployment_interrupted_while_planning_is_continued_by_resume(tmp_path: Path) -> None:
    files = three_environments()
    files["environments/dev/slow.tf"] = (
        'data "terraform_remote_state" "x" {\n  backend = "http"\n  config = { address = "http://127.0.0.1:1/x" }\n}\n'
    )
    shop = world(tmp_path, files)
    child = shop.start("deploy", "dev")
    until(lambda: shop_plans(shop))
    child.send_signal(signal.SIGINT)
    code, said = ended(child)
    assert code == 130, said
    assert shop.run("resume", "dev", "--json").json["result"] == "failed"
    shop.push({"environments/dev/slow.tf": None})
    assert shop.ok("deploy", "dev", "--json").json["result"] == "succeeded"


def shop_plans(shop: World) -> bool:
    """Whether Terraform plans in this world right now."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
            folder = str((path.parent / "cwd").readlink())
        except OSError:
            continue
        if b"plan" in words and b"-json" in words and os.environ["TERRACE_HOME"] in folder:
            return True
    return False


def test_one_of_two_concurrent_deployments_runs_and_the_other_names_it(slow_shop: World) -> None:
    waits = slow_shop.work.with_name("wait")
    waits.touch()
    child = mid_apply(slow_shop)
    other = slow_shop.run("deploy", "dev", "--json")
    assert (other.code, other.json["result"]) == (1, "waiting")
    assert "run by ann" in other.json["reasons"][0]
    assert slow_shop.run("resume", "dev").code == 1
    assert slow_shop.ok("tick").out.strip() == "nothing is due"
    waits.unlink()
    code, said = ended(child)
    assert code == 0, said
    assert marks(slow_shop) == ["applied", "done"]


def test_a_lease_of_another_machine_is_never_taken_for_dead(slow_shop: World) -> None:
    child = mid_apply(slow_shop)
    child.kill()
    ended(child)
    elsewhere = Path(os.environ["TERRACE_HOME"]).with_name("elsewhere")
    refused = slow_shop.run("resume", "dev", "--json", TERRACE_HOME=str(elsewhere))
    assert refused.json["result"] == "waiting", "the lock that its driver held is not there"
    done = slow_shop.run("resume", "dev", "--dead", "its machine is gone", "--json", TERRACE_HOME=str(elsewhere))
    assert done.json["result"] == "unknown", "another store of runs cannot know what became of it"
    assert marks(slow_shop).count("applied") == 1


def test_the_process_on_another_machine_is_declared_dead_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No machine can prove that: the lease stays until people do, and what was said is in the ledger."""
    shop = world(tmp_path, three_environments())
    monkeypatch.setenv("TERRACE_BACKUP_KEY", KEY)
    context = Project(shop.work).drift_context(Silent())
    opened = {
        "environment": "dev",
        "commit": context.repository.protected_tip(),
        "origin": origin_payload(Manual("bob")),
        "waves": [["dev"]],
        "policy": context.policy,
    }
    holder = {"host": "elsewhere", "boot": "b", "pid": 1, "who": "bob"}
    drafts = [
        Draft(kinds.DEPLOYMENT_OPENED, "d1", "bob", opened),
        Draft(kinds.LEASE_TAKEN, "d1", "bob", {"holder": holder, "epoch": 1}),
    ]
    context.ledger.append(drafts, head=context.ledger.read().head)
    refused = shop.run("resume", "dev")
    assert refused.code == 1
    assert "run by bob" in refused.out
    assert "--dead WHY" in refused.out
    assert shop.run("resume", "dev", "--dead", "the runner was terminated", "--json").json["result"] == "succeeded"
    (said,) = (e for e in context.ledger.read().events if e.kind == kinds.RECOVERY_ATTESTED)
    assert (said.actor, said.payload["reason"]) == ("ann", "the runner was terminated")
