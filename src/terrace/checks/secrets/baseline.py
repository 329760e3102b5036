"""Secrets that somebody answers for until a day: `.terrace/secrets.yaml`, read from the trust root."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from terrace.config.comparisons import Never
from terrace.config.kinds import Day, ListOf, Only, Text
from terrace.config.records import Key, Record, constant, read_document

PATH = ".terrace/secrets.yaml"
"""Where the baseline stands in a repository."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """One secret that is known, with who answers for it, why, and the last day on which that holds."""

    fingerprint: str
    owner: str
    reason: str
    until: date
    line: int = 0


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is accepted, by fingerprint. Fingerprints compare under one `salt` only."""

    salt: str = ""
    accepted: Mapping[str, Accepted] = field(default_factory=dict)


_ENTRY = Never("entries are compared as a whole: each one that a change brings is told")

_ACCEPTED = Record(
    "an accepted secret",
    (
        Key(
            "fingerprint",
            Text("20 hexadecimal characters", re.compile(r"[0-9a-f]{20}")),
            "As a finding tells it.",
            needed=True,
            looser=_ENTRY,
        ),
        Key("owner", Text(), "Who answers for it.", needed=True, looser=_ENTRY),
        Key("reason", Text(), "Why it may stand there.", needed=True, looser=_ENTRY),
        Key("until", Day(), "The last day on which it holds.", needed=True, looser=_ENTRY),
    ),
    makes=Accepted,
)


def _baseline(salt: str = "", accepted: tuple[Accepted, ...] = ()) -> Baseline:
    return Baseline(salt, {entry.fingerprint: entry for entry in accepted})


_BASELINE = Record(
    PATH,
    (
        Key("version", Only(1), "The version of this format.", needed=True, looser=_ENTRY, sets=constant(1)),
        Key("salt", Text(), "What fingerprints are salted with.", looser=_ENTRY),
        Key("accepted", ListOf(_ACCEPTED), "What is known.", looser=_ENTRY),
    ),
    makes=_baseline,
)


def read_baseline(text: bytes, path: str = PATH) -> Baseline:
    """The baseline that a text means; without text, nothing is accepted. Raises BadConfig with every problem."""
    return read_document(text, path, _BASELINE, empty=Baseline())
