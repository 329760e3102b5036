"""Records of looks at everything in an environment by the rules of then."""

from __future__ import annotations

from typing import ClassVar, Literal

from terrace.ledger import kinds
from terrace.ledger.events.grammar import Count, Line, StackKey, Text, Word
from terrace.ledger.events.record import About, Part, Record


class RuleRecord(Part, frozen=True):
    """What a rule was when it judged."""

    title: Text
    controls: tuple[Line, ...]
    types: tuple[Line, ...]


class AuditRules(Record, frozen=True):
    """The rules that looks refer to; the subject is their hash."""

    KIND: ClassVar[str] = kinds.AUDIT_RULES
    ABOUT: ClassVar[About] = "digest"

    rules: dict[str, RuleRecord]


class PlacesRecord(Part, frozen=True):
    """The first places that a rule found, and the hash over all."""

    first: tuple[Text, ...]
    sha256: Word


class AuditDone(Record, frozen=True):
    """A look: (looked, failed, unknown, waived) by rule, and the commit that each stack was looked at by."""

    KIND: ClassVar[str] = kinds.AUDIT_DONE
    ABOUT: ClassVar[About] = "environment"

    basis: Literal["deployed", "protected branch", "working tree"]
    commits: dict[str, tuple[StackKey, ...]]
    policy: Word
    rules: Word
    seen: dict[str, tuple[Count, Count, Count, Count]]
    places: dict[str, PlacesRecord]
    findings: dict[str, Count]
    empty: bool = False
