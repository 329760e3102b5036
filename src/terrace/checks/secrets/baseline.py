"""Accepted secrets: `.terrace/secrets.yaml`, read from the trust root. Each has an owner and an expiry date."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from terrace.config.comparisons import Never
from terrace.config.kinds import Day, ListOf, Only, Text
from terrace.config.records import Key, Record, constant, read_document

PATH = ".terrace/secrets.yaml"
"""Path of the accepted secrets in a repository."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """One accepted secret, with its owner, the reason, and the expiry date."""

    fingerprint: str
    owner: str
    reason: str
    until: date
    line: int = 0


@dataclass(frozen=True, slots=True)
class Baseline:
    """The accepted secrets by fingerprint. Fingerprints can be compared under one `salt` only."""

    salt: str = ""
    accepted: Mapping[str, Accepted] = field(default_factory=dict)


_ENTRY = Never("entries are compared as a whole: each one that a change adds is reported")

_ACCEPTED = Record(
    "an accepted secret",
    (
        Key(
            "fingerprint",
            Text("20 hexadecimal characters", re.compile(r"[0-9a-f]{20}")),
            "The fingerprint, as a finding shows it.",
            needed=True,
            looser=_ENTRY,
        ),
        Key("owner", Text(), "The owner.", needed=True, looser=_ENTRY),
        Key("reason", Text(), "Reason for accepting it.", needed=True, looser=_ENTRY),
        Key("until", Day(), "Expiry date.", needed=True, looser=_ENTRY),
    ),
    makes=Accepted,
)


def _baseline(salt: str = "", accepted: tuple[Accepted, ...] = ()) -> Baseline:
    return Baseline(salt, {entry.fingerprint: entry for entry in accepted})


_BASELINE = Record(
    PATH,
    (
        Key("version", Only(1), "The version of this format.", needed=True, looser=_ENTRY, sets=constant(1)),
        Key("salt", Text(), "Salt of the fingerprints.", looser=_ENTRY),
        Key("accepted", ListOf(_ACCEPTED), "Accepted secrets.", looser=_ENTRY),
    ),
    makes=_baseline,
)


def read_baseline(text: bytes, path: str = PATH) -> Baseline:
    """Returns the accepted secrets of a text; none without text. Raises BadConfig with every problem."""
    return read_document(text, path, _BASELINE, empty=Baseline())
