"""The recovery point that a restore drill measures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from terrace.pipelines.states.drill import data_loss
from terrace.plans.ports import StateSnapshot
from terrace.states.backup_status import BackupStatus
from terrace.states.backups import BackupRecord

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
BACKUP = BackupRecord(
    "b1", "dev", "dev/app", "lineage", 4, "0" * 64, 100, "k", "after", "c" * 40, "d1", NOON, original="b1"
)
CURRENT = StateSnapshot(b"{}", "lineage", 4)
NEWER = StateSnapshot(b"{}", "lineage", 5)
HOUR = timedelta(hours=1)


def known(backup: str = "b1", checked_at: datetime | None = None) -> BackupStatus:
    return BackupStatus("dev/app", "dev", backup=backup, checked_at=checked_at)


def test_nothing_is_lost_while_the_backup_is_the_current_state() -> None:
    assert data_loss(known(), BACKUP, CURRENT, NOON + 8 * HOUR) == timedelta(0)


def test_a_newer_state_is_lost_since_the_backup() -> None:
    assert data_loss(known(), BACKUP, NEWER, NOON + 8 * HOUR) == 8 * HOUR


def test_a_state_of_another_lineage_is_lost_since_the_backup() -> None:
    assert data_loss(known(), BACKUP, StateSnapshot(b"{}", "other", 4), NOON + 8 * HOUR) == 8 * HOUR


def test_the_loss_is_measured_from_the_last_time_the_backup_was_verified() -> None:
    verified = known(checked_at=NOON + 6 * HOUR)
    assert data_loss(verified, BACKUP, NEWER, NOON + 8 * HOUR) == 2 * HOUR
    assert data_loss(verified, BACKUP, None, NOON + 8 * HOUR) == 2 * HOUR, "a state that cannot be read is lost"


def test_a_verification_before_the_backup_does_not_increase_the_loss() -> None:
    assert data_loss(known(checked_at=NOON - HOUR), BACKUP, NEWER, NOON + 8 * HOUR) == 8 * HOUR


def test_the_verification_of_another_backup_is_ignored() -> None:
    other = known(backup="b2", checked_at=NOON + 6 * HOUR)
    assert data_loss(other, BACKUP, NEWER, NOON + 8 * HOUR) == 8 * HOUR
