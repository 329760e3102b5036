"""The cache of facts heals itself: whatever its file holds, nothing fails, and it is used again afterwards."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from terrace.adapters.git.facts_cache import FactsCache

KEYS = {f"key {number}": b"facts" * 200 for number in range(200)}


def kept(folder: Path) -> Path:
    """A cache that is filled; the path of its file."""
    FactsCache(folder / "facts.db").put_many(KEYS)
    (path,) = folder.glob("facts-*.db")
    return path


def zeroed(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:9000])


def scrambled(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


def text(path: Path) -> None:
    path.write_bytes(b"\xff no database")


def foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE facts (name TEXT)")
    other.close()


def typed(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("UPDATE facts SET facts = 'text'")
    other.close()


def stale_log(path: Path) -> None:
    path.write_bytes(b"no database")
    path.with_name(f"{path.name}-wal").write_bytes(b"\x37\x7f\x06\x82" + bytes(5000))


@pytest.mark.parametrize("damage", [zeroed, cut, scrambled, text, foreign, typed, stale_log])
def test_a_damaged_cache_of_facts_is_forgotten_and_used_again(damage: object, tmp_path: Path) -> None:
    path = kept(tmp_path)
    assert callable(damage)
    damage(path)
    cache = FactsCache(tmp_path / "facts.db")
    found = cache.get_many(KEYS)
    assert all(KEYS[key] == facts for key, facts in found.items())
    for _ in range(2):
        cache.put_many(KEYS)
    assert cache.get_many(KEYS) == KEYS


def test_a_folder_in_the_place_of_the_cache_is_no_error(tmp_path: Path) -> None:
    path = kept(tmp_path)
    path.unlink()
    path.mkdir()
    cache = FactsCache(tmp_path / "facts.db")
    cache.put_many(KEYS)
    assert cache.get_many(KEYS) == {}


def test_a_cache_that_is_busy_is_left_alone(tmp_path: Path) -> None:
    path = kept(tmp_path)
    other = sqlite3.connect(path)
    other.execute("BEGIN EXCLUSIVE")
    FactsCache(tmp_path / "facts.db", patience=0.1).put_many({"more": b"facts"})
    other.rollback()
    other.close()
    assert FactsCache(tmp_path / "facts.db").get_many(KEYS) == KEYS
