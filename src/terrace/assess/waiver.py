"""The record of a waiver, in `.terrace/waivers.yaml` and in the baseline alike, and the places that it matches."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

PATH = ".terrace/waivers.yaml"
"""Path of the waivers in a repository."""

BASELINE = ".terrace/baseline.yaml"
"""Path of the baseline: findings that existed before Terrace checked them."""

QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_INDEX = r'\[(?:[0-9]+|"(?:[^"\\]|\\.)*")\]'


@dataclass(frozen=True, slots=True)
class Waiver:
    """Findings that one person or team accepts: of `rule` (or of a family of rules) at one place, until `expires`.

    The place is exactly one of `address` (`[*]` is any index) and `path` (a `*` matches within one folder). With
    `unknown` it is for findings of status unknown, and for those alone. A record of the baseline has `since`, the day
    on which it was added, and `content`, a fingerprint of the line. It covers `count` findings at one place, without
    `*`.
    """

    rule: str
    owner: str
    reason: str
    granted: date
    expires: date
    address: str = ""
    path: str = ""
    stack: str = ""
    ticket: str = ""
    unknown: bool = False
    since: date | None = None
    content: str = ""
    count: int = 1
    source: str = PATH
    line: int = 0

    def holds(self, today: date) -> bool:
        """Returns whether the record is valid on that day."""
        return self.granted <= today <= self.expires

    def has_expired(self, today: date) -> bool:
        """Returns whether the record has expired before that day."""
        return self.expires < today

    @property
    def is_baseline(self) -> bool:
        """Returns whether the record belongs to the baseline."""
        return self.since is not None

    @property
    def place(self) -> str:
        """The place, as people write it."""
        return ": ".join(part for part in (self.stack, self.address or self.path) if part)

    @property
    def about(self) -> str:
        """The rule and the place, as people write them."""
        return f"{self.rule} at {self.place}"

    @property
    def key(self) -> tuple[str, str, str, str, str, bool]:
        """The parts that identify a record: two records with the same key waive the same."""
        return (self.rule, self.stack, self.address, self.path, self.content, self.unknown)

    def reaches(self, stack: str, address: str, path: str) -> bool:
        """Returns whether the record names that place."""
        if self.stack and self.stack != stack:
            return False
        if self.address:
            if "[*]" not in self.address:
                return address == self.address
            return bool(address) and _address(self.address).fullmatch(address) is not None
        if "*" not in self.path:
            return bool(path) and path == self.path
        return bool(path) and _path(self.path).fullmatch(path) is not None


@lru_cache(maxsize=10_000)
def _address(pattern: str) -> re.Pattern[str]:
    return re.compile(_INDEX.join(re.escape(part) for part in pattern.split("[*]")), re.DOTALL)


@lru_cache(maxsize=10_000)
def _path(pattern: str) -> re.Pattern[str]:
    return re.compile("[^/]*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)
