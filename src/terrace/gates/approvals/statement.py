"""The signed text of an approval or rejection: readable, and unambiguous."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Literal

from terrace.errors import BadInput
from terrace.gates.model import Subject

HEAD = "Terrace: an answer to a waiting deployment, version 2"
"""First line of the text. It states the kind of the text, so that no other signed text is mistaken for a statement."""

OLD_HEAD = "Terrace: an answer to a waiting deployment, version 1"
"""First line of the previous format, which does not name the deployment. Terrace reads it and no longer writes it."""

_OLD_FIELDS = ("answer", "actor", "role", "at", "comment")
_FIELDS = ("deployment", *_OLD_FIELDS)
_SUBJECT = tuple(field.name for field in fields(Subject))


@dataclass(frozen=True, slots=True)
class Statement:
    """One complete approval or rejection. The signature covers exactly these fields.

    `deployment` is the id of the deployment, "" only in a text of version 1.
    """

    actor: str
    role: str
    answer: Literal["approve", "reject"]
    subjects: tuple[Subject, ...]
    at: datetime
    comment: str
    deployment: str = ""


def statement_bytes(statement: Statement) -> bytes:
    """Returns the text to sign. Different statements have different texts; equal times in different zones are equal.

    Raises BadInput for a time without a zone and for text that is not valid Unicode.
    """
    if statement.at.tzinfo is None:
        raise BadInput("a statement needs a time with its zone")
    values = {
        "deployment": statement.deployment,
        "answer": statement.answer,
        "actor": statement.actor,
        "role": statement.role,
        "at": statement.at.astimezone(UTC).isoformat(),
        "comment": statement.comment,
    }
    head, names = (HEAD, _FIELDS) if statement.deployment else (OLD_HEAD, _OLD_FIELDS)
    lines = [head, *(_line(name, values[name]) for name in names)]
    for number, subject in enumerate(statement.subjects, 1):
        lines += ["", f"subject {number} of {len(statement.subjects)}"]
        lines += [_line(name, getattr(subject, name)) for name in _SUBJECT]
    return ("\n".join(lines) + "\n").encode("ascii")


def read_statement(text: str) -> Statement:
    """Returns the statement of a text. Raises BadInput unless `statement_bytes` writes exactly this text."""
    blocks = text.removesuffix("\n").split("\n\n")
    try:
        first = blocks[0].split("\n")
        head = _values(first, OLD_HEAD, _OLD_FIELDS) if first[0] == OLD_HEAD else _values(first, HEAD, _FIELDS)
        total = len(blocks) - 1
        subjects = tuple(
            Subject(**_values(block.split("\n"), f"subject {number} of {total}", _SUBJECT))
            for number, block in enumerate(blocks[1:], 1)
        )
        statement = Statement(
            actor=head["actor"],
            role=head["role"],
            answer="approve" if head["answer"] == "approve" else "reject",
            subjects=subjects,
            at=datetime.fromisoformat(head["at"]),
            comment=head["comment"],
            deployment=head.get("deployment", ""),
        )
        same = statement_bytes(statement) == text.encode("utf-8")
    except (ValueError, RecursionError, OverflowError) as error:
        raise BadInput("the text is not an approval or rejection") from error
    if not same:
        raise BadInput("the text is not in the exact form that Terrace writes")
    return statement


def _line(name: str, value: str) -> str:
    try:
        # JSON writes two lone surrogates like the one character that they would form.
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadInput(f"the {name} of a statement is not valid Unicode") from error
    return f"{name}: {json.dumps(value)}"


def _values(lines: list[str], first: str, names: tuple[str, ...]) -> dict[str, str]:
    if len(lines) != len(names) + 1 or lines[0] != first:
        raise ValueError("another shape")
    values = {}
    for line, name in zip(lines[1:], names, strict=True):
        value = json.loads(line.removeprefix(f"{name}: "))
        if not isinstance(value, str):
            raise ValueError("not a text")
        values[name] = value
    return values
