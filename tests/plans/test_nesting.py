"""Documents that are nested without an end are refused by everybody who reads one, and keep nobody busy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from terrace.adapters.github import webhooks
from terrace.adapters.github.actions import _event
from terrace.apps.workflows import record
from terrace.errors import TerraceError
from terrace.plans import decode, handover, json_format
from terrace.states import state_file

N = 100_000
LIST = b"[" * N + b"]" * N
OBJECT = b'{"a":' * N + b"1" + b"}" * N
READERS: dict[str, Callable[[bytes, Path], object]] = {
    "a plan": lambda deep, _: decode.decode(deep),
    "a value of a plan": lambda deep, _: json_format.value(msgspec.Raw(deep)),
    "plans that were handed over": lambda deep, _: handover.decode(b'{"plans":' + deep + b"}"),
    "a state": lambda deep, _: state_file.read_state(b'{"version":4,"resources":' + deep + b"}", "it"),
    "a delivery": lambda deep, _: webhooks.read(b'{"action":' + deep + b"}", webhooks.About),
    "the record of workflows": lambda deep, _: record.decode('{"files":' + deep.decode() + "}"),
    "the event of a run": lambda deep, folder: _event(_written(folder, deep)),
}


def _written(folder: Path, content: bytes) -> str:
    (folder / "event.json").write_bytes(content)
    return str(folder / "event.json")


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("deep", [LIST, OBJECT], ids=["lists", "objects"])
def test_a_document_that_is_nested_without_an_end_is_refused(reader: str, deep: bytes, tmp_path: Path) -> None:
    with pytest.raises(TerraceError):
        READERS[reader](deep, tmp_path)


def test_a_value_may_be_nested_as_deep_as_the_limit_says() -> None:
    def nested(depth: int) -> msgspec.Raw:
        return msgspec.Raw(b'{"a":[' * (depth // 2) + b"1" + b"]}" * (depth // 2))

    assert json_format.value(nested(json_format.DEEPEST))
    assert json_format.value(msgspec.Raw(b"[" + b"[[]]," * 500 + b"[]]")), "many are not deep"
    with pytest.raises(TerraceError, match="nested more than 200 times"):
        json_format.value(nested(json_format.DEEPEST + 2))
