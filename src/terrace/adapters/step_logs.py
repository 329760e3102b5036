"""The logs of steps: the output of Terraform, masked, compressed, encrypted, and stored beside the state backups.

    logs/ENVIRONMENT/OPENED-DEPLOYMENT/ATTEMPT/NUMBER-RANDOM.log.enc

A log is a sequence of parts. A part is written at least every few seconds while Terraform prints, and is complete when
its name exists: after `kill -9`, or on another machine, everything up to the last part can be read. A part is never
changed. Its header (step, stack, number of lines) is authenticated with it.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from terrace.adapters.artifacts import Artifacts
from terrace.adapters.backup_encryption import BackupCipher, header_end, read_header
from terrace.errors import Corrupt, TerraceError
from terrace.ledger.deployment import Deployment, StepRecord
from terrace.rollout.ports import LogLine, StepLog
from terrace.typed_json import decode

ENDING = ".log.enc"
_TIME = "%Y%m%dT%H%M%SZ"
_HEADER_BYTES = 4096

FIRST_SECONDS = 1.0
"""Time between two parts at the start of a step, in seconds."""

LAST_SECONDS = 15.0
"""Maximum time between two parts, in seconds: a step of hours has few parts."""

PART_CHARACTERS = 64 * 2**10
"""Length of the text of a part above which it is written at once."""

LOG_CHARACTERS = 8 * 2**20
"""Maximum length of the log of one step. Beyond it the middle is left out: Terraform reports errors at the end."""

TAIL_CHARACTERS = 2**20
"""Length of the end of a log that is kept beyond the maximum."""

NOTHING_MORE = 10**18
"""A number of lines to skip beyond any log."""

LINE_CHARACTERS = 16 * 2**10
"""Length at which a line is cut."""


class OutputRouter:
    """Passes what Terraform prints for a stack to the log of its current step. Thread-safe.

    The adapters of Terraform write to it; without a step that runs, it drops the text.
    """

    def __init__(self) -> None:
        self._logs: dict[str, _Log] = {}

    def __call__(self, stack: str, text: str, at: str = "", /) -> None:
        """Takes one or more lines for the key of a stack. `at` is the time that Terraform wrote, "" for now."""
        log = self._logs.get(stack)
        if log is not None:
            log.write(text, at)

    def open(self, stack: str, log: _Log) -> None:
        """Sends the output for a stack to a log."""
        self._logs[stack] = log

    def close(self, stack: str) -> None:
        """Drops the output for a stack from now on."""
        self._logs.pop(stack, None)


class StoredLogs:
    """The logs in a store of artifacts. `keep_for` is their lifetime; zero keeps none."""

    def __init__(
        self,
        artifacts: Artifacts,
        cipher: BackupCipher,
        router: OutputRouter,
        clock: Callable[[], datetime],
        keep_for: timedelta,
    ) -> None:
        self._artifacts = artifacts
        self._cipher = cipher
        self._router = router
        self._clock = clock
        self._keep_for = keep_for

    @contextlib.contextmanager
    def keep(self, deployment: Deployment, record: StepRecord, hide: Callable[[str], str]) -> Iterator[None]:
        if not record.stack or not self._keep_for:
            yield
            return
        folder = f"{_folder(deployment)}/{record.attempt}"
        about = {"step": record.step.value, "stack": record.stack, "attempt": record.attempt}
        number, skip = 0, 0
        with contextlib.suppress(TerraceError):
            # An apply that an earlier process started is read from its beginning: the stored lines are skipped.
            number, skip = self._count_stored(folder)
        log = _Log(lambda n, lines: self._write(f"{folder}/{n:05d}", about, lines, hide), self._clock, number, skip)
        self._router.open(record.stack, log)
        log.start()
        try:
            yield
        finally:
            self._router.close(record.stack)
            log.close()

    def read(self, deployment: Deployment) -> tuple[StepLog, ...]:
        parts: dict[str, list[str]] = {}
        folder = _folder(deployment)
        for name in self._artifacts.names(folder):
            attempt = name.removeprefix(f"{folder}/").partition("/")[0]
            if name.endswith(ENDING):
                parts.setdefault(attempt, []).append(name)
        logs = []
        for record in deployment.steps:
            if record.attempt in parts:
                logs.append(self._join(record, sorted(parts[record.attempt])))
        return tuple(logs)

    def remove_expired(self, environment: str) -> None:
        oldest = (self._clock().astimezone(UTC) - self._keep_for).strftime(_TIME)
        prefix = f"logs/{environment}/"
        with contextlib.suppress(TerraceError):
            for name in self._artifacts.names(prefix.rstrip("/")):
                if name.removeprefix(prefix).partition("-")[0] < oldest:
                    self._artifacts.remove(name)

    def _count_stored(self, folder: str) -> tuple[int, int]:
        """Returns the number of stored parts of a log, and of the lines in them."""
        names = [name for name in self._artifacts.names(folder) if name.endswith(ENDING)]
        lines = 0
        for name in names:
            start = self._artifacts.head(name, _HEADER_BYTES)
            if (end := header_end(name, start)) > len(start):
                start = self._artifacts.head(name, end)
            lines += int(read_header(name, start).get("lines", 0))
        return len(names), lines

    def _write(
        self, name: str, about: Mapping[str, str], lines: tuple[LogLine, ...], hide: Callable[[str], str]
    ) -> None:
        # A secret can have several lines, so that they are masked together.
        texts = hide("\n".join(line.text for line in lines)).split("\n")
        if len(texts) == len(lines):
            shown = [LogLine(line.at, text) for line, text in zip(lines, texts, strict=True)]
        else:
            shown = [LogLine(lines[0].at, text) for text in texts]
        name = f"{name}-{os.urandom(3).hex()}{ENDING}"
        header = {"name": name, **about, "lines": len(lines)}
        self._artifacts.put(name, self._cipher.seal(header, msgspec.json.encode(shown)))

    def _join(self, record: StepRecord, names: list[str]) -> StepLog:
        lines: list[LogLine] = []
        problem = ""
        for name in names:
            try:
                lines += self._part(name)
            except (Corrupt, msgspec.MsgspecError):
                problem = f"a part of the log is damaged: {name}"
        return StepLog(record.stack, record.step.value, record.attempt, tuple(lines), problem)

    def _part(self, name: str) -> list[LogLine]:
        header, content = self._cipher.open(name, self._artifacts.get(name))
        if header.get("name") != name:
            raise Corrupt(f"{name} was replaced by another part")
        return decode(content, list[LogLine])


class _Log:
    """The log of one step while it is written. A thread of its own writes the parts: Terraform never waits for it."""

    def __init__(
        self,
        write: Callable[[int, tuple[LogLine, ...]], None],
        clock: Callable[[], datetime],
        number: int,
        skip: int,
    ) -> None:
        self._write = write
        self._clock = clock
        self._number = number
        self._skip = skip
        self._lock = threading.Lock()
        self._due = threading.Event()
        self._closed = False
        self._lines: list[LogLine] = []
        self._length = 0
        self._total = 0
        self._tail: deque[LogLine] = deque()
        self._tail_length = 0
        self._left_out = 0
        self._thread = threading.Thread(target=self._run, name="step-log", daemon=True)

    def start(self) -> None:
        """Starts the thread that writes the parts."""
        self._thread.start()

    def write(self, text: str, at: str) -> None:
        """Takes lines of Terraform's output."""
        when = at or self._clock().astimezone(UTC).isoformat()
        with self._lock:
            for line in text.rstrip("\n").split("\n"):
                self._take(LogLine(when, line.rstrip("\r")[:LINE_CHARACTERS]))
            full = self._length >= PART_CHARACTERS
        if full:
            self._due.set()

    def close(self) -> None:
        """Writes the rest, and waits until it is stored."""
        with self._lock:
            self._closed = True
        self._due.set()
        self._thread.join()

    def _take(self, line: LogLine) -> None:
        if self._skip:
            self._skip -= 1
            return
        self._total += len(line.text) + 1
        if self._total <= LOG_CHARACTERS - TAIL_CHARACTERS:
            self._lines.append(line)
            self._length += len(line.text)
            return
        self._tail.append(line)
        self._tail_length += len(line.text) + 1
        while self._tail_length > TAIL_CHARACTERS:
            self._tail_length -= len(self._tail.popleft().text) + 1
            self._left_out += 1

    def _run(self) -> None:
        began = time.monotonic()
        while True:
            elapsed = time.monotonic() - began
            self._due.wait(min(LAST_SECONDS, max(FIRST_SECONDS, elapsed / 60)))
            with self._lock:
                self._due.clear()
                closed = self._closed
                lines, self._lines, self._length = self._lines, [], 0
                if closed:
                    lines += self._rest()
            if lines and not self._store(tuple(lines)):
                with self._lock:
                    self._skip, self._lines = NOTHING_MORE, []
                return
            if closed:
                return

    def _rest(self) -> list[LogLine]:
        """Returns the end of a log beyond its maximum, after a line with the number of lines that are left out."""
        note = LogLine(self._clock().astimezone(UTC).isoformat(), f"... {self._left_out} lines are left out here ...")
        return [*([note] if self._left_out else []), *self._tail]

    def _store(self, lines: tuple[LogLine, ...]) -> bool:
        """Writes one part; returns False if it cannot be stored. The log ends there then."""
        try:
            self._write(self._number, lines)
        except TerraceError:
            return False
        self._number += 1
        return True


def _folder(deployment: Deployment) -> str:
    return f"logs/{deployment.environment}/{deployment.opened_at.astimezone(UTC).strftime(_TIME)}-{deployment.id}"
