"""Records of audits of an environment, with the rules at that time."""

from __future__ import annotations

from typing import ClassVar, Literal

from terrace.ledger import kinds
from terrace.ledger.events.grammar import Count, Line, StackKey, Text, Word
from terrace.ledger.events.record import About, Part, Record


class RuleRecord(Part, frozen=True):
    """A rule at the time of an audit."""

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
    """An audit: (checked, failed, unknown, waived) by rule, and the commit of each stack."""

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
