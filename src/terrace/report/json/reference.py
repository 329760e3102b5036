"""The reference page and the JSON Schema of all JSON objects, generated from their records."""

from __future__ import annotations

import ast
import enum
import inspect
import textwrap
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import UnsetType

from terrace.report.json.all import RECORDS, SECTIONS, schema_name
from terrace.report.json.record import Json, JsonRecord

SCHEMA_FILE = "json-schema.json"

_HEAD = f"""\
# JSON

Generated from the code (`make docs`). With `--json`, a command prints one object on stdout; `schema` names its type.
New versions of Terrace only add fields. Times are ISO 8601 in UTC. Exit codes are the same with and without `--json`.

All objects as one JSON Schema: [{SCHEMA_FILE}]({SCHEMA_FILE}). `terrace policy input` prints the
[view of policies](../how-to/policies.md) instead: terrace, environment, stack, path, commit, complete, errored,
resources, outputs. `terrace ledger export` prints one event a line: position, id, time, actor, kind, subject, payload,
previous, hash.
"""


def reference_page() -> str:
    """Returns the page as Markdown: the objects by subject, then the parts that they consist of."""
    lines = [_HEAD]
    for title, records in SECTIONS.items():
        lines.append(f"## {title}\n")
        for record in records:
            lines.append(f"### `{schema_name(record)}`\n\n{_doc(record)}\n\n{_fields(record)}\n")
    lines.append("## Parts\n")
    for part in sorted(parts(), key=lambda part: part.__name__):
        lines.append(f"### {part.__name__}\n\n{_doc(part)}\n\n{_fields(part)}\n")
    return "\n".join(lines)


def json_schema() -> Json:
    """Returns a JSON Schema that accepts every object, with the description of each field."""
    schemas, definitions = msgspec.json.schema_components(RECORDS, ref_template="#/$defs/{name}")
    classes = {record.__name__: record for record in (*RECORDS, *parts())}
    for name, definition in definitions.items():
        if name not in classes:
            # An enumeration: its docstring is about the code.
            definition.pop("description", None)
            continue
        # Later versions add fields, so a schema that others use accepts unknown ones.
        definition.pop("additionalProperties", None)
        docs = field_docs(classes[name])
        for field, property_schema in definition.get("properties", {}).items():
            if field in docs:
                property_schema["description"] = docs[field]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "JSON output of Terrace",
        "anyOf": list(schemas),
        "$defs": definitions,
    }


def field_docs(record: type[JsonRecord]) -> Mapping[str, str]:
    """Returns the description of each field by its JSON name, also of the fields of its base classes."""
    docs: dict[str, str] = {}
    for base in reversed(record.__mro__):
        if issubclass(base, JsonRecord) and base is not JsonRecord:
            docs |= dict(_own_docs(base))
    names = {field.name: field.encode_name for field in msgspec.structs.fields(record)}
    return {names[name]: text for name, text in docs.items()}


def _own_docs(record: type[JsonRecord]) -> Iterator[tuple[str, str]]:
    """Returns the docstrings below the fields of a class."""
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(record))).body
    assert isinstance(node, ast.ClassDef)
    for field, below in zip(node.body, node.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            assert isinstance(below.value, ast.Constant), field.target.id
            yield field.target.id, " ".join(str(below.value.value).split())


def _doc(record: type[JsonRecord]) -> str:
    return " ".join((record.__doc__ or "").split())


def _fields(record: type[JsonRecord]) -> str:
    hints = typing.get_type_hints(record)
    docs = field_docs(record)
    lines = ["| field | type | |", "| --- | --- | --- |"]
    for field in msgspec.structs.fields(record):
        optional = "" if field.required else ", optional"
        lines.append(f"| `{field.encode_name}` | {_type(hints[field.name])}{optional} | {docs[field.encode_name]} |")
    return "\n".join(lines)


def _type(hint: Any) -> str:
    """Returns a type in words, with a link to a part."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        union = [word for argument in arguments for word in closed_words(argument)]
        others = [argument for argument in arguments if argument is not UnsetType and not closed_words(argument)]
        return _choice([*(f"`{word}`" for word in union), *dict.fromkeys(map(_type, others))])
    if words := closed_words(hint):
        return _choice([f"`{word}`" for word in words])
    if origin is tuple:
        return f"list of {_type(arguments[0])}"
    if origin is not None:
        return f"object of {_type(arguments[1])}"
    if isinstance(hint, type) and issubclass(hint, JsonRecord):
        tag = hint.__struct_config__.tag
        if tag is None:
            return f"[{hint.__name__}](#{hint.__name__.lower()})"
        return f"[{hint.__name__}](#{hint.__name__.lower()})" if hint not in RECORDS else f"`{tag}`"
    names: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
    return names.get(hint, "any")


def closed_words(hint: Any) -> tuple[str, ...]:
    """Returns the words that a value of this type can have, in their order; empty for a type with other values."""
    if typing.get_origin(hint) is Literal:
        return tuple(map(str, typing.get_args(hint)))
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return tuple(str(member.value) for member in hint)
    return ()


def _choice(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]


def parts() -> tuple[type[JsonRecord], ...]:
    """Returns every record that others contain and that no command prints alone."""
    parts: dict[type[JsonRecord], None] = {}

    def collect(hint: Any) -> None:
        if isinstance(hint, type) and issubclass(hint, JsonRecord):
            if hint not in parts and hint not in RECORDS:
                parts[hint] = None
                collect_fields(hint)
            return
        for argument in typing.get_args(hint):
            collect(argument)

    def collect_fields(record: type[JsonRecord]) -> None:
        for hint in typing.get_type_hints(record).values():
            collect(hint)

    for record in RECORDS:
        collect_fields(record)
    return tuple(parts)
