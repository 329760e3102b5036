"""Encrypted state backups: nothing in clear, nothing silently wrong."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terrace.adapters.artefacts import Artefacts
from terrace.adapters.backups import Backups, key_id, read_key
from terrace.errors import BadInput, Corrupt, NotReady, TerraceError
from terrace.plans.backup import BackupRecord
from terrace.plans.terraform import StateSnapshot

KEY = bytes(range(32))
STATE = StateSnapshot(b'{"password": "hunter2-hunter2"}', lineage="l1", serial=7)


def backups(folder: Path, key: bytes = KEY) -> Backups:
    return Backups(Artefacts(folder), lambda: key, lambda: datetime(2026, 1, 5, 12, tzinfo=UTC))


def saved(folder: Path) -> BackupRecord:
    return backups(folder).save("prod", "prod/app", STATE, commit="c" * 40, deployment="d1", moment="before")


def test_a_state_comes_back_as_it_was(tmp_path: Path) -> None:
    record = saved(tmp_path)
    assert backups(tmp_path).load(record.name) == STATE.content
    assert (record.lineage, record.serial, record.key_id) == ("l1", 7, key_id(KEY))
    assert record.name == "states/prod/app/20260105T120000Z-000007-d1-before.tfstate.enc"


def test_nothing_lies_in_clear_and_nobody_else_may_look(tmp_path: Path) -> None:
    saved(tmp_path / "artefacts")
    files = [p for p in (tmp_path / "artefacts").rglob("*") if p.is_file()]
    assert len(files) == 1
    assert b"hunter2" not in files[0].read_bytes()
    assert (tmp_path / "artefacts").stat().st_mode & 0o077 == 0


def test_a_backup_is_never_written_over(tmp_path: Path) -> None:
    saved(tmp_path)
    with pytest.raises(TerraceError, match="not written over"):
        saved(tmp_path)


def test_the_wrong_key_is_named_and_opens_nothing(tmp_path: Path) -> None:
    record = saved(tmp_path)
    other = bytes(32)
    with pytest.raises(NotReady, match=f"{key_id(KEY)}.*{key_id(other)}"):
        backups(tmp_path, other).load(record.name)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, 10_000), mask=st.integers(1, 255))
def test_any_changed_byte_is_noticed(tmp_path: Path, position: int, mask: int) -> None:
    folder = tmp_path / f"{position}-{mask}"
    record = saved(folder)
    path = folder / record.name
    content = bytearray(path.read_bytes())
    content[position % len(content)] ^= mask
    path.write_bytes(bytes(content))
    with pytest.raises((Corrupt, NotReady)):
        backups(folder).load(record.name)


def test_another_backup_in_its_place_and_a_cut_one_are_noticed(tmp_path: Path) -> None:
    first = saved(tmp_path)
    later = backups(tmp_path).save("prod", "prod/app", STATE, commit="c" * 40, deployment="d2", moment="before")
    whole = (tmp_path / first.name).read_bytes()
    (tmp_path / later.name).write_bytes(whole)
    with pytest.raises(Corrupt, match="another one"):
        backups(tmp_path).load(later.name)
    (tmp_path / first.name).write_bytes(whole[:40])
    with pytest.raises(Corrupt, match="cut off"):
        backups(tmp_path).load(first.name)


def test_a_key_is_32_bytes_from_the_environment(tmp_path: Path) -> None:
    assert read_key("env:KEY", {"KEY": base64.b64encode(KEY).decode()}) == KEY
    with pytest.raises(NotReady, match="KEY is not set") as caught:
        read_key("env:KEY", {})
    assert "openssl rand" in (caught.value.hint or "")
    for text in ("not base64!", base64.b64encode(b"short").decode()):
        with pytest.raises(BadInput) as wrong:
            read_key("env:KEY", {"KEY": text})
        assert text not in str(wrong.value)
