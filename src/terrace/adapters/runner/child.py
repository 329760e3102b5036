"""`python -m terrace.adapters.runner.child FOLDER LOCK_FD WORD_FD`: runs one apply to its end, independently of its
parent.

It starts Terraform only on the start signal of its parent, only while that signal is fresh, and only with the permit of
the attempt. Terraform gets the environment of this process; no secret is written to disk.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
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

from terrace.adapters.environ import ENVIRON
from terrace.adapters.files import read_plain
from terrace.adapters.hardening import harden
from terrace.adapters.host import pid_namespace, start_time
from terrace.adapters.runner.permits import Permits
from terrace.adapters.runner.run_folder import RunFolder
from terrace.adapters.runner.run_log import LOG_BYTES, LogLimiter, RunLog
from terrace.adapters.runner.start_signal import StartSignal

POLL_SECONDS = 0.1
"""Interval at which the length of the log is recorded in the permit and the log is flushed to disk, in seconds."""

NEVER = 10**19
"""A length beyond any log."""


def main(folder: Path, lock: int, word: int) -> None:
    """Waits for the start signal, applies the saved plan, and records the result. This process inherited the lock with
    `lock`."""
    run = RunFolder(folder)
    intent: dict[str, Any] = json.loads((folder / "intent.json").read_bytes())
    saved = Path(intent["saved"])
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        _Run(run, intent, saved, lock, word).apply()
    finally:
        shutil.rmtree(saved.parent, ignore_errors=True)


class _Run:
    """One apply, from the start signal to the record of its result."""

    def __init__(self, run: RunFolder, intent: dict[str, Any], saved: Path, lock: int, word: int) -> None:
        self._run = run
        self._intent = intent
        self._saved = saved
        self._lock = lock
        self._word = word
        self._cwd = Path(intent["cwd"])
        self._bound = {name: intent[name] for name in ("attempt", "nonce", "sha256")}
        self._stopped: list[int] = []
        self._children: list[subprocess.Popen[bytes]] = []

    def apply(self) -> None:
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGTERM, self._stop)
        objection = self._objection()
        if objection:
            self._decline(objection)
            return
        word = self._wait_for_start()
        if word is None:
            # The parent records the reason; that the start signal never came is known without a record.
            return
        permits = Permits()
        if self._intent["permit"] and not permits.take(self._bound["nonce"], self._intent["permit"]):
            # It was withdrawn, and the process that did so records the outcome of this attempt.
            return
        self._run.write(
            "started.json",
            {
                **self._bound,
                "pid": os.getpid(),
                "pid_namespace": pid_namespace(),
                "started": start_time(os.getpid()),
                "at": time.time(),
            },
        )
        # Readable as well: the end of a truncated log is kept.
        log = os.open(self._run.log, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        limit = int(self._intent.get("log_bytes", LOG_BYTES))
        bounded = RunLog(log, limit)
        try:
            keeper = LogLimiter.start(log, self._lock, limit)
        except OSError as error:
            os.close(log)
            self._decline(f"the process that bounds its log could not be started: {error.strerror}")
            return
        try:
            with _lane(self._intent.get("lane"), self._cwd) as (variables, handles):
                objection = "interrupted before it was started" if self._stopped else word.why_stale()
                if objection:
                    self._decline(objection)
                    return
                code = self._terraform(permits, log, bounded, variables, (keeper.alive, *handles))
        finally:
            keeper.dismiss()
            os.close(log)
        self._end(code, bounded.left_out)
        permits.clear(self._bound["nonce"])

    def _objection(self) -> str:
        """Returns why the apply would not be the approved one, or could not be identified afterwards; "" where it
        is."""
        if not self._saved.is_file() or _sha256(self._saved) != self._bound["sha256"]:
            return "the saved plan is not the approved one"
        if os.path.lexists(self._cwd / "errored.tfstate"):
            return "the stack's folder contains errored.tfstate, which would be confused with the state of this apply"
        return ""

    def _wait_for_start(self) -> StartSignal | None:
        """Reports that this process is ready, and waits for the start signal; returns None where none comes."""
        with contextlib.suppress(OSError):
            os.write(self._word, b"r")
        request = b""
        while not request.endswith(b"\n"):
            try:
                more = os.read(self._word, 4096)
            except OSError:
                return None
            if not more:
                return None
            request += more
        os.close(self._word)
        return StartSignal.read(request)

    def _terraform(
        self, permits: Permits, log: int, bounded: RunLog, variables: Mapping[str, str], handles: tuple[int, ...]
    ) -> int:
        child = subprocess.Popen(
            self._intent["command"],
            cwd=self._cwd,
            env={**ENVIRON, **variables},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(self._lock, *handles),
        )
        self._children.append(child)
        if self._stopped:
            child.send_signal(signal.SIGINT)
        size = 0
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = child.wait(POLL_SECONDS)
                bounded.close()
                os.fsync(log)
                return code
            bounded.cut()
            if size != (size := os.fstat(log).st_size):
                # A truncated log never reaches its former length.
                permits.note(self._bound["nonce"], NEVER if bounded.left_out else size)
                # Flushed regularly, in case the machine crashes. Not for every line: a provisioner may print very much.
                with contextlib.suppress(OSError):
                    os.fdatasync(log)

    def _end(self, code: int, left_out: int) -> None:
        record: dict[str, object] = {"code": code, "interrupted": bool(self._stopped)}
        unsaved = read_plain(self._cwd, "errored.tfstate")
        if unsaved is not None:
            descriptor = os.open(self._run.unsaved, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(unsaved)
                file.flush()
                os.fsync(file.fileno())
            record["unsaved_state"] = True
        log = {"size": self._run.log.stat().st_size, "sha256": _sha256(self._run.log), "cut": left_out}
        self._run.write("exit.json", {**self._bound, **record, "end": "ended", "at": time.time(), "log": log})

    def _decline(self, reason: str) -> None:
        """Records that Terraform was not started. Only this process could have started it."""
        end = {"end": "not started", "code": 1, "at": time.time(), "reason": reason}
        self._run.write("exit.json", {**self._bound, **end, "interrupted": bool(self._stopped)})

    def _stop(self, number: int, frame: FrameType | None) -> None:
        # A second signal makes Terraform abandon operations in progress, so that only one is sent.
        if not self._stopped:
            self._stopped.append(number)
            for child in self._children:
                child.send_signal(signal.SIGINT)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _lane(order: dict[str, Any] | None, cwd: Path) -> Iterator[tuple[Mapping[str, str], tuple[int, ...]]]:
    """Returns the variables for an apply with the fast lane, and the context that keeps it open while Terraform
    runs."""
    if order is None:
        yield {}, ()
        return
    from terrace.adapters.terraform.fast.lane import Lane, LaneDied, LaneRequest

    lane = Lane(Path(order["cache"]))
    with contextlib.ExitStack() as stack:
        try:
            ride = stack.enter_context(lane.ride(cwd, ENVIRON, LaneRequest.of_json(order)))
        except LaneDied:
            # Nothing was started, so that the apply can run without the fast lane.
            yield {}, ()
            return
        yield ride.variables, (lane.handle,)


if __name__ == "__main__":
    harden()
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
