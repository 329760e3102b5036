"""JSON output: every object is a record, documented field by field, and HTML and JSON have one way to be written."""

from __future__ import annotations

import ast
import json
import re
import typing
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from support.records import data_of
from terrace.report.json.all import RECORDS, schema_name
from terrace.report.json.deployments import WithdrawJson
from terrace.report.json.environments import HoldJson
from terrace.report.json.record import JsonRecord
from terrace.report.json.reference import field_docs, json_schema, parts, reference_page

SOURCE = Path(__file__).parents[2] / "src/terrace"


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of all objects. It takes a second to make, as the page does."""
    return json_schema()


@cache
def page_text() -> str:
    """The reference page of all objects."""
    return reference_page()


@pytest.mark.parametrize("record", RECORDS, ids=schema_name)
def test_every_field_of_an_object_is_documented(record: type[JsonRecord]) -> None:
    docs = field_docs(record)
    for field in msgspec.structs.fields(record):
        assert docs[field.encode_name].endswith("."), field.name


LISTED_WORDS = re.compile(r"`[a-z_-]+`( \([^)]*\))?(, `[a-z_-]+`( \([^)]*\))?)* or `[a-z_-]+`")


@pytest.mark.parametrize("record", (*RECORDS, *parts()), ids=lambda record: record.__name__)
def test_a_field_with_a_closed_set_of_words_has_it_as_its_type(record: type[JsonRecord]) -> None:
    """A description that lists all words would be the only place that has them."""
    docs, hints = field_docs(record), typing.get_type_hints(record)
    for field in msgspec.structs.fields(record):
        listed = LISTED_WORDS.match(docs[field.encode_name])
        assert not listed or not has_text(hints[field.name]), f"{field.name}: {docs[field.encode_name]}"


def has_text(hint: object) -> bool:
    return hint is str or any(map(has_text, typing.get_args(hint)))


def test_words_are_in_the_schema_and_on_the_page() -> None:
    validator = Draft202012Validator(schema())
    rejected = {"schema": "terrace/reject@1", "deployment": "d", "environment": "prod", "gates": []}
    assert validator.is_valid({**rejected, "verdict": "wait"})
    assert not validator.is_valid({**rejected, "verdict": "waits"})
    assert "| `verdict` | `pass`, `wait` or `block` |" in page_text()


def test_every_schema_is_on_the_reference_page_once() -> None:
    page = page_text()
    assert len({schema_name(record) for record in RECORDS}) == len(RECORDS)
    assert all(page.count(f"### `{schema_name(record)}`\n") == 1 for record in RECORDS)


def test_the_json_schema_accepts_an_object_and_names_its_mistakes() -> None:
    validator = Draft202012Validator(schema())
    held = data_of(HoldJson(environment="prod", held=True))
    assert validator.is_valid(held)
    assert validator.is_valid({**held, "later": 1}), "later versions add fields"
    assert not validator.is_valid({**held, "held": "yes"})
    assert not validator.is_valid({"schema": "terrace/hold@1"})


def test_text_that_is_not_unicode_can_be_encoded() -> None:
    record = WithdrawJson(environment="\udcff", withdrawn=(), standing=())
    assert json.loads(json.dumps(data_of(record)))["environment"] == "\udcff"


def test_no_object_is_built_by_hand() -> None:
    literal = re.compile(r"""["']schema["']: f?["']terrace/""")
    found = [str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py") if literal.search(path.read_text("utf-8"))]
    assert found == []


def test_templates_of_html_are_literals_of_the_source() -> None:
    """A template that is put together could hold text that was not escaped."""
    for path in (SOURCE / "report/html").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "html":
                assert isinstance(node.args[0], ast.Constant), f"{path.name}:{node.lineno}"
