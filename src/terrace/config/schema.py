"""terrace.yaml described for editors (JSON Schema 2020-12) and for people (the reference page)."""

from __future__ import annotations

from typing import Any

from terrace.config.checks import DeclaredChecks
from terrace.config.keys.terrace_yaml import sections, terrace_record
from terrace.config.kinds import WORD
from terrace.config.records import Record

_HEAD = "| key | is | default | read by | for | lets more through when |"
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
        "Made from the code (`make docs`); `terrace config schema` prints the same for editors. Every key that is not",
        "listed here is an error, and the error names the nearest right one. The last column says which changes",
        "`terrace check` tells as a change that lets more through (`trust-root`).",
        "",
        f"{WORD.word[0].upper()}{WORD.word[1:]}, 63 at most, is called a name below.",
    ]
    for title, record in sections(checks):
        lines += describe_record(title, record)
    head, rest = lines[:7], "\n".join(lines[7:])
    return "\n".join(head) + "\n" + rest.replace(WORD.word, "a name") + "\n"


def describe_record(title: str, record: Record[Any]) -> list[str]:
    """Returns the lines of one section of the page, as Markdown."""
    lines = ["", f"## {title}", "", _HEAD, _RULE]
    for key in record.keys:
        default = "needed" if key.needed else record.spell_default(key)
        cells = (f"`{key.name}`", key.kind.word, default, key.reader or "-", key.doc, key.looser.word)
        lines.append(f"| {' | '.join(cells)} |")
    if record.later:
        words = ", ".join(f"`{word}`" for word in sorted(record.later))
        lines += ["", f"Known and refused until this version acts on them: {words}."]
    return lines
