"""Starts applies in separate runner processes, finds them later, and waits for them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from terrace.adapters.before_plan.files import find_changed
from terrace.adapters.environ import ENVIRON
from terrace.adapters.host import file_identity, host, pid_namespace, process_state, send_signal, sync_parents
from terrace.adapters.interruption import INTERRUPTION
from terrace.adapters.runner.permits import NONCE, Permits
from terrace.adapters.runner.run_folder import Ended, Intent, Lock, LogSeal, RunFolder, Started
from terrace.adapters.runner.run_log import CUT, LOG_BYTES
from terrace.adapters.runner.start_signal import StartSignal
from terrace.adapters.terraform import argv
from terrace.adapters.terraform.client import LocalTerraform
from terrace.adapters.terraform.error_hints import failure, unknown_outcome
from terrace.adapters.terraform.messages import decode, diagnostic, distinct, printed_text, progress
from terrace.adapters.terraform.private import hand_over, lock_of
from terrace.errors import Corrupt, Diagnostic, Interrupted, NotReady, TerraceError
from terrace.plans.apply_progress import Change, LoggedChanges, is_logged
from terrace.plans.before_plan_outputs import Prepared
from terrace.plans.ports import (
    Attempt,
    Evidence,
    Fate,
    Listener,
    LoggedLeftovers,
    MadePlan,
    NotStarted,
    Preparation,
    PrintedOutput,
    Progress,
    RunOutcome,
    Site,
    drop_output,
)
from terrace.words import plural

POLL_SECONDS = 0.05
"""Interval of checks by a waiting process, in seconds: a check is two system calls."""

ROOM = 2**20
"""Free space that the records of a run need, in bytes."""

READY_SECONDS = 60.0
"""Maximum time until a runner is ready, in seconds. It does nothing until it gets the start signal."""

LINE_BYTES = 16 * 2**20
"""Maximum length of a line of the log that is read as a message of Terraform."""

PLAIN_BYTES = 2**20
"""Maximum size of other output that is kept in memory."""

MOST_DIAGNOSTICS = 10_000
"""Maximum number of errors and warnings of one apply that are kept."""

_CHILD = "terrace.adapters.runner.child"


class LocalApplier:
    """Applies below `folder`, one folder per attempt. The folders are kept for postmortems."""

    def __init__(
        self,
        folder: Path,
        terraform: LocalTerraform,
        permits: Permits | None = None,
        *,
        log_bytes: int = LOG_BYTES,
        output: PrintedOutput = drop_output,
    ) -> None:
        self._folder = folder
        self._log_bytes = log_bytes
        self._output = output
        self._terraform = terraform
        self._permits = permits or Permits()
        self._ready: dict[str, _Ready] = {}
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    # --- before it starts --------------------------------------------------------------------------------------

    def prepare(self, attempt: Attempt, site: Site, plan: MadePlan) -> Preparation:
        run = RunFolder.of(self._folder, attempt.id)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._require_space()
        folder = self._terraform.folder(site)
        files = self._terraform.variable_files(site, "apply")
        command = argv.apply(plan.file, self._terraform.lock_wait, files=files)
        nonce, this_host = secrets.token_hex(16), host()
        try:
            run.path.mkdir(mode=0o700)
        except FileExistsError as error:
            raise TerraceError(
                f"attempt {attempt.id} was already prepared; an attempt is prepared only once"
            ) from error
        lock = None
        try:
            lock = os.open(run.lock, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            # The runner inherits the lock with the descriptor: it is never free in between.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            prepared = Preparation(
                nonce=nonce,
                host=this_host.name,
                machine=this_host.machine,
                boot=this_host.boot,
                permit=self._permits.issue(nonce),
                lock=file_identity(os.fstat(lock)),
            )
            run.write(
                "intent.json",
                {
                    "attempt": attempt.id,
                    "nonce": nonce,
                    "sha256": plan.sha256,
                    "ledger": attempt.ledger,
                    "deployment": attempt.deployment,
                    "command": [*self._terraform.binary.command, *command],
                    "cwd": str(site.folder),
                    "saved": str(plan.file),
                    "stack": site.stack.key,
                    "path": site.stack.path,
                    "permit": prepared.permit,
                    "log_bytes": self._log_bytes,
                    "lane": self._terraform.apply_lane(site, folder),
                },
            )
            sync_parents(self._folder)
        except BaseException:
            if lock is not None:
                os.close(lock)
            self._permits.clear(nonce)
            shutil.rmtree(run.path, ignore_errors=True)
            raise
        variables = self._terraform.environment(site, folder)
        self._ready[attempt.id] = _Ready(
            lock, nonce, prepared.permit, variables, plan.file.parent, site.root, plan.prepared
        )
        return prepared

    def discard(self, attempt: str) -> None:
        ready = self._ready.pop(attempt, None)
        if ready is not None:
            self._permits.clear(ready.nonce)
            os.close(ready.lock)
            shutil.rmtree(RunFolder.of(self._folder, attempt).path, ignore_errors=True)

    def release(self, attempt: str) -> None:
        ready = self._ready.pop(attempt, None)
        if ready is not None:
            self._permits.withdraw(ready.nonce, ready.permit)
            os.close(ready.lock)

    def start(self, attempt: Attempt, objection: Callable[[], str]) -> NotStarted | None:
        run = self._run(attempt)
        ready = self._ready.pop(attempt.id)
        ours, runner_end = socket.socketpair()
        try:
            with ours:
                try:
                    child = self._spawn(run, ready, runner_end)
                except OSError as error:
                    return self._not_started(attempt, f"the runner could not be started: {error.strerror}")
                finally:
                    runner_end.close()
                    os.close(ready.lock)
                return self._signal_start(attempt, run, child, ours, lambda: _changed_file(ready) or objection())
        except BaseException:
            # The runner sees that the socket is closed, and exits without starting anything.
            self._permits.withdraw(ready.nonce, attempt.prepared.permit)
            raise

    def _spawn(self, run: RunFolder, ready: _Ready, word: socket.socket) -> subprocess.Popen[bytes]:
        with (run.path / "runner.log").open("wb") as log_file:
            child = subprocess.Popen(
                # -P: the current folder belongs to the repository, from which Python must not import anything.
                [sys.executable, "-P", "-m", _CHILD, str(run.path), str(ready.lock), str(word.fileno())],
                cwd=run.path,
                env=ready.variables,
                stdin=subprocess.DEVNULL,
                stdout=log_file,
                stderr=log_file,
                start_new_session=True,
                pass_fds=(ready.lock, word.fileno(), *lock_of(ready.plan)),
            )
        hand_over(ready.plan)
        return child

    def _signal_start(
        self,
        attempt: Attempt,
        run: RunFolder,
        child: subprocess.Popen[bytes],
        ours: socket.socket,
        objection: Callable[[], str],
    ) -> NotStarted | None:
        """Checks again, with the runner ready, whether the apply can start, and immediately signals the runner."""
        ours.settimeout(READY_SECONDS)
        try:
            reason = "" if ours.recv(1) else "the runner exited before the start signal"
        except TimeoutError:
            reason = f"the runner was not ready within {READY_SECONDS:.0f} s"
        if not reason:
            word = StartSignal.now()
            try:
                reason = objection() or word.why_stale()
            except TerraceError as error:
                reason = f"Terrace cannot determine whether the apply can still start: {error}"
        if not reason:
            try:
                ours.sendall(word.line())
            except OSError:
                reason = "the runner exited before the start signal"
        if not reason:
            self._children[attempt.id] = child
            return None
        ours.close()
        child.wait()
        declined = run.record("exit.json", Ended, attempt)
        if declined is not None and declined.end == "not started":
            return NotStarted(declined.reason, Evidence.RUNNER_DECLINED)
        return self._not_started(attempt, reason)

    def _not_started(self, attempt: Attempt, reason: str) -> NotStarted:
        self._permits.withdraw(attempt.prepared.nonce, attempt.prepared.permit)
        return NotStarted(reason, Evidence.NO_WORD)

    def withdraw(self, attempt: Attempt) -> bool:
        prepared, this_host = attempt.prepared, host()
        if not this_host.boot or (prepared.host, prepared.machine, prepared.boot) != (
            this_host.name,
            this_host.machine,
            this_host.boot,
        ):
            return False
        return NONCE.fullmatch(prepared.nonce) is not None and self._permits.withdraw(prepared.nonce, prepared.permit)

    # --- afterwards --------------------------------------------------------------------------------------------

    def look(self, attempt: Attempt) -> Fate:
        run, prepared, this_host = self._run(attempt), attempt.prepared, host()
        if not prepared.nonce:
            return Fate.UNKNOWN
        if run.record("exit.json", Ended, attempt) is not None:
            return Fate.ENDED
        lock = run.check_lock(prepared.lock)
        if lock is Lock.HELD:
            return Fate.RUNNING
        # Read again: the runner may have exited between the two checks.
        if run.record("exit.json", Ended, attempt) is not None:
            return Fate.ENDED
        if not this_host.boot or (prepared.host, prepared.machine, prepared.boot) != (
            this_host.name,
            this_host.machine,
            this_host.boot,
        ):
            return Fate.UNKNOWN
        if NONCE.fullmatch(prepared.nonce) and self._permits.state(prepared.nonce, prepared.permit) == "withdrawn":
            return Fate.NOT_STARTED
        return Fate.DIED if lock is Lock.FREE and not self._runner_may_run(run, attempt) else Fate.UNKNOWN

    def _runner_may_run(self, run: RunFolder, attempt: Attempt) -> bool:
        """Returns whether the runner may be running although its lock is free: its process exists, or its record is
        damaged."""
        try:
            started = run.record("started.json", Started, attempt)
        except Corrupt:
            return True
        if started is None or started.pid_namespace != pid_namespace():
            return False
        return process_state(started.pid, started.started) == "running"

    def autopsy(self, attempt: Attempt) -> LoggedLeftovers | None:
        run = self._run(attempt)
        try:
            intent = run.record("intent.json", Intent, attempt)
        except Corrupt:
            return None
        if intent is None:
            return None
        started = self._read_start(run, attempt)
        log = _Log(run.log, intent.stack, intent.path, None)
        log.follow()
        return LoggedLeftovers(
            created=tuple(log.created.items()),
            in_flight=tuple(log.in_flight),
            destroyed=tuple(log.destroyed),
            changes=log.changes(),
            unsaved=run.unsaved.read_bytes() if run.unsaved.is_file() else b"",
            who=_lock_owner() if attempt.prepared.host == socket.gethostname() else "",
            began=datetime.fromtimestamp(started.at, UTC) if started is not None else None,
            whole=self._is_complete(run, attempt, log),
        )

    def _read_start(self, run: RunFolder, attempt: Attempt) -> Started | None:
        with suppress(Corrupt):
            return run.record("started.json", Started, attempt)
        return None

    def _is_complete(self, run: RunFolder, attempt: Attempt, log: _Log) -> bool:
        """Returns whether the log contains the complete output of Terraform. It does if the runner recorded its hash at
        the end. Otherwise it does only on the boot and in the folder in which it was written, with all lines readable
        and none of the recorded length missing.
        """
        try:
            ended = run.record("exit.json", Ended, attempt)
        except Corrupt:
            return False
        if ended is not None:
            return ended.end == "not started" or (
                ended.log is not None and not ended.log.cut and not log.is_cut and log.is_sealed_by(ended.log)
            )
        if self._read_start(run, attempt) is None or not log.is_readable or self.look(attempt) is not Fate.DIED:
            return False
        noted = self._permits.read_length(attempt.prepared.nonce, attempt.prepared.permit)
        return noted is not None and log.size >= noted

    def _require_space(self) -> None:
        """Raises NotReady where a run could not record its result, so that its effects would be unknown."""
        try:
            with tempfile.TemporaryFile(dir=self._folder) as file:
                file.write(bytes(ROOM))
                file.flush()
        except OSError as error:
            message = (
                f"there is no space for the record of the apply in {self._folder}: {error.strerror}. Terrace "
                "did not start it."
            )
            raise NotReady(message, hint="free some space there, then deploy again") from error

    def wait(self, attempt: Attempt, listener: Listener | None = None) -> RunOutcome | None:
        run = self._run(attempt)
        if not attempt.prepared.nonce:
            return None
        intent = run.record("intent.json", Intent, attempt)
        log = _Log(run.log, attempt.stack, intent.path if intent is not None else "", listener, self._output)
        self._output(attempt.stack, f"$ {self._terraform.product} apply")
        with suppress(Interrupted), INTERRUPTION.call_on_interrupt(lambda: self._stop(run, attempt)):
            self._until_over(run, attempt, log.follow)
        self._until_over(run, attempt, log.follow)
        log.follow()
        if attempt.id in self._children:
            self._children.pop(attempt.id).wait()
        ended = run.record("exit.json", Ended, attempt)
        if ended is None or (ended.end == "ended" and ended.code < 0):
            # Terraform itself was killed: its exit code does not describe its effects.
            return None
        if ended.log is not None and ended.log.cut:
            # The log was truncated while it was read: it is read again from the start.
            log = _Log(run.log, attempt.stack, intent.path if intent is not None else "", None)
            log.follow()
        return self._outcome(run, ended, log)

    def _until_over(self, run: RunFolder, attempt: Attempt, follow: Callable[[], None]) -> None:
        def over() -> bool:
            if run.record("exit.json", Ended, attempt) is not None:
                return True
            child = self._children.get(attempt.id)
            if child is not None and child.poll() is None:
                return False
            return run.check_lock(attempt.prepared.lock) is not Lock.HELD

        while not over():
            follow()
            time.sleep(POLL_SECONDS)

    def _stop(self, run: RunFolder, attempt: Attempt) -> None:
        started = self._read_start(run, attempt)
        if started is None or started.pid_namespace != pid_namespace():
            return
        send_signal(started.pid, started.started, signal.SIGINT)

    def _outcome(self, run: RunFolder, ended: Ended, log: _Log) -> RunOutcome:
        if ended.end == "not started":
            return RunOutcome(
                ended.code or 1, f"{ended.reason}: nothing was applied", evidence=Evidence.RUNNER_DECLINED
            )
        code, diagnostics = ended.code, (*distinct(log.diagnostics), *_truncation_note(ended.log))
        unsaved = run.unsaved if ended.unsaved_state else None
        if code == 0:
            return RunOutcome(code, log.summary or "applied", diagnostics, unsaved)
        reason = str(
            failure(self._terraform.product, "apply", log.stack, code, diagnostics, "".join(log.plain)).message
        )
        summary = f"{reason}; {plural(log.done, 'change')} completed" if log.done else reason
        if ended.interrupted:
            summary = f"interrupted; {summary}"
        lost = unknown_outcome(diagnostics) or log.unknown_outcome(ended)
        evidence = None if lost else Evidence.TERRAFORM_FAILED
        return RunOutcome(code, summary, diagnostics, unsaved, lost, evidence, log.changes())

    def _run(self, attempt: Attempt) -> RunFolder:
        return RunFolder.of(self._folder, attempt.id)


@dataclass(frozen=True, slots=True)
class _Ready:
    """The resources of an attempt that this process prepared. `variables` are secrets."""

    lock: int
    nonce: str
    permit: str
    variables: Mapping[str, str] = field(repr=False)
    plan: Path
    """The private folder of the saved plan. It is passed to the runner, which removes it."""
    root: Path
    """The private checkout, with the files that commands wrote for the plan."""
    written: tuple[Prepared, ...]


def _changed_file(ready: _Ready) -> str:
    """Returns why an apply cannot start: a file that a command wrote changed after the plan. Else ""."""
    path = find_changed(ready.root, ready.written)
    return "" if path is None else f"{path} changed after the plan"


def _lock_owner() -> str:
    """Returns the name that Terraform writes into a lock: the user of the process, not LOGNAME; "" if unknown."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = ENVIRON.get("USER", "")
    return f"{user}@{socket.gethostname()}" if user else ""


