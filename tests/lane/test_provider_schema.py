"""Schemas cut and kept, for anything that could come over the wire or lie on a disk."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.disks import small_disk
from terrace.adapters.terraform.fast.eligibility import types_in, words
from terrace.adapters.terraform.fast.schema import BY_TYPE, IDENTITIES, BadSchema, parse
from terrace.adapters.terraform.fast.schema_store import EncodedSchemas, SchemaStore

pytestmark = pytest.mark.slow

KEY = ("registry.terraform.io/terrace/six", "1.0.0", "h1:abc")


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def entry(number: int, name: str, value: bytes) -> bytes:
    return field(number, field(1, name.encode()) + field(2, value))


NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=1, max_size=12)
FIELDS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(sorted(BY_TYPE)), NAMES, st.binary(max_size=300)),
        st.tuples(st.sampled_from([1, 5, 6, 7, 12]), st.none(), st.binary(max_size=300)),
    ),
    max_size=20,
)


@given(FIELDS, st.sets(NAMES, max_size=5), st.data())
def test_a_cut_holds_what_was_asked_for_and_all_that_is_no_type(
    fields: list[tuple[int, str | None, bytes]], others: set[str], data: st.DataObject
) -> None:
    parts = [(name, entry(n, name, value) if name is not None else field(n, value)) for n, name, value in fields]
    schema = parse(b"".join(part for _, part in parts))
    known = {name for name, _ in parts if name is not None}
    assert set(schema.types) == known
    wanted = data.draw(st.sets(st.sampled_from(sorted(known)))) if known else set()
    kept = [part for name, part in parts if name is None]
    asked = [part for name, part in parts if name in wanted]
    cut = schema.cut(wanted | (others - known))
    assert cut.startswith(b"".join(kept))
    assert len(cut) == len(b"".join(kept + asked))
    assert set(parse(cut).types) == wanted
    assert sorted(schema.cut(known)) == sorted(b"".join(part for _, part in parts))


@given(st.binary(max_size=200))
def test_whatever_comes_is_a_schema_or_is_refused(content: bytes) -> None:
    for maps in (BY_TYPE, IDENTITIES):
        try:
            schema = parse(content, maps)
        except BadSchema:
            continue
        assert len(schema.cut(schema.types)) == len(content)


@given(FIELDS.filter(bool), st.data())
def test_a_schema_that_breaks_off_is_refused_or_ends_between_two_fields(
    fields: list[tuple[int, str | None, bytes]], data: st.DataObject
) -> None:
    parts = [entry(n, name, value) if name is not None else field(n, value) for n, name, value in fields]
    whole = b"".join(parts)
    end = data.draw(st.integers(0, len(whole) - 1))
    between = {sum(map(len, parts[:i])) for i in range(len(parts) + 1)}
    if end in between:
        parse(whole[:end])
    else:
        with pytest.raises(BadSchema):
            parse(whole[:end])


def test_a_response_with_diagnostics_has_no_schema() -> None:
    with pytest.raises(BadSchema, match="contains diagnostics"):
        parse(field(4, b"\x08\x01"))


# --- kept ----------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=500), st.none() | st.binary(max_size=50), st.sampled_from([5, 6]))
def test_what_is_kept_comes_back(
    tmp_path_factory: pytest.TempPathFactory, schema: bytes, ids: bytes | None, p: int
) -> None:
    store = SchemaStore(tmp_path_factory.mktemp("store"))
    assert store.read(*KEY) is None
    store.write(*KEY, EncodedSchemas(p, schema, ids))
    assert store.read(*KEY) == EncodedSchemas(p, schema, ids)
    assert store.read(KEY[0], KEY[1], "h1:other") is None


def test_a_file_that_was_cut_off_or_changed_anywhere_is_not_used(tmp_path: Path) -> None:
    store = SchemaStore(tmp_path)
    store.write(*KEY, EncodedSchemas(5, b"schema" * 20, b"identities"))
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        assert store.read(*KEY) is None
        path.write_bytes(whole[:end] + bytes([whole[end] ^ 1]) + whole[end + 1 :])
        assert store.read(*KEY) is None
    path.write_bytes(whole)
    assert store.read(*KEY) is not None


def _write_for_ever(folder: Path) -> None:
    while True:
        SchemaStore(folder).write(*KEY, EncodedSchemas(5, b"schema" * 200_000, None))


def test_ten_that_write_and_are_killed_leave_a_whole_file_or_none(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write_for_ever, args=(tmp_path,), daemon=True) for _ in range(10)]
    for writer in writers:
        writer.start()
    store = SchemaStore(tmp_path)
    seen = 0
    for writer in writers:
        end = time.monotonic() + 0.1
        while time.monotonic() < end:
            seen += store.read(*KEY) is not None
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
    assert seen
    assert store.read(*KEY) == EncodedSchemas(5, b"schema" * 200_000, None)


def test_a_full_disk_keeps_nothing_and_breaks_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        store = SchemaStore(disk.path / "schemas")
        disk.fill()
        store.write(*KEY, EncodedSchemas(5, b"x" * 100_000, None))
        assert store.read(*KEY) is None
        disk.free()
        store.write(*KEY, EncodedSchemas(5, b"x" * 100_000, None))
        assert store.read(*KEY) == EncodedSchemas(5, b"x" * 100_000, None)


# --- types ---------------------------------------------------------------------------------------------------------


def test_words_are_found_in_every_syntax_and_every_module(tmp_path: Path) -> None:
    root, data = tmp_path / "root", tmp_path / "data"
    (root / "inner").mkdir(parents=True)
    (data / "modules/far").mkdir(parents=True)
    (root / "main.tf").write_text('resource "aws_one" "x" {}\nmoved {\n  from = aws_two.a\n  to   = aws_three.a\n}\n')
    (root / "more.tf.json").write_text('{"data": {"aws_four": {}}}')
    (root / "own.tofu").write_text('ephemeral "aws_five" "x" {}')
    (root / "notes.txt").write_text("aws_none")
    (root / "inner/main.tf").write_text('import {\n  to = aws_six.a["k"]\n}\n')
    (data / "modules/far/main.tf").write_text("# aws_seven\xff".encode("latin1").decode("latin1"))
    manifest = '{"Modules": [{"Dir": "."}, {"Dir": "inner"}, {"Dir": "%s"}, {"Dir": "gone"}]}' % (data / "modules/far")
    (data / "modules/modules.json").write_text(manifest)
    found = words(root, data)
    assert {f"aws_{n}" for n in ("one", "two", "three", "four", "five", "six", "seven")} <= found
    assert "aws_none" not in found


def test_of_a_state_only_the_types_of_its_objects_are_taken() -> None:
    state = b"""{"resources": [
      {"mode": "managed", "type": "aws_one", "name": "a", "instances": [{"attributes": {"type": "a secret"}}]},
      {"mode": "data", "type": "aws_two", "name": "b", "instances": []}
    ]}"""
    assert types_in(state) == {"aws_one", "aws_two"}
