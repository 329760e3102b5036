"""Signed declarations: everything that people sign besides approvals and rejections."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast, get_args

from terrace.errors import BadInput

HEAD = "Terrace: a declaration by a person, version 1"
"""First line of the text. It names the kind of text, so that no other signed text is mistaken for a declaration."""

Act = Literal["open", "withdraw", "hold", "unhold", "acknowledge", "dead", "settle"]
"""The declared action: the person opens a deployment, withdraws a rejection, puts an environment on hold or releases
the hold, acknowledges drift, confirms that a process has terminated, or accepts the result of a stack with an unknown
outcome."""

_FIELDS = ("act", "ledger", "environment", "about", "facts", "actor", "at", "reason")


@dataclass(frozen=True, slots=True)
class Declaration:
    """One complete declaration. The signature covers exactly these fields.

    `about` is the id of its object: a deployment, a rejection, a hold, an attempt. `facts` is a hash of the other
    content of the event (`facts_of`), "" when it has none.
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
    """Returns the text to sign. Different declarations have different texts; equal times in different zones are equal.

    Raises BadInput for a time without a zone and for text that is not valid Unicode.
    """
    if declaration.at.tzinfo is None:
        raise BadInput("a declaration needs a time with its zone")
    lines = [HEAD]
    for name in _FIELDS:
        value = getattr(declaration, name)
        text = value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        try:
            # JSON writes two lone surrogates like the one character that they would form.
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise BadInput(f"the {name} of a declaration is not valid Unicode") from error
        lines.append(f"{name}: {json.dumps(text)}")
    return ("\n".join(lines) + "\n").encode("ascii")


def read_declaration(text: str) -> Declaration:
    """Returns the declaration of a text. Raises BadInput unless `declaration_bytes` writes exactly this text."""
    lines = text.removesuffix("\n").split("\n")
    try:
        if len(lines) != len(_FIELDS) + 1:
            raise ValueError("another shape")
        values = [json.loads(line.removeprefix(f"{n}: ")) for n, line in zip(_FIELDS, lines[1:], strict=True)]
        if not all(isinstance(value, str) for value in values):
            raise ValueError("not a text")
        fields = dict(zip(_FIELDS, values, strict=True))
        if fields["act"] not in get_args(Act):
            raise ValueError("another act")
        declaration = Declaration(
            act=cast("Act", fields["act"]),
            ledger=fields["ledger"],
            environment=fields["environment"],
            about=fields["about"],
            facts=fields["facts"],
            actor=fields["actor"],
            at=datetime.fromisoformat(fields["at"]),
            reason=fields["reason"],
        )
        same = declaration_bytes(declaration) == text.encode("utf-8")
    except (ValueError, RecursionError, OverflowError) as error:
        raise BadInput("the text is not a declaration") from error
    if not same:
        raise BadInput("the text is not in the exact form that Terrace writes")
    return declaration


def facts_of(payload: Mapping[str, Any]) -> str:
    """Returns the hash of the content of an event without its declaration. Equal content has equal hashes."""
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
