"""Attempts to apply as a deployment makes them: prepared, then started on a word that nothing speaks against."""

from __future__ import annotations

import atexit
import hashlib
import json
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Literal

from terrace.adapters.host import file_identity, host, pid_namespace
from terrace.adapters.runner.permits import Permits
from terrace.adapters.runner.run_folder import RunFolder
from terrace.plans.ports import Applier, Attempt, MadePlan, Preparation, Site


def prepare(applier: Applier, name: str, site: Site, plan: MadePlan) -> Attempt:
    """An attempt whose run is prepared, as the ledger would name it."""
    attempt = Attempt(name, "ledger", "deployment", site.stack.key, plan.sha256)
    return replace(attempt, prepared=applier.prepare(attempt, site, plan))


def begin(applier: Applier, name: str, site: Site, plan: MadePlan) -> Attempt:
    """An attempt that was started."""
    attempt = prepare(applier, name, site, plan)
    assert applier.start(attempt, lambda: "") is None
    return attempt


def runner_of(folder: Path) -> int:
    """The process id of the runner whose folder that is, once it is about to start Terraform."""
    return int(json.loads((folder / "started.json").read_bytes())["pid"])


VERSION = b'{"@level":"info","@message":"Terraform 1.11.4","type":"version"}\n'


def lay_run(
    folder: Path,
    stage: Literal["prepared", "taken", "started", "logged", "ended", "failed"],
    log: bytes = VERSION,
    name: str = "one",
) -> Attempt:
    """What a run leaves below the folder of all runs when everything dies at that stage; nothing is really run."""
    run, nonce, sha256, this_host, permits = (
        RunFolder(folder / name),
        secrets.token_hex(16),
        "5" * 64,
        host(),
        Permits(),
    )
    bound = {"attempt": name, "nonce": nonce, "sha256": sha256}
    run.path.mkdir(parents=True)
    run.lock.touch()
    permit = permits.issue(nonce)
    atexit.register(permits.clear, nonce)
    lock = file_identity(run.lock.stat())
    intent = {"ledger": "l", "deployment": "d", "command": ["x"], "cwd": "/", "saved": "/x", "stack": "dev"}
    run.write("intent.json", {**bound, **intent, "path": "environments/dev", "permit": permit})
    attempt = Attempt(
        name,
        "l",
        "d",
        "dev",
        sha256,
        Preparation(nonce, this_host.name, this_host.machine, this_host.boot, permit, lock),
    )
    if stage == "prepared":
        return attempt
    assert permits.take(nonce, permit)
    if stage == "taken":
        return attempt
    gone = {"pid": 2**22 + 1, "pid_namespace": pid_namespace(), "started": "1", "at": 1_700_000_000.5}
    run.write("started.json", {**bound, **gone})
    if stage == "started":
        return attempt
    run.log.write_bytes(log)
    permits.note(nonce, len(log))
    if stage == "logged":
        return attempt
    seal = {"size": len(log), "sha256": hashlib.sha256(log).hexdigest()}
    code = {"ended": 0, "failed": 1}[stage]
    run.write("exit.json", {**bound, "end": "ended", "code": code, "at": 1_700_000_001.5, "log": seal})
    return attempt
