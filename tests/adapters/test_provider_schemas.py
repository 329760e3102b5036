"""Providers are asked once for each version, and what was kept wrongly is asked for again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from terrace.adapters.terraform.fast.schema_store import EncodedSchemas, SchemaStore
from terrace.adapters.terraform.provider_schemas import ProviderSchemas, RecordedSchemas
from terrace.hcl.lock_file import LockedProvider

A, B = ("registry/aws", "aws_a"), ("registry/aws", "aws_b")


def schemas(*types: str) -> bytes:
    block = {"attributes": {"time": {"computed": True}, "name": {"optional": True, "computed": True}}}
    known = {type_: {"block": block} for type_ in types}
    return json.dumps({"provider_schemas": {"registry/aws": {"resource_schemas": known}}}).encode()


class Asked:
    """EncodedSchemas with these types, and counts how often."""

    def __init__(self, *types: str) -> None:
        self.types = types
        self.times = 0

    def __call__(self) -> bytes:
        self.times += 1
        return schemas(*self.types)


def test_a_type_is_asked_for_once_for_each_lock_file(tmp_path: Path) -> None:
    store, asked = ProviderSchemas(tmp_path), Asked("aws_a", "aws_b")
    for _ in range(2):
        assert store.computed_attributes(frozenset({A}), b"lock 1", "terraform", asked) == {A: frozenset({"time"})}
    assert asked.times == 1
    assert store.computed_attributes(frozenset({A, B}), b"lock 1", "terraform", asked).keys() == {A, B}
    assert store.computed_attributes(frozenset({A}), b"lock 2", "terraform", asked).keys() == {A}
    assert asked.times == 3


def test_without_a_lock_file_nothing_is_kept(tmp_path: Path) -> None:
    store, asked = ProviderSchemas(tmp_path), Asked("aws_a")
    for _ in range(2):
        assert store.computed_attributes(frozenset({A}), b"", "terraform", asked).keys() == {A}
    assert asked.times == 2


def test_what_was_cut_off_on_disk_is_asked_for_again(tmp_path: Path) -> None:
    store, asked = ProviderSchemas(tmp_path), Asked("aws_a")
    store.computed_attributes(frozenset({A}), b"lock", "terraform", asked)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:5])
    assert store.computed_attributes(frozenset({A}), b"lock", "terraform", asked).keys() == {A}
    assert asked.times == 2


def test_a_type_that_no_provider_knows_is_left_out(tmp_path: Path) -> None:
    assert ProviderSchemas(tmp_path).computed_attributes(frozenset({B}), b"lock", "terraform", Asked("aws_a")) == {}


# --- answers that the fast lane kept ---------------------------------------------------------------------------------


def field(number: int, content: bytes | int) -> bytes:
    """A field of a message in the plugin protocol."""
    if isinstance(content, int):
        return bytes([number << 3, content])
    length, size = len(content), b""
    while length > 127:
        size, length = size + bytes([length & 127 | 128]), length >> 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + content


def attribute(name: str, *flags: str, nested: bytes = b"") -> bytes:
    numbers = {"required": 4, "optional": 5, "computed": 6}
    kept = field(1, name.encode()) + field(2, b'"string"') + b"".join(field(numbers[flag], 1) for flag in flags)
    return field(2, kept + (field(10, nested) if nested else b""))


INSIDE = attribute("volume", "computed") + attribute("size", "optional", "computed")
OBJECT = field(1, field(1, b"made") + field(6, 1)) + field(1, field(1, b"given") + field(5, 1))
BLOCK = (
    attribute("arn", "computed")
    + attribute("name", "required")
    + attribute("policy", "optional", "computed")
    + attribute("settings", "optional", nested=OBJECT)
    + field(3, field(1, b"disk") + field(2, INSIDE) + field(3, 2))
    + field(
        4, b"a description of more than a hundred and twenty-seven characters, which take two bytes for its length" * 2
    )
)
ANSWER = (
    field(1, b"")
    + field(2, field(1, b"aws_a") + field(2, field(1, 1) + field(2, BLOCK)))
    + field(3, field(1, b"aws_b") + field(2, field(2, attribute("arn", "computed"))))
)
LOCKED = LockedProvider("registry/aws", "1.0.0", ("zh:1", "h1:other", "h1:this"))


def test_what_only_the_provider_sets_is_read_from_its_kept_answer_once(tmp_path: Path) -> None:
    answers, store = SchemaStore(tmp_path / "answers"), RecordedSchemas(tmp_path / "answers", tmp_path / "kept")
    assert store.unsettable(frozenset({A}), [LOCKED]) == {}, "no answer is there yet, and none is asked for"
    answers.write("registry/aws", "1.0.0", "h1:this", EncodedSchemas(5, ANSWER, None))
    expected = {A: frozenset({"arn", "settings.made", "disk.volume"})}
    assert store.unsettable(frozenset({A, ("registry/other", "aws_a")}), [LOCKED]) == expected
    assert store.unsettable(frozenset({B}), [LOCKED]) == {B: frozenset()}, "a data source is no resource"
    for path in (tmp_path / "answers").iterdir():
        path.unlink()
    assert store.unsettable(frozenset({A}), [LOCKED]) == expected
    newer = LockedProvider("registry/aws", "1.0.1", LOCKED.hashes)
    assert store.unsettable(frozenset({A}), [newer]) == {}, "another version may have another schema"


@pytest.mark.parametrize(
    "content", [ANSWER[:-3], b"\x0d" + ANSWER, field(2, field(1, b"aws_a") + field(2, b"\xff" * 9))]
)
def test_an_answer_that_is_none_tells_nothing(tmp_path: Path, content: bytes) -> None:
    SchemaStore(tmp_path / "answers").write("registry/aws", "1.0.0", "h1:this", EncodedSchemas(5, content, None))
    store = RecordedSchemas(tmp_path / "answers", tmp_path / "kept")
    assert store.unsettable(frozenset({A}), [LOCKED]) == {}
