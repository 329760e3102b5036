"""The policy pack: pinned by its hash, or ejected into a repository.

A pinned pack stays inside Terrace. An ejected one is files in a user's repository: some are as Terrace wrote them, and
others were changed by the user.

Every policy begins with a line with the version of the pack and the hash of the rest. A file that a user changed
belongs to the user: it is reported, and never overwritten.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from terrace.config.model import PolicyPack

VERSION = 1
"""The version of the pack. It increases with every release that changes a rule."""

FOLDER = "policies/terrace"
"""Folder of the pack in a repository."""

PINNED_FOLDER = "terrace-pack"
"""Folder of the pinned pack in reports and beside the policies of a repository, where OPA evaluates it."""

_MARK = "# Terrace's policy pack "


def pack_hash(pack: Mapping[str, str]) -> str:
    """Returns the hash of everything in a pack that decides results: its rules and libraries, without their tests."""
    lines = [f"{_hash(pack[name])} {name}\n" for name in sorted(pack) if decides(name)]
    return _hash("".join(lines))


def decides(name: str) -> bool:
    """Returns whether a file of the pack decides results: a rule or a library, and neither a test nor the settings."""
    return name.endswith(".rego") and not name.endswith("_test.rego")


def rule_settings(pack: PolicyPack) -> dict[str, Any]:
    """Returns the settings of the pinned rules, as the rules read them."""
    return {
        setting.name: list(value) if isinstance(value, tuple) else value
        for setting in fields(pack)
        if setting.name not in ("version", "hash")
        for value in (getattr(pack, setting.name),)
    }


@dataclass(frozen=True, slots=True)
class Upgrade:
    """An update of the pack, by path below FOLDER: `files` with their texts are to be written, `new` ones and `old`
    ones that replace an older version; `changed` are not touched, since the user changed them."""

    files: Mapping[str, str]
    new: tuple[str, ...]
    old: tuple[str, ...]
    changed: tuple[str, ...]


def add_mark(name: str, text: str) -> str:
    """Returns a file of the pack as it is written: with its first line, where it is a policy."""
    if not name.endswith(".rego"):
        return text
    return f"{_MARK}{VERSION} ({_hash(text)}); what you change stays yours: terrace policy update\n\n{text}"


def is_rule(name: str) -> bool:
    """Returns whether a file of the pack is a rule: neither a test nor a library."""
    return name.endswith(".rego") and not name.endswith("_test.rego") and "lib" not in name.split("/")


def is_untouched(text: str) -> bool:
    """Returns whether a policy is as a version of Terrace wrote it."""
    first, _, rest = text.partition("\n\n")
    return first.startswith(_MARK) and f"({_hash(rest)})" in first


def upgrade(pack: Mapping[str, str], installed: Mapping[str, str]) -> Upgrade:
    """Returns the update to this pack. A file that is not a policy, such as the settings, is written only once."""
    new = tuple(sorted(pack.keys() - installed.keys()))
    differing = [
        name
        for name in sorted(pack.keys() & installed.keys())
        if name.endswith(".rego") and installed[name] != add_mark(name, pack[name])
    ]
    old = tuple(name for name in differing if is_untouched(installed[name]))
    changed = tuple(name for name in differing if name not in old)
    return Upgrade({name: add_mark(name, pack[name]) for name in (*new, *old)}, new, old, changed)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
