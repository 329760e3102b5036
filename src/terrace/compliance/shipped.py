"""The frameworks that come with Terrace, read from its own files."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from terrace.compliance.frameworks import NAMES, Framework, Source, read_aliases, read_framework, read_sources
from terrace.config.naming import unknown_name_error


def framework(name: str) -> Framework:
    """The framework of that name. Raises BadInput with the nearest right name when there is none."""
    if name not in NAMES:
        raise unknown_name_error("framework", name, NAMES)
    return read_framework(_text(name), sources())


@cache
def sources() -> tuple[Source, ...]:
    """Evidence of Terrace's own, and the controls that it serves."""
    return read_sources(_text("sources"))


@cache
def aliases() -> Mapping[str, tuple[str, ...]]:
    """Definitions of Azure Policy, and the keys that they stand for."""
    return read_aliases(_text("aliases"))


def _text(name: str) -> bytes:
    return (files("terrace.compliance") / "data" / f"{name}.json").read_bytes()
