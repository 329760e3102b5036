"""Kept plans: encrypted, found by their step only, and removed after thirty days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from support.plans import change, plan_of
from terrace.adapters.artifacts import Artifacts
from terrace.adapters.backup_encryption import BackupCipher
from terrace.adapters.kept_plans import PlanArchive
from terrace.errors import Corrupt, NotReady
from terrace.plans.kept_plans import PlanName, reduce
from terrace.plans.model import MASKED, UNKNOWN, Action

NAME = PlanName("dev", "d1", "a1")
NOW = datetime(2026, 5, 1, tzinfo=UTC)
PLAN = plan_of(
    [change("t.a", Action.UPDATE, {"a": "in clear", "n": Decimal("1.5")}, {"a": MASKED, "n": UNKNOWN}),
     change("t.b", Action.NO_OP, {"b": 1}, {"b": 1})],
    shown=b"{}",
    secrets=("hunter2",),
)  # fmt: skip


def archive(folder: Path, now: datetime = NOW, key: bytes = b"k" * 32) -> PlanArchive:
    return PlanArchive(Artifacts(folder), BackupCipher(key=lambda: key), lambda: now)


def test_a_plan_is_found_by_its_step_and_is_encrypted(tmp_path: Path) -> None:
    archive(tmp_path).keep(NAME, reduce(PLAN))
    assert archive(tmp_path).find(NAME) == reduce(PLAN)
    assert [one.address for one in reduce(PLAN).changes] == ["t.a"], "what does not change is not kept"
    assert archive(tmp_path).find(PlanName("dev", "d1", "a2")) is None
    assert archive(tmp_path).find(PlanName("prod", "d1", "a1")) is None
    (file,) = (one for one in tmp_path.rglob("*") if one.is_file())
    assert b"in clear" not in file.read_bytes()
    with pytest.raises(NotReady):
        archive(tmp_path, key=b"o" * 32).find(NAME)


def test_a_plan_of_another_step_under_this_name_is_refused(tmp_path: Path) -> None:
    archive(tmp_path).keep(NAME, PLAN)
    (file,) = (one for one in tmp_path.rglob("*") if one.is_file())
    file.rename(file.with_name(file.name.replace("-d1-", "-d2-")))
    with pytest.raises(Corrupt, match="replaced by another one"):
        archive(tmp_path).find(PlanName("dev", "d2", "a1"))


def test_old_plans_are_removed(tmp_path: Path) -> None:
    archive(tmp_path).keep(NAME, PLAN)
    late = NOW + timedelta(days=30, seconds=1)
    archive(tmp_path, late).keep(PlanName("dev", "d2", "a1"), PLAN)
    assert archive(tmp_path).find(NAME) is None
    assert archive(tmp_path).find(PlanName("dev", "d2", "a1")) is not None
