"""Copies for age recipients: whoever writes them need not be able to read them; keys change, copies stay readable."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyrage import x25519

from terrace.adapters.artifacts import Artifacts
from terrace.adapters.backup_encryption import BackupCipher, key_id, read_identity
from terrace.adapters.backups import Backups
from terrace.errors import BadInput, Corrupt, NotReady
from terrace.plans.ports import StateSnapshot
from terrace.states.backups import BackupRecord

ANN, BOB, EVE = (x25519.Identity.generate() for _ in range(3))
STATE = StateSnapshot(b'{"password": "hunter2-hunter2"}', lineage="l1", serial=7, terraform_version="1.11.4")
OLD_KEY = bytes(range(32))


def no_key() -> bytes:
    raise NotReady("no shared key here")


def backups(folder: Path, identity: x25519.Identity | None = None, *, older: tuple[bytes, ...] = ()) -> Backups:
    """Sealed for ann and bob; `identity` is who reads."""
    seals = BackupCipher(
        key=no_key,
        recipients=(str(BOB.to_public()), str(ANN.to_public())),
        identity=lambda: read_identity("env:ID", {"ID": f"# created today\n{identity}\n"} if identity else {}),
        older=older,
    )
    return Backups(Artifacts(folder), seals, lambda: datetime(2026, 1, 5, 12, tzinfo=UTC))


def shared(folder: Path, key: bytes = OLD_KEY) -> Backups:
    return Backups(Artifacts(folder), BackupCipher(lambda: key), lambda: datetime(2026, 1, 4, 12, tzinfo=UTC))


def saved(store: Backups) -> BackupRecord:
    return store.save("prod", "prod/app", STATE, commit="c" * 40, deployment="d1", moment="before")


def test_every_recipient_reads_what_a_runner_without_a_key_wrote(tmp_path: Path) -> None:
    record = saved(backups(tmp_path))
    assert record.recipients == tuple(sorted((str(ANN.to_public()), str(BOB.to_public()))))
    assert [backups(tmp_path, who).load(record.name) for who in (ANN, BOB)] == [STATE.content] * 2
    with pytest.raises(NotReady, match="ID is not set"):
        backups(tmp_path).load(record.name)
    with pytest.raises(NotReady, match="other recipients"):
        backups(tmp_path, EVE).load(record.name)


def test_nothing_lies_in_clear(tmp_path: Path) -> None:
    saved(backups(tmp_path))
    (file,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert b"hunter2" not in file.read_bytes()


def test_each_copy_has_a_key_of_its_own(tmp_path: Path) -> None:
    heads = []
    for place in ("a", "b"):
        whole = (tmp_path / place / saved(backups(tmp_path / place)).name).read_bytes()
        heads.append(json.loads(whole[20 : 20 + int.from_bytes(whole[16:20], "big")]))
    assert heads[0]["wrapped"] != heads[1]["wrapped"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, 10_000), mask=st.integers(1, 255))
def test_any_changed_byte_is_noticed(tmp_path: Path, position: int, mask: int) -> None:
    folder = tmp_path / f"{position}-{mask}"
    record = saved(backups(folder))
    path = folder / record.name
    content = bytearray(path.read_bytes())
    content[position % len(content)] ^= mask
    path.write_bytes(bytes(content))
    with pytest.raises((Corrupt, NotReady)):
        backups(folder, ANN).load(record.name)


def test_a_copy_from_before_there_were_recipients_stays_readable(tmp_path: Path) -> None:
    old = saved(shared(tmp_path))
    assert backups(tmp_path, ANN, older=(OLD_KEY,)).load(old.name) == STATE.content


def test_a_copy_is_sealed_anew_for_todays_recipients_and_keeps_its_first_name(tmp_path: Path) -> None:
    old = saved(shared(tmp_path))
    store = backups(tmp_path, ANN, older=(OLD_KEY,))
    assert not store.has_current_keys(old)
    anew = store.encrypt_again(old)
    assert store.has_current_keys(anew)
    assert (anew.original, anew.taken_at, anew.moment) == (old.name, old.taken_at, old.moment)
    assert backups(tmp_path, BOB).load(anew.name) == STATE.content
    assert set(store.catalogue().records) == {old, anew}, "the old one is for the caller to remove"
    store.remove((old, old))
    assert store.catalogue().records == (anew,)


def test_whoever_cannot_read_the_new_copy_seals_nothing_anew(tmp_path: Path) -> None:
    old = saved(shared(tmp_path))
    with pytest.raises(NotReady):
        backups(tmp_path, EVE, older=(OLD_KEY,)).encrypt_again(old)
    assert shared(tmp_path).load(old.name) == STATE.content


def test_a_key_of_former_days_is_found_by_its_name(tmp_path: Path) -> None:
    old = saved(shared(tmp_path))
    today = Backups(Artifacts(tmp_path), BackupCipher(lambda: bytes(32), older=(OLD_KEY,)), lambda: datetime.now(UTC))
    assert today.load(old.name) == STATE.content
    assert not today.has_current_keys(old)
    with pytest.raises(NotReady, match=key_id(OLD_KEY)):
        shared(tmp_path, bytes(32)).load(old.name)


def test_a_recipient_that_is_none_is_named_before_anything_is_written() -> None:
    with pytest.raises(BadInput, match="age1nonsense"):
        BackupCipher(no_key, recipients=("age1nonsense",)).ready()


def test_an_identity_that_is_none_is_not_repeated(tmp_path: Path) -> None:
    record = saved(backups(tmp_path))
    seals = BackupCipher(no_key, identity=lambda: "AGE-SECRET-KEY-1MINE")
    with pytest.raises(BadInput) as caught:
        Backups(Artifacts(tmp_path), seals, lambda: datetime.now(UTC)).load(record.name)
    assert "MINE" not in f"{caught.value} {caught.value.hint}"
