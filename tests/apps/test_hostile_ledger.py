"""A person who can write into the ledger, and do nothing else, gets nothing applied, written or overwritten by it."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from support.cli import KEY, World, three_environments, world
from support.git import git
from terrace.adapters.ledgers.git import GitLedger
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.model import Draft

pytestmark = pytest.mark.slow

CODE = (
    'terraform_data.a\n to = terraform_data.b\n}\noutput "x" { value = filebase64("/proc/self/environ") }\n'
    "moved {\n from = terraform_data.c"
)
ROLLBACK = {"kind": "automatic-rollback", "of": "d0", "reason": "smoke: failed"}


def write(shop: World, kind: str, subject: str, payload: Mapping[str, Any], *, ahead: timedelta = timedelta(0)) -> int:
    """Push an event as any program could, dated by a clock that is `ahead`; returns its position."""
    ids = iter(range(10**6))
    stamp = f"{datetime.now(UTC):%H%M%S%f}"
    ledger = GitLedger(
        shop.work,
        remote="origin",
        clock=lambda: datetime.now(UTC) + ahead,
        new_id=lambda: f"m{stamp}{next(ids)}",
        key=NO_KEY,
    )
    history = ledger.append([Draft(kind, subject, "mallory", payload)], head=ledger.read().head)
    return len(history.events) - 1


def test_a_release_that_a_ledger_writer_calls_good_is_not_promoted_and_narrows_no_authors(tmp_path: Path) -> None:
    shop = world(tmp_path / "there", three_environments())
    shop.ok("deploy", "dev")
    commit = git(shop.work, "rev-parse", "origin/main")
    digest = {"digest": "d", "empty": True, "lineage": "", "serial": -1}
    events = [
        ("deployment.opened", "f1", {**opened(shop), "environment": "staging", "waves": [["staging"]]}),
        ("step.begun", "f1", {"step": "plan", "stack": "staging", "attempt": "fa1", "detail": {}}),
        ("step.ended", "f1", {"attempt": "fa1", "result": "succeeded", "detail": digest}),
        ("deployment.ended", "f1", {"result": "succeeded", "reasons": []}),
    ]
    positions = [write(shop, *event) for event in events]
    refused = shop.run("promote", "prod", "--json")
    assert refused.code == 2, refused.out + refused.err
    assert "no deployment to staging has succeeded yet" in refused.out, refused.out
    assert commit[:7] not in json.dumps(shop.status()["staging"])
    (fault,) = shop.run("ledger", "verify", "--json").json["unread"]
    assert (fault["position"], fault["environment"]) == (positions[0], "staging"), (
        "what follows an absent opening is absent"
    )
    told = shop.run("deploy", "staging")
    assert (told.code, f"terrace ledger dismiss {positions[0]}" in " ".join(told.out.split())) == (1, True), told.out


def test_a_plan_that_a_ledger_writer_calls_empty_skips_no_stack(tmp_path: Path) -> None:
    files = {
        **three_environments(),
        "terrace.yaml": "version: 1\nenvironments:\n  dev: {approvals: 1}\n  staging: {}\n  prod: {}\n",
    }
    shop = world(tmp_path / "there", files)
    waiting = shop.run("deploy", "dev", "--json").json
    assert waiting["result"] == "waiting", waiting
    digest = {"digest": "d", "empty": True, "lineage": "", "serial": -1}
    write(shop, "step.begun", waiting["deployment"], {"step": "plan", "stack": "dev", "attempt": "fa1", "detail": {}})
    write(shop, "step.ended", waiting["deployment"], {"attempt": "fa1", "result": "succeeded", "detail": digest})
    told = shop.run("resume", "dev", "--json")
    assert (told.code, told.json["result"]) == (1, "waiting"), told.out + told.err
    assert shop.status()["dev"]["state"] != "deployed"


def test_a_process_with_another_key_applies_nothing(tmp_path: Path) -> None:
    shop = world(tmp_path / "there", three_environments())
    shop.ok("deploy", "dev")
    before = shop.state("dev")
    other = base64.b64encode(b"o" * 32).decode()
    for more in ({"TERRACE_LEDGER_KEY": other}, {"TERRACE_BACKUP_KEY": other}):
        refused = shop.run("deploy", "dev", **more)
        assert refused.code == 2, refused.out + refused.err
        assert "are authenticated with the key" in refused.err
        assert "terrace ledger rekey" in " ".join(refused.err.split())
    assert "is not base64" in shop.run("deploy", "dev", TERRACE_LEDGER_KEY="no key").err
    for variable in ("TERRACE_LEDGER_KEY", "TERRACE_DIGEST_KEY"):
        short = shop.run("deploy", "dev", **{variable: base64.b64encode(b"password").decode()})
        assert (short.code, "a key has at least 16" in short.err) == (2, True), short.err
    assert shop.state("dev") == before
    assert shop.ok("ledger", "verify", "--json").json["authentic"]["checked"]
    blind = shop.ok("ledger", "verify", TERRACE_BACKUP_KEY="")
    assert "could not be authenticated: no ledger key is set" in blind.out
    assert "nothing to change" in shop.run("ledger", "rekey", "--reason", "r", "--yes").err
    shop.ok(
        "ledger",
        "rekey",
        "--old-key",
        "env:OLD",
        "--reason",
        "a key of its own",
        "--yes",
        TERRACE_LEDGER_KEY=other,
        OLD=KEY,
    )
    stale = shop.run("deploy", "dev")
    assert (stale.code, "names the key" in stale.out) == (1, True), "the old key is no key any more"
    assert shop.ok("deploy", "dev", "--json", TERRACE_LEDGER_KEY=other).json["result"] == "succeeded"
    position = write(shop, "deployment.opened", "f1", opened(shop))
    lost = {"TERRACE_LEDGER_KEY": base64.b64encode(b"3" * 32).decode()}
    asked = ("ledger", "rekey", "--reason", "lost", "--dry-run")
    told = shop.ok(*asked, "--json", **lost).json
    (forged,) = [one for one in told["events"] if one["doubtful"]]
    assert (forged["position"], forged["by"], forged["environment"]) == (position, "mallory", "dev")
    assert (told["dry_run"], told["unchecked"]["deployment.opened"]) == (True, 3)
    assert f"  {position} deployment.opened: a deployment of " in shop.ok(*asked, **lost).out
    assert shop.run("deploy", "dev", **lost).code == 2, "nothing was written"


def opened(shop: World, **more: object) -> dict[str, Any]:
    commit = git(shop.work, "rev-parse", "origin/main")
    origin = {"kind": "manual", "by": "ann"}
    return {"environment": "dev", "commit": commit, "origin": origin, "waves": [["dev"]], "policy": "p", **more}


def hostile(shop: World, outside: Path) -> list[tuple[str, str, dict[str, Any]]]:
    moves = {"moves": [["environments/dev", CODE, "terraform_data.d"]], "imports": []}
    away = {"moves": [["../../../outside", "terraform_data.a", "terraform_data.b"]], "imports": []}
    imported = {"moves": [], "imports": [["dev", CODE, "id"]]}
    return [
        ("deployment.opened", "h1", opened(shop, additions=moves)),
        ("deployment.opened", "h2", opened(shop, additions=away)),
        ("deployment.opened", "h3", opened(shop, additions=imported)),
        ("deployment.opened", "h4", opened(shop, commit=f"--output={outside}")),
        ("deployment.opened", "h5", opened(shop, live=f"--output={outside}")),
        ("deployment.opened", "h6", opened(shop, origin={"kind": "automatic-rollback", "of": "d0"})),
        ("deployment.opened", "--output=x", opened(shop)),
        ("deployment.opened", "../h7", opened(shop)),
        ("environment.held", "dev", {"reason": {"no": "text"}}),
        ("deployment.painted", "dev", {"colour": "green"}),
    ]


def test_no_event_of_a_stranger_acts_and_a_signer_of_the_trust_root_dismisses_it(tmp_path: Path) -> None:
    shop = world(tmp_path / "there", three_environments())
    shop.ok("deploy", "dev")
    outside = tmp_path / "outside"
    before = shop.state("dev")
    positions = [write(shop, *event) for event in hostile(shop, outside)]
    tick = shop.run("tick")
    assert tick.code in (0, 1), tick.out + tick.err
    refused = shop.run("deploy", "dev", "--json")
    assert refused.code == 1, refused.out + refused.err
    reasons = json.dumps(refused.json)
    assert f"event {positions[0]} of the ledger cannot be read" in reasons
    assert "terrace ledger dismiss" in reasons
    status = shop.ok("status", "--json")
    assert "cannot be read" in status.out
    assert shop.run("show", "dev").code == 0
    assert "cannot be read" in shop.run("show", "dev").out
    doctor = shop.run("doctor")
    assert doctor.code == 1
    assert "cannot be read" in doctor.out
    verified = shop.run("ledger", "verify", "--json")
    assert verified.code == 1
    assert [one["position"] for one in verified.json["unread"]] == positions
    assert not outside.exists()
    places = (tmp_path, Path(os.environ["TERRACE_HOME"]))
    assert not [found for place in places for found in place.rglob("zz_terrace_additions.tf")]
    assert shop.state("dev") == before

    unread = verified.json["unread"]
    first = str(unread[0]["position"])
    for more in (("--as", "mallory"), ("--as", "bob", "--key", str(shop.key("carol")))):
        refused = shop.run("ledger", "dismiss", first, "--reason", "fine", "--yes", *more)
        assert refused.code == 2, refused.out + refused.err
    assert len(shop.run("ledger", "verify", "--json").json["unread"]) == len(unread)
    forged = {"position": int(first), "hash": "0" * 64, "reason": "r", "signature": None, "statement": ""}
    write(shop, "event.dismissed", "ledger", forged)
    assert len(shop.run("ledger", "verify", "--json").json["unread"]) == len(unread)
    signing = ("--reason", "looked at it", "--as", "bob", "--key", str(shop.key("bob")))
    shop.ok("ledger", "dismiss", first, *signing, "--yes")
    every = f"{positions[1]}-{positions[-1] + 1}"
    told = shop.ok("ledger", "dismiss", every, "--dry-run", "--json", *signing).json
    assert (told["positions"], told["dry_run"], told["environment"]) == (positions[1:], True, "dev")
    assert (
        f"event {positions[1]} (deployment.opened), " in shop.ok("ledger", "dismiss", every, "--dry-run", *signing).out
    )
    refused = shop.run("ledger", "dismiss", f"{positions[2]}-{positions[1]}", "--yes", *signing)
    assert (refused.code, "ends before it begins" in refused.err) == (2, True), refused.err
    assert shop.run("ledger", "dismiss", every, "--yes", "--reason", "fine", "--as", "mallory").code == 2
    before_it = len(shop.ok("ledger", "export").out.splitlines())
    done = shop.ok("ledger", "dismiss", every, "--yes", *signing)
    assert f"9 events are ignored: {positions[1]}-{positions[-1]}" in done.out
    assert len(shop.ok("ledger", "export").out.splitlines()) == before_it + 1
    assert shop.ok("ledger", "verify", "--json").json["unread"] == []
    assert shop.ok("deploy", "dev", "--json").code == 0


def test_an_event_dated_in_the_future_holds_every_environment_until_a_signer_dismisses_its_date(tmp_path: Path) -> None:
    shop = world(tmp_path, three_environments())
    shop.ok("deploy", "dev")
    shop.push({"environments/dev/more.tf": 'resource "terraform_data" "more" {}\n'})
    held = {"reason": "a test"}
    position = str(write(shop, "environment.held", "prod", held, ahead=timedelta(days=365)))
    before = shop.state("dev")
    refused = shop.run("deploy", "dev")
    assert refused.code == 1, refused.out + refused.err
    assert f"event {position} of the ledger is dated" in refused.out
    assert "the clock of this machine says" in refused.out
    assert f"terrace ledger dismiss {position}" in refused.out
    assert shop.run("tick").code in (0, 1)
    assert shop.state("dev") == before
    assert f"terrace ledger dismiss {position}" in shop.ok("status").out
    assert f"terrace ledger dismiss {position}" in shop.ok("ledger", "verify").out
    assert f"terrace ledger dismiss {position}" in shop.run("doctor", "--json").out
    dismissing = ("ledger", "dismiss", position, "--reason", "the clock of ci-1 was wrong", "--yes")
    assert shop.run(*dismissing, "--as", "mallory").code == 2
    shop.ok(*dismissing, "--as", "bob", "--key", str(shop.key("bob")))
    assert shop.ok("ledger", "verify", "--json").json["times"] == []
    assert shop.ok("deploy", "dev").code == 0
    assert "prod is on hold" in shop.run("deploy", "prod").out, "what the event says counts as before"
