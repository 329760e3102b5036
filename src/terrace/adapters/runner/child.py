"""`python -m terrace.adapters.runner.child FOLDER LOCK_FD`: runs one apply to its end, whatever becomes of its parent.

The environment of this process is the one that Terraform gets; nothing secret is written down.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from terrace.adapters.runner.run_folder import RunFolder


def main(folder: Path, lock: int) -> None:
    """Check the saved plan's hash, apply it, and record the end. The lock is ours already, through `lock`."""
    run = RunFolder(folder)
    intent = run.read("intent.json")
    assert intent is not None, "whoever starts us writes it first"
    saved = Path(intent["saved"])
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        _apply(run, intent, saved, lock)
    finally:
        shutil.rmtree(saved.parent, ignore_errors=True)


def _apply(run: RunFolder, intent: dict[str, Any], saved: Path, lock: int) -> None:
    cwd = Path(intent["cwd"])
    if not saved.is_file() or hashlib.sha256(saved.read_bytes()).hexdigest() != intent["sha256"]:
        run.write("exit.json", {"code": 1, "reason": "the saved plan is not the one that was approved"})
        return
    stopped: list[int] = []
    children: list[subprocess.Popen[bytes]] = []

    def stop(number: int, frame: FrameType | None) -> None:
        # Terraform abandons what is in flight when it is told twice, so it is told once.
        if not stopped:
            stopped.append(number)
            for child in children:
                child.send_signal(signal.SIGINT)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    run.write("started.json", {"pid": os.getpid(), "at": time.time()})
    if stopped:
        run.write("exit.json", {"code": 1, "reason": "interrupted before it was started: nothing was applied"})
        return
    with run.log.open("wb") as log, _lane(intent.get("lane"), cwd) as (variables, handles):
        child = subprocess.Popen(
            intent["command"],
            cwd=cwd,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(lock, *handles),
        )
        children.append(child)
        if stopped:
            child.send_signal(signal.SIGINT)
        code = child.wait()
    record: dict[str, object] = {"code": code, "at": time.time(), "interrupted": bool(stopped)}
    left = cwd / "errored.tfstate"
    if left.is_file():
        shutil.copyfile(left, run.path / "errored.tfstate")
        (run.path / "errored.tfstate").chmod(0o600)
        record["unsaved_state"] = "errored.tfstate"
    run.write("exit.json", record)


@contextlib.contextmanager
def _lane(order: dict[str, Any] | None, cwd: Path) -> Iterator[tuple[Mapping[str, str], tuple[int, ...]]]:
    """The variables for an apply through the fast lane, and what keeps that open as long as Terraform lives."""
    if order is None:
        yield {}, ()
        return
    from terrace.adapters.terraform.fast.lane import Lane, LaneDied, Load

    lane = Lane(Path(order["cache"]))
    with contextlib.ExitStack() as stack:
        try:
            ride = stack.enter_context(lane.ride(cwd, os.environ, Load.of_json(order)))
        except LaneDied:
            # Nothing was begun: the plain way is open.
            yield {}, ()
            return
        yield ride.variables, (lane.handle,)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
