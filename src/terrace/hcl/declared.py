"""What a configuration file declares: every block with a name, in either syntax."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from terrace.hcl.syntax import attributes, blocks, head, line_of, parse
from terrace.hcl.terraform_json import read_terraform_json

LABELS = {"variable": 1, "output": 1, "module": 1, "resource": 2, "data": 2, "ephemeral": 2}
"""Blocks with a name, and how many labels they have; the last is the name."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One name. `kind` is that of its block (`local` in `locals`), `type` that of a resource or data source, else "".
    Lines count from 1; they are not known in JSON, and 0."""

    kind: str
    name: str
    type: str = ""
    line: int = 0


def declared(path: str, content: bytes) -> tuple[Declared, ...]:
    """The names of a file, in its order; as many as can be read."""
    return tuple(_of_json(content) if path.endswith(".json") else _of_native(content))


def _of_native(content: bytes) -> Iterator[Declared]:
    for block in blocks(parse(content).root_node):
        kind, labels = head(block)
        if kind == "locals":
            yield from (Declared("local", name, line=line_of(value)) for name, value in attributes(block))
        elif LABELS.get(kind) == len(labels):
            yield Declared(kind, labels[-1], labels[0] if len(labels) > 1 else "", line_of(block))


def _of_json(content: bytes) -> Iterator[Declared]:
    try:
        found = read_terraform_json(content)
    except (ValueError, RecursionError):
        return
    for body in _dicts(found):
        for kind, count in LABELS.items():
            for group in _dicts(body.get(kind)):
                for label, inner in group.items():
                    if count == 1:
                        yield Declared(kind, label)
                    else:
                        yield from (Declared(kind, name, label) for one in _dicts(inner) for name in one)
        yield from (Declared("local", name) for group in _dicts(body.get("locals")) for name in group)


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]
