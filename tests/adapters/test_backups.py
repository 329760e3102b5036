"""Encrypted state backups: nothing in clear, nothing silently wrong."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.stores import ObjectStore, stores
from terrace.adapters.artifacts import Artifacts
from terrace.adapters.backup_encryption import BackupCipher, key_id, read_key
from terrace.adapters.backups import Backups
from terrace.errors import BadInput, Corrupt, NotReady
from terrace.plans.ports import StateSnapshot
from terrace.states.backups import BackupRecord

__all__ = ["stores"]

KEY = bytes(range(32))
STATE = StateSnapshot(b'{"password": "hunter2-hunter2"}', lineage="l1", serial=7)
LATER = StateSnapshot(b'{"password": "hunter2-hunter3"}', lineage="l1", serial=8)


def backups(folder: Path, key: bytes = KEY) -> Backups:
    return Backups(Artifacts(folder), BackupCipher(lambda: key), lambda: datetime(2026, 1, 5, 12, tzinfo=UTC))


def saved(folder: Path, state: StateSnapshot = STATE) -> BackupRecord:
    return backups(folder).save("prod", "prod/app", state, commit="c" * 40, deployment="d1", moment="before")


def test_a_state_comes_back_as_it_was(tmp_path: Path) -> None:
    record = saved(tmp_path)
    assert backups(tmp_path).load(record.name) == STATE.content
    assert (record.lineage, record.serial, record.key_id) == ("l1", 7, key_id(KEY))
    form = r"states/prod/app/20260105T120000Z-000007-before-d1-[0-9a-f]{6}\.tfstate\.enc"
    assert re.fullmatch(form, record.name)


def test_nothing_lies_in_clear_and_nobody_else_may_look(tmp_path: Path) -> None:
    saved(tmp_path / "artifacts")
    files = [p for p in (tmp_path / "artifacts").rglob("*") if p.is_file()]
    assert len(files) == 1
    assert b"hunter2" not in files[0].read_bytes()
    assert (tmp_path / "artifacts").stat().st_mode & 0o077 == 0


def test_a_state_that_did_not_change_has_one_copy(tmp_path: Path) -> None:
    """A deployment that was killed after its backup and goes on saves nothing more, and points to what it saved."""
    assert saved(tmp_path) == saved(tmp_path)
    assert saved(tmp_path, LATER) != saved(tmp_path)
    assert len(backups(tmp_path).catalogue("prod", "prod/app").records) == 3, "it changed back: that is a copy more"


def test_of_two_states_of_one_serial_in_one_second_either_has_one_copy(tmp_path: Path) -> None:
    """An adoption copies the state before and after it is moved; Terraform writes it in another form."""
    moved = replace(STATE, content=STATE.content + b"\n")
    before = saved(tmp_path)
    after = backups(tmp_path).save("prod", "prod/app", moved, commit="c", deployment="none", moment="after")
    polled = backups(tmp_path).save("prod", "prod/app", moved, commit="c", deployment="none", moment="poll")
    assert (polled, saved(tmp_path)) == (after, before)


def test_the_last_copy_before_the_end_is_one_of_its_own(tmp_path: Path) -> None:
    first = saved(tmp_path)
    last = backups(tmp_path).save("prod", "prod/app", STATE, commit="c", deployment="d2", moment="final")
    assert (last.moment, last.name != first.name) == ("final", True)


def test_two_backups_of_one_state_look_different(tmp_path: Path) -> None:
    """A nonce that is used twice would give the key away."""
    first, second = ((folder / saved(folder).name).read_bytes() for folder in (tmp_path / "a", tmp_path / "b"))
    assert first[-40:] != second[-40:]


@given(st.binary(max_size=2000))
def test_any_state_comes_back(content: bytes) -> None:
    there = Backups(Artifacts("memory:///"), BackupCipher(lambda: KEY), lambda: datetime(2026, 1, 5, tzinfo=UTC))
    state = StateSnapshot(content, lineage="l1", serial=1)
    record = there.save("prod", "prod/app", state, commit="c", deployment="d1", moment="after")
    assert there.load(record.name) == content


def test_the_wrong_key_is_named_and_opens_nothing(tmp_path: Path) -> None:
    record = saved(tmp_path)
    other = bytes(32)
    with pytest.raises(NotReady, match=f"{key_id(KEY)}.*{key_id(other)}"):
        backups(tmp_path, other).load(record.name)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
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


def test_a_backup_that_is_cut_off_anywhere_is_noticed(tmp_path: Path) -> None:
    record = saved(tmp_path)
    path = tmp_path / record.name
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(Corrupt):
            backups(tmp_path).load(record.name)


def test_a_header_that_would_break_the_reader_is_damage(tmp_path: Path) -> None:
    record = saved(tmp_path)
    header = b"[" * 100_000
    sealed = b"terrace-state-1\n" + len(header).to_bytes(4, "big") + header + bytes(60)
    (tmp_path / record.name).write_bytes(sealed)
    with pytest.raises(Corrupt, match="damaged"):
        backups(tmp_path).load(record.name)


def test_another_backup_in_its_place_and_a_cut_one_are_noticed(tmp_path: Path) -> None:
    first = saved(tmp_path)
    later = backups(tmp_path).save("prod", "prod/app", LATER, commit="c" * 40, deployment="d2", moment="before")
    whole = (tmp_path / first.name).read_bytes()
    (tmp_path / later.name).write_bytes(whole)
    with pytest.raises(Corrupt, match="replaced by another backup"):
        backups(tmp_path).load(later.name)
    (tmp_path / first.name).write_bytes(whole[:40])
    with pytest.raises(Corrupt, match="truncated"):
        backups(tmp_path).load(first.name)


def test_a_key_is_32_bytes_from_the_environment() -> None:
    assert read_key("env:KEY", {"KEY": base64.b64encode(KEY).decode()}) == KEY
    with pytest.raises(NotReady, match="KEY is not set") as caught:
        read_key("env:KEY", {})
    assert "openssl rand" in (caught.value.hint or "")
    for text in ("not base64!", base64.b64encode(b"short").decode()):
        with pytest.raises(BadInput) as wrong:
            read_key("env:KEY", {"KEY": text})
        assert text not in str(wrong.value)


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", " "])
def test_white_space_around_a_key_is_no_part_of_it(ending: str) -> None:
    """Stores of secrets like to add a line end."""
    assert read_key("env:KEY", {"KEY": base64.b64encode(KEY).decode() + ending}) == KEY


@pytest.mark.parametrize("form", ["{}", "env:{}"])
def test_a_key_in_the_place_of_its_name_is_refused_and_not_repeated(form: str) -> None:
    text = base64.b64encode(KEY).decode()
    with pytest.raises(BadInput) as caught:
        read_key(form.format(text), {})
    assert text not in f"{caught.value} {caught.value.hint}"


def test_the_catalogue_tells_what_is_there_without_any_key(tmp_path: Path) -> None:
    first, second = saved(tmp_path), saved(tmp_path, LATER)
    (tmp_path / "states/prod/app/20260106T000000Z-000009-poll-d3-abcdef.tfstate.enc").write_bytes(b"scratch marks")
    found = Backups(Artifacts(tmp_path), BackupCipher(_no_key), lambda: datetime(2026, 1, 5, tzinfo=UTC))
    catalogue = found.catalogue()
    assert catalogue.records == (first, second)
    ((name, why),) = catalogue.damaged
    assert (name.endswith("poll-d3-abcdef.tfstate.enc"), "is not a backup that Terrace wrote" in why) == (True, True)
    assert found.newest("prod", "prod/app") == second, "what is damaged is no copy"
    assert found.newest("prod", "prod/other") is None


def _no_key() -> bytes:
    raise NotReady("no key here")


@pytest.mark.aws
@pytest.mark.parametrize("kind", ["s3", "azure", "google"])
def test_copies_in_a_store_are_written_listed_restored_and_pruned(
    kind: str, stores: Mapping[str, ObjectStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 has Object Lock, so that a copy that was removed is only hidden; Google's store is a stand-in."""
    remote = stores[kind]
    for name, value in remote.variables.items():
        monkeypatch.setenv(name, value)
    url = f"{remote.url}/{token_hex(4)}"
    kept = Backups(Artifacts(url), BackupCipher(lambda: KEY), lambda: datetime(2026, 1, 5, 12, tzinfo=UTC))
    first = kept.save("prod", "prod/app", STATE, commit="c" * 40, deployment="d1", moment="before")
    second = kept.save("prod", "prod/app", LATER, commit="c" * 40, deployment="d1", moment="after")
    assert kept.save("prod", "prod/app", LATER, commit="c" * 40, deployment="d2", moment="before") == second
    assert kept.catalogue("prod", "prod/app").records == (first, second)
    assert kept.catalogue("dev").records == ()
    assert (kept.newest("prod", "prod/app"), kept.load(first.name)) == (second, STATE.content)
    kept.remove([first, first])
    assert kept.catalogue().records == (second,)
    other = bytes(32)
    anew = Backups(Artifacts(url), BackupCipher(lambda: other, older=(KEY,)), lambda: datetime(2026, 1, 6, tzinfo=UTC))
    resealed = anew.encrypt_again(second)
    assert anew.load(resealed.name) == LATER.content
    if kind != "s3":
        return
    folder = url.removeprefix(remote.url)
    listed = httpx.get(f"{remote.endpoint}?versions&prefix={folder.strip('/')}/{first.name}").text
    version = re.findall(r"<Version>.*?<VersionId>([^<]+)</VersionId>", listed, re.DOTALL)[0]
    gone = f"{remote.endpoint}{folder}/{first.name}?versionId={version}"
    assert httpx.delete(gone).status_code == 403, "what is locked stays, whoever deletes it"
    assert httpx.get(gone).status_code == 200
