"""All readers of Terraform's JSON syntax read every block of a name that an object has twice."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import terrace
from terrace.checks.deprecated import find_deprecated
from terrace.hcl.declared_names import list_names
from terrace.hcl.interface import Interface, read_interface
from terrace.hcl.json_syntax import PlacedText, read_json, read_placed_json

TWICE = b'{"variable": {"hidden": {}}, "variable": {"shown": {}}}'
READERS = ("hcl", "stacks", "checks")


def test_a_name_that_an_object_has_twice_keeps_all_its_values() -> None:
    assert read_json(b'{"a": {"x": 1}, "a": [{"y": 2}], "a": 3}') == {"a": [{"x": 1}, {"y": 2}, 3]}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES, st.sampled_from([None, 1]))
def test_a_document_with_lines_has_the_same_values(value: object, indent: int | None) -> None:
    content = json.dumps(value, indent=indent).encode()
    assert read_placed_json(content) == read_json(content)


def test_a_string_that_is_a_value_has_its_line() -> None:
    document = read_placed_json(b'{\n"a": [1,\n"x"], "b":\n\n"y", "a": "z"}')
    assert [(value, value.line) for value in (*document["a"][1:], document["b"])] == [("x", 3), ("z", 5), ("y", 5)]
    assert all(isinstance(value, PlacedText) for value in document["a"][1:])


def test_json_blocks_with_the_same_key_are_all_read() -> None:
    assert [one.name for one in list_names("variables.tf.json", TWICE)] == ["hidden", "shown"]


def test_a_deprecated_argument_in_the_first_of_two_blocks_is_reported() -> None:
    content = b'{"resource": {"aws_eip": {"a": {"vpc": true}}}, "resource": {"aws_eip": {"b": {}}}}'
    assert [finding.rule for finding in find_deprecated("main.tf.json", content)] == ["deprecated"]


def test_the_interface_of_a_module_has_every_variable() -> None:
    found = read_interface({"variables.tf.json": TWICE})
    assert isinstance(found, Interface)
    assert [one.name for one in found.inputs] == ["hidden", "shown"]


@pytest.mark.parametrize("folder", READERS)
def test_json_configuration_is_read_in_one_place_only(folder: str) -> None:
    """A plain `json.loads` keeps the last value of a name only."""
    for path in (Path(terrace.__file__).parent / folder).glob("*.py"):
        if path.name == "json_syntax.py":
            continue
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        assert not [c for c in calls if ast.unparse(c.func) in ("json.loads", "json.load")], path
