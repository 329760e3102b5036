"""The record of a waiver, of `.terrace/waivers.yaml` and of the baseline alike, and what it matches."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

PATH = ".terrace/waivers.yaml"
"""Where waivers stand in a repository."""

BASELINE = ".terrace/baseline.yaml"
"""Where that stands which was there before anybody checked."""

QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_INDEX = r'\[(?:[0-9]+|"(?:[^"\\]|\\.)*")\]'


@dataclass(frozen=True, slots=True)
class Waiver:
    """What one person or team answers for: findings of `rule` (or of a family of rules) at one place, through the day
    `expires`.

    Exactly one of `address` (`[*]` is any index) and `path` (a `*` stays in its folder) says where. With `unknown` it
    is for verdicts that could not be told, and for those alone. A record of the baseline has `since`, the day it came
    in, `content`, a fingerprint of the line, and covers `count` findings; it names one place, without `*`.
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
        """Whether it counts on that day."""
        return self.granted <= today <= self.expires

    def ended(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.expires < today

    @property
    def known(self) -> bool:
        """Whether it is of the baseline."""
        return self.since is not None

    @property
    def place(self) -> str:
        """What it is about, as people write it."""
        return ": ".join(part for part in (self.stack, self.address or self.path) if part)

    @property
    def about(self) -> str:
        """What it is for, as people write it."""
        return f"{self.rule} at {self.place}"

    @property
    def key(self) -> tuple[str, str, str, str, str, bool]:
        """What it is about, to compare by: two records of one key say the same."""
        return (self.rule, self.stack, self.address, self.path, self.content, self.unknown)

    def reaches(self, stack: str, address: str, path: str) -> bool:
        """Whether a place is one that it names."""
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
