"""Descriptions of terrace.yaml: a JSON Schema (2020-12) for editors, and the reference page for people."""

from __future__ import annotations

from typing import Any

from terrace.config.checks import DeclaredChecks
from terrace.config.keys.terrace_yaml import sections, terrace_record
from terrace.config.kinds import WORD
from terrace.config.records import Record

_HEAD = "| key | value | default | used by | description | looser when |"
_RULE = "| --- | --- | --- | --- | --- | --- |"


def json_schema(checks: DeclaredChecks) -> dict[str, Any]:
    """Returns the JSON Schema of terrace.yaml, where these checks exist."""
    draft = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": draft, "title": "terrace.yaml", **terrace_record(checks).schema()}


def reference(checks: DeclaredChecks) -> str:
    """Returns the reference page of terrace.yaml as Markdown, where these checks exist."""
    lines = [
        "# terrace.yaml",
        "",
        "Generated from the code (`make docs`). `terrace config schema` prints the same as JSON Schema for editors. An",
        "unknown key is an error, with the nearest known key as a hint. The last column lists the changes that",
        "`terrace check` reports as loosened rules (`trust-root`).",
        "",
        f"A name is a text of {WORD.description.removeprefix('a name of ')}, with at most 63 characters.",
    ]
    for title, record in sections(checks):
        lines += describe_record(title, record)
    head, rest = lines[:7], "\n".join(lines[7:])
    return "\n".join(head) + "\n" + rest.replace(WORD.description, "a name") + "\n"


def describe_record(title: str, record: Record[Any]) -> list[str]:
    """Returns the lines of one section of the page, as Markdown."""
    lines = ["", f"## {title}", "", _HEAD, _RULE]
    for key in record.keys:
        default = "required" if key.needed else record.spell_default(key)
        cells = (f"`{key.name}`", key.kind.description, default, key.reader or "-", key.doc, key.looser.description)
        lines.append(f"| {' | '.join(cells)} |")
    if record.later:
        words = ", ".join(f"`{word}`" for word in sorted(record.later))
        lines += ["", f"Reserved for a later version, and refused: {words}."]
    return lines
