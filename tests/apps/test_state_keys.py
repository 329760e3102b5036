"""Who can read copies of states, where they lie, and how long: keys, recipients, stores and retention, end to end."""

from __future__ import annotations

import base64
import json
import os
import random
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pyrage import x25519

from support.cli import KEY, MODULE, World, three_environments, world
from terrace.adapters.artifacts import Artifacts
from terrace.adapters.backup_encryption import BackupCipher
from terrace.adapters.backups import Backups
from terrace.adapters.embedded_aws import EmbeddedAws
from terrace.states.state_file import read_state

pytestmark = pytest.mark.slow

ANN, BOB = x25519.Identity.generate(), x25519.Identity.generate()
YES = ("--yes", "--reason", "the bucket was emptied")


def backups(shop: World, **more: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shop.ok("state", "list", "--json", **more).json["backups"]
    return found


def state_path(shop: World) -> Path:
    (path,) = Path(shop.environment["TERRACE_HOME"]).glob("data/*/states/dev/dev/terraform.tfstate")
    return path


def for_recipients(files: dict[str, str]) -> dict[str, str]:
    recipients = ", ".join(str(who.to_public()) for who in (ANN, BOB))
    return {**files, "terrace.yaml": files["terrace.yaml"] + f"backups: {{recipients: [{recipients}]}}\n"}


def test_a_runner_writes_copies_that_only_the_recipients_read(tmp_path: Path) -> None:
    shop = world(tmp_path, for_recipients(three_environments()))
    shop.variables["TERRACE_BACKUP_KEY"] = ""
    missing = shop.run("deploy", "dev", TERRACE_BACKUP_KEY="")
    assert (missing.code, "TERRACE_DIGEST_KEY" in (missing.err)) == (2, True)
    shop.variables["TERRACE_DIGEST_KEY"] = KEY
    shop.ok("deploy", "dev")
    assert backups(shop)[0]["recipients"] == sorted(str(who.to_public()) for who in (ANN, BOB))
    state_path(shop).unlink()
    blind = shop.run("state", "restore", "dev", *YES)
    assert (blind.code, "TERRACE_BACKUP_IDENTITY is not set" in blind.err) == (2, True)
    assert shop.status()["dev"]["state"] == "deployed", "nothing was begun"
    done = shop.ok("state", "restore", "dev", *YES, "--json", TERRACE_BACKUP_IDENTITY=str(BOB)).json
    assert done["result"] == "restored"


def test_copies_are_sealed_anew_and_whoever_is_killed_meanwhile_loses_none(tmp_path: Path) -> None:
    files = three_environments()
    shop = world(tmp_path, files)
    for number in range(1, 5):
        shop.push({"modules/thing/main.tf": MODULE.replace("-1", f"-{number}")})
        shop.ok("deploy", "dev")
    before = backups(shop)
    assert len(before) == 4
    shop.push({"terrace.yaml": for_recipients(files)["terrace.yaml"]})
    shop.variables |= {"TERRACE_DIGEST_KEY": KEY, "TERRACE_BACKUP_KEY": base64.b64encode(bytes(32)).decode()}
    shop.variables |= {"OLD_KEY": KEY, "TERRACE_BACKUP_IDENTITY": str(ANN)}
    early = shop.run("state", "rekey", "--json")
    assert (early.code, "terrace ledger rekey" in early.json["hint"]) == (2, True), "the ledger has the old key yet"
    shop.ok("ledger", "rekey", "--old-key", "env:OLD_KEY", "--reason", "the old key is retired", "--yes")
    unopened = shop.run("state", "rekey", "--json")
    assert (unopened.code, len(unopened.json["failed"]), len(backups(shop))) == (1, 4, 4)
    rounds = random.Random(4)
    for _ in range(4):
        child = shop.start("state", "rekey", "--old-key", "env:OLD_KEY")
        time.sleep(rounds.uniform(0.7, 1.6))
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        assert {b["serial"] for b in backups(shop)} == {b["serial"] for b in before}
    done = shop.ok("state", "rekey", "--old-key", "env:OLD_KEY", "--json").json
    after = backups(shop)
    assert (done["failed"], len(after), {b["good"] for b in after}) == ([], 4, {True})
    assert len({b["key_id"] for b in after}) == 1
    shop.variables["OLD_KEY"] = ""
    for one in after:
        shop.ok("state", "diff", "dev", one["name"])
    state_path(shop).unlink()
    assert shop.ok("state", "restore", "dev", *YES, "--json").json["result"] == "restored", "the ledger knows it still"


def test_only_what_retention_does_not_keep_is_forgotten(tmp_path: Path) -> None:
    shop = world(tmp_path, three_environments())
    shop.ok("deploy", "dev")
    assert shop.ok("state", "prune", "--dry-run", "--json").json["dropped"] == []
    (store,) = Path(shop.environment["TERRACE_HOME"]).glob("data/*/artefacts")
    document = json.loads(state_path(shop).read_text())
    long_ago = datetime.now(UTC) - timedelta(days=100)
    times = iter(long_ago + timedelta(minutes=number) for number in range(3))
    old = Backups(Artifacts(store), BackupCipher(lambda: base64.b64decode(KEY)), lambda: next(times))
    for serial in (100, 101, 102):
        state = read_state(json.dumps(document | {"serial": serial}).encode(), "it")
        old.save("dev", "dev", state, commit="c", deployment="none", moment="poll")
    would = shop.ok("state", "prune", "--dry-run", "--json").json
    assert len(would["dropped"]) == 2, "the last of them was the state until the deployment"
    assert len(backups(shop)) == 4
    done = shop.ok("state", "backup", "dev", "--json").json
    assert done["pruned"] == would["dropped"]
    assert len(backups(shop)) == 2


BACKEND = 'terraform {\n  backend "s3" {\n    bucket = "states"\n    key = "dev"\n    use_lockfile = true\n'
BACKEND += (
    "    use_path_style = true\n    skip_credentials_validation = true\n    skip_requesting_account_id = true\n  }\n}\n"
)


@pytest.mark.aws
def test_states_and_copies_in_a_bucket_are_saved_drilled_and_brought_back(tmp_path: Path) -> None:
    with EmbeddedAws() as aws:
        for bucket in ("states", "copies"):
            aws.make_bucket(bucket)
        files = three_environments()
        names = ", ".join(aws.variables)
        files["terrace.yaml"] = files["terrace.yaml"].replace("dev: {}", f"dev: {{env: [{names}], rto: 10m}}")
        files["terrace.yaml"] += "backups: {url: 's3://copies/terrace'}\n"
        files["environments/dev/backend.tf"] = BACKEND
        shop = world(tmp_path, files)
        shop.variables |= {**aws.variables, "AWS_ALLOW_HTTP": "true"}
        shop.ok("deploy", "dev")
        assert [b["moment"] for b in backups(shop)] == ["after"]
        assert shop.ok("state", "backup", "--json").json["stacks"][0]["finding"] == "same"
        assert shop.ok("state", "drill", "--json").json["stacks"][0]["result"] == "passed"
        httpx.delete(f"{aws.endpoint}/states/dev", headers=aws.sign("s3"), timeout=None).raise_for_status()
        assert shop.run("state", "backup", "--json").json["stacks"][0]["finding"] == "alarm"
        done = shop.ok("state", "restore", "dev", *YES, "--json").json
        assert (done["result"], done["held"]) == ("restored", None)
        again = shop.ok("deploy", "dev", "--json").json
        assert "apply" not in [step["name"] for step in again["steps"]]