def _truncation_note(seal: LogSeal | None) -> tuple[Diagnostic, ...]:
    """Returns a note about the truncation of the log, where it was truncated."""
    if seal is None or not seal.cut:
        return ()
    message = f"the log of the apply was truncated by {seal.cut:,} bytes; the state is not affected"
    return (Diagnostic("warning", message),)


class _Log:
    """The output of Terraform so far. Reading continues where it stopped."""

    def __init__(
        self, path: Path, stack: str, folder: str, listener: Listener | None, output: PrintedOutput = drop_output
    ) -> None:
        self._output = output
        self._path = path
        self._folder = folder
        self._listener = listener
        self._offset = 0
        self._torn = False
        self._seal = hashlib.sha256()
        self._running: dict[tuple[str, str], None] = {}
        self._said_first = ""
        self._failed = False
        self._erred = False
        self._amid = False
        self.is_cut = False
        self.stack = stack
        self.diagnostics: list[Diagnostic] = []
        self.plain: list[str] = []
        self._plain_bytes = 0
        self.summary = ""
        self.done = 0
        self.created: dict[str, str] = {}
        self.in_flight: dict[str, None] = {}
        self.destroyed: dict[str, None] = {}
        self._completed: dict[Change, None] = {}
        self._errored: dict[Change, None] = {}

    def changes(self) -> LoggedChanges:
        """Returns the changes so far."""
        running = ((action, address) for address, action in self._running if is_logged(action))
        return LoggedChanges(tuple(self._completed), tuple(self._errored), tuple(running))

    def follow(self) -> None:
        """Reads all new complete lines."""
        with suppress(FileNotFoundError), self._path.open("rb") as file:
            if (size := os.fstat(file.fileno()).st_size) < self._offset:
                self.is_cut, self._amid, self._offset = True, True, size
            file.seek(self._offset)
            while line := file.readline(LINE_BYTES):
                whole = line.endswith(b"\n")
                self._torn = not whole
                if not whole and len(line) < LINE_BYTES:
                    return
                self._offset += len(line)
                self._seal.update(line)
                if whole and not self._amid:
                    self._read_line(line)
                else:
                    # Part of a line that is too long to be a message of Terraform.
                    self._read_plain(line)
                self._amid = not whole

    @property
    def size(self) -> int:
        """The total size of its complete lines in bytes."""
        return self._offset

    @property
    def is_readable(self) -> bool:
        """Returns whether it starts like a log of Terraform, ends with a complete line, and contains only messages of
        Terraform.
        """
        return self._said_first == "version" and not self._torn and not self.plain and not self.is_cut

    def is_sealed_by(self, seal: LogSeal) -> bool:
        """Returns whether it is the same log that the runner recorded at the end."""
        return not self._torn and (seal.size, seal.sha256) == (self._offset, self._seal.hexdigest())

    def unknown_outcome(self, ended: Ended) -> str:
        """Returns why the end of Terraform does not determine its effects; "" where it does."""
        if ended.log is not None and ended.log.cut:
            return (
                f"its log was truncated ({ended.log.cut:,} bytes are missing), so that its effects are not "
                "completely known"
            )
        if ended.log is None or self.is_cut or not self.is_sealed_by(ended.log):
            return "the log of the apply was changed after it was written, so that its effects are unknown"
        if ended.code != 1:
            return f"it exited with {ended.code}, which is not an exit code of Terraform: its effects are unknown"
        if self._running:
            names = ", ".join(sorted({address for address, _ in self._running})[:5])
            return f"it exited while it worked on {names}: the outcome is unknown"
        begun = bool(self.done or self.created or self.destroyed or self._failed)
        if begun and not self._erred:
            return "it exited without an error message, so that its effects are unknown"
        return ""

    def _read_line(self, line: bytes) -> None:
        message = decode(line)
        self._output(self.stack, *printed_text(message, line, self._folder))
        if message is not None and not self._said_first:
            self._said_first = str(message.get("type", "?"))
        if message is None:
            self._read_plain(line)
            return
        self.is_cut = self.is_cut or message.get("type") == CUT
        found_diagnostic = diagnostic(message, self._folder)
        if found_diagnostic is not None:
            self._erred = self._erred or found_diagnostic.severity == "error"
            if len(self.diagnostics) < MOST_DIAGNOSTICS:
                self.diagnostics.append(found_diagnostic)
        if message.get("type") == "change_summary":
            self.summary = str(message.get("@message", ""))
        step = progress(self.stack, message)
        if step is None:
            return
        if step.phase == "start":
            self._running[step.address, step.action] = None
        elif step.phase in ("done", "failed"):
            self._running.pop((step.address, step.action), None)
            self._failed = self._failed or step.phase == "failed"
            if is_logged(step.action):
                ended = self._completed if step.phase == "done" else self._errored
                ended[step.action, step.address] = None
        if step.action == "delete" and step.phase == "done":
            self.destroyed[step.address] = None
        if step.action == "create":
            self._record_change(step, message)
        self.done += step.phase == "done"
        if self._listener is not None:
            self._listener(step)

    def _read_plain(self, line: bytes) -> None:
        self._said_first = self._said_first or "?"
        self._plain_bytes += len(line)
        if not self.plain or self._plain_bytes <= PLAIN_BYTES:
            self.plain.append(line[:PLAIN_BYTES].decode("utf-8", "replace"))

    def _record_change(self, step: Progress, message: dict[str, Any]) -> None:
        """Records the resources that are being created, and their ids."""
        if step.phase == "start":
            self.in_flight[step.address] = None
        elif step.phase in ("done", "failed"):
            self.in_flight.pop(step.address, None)
        if step.phase == "done":
            self.created[step.address] = str((message.get("hook") or {}).get("id_value") or "")
