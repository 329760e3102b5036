"""The keys of one command of `before_plan` in terrace.yaml."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import Any

from terrace.config.comparisons import PartOf
from terrace.config.kinds import Duration, Either, Flag, Key, Kind, ListOf, Record, Text, wrong
from terrace.config.shared_kinds import PATH, VARIABLE
from terrace.config.yaml_nodes import Mapping, Node, Problems, Scalar, Sequence

_PART = PartOf("before_plan")
_WORD = Text("a text without control characters", re.compile(r"[^\x00-\x1f\x7f]+"))
_EXAMPLE = "{run: [make, lambda], outputs: [build/lambda.zip]}"


@dataclass(frozen=True, slots=True)
class Argv:
    """A program and its arguments as a list. A shell command line is refused, with the list that it means."""

    word: str = "a list of a program and its arguments, like `[make, lambda]`"

    def read(self, node: Node, problems: Problems) -> tuple[Any, ...] | None:
        if not isinstance(node, Sequence) or not node.items:
            wrong(node, self.word, problems, _as_list(node))
            return None
        return tuple(_WORD.read(item, problems) for item in node.items)

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": _WORD.schema(), "minItems": 1}


def _as_list(node: Node) -> str | None:
    """The list that a command line means."""
    text = node.value if isinstance(node, Scalar) else None
    if not isinstance(text, str) or not text.strip():
        return None
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    return f"no shell reads it: run: {json.dumps(words, ensure_ascii=False)}"


@dataclass(frozen=True, slots=True)
class _NotAMapping:
    """What is said of a command that is a text or a list."""

    record: Record

    @property
    def word(self) -> str:
        return f"a mapping with keys of {self.record.word}, like `{_EXAMPLE}`"

    def read(self, node: Node, problems: Problems) -> None:
        hint = _as_list(node)
        if isinstance(node, Sequence) and all(isinstance(one, Scalar) for one in node.items):
            words = [str(one.text) for one in node.items if isinstance(one, Scalar)]
            hint = f"run: {json.dumps(words, ensure_ascii=False)}"
        wrong(node, self.word, problems, hint)

    def schema(self) -> dict[str, Any]:
        return self.record.schema()


COMMAND = Record(
    "a command before a plan",
    (
        Key("run", Argv(), "Program and arguments, no shell.", needed=True, looser=_PART),
        Key(
            "in",
            PATH,
            "The folder that it runs in; `.` is the root of the repository.",
            "the stack's folder",
            "terraform",
            looser=_PART,
        ),
        Key(
            "inputs",
            ListOf(PATH, 1),
            "The files of the commit that it sees, as paths or patterns (`src/**/*.py`) from the root of the repository"
            "; what lies below a folder belongs to it. A change to one of them impacts the stack.",
            "the folder that it runs in",
            "terraform, impact",
            looser=_PART,
        ),
        Key(
            "outputs",
            ListOf(PATH, 1),
            "The files that it may write, in the same way. It is refused if it writes anything else.",
            "none",
            "terraform",
            looser=_PART,
        ),
        Key(
            "env",
            ListOf(VARIABLE),
            "Variables of Terrace's own environment that it gets, by name; no others.",
            "none",
            "terraform",
            looser=_PART,
        ),
        Key("network", Flag(), "Whether it may use the network.", "false", "terraform", looser=_PART),
        Key("timeout", Duration(zero=False), "How long it may take.", "10m", "terraform", looser=_PART),
    ),
)


def _command(node: Node) -> Kind:
    return COMMAND if isinstance(node, Mapping) else _NotAMapping(COMMAND)


COMMANDS = ListOf(Either(_command, (COMMAND,)))
"""The value of `before_plan`."""
