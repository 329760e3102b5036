"""The pack of policies as it lies in somebody's repository: which files are as Terrace wrote them, and which theirs.

Every policy begins with a line that says the version of the pack and the hash of what follows. Whoever changes a file
owns it from then on: it is told, and never written again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

VERSION = 1
"""Goes up with every release that changes a rule."""

FOLDER = "policies/terrace"
"""Where the pack lies in a repository."""

_MARK = "# Terrace's policy pack "


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What writing the pack anew means, by path below FOLDER: `files` with their texts are to be written, `new` where
    nothing is and `old` where an older one is; `changed` are left, for they are somebody's own."""

    files: Mapping[str, str]
    new: tuple[str, ...]
    old: tuple[str, ...]
    changed: tuple[str, ...]


def marked(name: str, text: str) -> str:
    """A file of the pack as it is written: with its first line, where it is a policy."""
    if not name.endswith(".rego"):
        return text
    return f"{_MARK}{VERSION} ({_hash(text)}); what you change stays yours: terrace policy update\n\n{text}"


def is_rule(name: str) -> bool:
    """Whether a file of the pack is a rule: neither a test nor what rules are made of."""
    return name.endswith(".rego") and not name.endswith("_test.rego") and "lib" not in name.split("/")


def is_untouched(text: str) -> bool:
    """Whether a policy is as some Terrace wrote it."""
    first, _, rest = text.partition("\n\n")
    return first.startswith(_MARK) and f"({_hash(rest)})" in first


def upgrade(pack: Mapping[str, str], there: Mapping[str, str]) -> Upgrade:
    """What to do so that a repository has this pack. What is no policy, like the settings, is written once only."""
    new = tuple(sorted(pack.keys() - there.keys()))
    differing = [
        name
        for name in sorted(pack.keys() & there.keys())
        if name.endswith(".rego") and there[name] != marked(name, pack[name])
    ]
    old = tuple(name for name in differing if is_untouched(there[name]))
    changed = tuple(name for name in differing if name not in old)
    return Upgrade({name: marked(name, pack[name]) for name in (*new, *old)}, new, old, changed)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
