"""What Terraform prints in the steps of a deployment is kept: masked, encrypted, in parts, with a bound."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from terrace.adapters import step_logs
from terrace.adapters.artifacts import Artifacts
from terrace.adapters.backup_encryption import BackupCipher
from terrace.adapters.step_logs import OutputRouter, StoredLogs
from terrace.errors import NotReady
from terrace.ledger.deployment import Deployment, Step, StepRecord
from terrace.stacks.model import Manual

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PLAN = StepRecord(Step.PLAN, "prod/app", "attempt-1", NOW)
DEPLOYMENT = Deployment("d1", "prod", "c" * 40, Manual("ann"), "ann", NOW, (("prod/app",),), "p", steps=(PLAN,))
CIPHER = BackupCipher(key=lambda: b"k" * 32)


class Store(Artifacts):
    """A folder that tells when something was stored, and can be unreachable."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.stored = threading.Event()
        self.broken = False

    def put(self, name: str, content: bytes) -> None:
        """Stores it, and tells so."""
        if self.broken:
            self.stored.set()
            raise NotReady("the store cannot be reached")
        super().put(name, content)
        self.stored.set()


class Kept:
    """The logs of one machine."""

    def __init__(self, folder: Path, at: datetime = NOW, keep_for: timedelta = timedelta(days=30)) -> None:
        self.store = Store(folder)
        self.router = OutputRouter()
        self.logs = StoredLogs(self.store, CIPHER, self.router, lambda: at, keep_for)

    def run(self, *lines: str, record: StepRecord = PLAN, hide: Callable[[str], str] = str) -> None:
        with self.logs.keep(DEPLOYMENT, record, hide):
            for line in lines:
                self.router(record.stack, line, "2026-03-01T12:00:00Z")

    def text(self, deployment: Deployment = DEPLOYMENT) -> list[str]:
        return [line.text for log in self.logs.read(deployment) for line in log.lines]


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_is_printed_in_a_step_can_be_read_on_another_machine(tmp_path: Path) -> None:
    Kept(tmp_path).run("Terraform 1.11.4", "Error: no\n  in main.tf")
    [log] = Kept(tmp_path).logs.read(DEPLOYMENT)
    assert (log.stack, log.step, log.problem) == ("prod/app", "plan", "")
    assert [(line.at, line.text) for line in log.lines] == [
        ("2026-03-01T12:00:00Z", "Terraform 1.11.4"),
        ("2026-03-01T12:00:00Z", "Error: no"),
        ("2026-03-01T12:00:00Z", "  in main.tf"),
    ]


def test_nothing_readable_and_no_secret_is_stored(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.run("the token is s3cr3t", "-----BEGIN", "two lines", hide=lambda text: text.replace("s3cr3t", "***"))
    assert kept.text()[0] == "the token is ***"
    assert all(b"token" not in path.read_bytes() for path in files(tmp_path))


def test_a_secret_of_several_lines_is_hidden_as_a_whole(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.run("key:", "AAA", "BBB", "end", hide=lambda text: text.replace("AAA\nBBB", "***"))
    assert kept.text() == ["key:", "***", "end"]


def test_what_was_printed_before_the_process_died_can_be_read(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    step = kept.logs.keep(DEPLOYMENT, PLAN, str)
    step.__enter__()
    kept.router("prod/app", "x" * 10_000 + "\n" + "y\n" * step_logs.PART_CHARACTERS)
    assert kept.store.stored.wait(60)
    # Without leaving the step: the process is gone.
    assert Kept(tmp_path).text()[1] == "y"


def test_an_apply_that_another_process_reads_again_is_kept_once(tmp_path: Path) -> None:
    Kept(tmp_path).run("one", "two")
    Kept(tmp_path).run("one", "two", "three")
    assert Kept(tmp_path).text() == ["one", "two", "three"]


def test_a_log_has_a_bound_and_keeps_its_start_and_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_logs, "LOG_CHARACTERS", 60)
    monkeypatch.setattr(step_logs, "TAIL_CHARACTERS", 20)
    kept = Kept(tmp_path)
    kept.run(*(f"line {n:04}" for n in range(100)))
    assert kept.text() == [
        *(f"line {n:04}" for n in range(4)),
        "... 94 lines are left out here ...",
        "line 0098",
        "line 0099",
    ]


def test_a_store_that_cannot_be_reached_fails_no_step(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.store.broken = True
    kept.run("one", "two")
    assert kept.text() == []


def test_a_part_that_was_changed_or_swapped_is_reported_and_not_shown(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.run("one")
    [part] = files(tmp_path)
    part.rename(part.with_name("00000-abcdef.log.enc"))
    [log] = kept.logs.read(DEPLOYMENT)
    assert (log.lines, log.problem.split(":")[0]) == ((), "a part of the log is damaged")


def test_logs_are_removed_after_their_time_and_only_those(tmp_path: Path) -> None:
    Kept(tmp_path).run("old")
    Kept(tmp_path, NOW + timedelta(days=29)).logs.remove_expired("prod")
    Kept(tmp_path, NOW + timedelta(days=31)).logs.remove_expired("dev")
    assert Kept(tmp_path).text() == ["old"]
    Kept(tmp_path, NOW + timedelta(days=31)).logs.remove_expired("prod")
    assert Kept(tmp_path).text() == []


def test_steps_of_the_environment_and_a_lifetime_of_zero_keep_nothing(tmp_path: Path) -> None:
    Kept(tmp_path).run("smoke", record=replace(PLAN, step=Step.SMOKE, stack=""))
    Kept(tmp_path, keep_for=timedelta(0)).run("plan")
    assert files(tmp_path) == []
