"""The keys of one command of `before_plan` in terrace.yaml."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import Any

from terrace.config.before_plan import BeforePlan
from terrace.config.comparisons import PartOf
from terrace.config.keys.values import FILES, PATH_FROM_ROOT, VARIABLE
from terrace.config.kinds import INVALID, Duration, Either, Flag, Invalid, Kind, ListOf, Reading, Text
from terrace.config.records import Key, Record
from terrace.config.rules import check_command
from terrace.config.yaml_nodes import Mapping, Node, Scalar, Sequence

_PART = PartOf("before_plan")
_WORD = Text("a text without control characters", re.compile(r"[^\x00-\x1f\x7f]+"))
_EXAMPLE = "{run: [make, lambda], outputs: [build/lambda.zip]}"


@dataclass(frozen=True, slots=True)
class Argv:
    """A program and its arguments as a list. A shell command line is refused, with the list that it means."""

    description: str = "a list of a program and its arguments, like `[make, lambda]`"

    def read(self, node: Node, reading: Reading) -> tuple[str, ...] | Invalid:
        if not isinstance(node, Sequence) or not node.items:
            reading.note_unexpected(node, self.description, _hint_with_list(node))
            return INVALID
        words = [_WORD.read(item, reading) for item in node.items]
        argv = tuple(word for word in words if not isinstance(word, Invalid))
        return argv if len(argv) == len(words) else INVALID

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": _WORD.schema(), "minItems": 1}


def _hint_with_list(node: Node) -> str | None:
    """The hint with the list that a command line means."""
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
    """A command that is a text or a list. It is refused, with the mapping that it means."""

    record: Record[BeforePlan]

    @property
    def description(self) -> str:
        return f"{self.record.description}, like `{_EXAMPLE}`"

    def read(self, node: Node, reading: Reading) -> Invalid:
        hint = _hint_with_list(node)
        if isinstance(node, Sequence) and all(isinstance(item, Scalar) for item in node.items):
            words = [item.text for item in node.items if isinstance(item, Scalar)]
            hint = f"run: {json.dumps(words, ensure_ascii=False)}"
        reading.note_unexpected(node, self.description, hint)
        return INVALID

    def schema(self) -> dict[str, Any]:
        return self.record.schema()


COMMAND = Record(
    "a command of `before_plan`",
    (
        Key("run", Argv(), "Program and arguments, without a shell.", needed=True, looser=_PART, sets="argv"),
        Key(
            "in",
            PATH_FROM_ROOT,
            "Working directory of the command; `.` is the root of the repository.",
            "terraform",
            default="the directory of the stack",
            looser=_PART,
            sets="folder",
        ),
        Key(
            "inputs",
            ListOf(FILES, 1, "paths and patterns"),
            "Files of the commit that the command can read, as paths or patterns (`src/**/*.py`) from the root of the "
            "repository. A directory includes everything below it. A change to one of the files impacts the stack.",
            "terraform, impact",
            default="the working directory",
            looser=_PART,
        ),
        Key(
            "outputs",
            ListOf(FILES, 1, "paths and patterns"),
            "Files that the command can write, in the same form. The plan fails if it writes any other file.",
            reader="terraform",
            looser=_PART,
        ),
        Key(
            "env",
            ListOf(VARIABLE, items="names of environment variables"),
            "Names of environment variables that are passed to the command. Others are not.",
            reader="terraform",
            looser=_PART,
        ),
        Key("network", Flag(), "Network access of the command.", reader="terraform", looser=_PART),
        Key("timeout", Duration(zero=False), "Timeout of the command.", reader="terraform", looser=_PART),
    ),
    makes=BeforePlan,
    rules=(check_command,),
)


def _choose_command(node: Node) -> Kind:
    return COMMAND if isinstance(node, Mapping) else _NotAMapping(COMMAND)


COMMANDS = ListOf(Either(_choose_command, (COMMAND,)), items="commands")
"""The value of `before_plan`."""
