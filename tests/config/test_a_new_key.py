"""A key is one entry of a table and one field. Reading, schema, page and comparison follow from these."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from terrace.config.comparisons import Higher, Inside, Ordered, compare_records
from terrace.config.keys.values import FILES
from terrace.config.kinds import Duration, Flag, ListOf
from terrace.config.problems import BadConfig
from terrace.config.records import Key, Record, read_document
from terrace.config.schema import describe_record


@dataclass(frozen=True, slots=True)
class Cache:
    """The new record, within another one."""

    keep: timedelta = timedelta(days=7)
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """The record of a whole file."""

    shared: bool = False
    cache: Cache = Cache()


CACHE = Record(
    "cache",
    (
        Key("keep", Duration(), "Maximum age.", "tests", looser=Higher("{name} keeps {new} instead of {old}")),
        Key("paths", ListOf(FILES), "Cached paths.", "tests", looser=Higher("{name} keeps {new}")),
    ),
    makes=Cache,
)
FILE = Record(
    "settings",
    (
        Key(
            "shared", Flag(), "Shared with other projects.", "tests", looser=Ordered((False, True), "{name} is shared")
        ),
        Key("cache", CACHE, "The cache.", "tests", looser=Inside(CACHE)),
    ),
    makes=Settings,
)


def read(text: str, base: Settings | None = None) -> Settings:
    return read_document(text.encode(), "settings.yaml", FILE, empty=Settings(), base=base)


def test_a_value_has_the_type_of_its_field() -> None:
    assert read("cache: {keep: 1d12h, paths: [./src/, 'lib/**/*.py']}\n") == Settings(
        cache=Cache(timedelta(hours=36), ("src", "lib/**/*.py"))
    )


@pytest.mark.parametrize("text", ["", "# nothing\n", "cache: {}\n", "shared: false\n"])
def test_a_missing_key_leaves_the_default_of_the_field(text: str) -> None:
    assert read(text) == Settings()


def test_missing_keys_are_taken_from_the_base_at_any_depth() -> None:
    base = Settings(shared=True, cache=Cache(timedelta(days=1), ("a",)))
    assert read("cache: {keep: 2d}\n", base) == Settings(True, Cache(timedelta(days=2), ("a",)))


def test_all_problems_are_reported_together_with_their_places() -> None:
    with pytest.raises(BadConfig) as refused:
        read("cache:\n  keep: 5\n  paths: ['**x']\n  kep: 1d\nshared: yes\n")
    assert [str(problem) for problem in refused.value.problems] == [
        "settings.yaml:2:9: expected a duration like `15m`, `1h30m` or `2d`, found 5 "
        "(hint: add the unit: `5s` or `5m`)",
        "settings.yaml:3:11: '**x' is not a file pattern: `**` must be a whole directory name, as in `src/**/*.py`",
        "settings.yaml:4:3: `kep` is not a key of cache (hint: did you mean `keep`?)",
        "settings.yaml:5:9: expected `true` or `false`, found 'yes' (hint: write true)",
    ]


def test_the_schema_describes_a_key_and_its_default() -> None:
    cache = FILE.schema()["properties"]["cache"]["properties"]
    assert cache["keep"]["description"] == "Maximum age. Default: 7d."
    assert cache["paths"]["type"] == "array"


def test_the_reference_page_has_a_row_for_each_key() -> None:
    assert "| `keep` | a duration like `15m`, `1h30m` or `2d` | 7d | tests | Maximum age. | it is higher |" in (
        describe_record("cache", CACHE)
    )


def test_a_value_that_allows_more_is_reported() -> None:
    old, new = Settings(), Settings(cache=Cache(timedelta(days=8)))
    assert list(compare_records(FILE, "dev", old, new)) == ["dev keeps 8d instead of 7d"]
    assert list(compare_records(FILE, "dev", new, old)) == []
