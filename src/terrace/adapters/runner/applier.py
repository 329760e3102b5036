"""Starts applies in runners of their own, finds them again, and waits for them."""

from __future__ import annotations

import fcntl
import os
import pwd
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from terrace.adapters.interruption import INTERRUPTION
from terrace.adapters.runner.run_folder import RunFolder
from terrace.adapters.terraform import argv
from terrace.adapters.terraform.client import LocalTerraform
from terrace.adapters.terraform.failures import doubt, failure
from terrace.adapters.terraform.messages import decode, diagnostic, distinct, progress
from terrace.errors import Diagnostic, Interrupted, NotReady, TerraceError
from terrace.plans.terraform import Autopsy, Fate, Listener, MadePlan, Progress, RunOutcome, Site

POLL_SECONDS = 0.05
"""How often a waiting process looks: a look is two system calls."""

ROOM = 2**20
"""How many bytes must be free for what a run writes of itself."""


class LocalApplier:
    """Runs in `folder`, one folder an attempt. They stay: they are what a post-mortem asks for."""

    def __init__(self, folder: Path, terraform: LocalTerraform) -> None:
        self._folder = folder
        self._terraform = terraform
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    @cached_property
    def place(self) -> str:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / "place"
        with suppress(FileExistsError), path.open("x") as file:
            file.write(secrets.token_hex(8))
            file.flush()
            os.fsync(file.fileno())
        return path.read_text()

    def look(self, attempt: str) -> Fate:
        run = self._run(attempt)
        if run.read("exit.json") is not None:
            return Fate.ENDED
        if run.held:
            return Fate.RUNNING
        # Asked again: it may have ended between the two looks.
        if run.read("exit.json") is not None:
            return Fate.ENDED
        return Fate.UNKNOWN if run.started else Fate.NOT_STARTED

    def autopsy(self, attempt: str) -> Autopsy:
        run = self._run(attempt)
        intent, started = run.read("intent.json") or {}, run.read("started.json") or {}
        log = _Log(run.log, str(intent.get("stack", "")), str(intent.get("path", "")), None)
        log.follow()
        unsaved = run.path / "errored.tfstate"
        return Autopsy(
            created=tuple(log.created.items()),
            in_flight=tuple(log.in_flight),
            destroyed=tuple(log.destroyed),
            unsaved=unsaved.read_bytes() if unsaved.is_file() else b"",
            who=_who(),
            began=datetime.fromtimestamp(float(started["at"]), UTC) if "at" in started else None,
        )

    def start(self, attempt: str, site: Site, made: MadePlan) -> None:
        run = self._run(attempt)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._need_room()
        try:
            run.path.mkdir(mode=0o700)
        except FileExistsError as error:
            raise TerraceError(f"attempt {attempt} was started before: it is never started again") from error
        folder = self._terraform.folder(site)
        run.write(
            "intent.json",
            {
                "command": [*self._terraform.binary.command, *argv.apply(made.file, self._terraform.lock_wait)],
                "cwd": str(site.folder),
                "saved": str(made.file),
                "sha256": made.sha256,
                "stack": site.stack.key,
                "path": site.stack.path,
                "lane": self._terraform.apply_lane(site, folder),
            },
        )
        descriptor = os.open(run.lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            # The lock goes over to the runner with the descriptor: there is no moment in which nobody holds it.
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with (run.path / "runner.log").open("wb") as said:
                self._children[attempt] = subprocess.Popen(
                    # -P: what lies in the folder where this is started is the repository's, and must not be imported.
                    [sys.executable, "-P", "-m", "terrace.adapters.runner.child", str(run.path), str(descriptor)],
                    cwd=run.path,
                    env=self._terraform.environment(site, folder),
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    start_new_session=True,
                    pass_fds=(descriptor,),
                )
        finally:
            os.close(descriptor)

    def _need_room(self) -> None:
        """Raises NotReady where a run could not record its end: what it did would be known to nobody."""
        try:
            with tempfile.TemporaryFile(dir=self._folder) as file:
                file.write(bytes(ROOM))
                file.flush()
        except OSError as error:
            message = f"no apply is started without room for its record in {self._folder}: {error.strerror}"
            raise NotReady(message, hint="make room there, and deploy again") from error

    def wait(self, attempt: str, listener: Listener | None = None) -> RunOutcome | None:
        run = self._run(attempt)
        intent = run.read("intent.json") or {}
        log = _Log(run.log, str(intent.get("stack", "")), str(intent.get("path", "")), listener)
        with suppress(Interrupted), INTERRUPTION.telling(lambda: self._stop(run)):
            self._until_over(run, log.follow)
        self._until_over(run, log.follow)
        log.follow()
        if attempt in self._children:
            self._children.pop(attempt).wait()
        ended = run.read("exit.json")
        if ended is None or int(ended["code"]) < 0:
            # Terraform itself was killed: its end says nothing about what it did.
            return None
        return self._outcome(run, ended, log)

    def _until_over(self, run: RunFolder, follow: Callable[[], None]) -> None:
        while run.read("exit.json") is None and run.held:
            follow()
            time.sleep(POLL_SECONDS)

    def _stop(self, run: RunFolder) -> None:
        started = run.read("started.json")
        if started is not None:
            with suppress(ProcessLookupError):
                os.kill(int(started["pid"]), signal.SIGINT)

    def _outcome(self, run: RunFolder, ended: dict[str, Any], log: _Log) -> RunOutcome:
        code = int(ended["code"])
        found = distinct(log.diagnostics)
        unsaved = run.path / str(ended["unsaved_state"]) if "unsaved_state" in ended else None
        summary = log.summary
        if code != 0:
            reason = str(ended.get("reason", ""))
            if not reason:
                rest = "".join(log.plain)
                reason = str(failure(self._terraform.product, "apply", log.stack, code, found, rest).message)
            summary = f"{reason}; {log.done} of its changes were made" if log.done else reason
            if ended.get("interrupted"):
                summary = f"interrupted; {summary}"
        lost = doubt(found) if code != 0 else ""
        return RunOutcome(code=code, summary=summary, diagnostics=found, unsaved_state=unsaved, doubt=lost)

    def _run(self, attempt: str) -> RunFolder:
        return RunFolder(self._folder / attempt)


def _who() -> str:
    """Who Terraform says that it is in a lock: the user of the process, not the one of LOGNAME; "" if nobody knows."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = os.environ.get("USER", "")
    return f"{user}@{socket.gethostname()}" if user else ""


class _Log:
    """What Terraform has said so far, read on from where it was left."""

    def __init__(self, path: Path, stack: str, folder: str, listener: Listener | None) -> None:
        self._path = path
        self._folder = folder
        self._listener = listener
        self._offset = 0
        self.stack = stack
        self.diagnostics: list[Diagnostic] = []
        self.plain: list[str] = []
        self.summary = ""
        self.done = 0
        self.created: dict[str, str] = {}
        self.in_flight: dict[str, None] = {}
        self.destroyed: dict[str, None] = {}

    def follow(self) -> None:
        """Read every whole line that is new."""
        with suppress(FileNotFoundError), self._path.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._offset += len(line)
                self._hear(line)

    def _hear(self, line: bytes) -> None:
        message = decode(line)
        if message is None:
            self.plain.append(line.decode("utf-8", "replace"))
            return
        told = diagnostic(message, self._folder)
        if told is not None:
            self.diagnostics.append(told)
        if message.get("type") == "change_summary":
            self.summary = str(message.get("@message", ""))
        step = progress(self.stack, message)
        if step is None:
            return
        if step.action == "delete" and step.phase == "done":
            self.destroyed[step.address] = None
        if step.action == "create":
            self._make(step, message)
        self.done += step.phase == "done"
        if self._listener is not None:
            self._listener(step)

    def _make(self, step: Progress, message: dict[str, Any]) -> None:
        """Keep count of what is being made, and under which id it came to be."""
        if step.phase == "start":
            self.in_flight[step.address] = None
        elif step.phase in ("done", "failed"):
            self.in_flight.pop(step.address, None)
        if step.phase == "done":
            self.created[step.address] = str((message.get("hook") or {}).get("id_value") or "")
