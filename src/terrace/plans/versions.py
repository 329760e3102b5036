"""Versions and constraints in Terraform's own syntax: `>= 1.6, < 2.0`, `~> 1.11.0`, `!= 1.9.3`, `1.11.4`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from terrace.errors import BadInput

_VERSION = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
_TERM = re.compile(r"(>=|<=|!=|~>|>|<|=)?\s*(\S+)")


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """Three numbers; `release` is False for a pre-release, which sorts before its release."""

    major: int
    minor: int
    patch: int
    release: bool = True

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


def parse(text: str) -> Version:
    """A version. Raises BadInput if it is invalid."""
    version, _ = _parse(text)
    return version


def allows(constraint: str, version: Version) -> bool:
    """Returns whether a version satisfies every part of a constraint. Raises BadInput if the constraint is invalid."""
    return all(_meets(part.strip(), version) for part in constraint.split(",") if part.strip())


def is_below(constraint: str, major: int) -> bool:
    """Whether whatever meets a constraint is older than that major version; Returns False for an invalid constraint."""
    for part in constraint.split(","):
        match = _TERM.fullmatch(part.strip())
        version = _VERSION.fullmatch(match[2]) if match else None
        if match is None or version is None:
            continue
        bounds = match[1] in (None, "=", "<=") or (match[1] == "~>" and version[2] is not None)
        first = int(version[1]) == major and not int(version[2] or 0) and not int(version[3] or 0)
        if (bounds and int(version[1]) < major) or (match[1] == "<" and (int(version[1]) < major or first)):
            return True
    return False


def _parse(text: str) -> tuple[Version, int]:
    match = _VERSION.fullmatch(text.strip())
    if match is None:
        raise BadInput(f"{text!r} is not a version", hint='write it like "1.11.4" or ">= 1.6, < 2.0"')
    major, minor, patch, pre = match.groups()
    precision = 1 + (minor is not None) + (patch is not None)
    return Version(int(major), int(minor or 0), int(patch or 0), pre is None), precision


def _meets(part: str, version: Version) -> bool:
    match = _TERM.fullmatch(part)
    if match is None:
        raise BadInput(f"{part!r} is not a version constraint", hint='write it like ">= 1.6, < 2.0"')
    operator, text = match.groups()
    bound, precision = _parse(text)
    match operator:
        case ">=":
            return version >= bound
        case "<=":
            return version <= bound
        case ">":
            return version > bound
        case "<":
            return version < bound
        case "!=":
            return version != bound
        case "~>":
            # Only the last number that is written may grow.
            fixed = (bound.major,) if precision <= 2 else (bound.major, bound.minor)
            return version >= bound and (version.major, version.minor)[: len(fixed)] == fixed
        case _:
            return version == bound
