"""What somebody who answers signs: a text that a person can read and that says one thing only."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Literal

from terrace.errors import BadInput
from terrace.gates.model import Subject

HEAD = "Terrace: an answer to a waiting deployment, version 2"
"""The first line: it says what kind of text this is, so that no other signed text is ever taken for one."""

OLD_HEAD = "Terrace: an answer to a waiting deployment, version 1"
"""The first line of a text that names no deployment. Terrace reads these texts and does not write them any more."""

_OLD_FIELDS = ("answer", "actor", "role", "at", "comment")
_FIELDS = ("deployment", *_OLD_FIELDS)
_SUBJECT = tuple(field.name for field in fields(Subject))


@dataclass(frozen=True, slots=True)
class Statement:
    """One answer, in full. What the signature covers is exactly this.

    `deployment` is the id of the deployment that is answered; "" only in a text of version 1, which named none.
    """

    actor: str
    role: str
    answer: Literal["approve", "reject"]
    subjects: tuple[Subject, ...]
    at: datetime
    comment: str
    deployment: str = ""


def statement_bytes(statement: Statement) -> bytes:
    """The text to sign. No two statements give the same text; times that are equal do, in whatever zone.

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
    """What a signed text says. Raises BadInput unless it is, to the byte, what `statement_bytes` writes."""
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
        raise BadInput("the text is not an answer to a deployment") from error
    if not same:
        raise BadInput("the text is not an answer as Terrace writes it")
    return statement


def _line(name: str, value: str) -> str:
    try:
        # Two halves of a surrogate pair would be written like the one character that they are not.
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadInput(f"the {name} of a statement is not valid Unicode") from error
    return f"{name}: {json.dumps(value)}"


def _values(lines: list[str], first: str, names: tuple[str, ...]) -> dict[str, str]:
    if len(lines) != len(names) + 1 or lines[0] != first:
        raise ValueError("another shape")
    found = {}
    for line, name in zip(lines[1:], names, strict=True):
        value = json.loads(line.removeprefix(f"{name}: "))
        if not isinstance(value, str):
            raise ValueError("not a text")
        found[name] = value
    return found
