"""What people sign besides answers to deployments: that they open one, hold, release, acknowledge, or withdraw."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast, get_args

from terrace.errors import BadInput

HEAD = "Terrace: a declaration by a person, version 1"
"""The first line: it says what kind of text this is, so that no other signed text is ever taken for one."""

Act = Literal["open", "withdraw", "hold", "unhold", "acknowledge", "dead", "settle"]
"""What is declared: that they open a deployment, withdraw a no, hold an environment or release it, acknowledge drift,
know that the process that ran something is dead, or answer for a stack of unknown outcome."""

_FIELDS = ("act", "ledger", "environment", "about", "facts", "actor", "at", "reason")


@dataclass(frozen=True, slots=True)
class Declaration:
    """One declaration, in full. What the signature covers is exactly this.

    `about` is the id of what it is about: a deployment, a no, a hold, an attempt. `facts` is a hash of the rest that
    the event says (`facts_of`), "" where it says nothing more.
    """

    act: Act
    ledger: str
    environment: str
    about: str
    facts: str
    actor: str
    at: datetime
    reason: str


def declaration_bytes(declaration: Declaration) -> bytes:
    """Returns the text to sign. No two declarations give the same text; times that are equal do, in whatever zone.

    Raises BadInput for a time without a zone and for text that is not valid Unicode.
    """
    if declaration.at.tzinfo is None:
        raise BadInput("a declaration needs a time with its zone")
    lines = [HEAD]
    for name in _FIELDS:
        value = getattr(declaration, name)
        text = value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        try:
            # Two halves of a surrogate pair would be written like the one character that they are not.
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise BadInput(f"the {name} of a declaration is not valid Unicode") from error
        lines.append(f"{name}: {json.dumps(text)}")
    return ("\n".join(lines) + "\n").encode("ascii")


def read_declaration(text: str) -> Declaration:
    """Returns what a text declares. Raises BadInput unless it is, to the byte, what `declaration_bytes` writes."""
    lines = text.removesuffix("\n").split("\n")
    try:
        if len(lines) != len(_FIELDS) + 1:
            raise ValueError("another shape")
        values = [json.loads(line.removeprefix(f"{n}: ")) for n, line in zip(_FIELDS, lines[1:], strict=True)]
        if not all(isinstance(value, str) for value in values):
            raise ValueError("not a text")
        found = dict(zip(_FIELDS, values, strict=True))
        if found["act"] not in get_args(Act):
            raise ValueError("another act")
        declaration = Declaration(
            act=cast("Act", found["act"]),
            ledger=found["ledger"],
            environment=found["environment"],
            about=found["about"],
            facts=found["facts"],
            actor=found["actor"],
            at=datetime.fromisoformat(found["at"]),
            reason=found["reason"],
        )
        same = declaration_bytes(declaration) == text.encode("utf-8")
    except (ValueError, RecursionError, OverflowError) as error:
        raise BadInput("the text is not a declaration") from error
    if not same:
        raise BadInput("the text is not a declaration as Terrace writes it")
    return declaration


def facts_of(payload: Mapping[str, Any]) -> str:
    """Returns the hash of what an event says besides who declared it. The same content gives the same hash."""
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
