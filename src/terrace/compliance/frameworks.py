"""Compliance frameworks as data: controls, and the keys of what gives evidence for each.

A key is a check of Prowler, which rules name in their annotations (`controls`), or a source of Terrace's own, which
begins with `terrace:`. Rules may name definitions of Azure Policy as well: aliases map them to checks. The
files of the frameworks are made by `docs/frameworks.py`; sources and aliases are kept by hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

OWN = "terrace:"
"""How the keys of Terrace's own evidence begin."""

NAMES = ("cis-aws", "cis-azure", "soc2", "pci-dss", "nist-800-53")
"""The frameworks of the report, in its order."""


@dataclass(frozen=True, slots=True)
class Control:
    """One requirement. `title` is ours, not the framework's. `manual`: the framework has people assess it.

    Evidence with a key in `partly` is about a part of it: it can fail the control, and not pass it alone.
    """

    id: str
    title: str
    keys: tuple[str, ...]
    manual: bool = False
    partly: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Framework:
    """One version of one framework. `scope` says which of its controls are listed, `source` where the keys are from."""

    id: str
    name: str
    version: str
    scope: str
    source: str
    controls: tuple[Control, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Evidence of Terrace's own: its scope, and the controls that it serves, by framework; those that it speaks
    of in part are in `partly`.

    `check` is the check of `terrace check` that it is, "" if it comes from the ledger.
    """

    key: str
    title: str
    looks_at: str
    controls: Mapping[str, tuple[str, ...]]
    partly: Mapping[str, tuple[str, ...]]
    check: str = ""


def read_aliases(text: bytes) -> Mapping[str, tuple[str, ...]]:
    """Aliases of the keys of the frameworks: ids of Azure Policy definitions, and the keys that
    each stands for."""
    return {name.lower(): tuple(keys) for name, keys in json.loads(text)["aliases"].items()}


def read_sources(text: bytes) -> tuple[Source, ...]:
    """The sources of their file."""
    return tuple(
        Source(
            key=source["key"],
            title=source["title"],
            looks_at=source["looks_at"],
            controls={name: tuple(ids) for name, ids in source["controls"].items()},
            partly={name: tuple(ids) for name, ids in source["partly"].items()},
            check=source.get("check", ""),
        )
        for source in json.loads(text)["sources"]
    )


def read_framework(text: bytes, sources: Iterable[Source]) -> Framework:
    """A framework of its file, with the sources that serve its controls."""
    document: Mapping[str, Any] = json.loads(text)
    served: dict[str, list[str]] = {}
    partly: dict[str, list[str]] = {}
    for source in sources:
        for control in source.partly.get(document["id"], ()):
            partly.setdefault(control, []).append(source.key)
        for control in (*source.controls.get(document["id"], ()), *source.partly.get(document["id"], ())):
            served.setdefault(control, []).append(source.key)
    return Framework(
        id=document["id"],
        name=document["name"],
        version=document["version"],
        scope=document["scope"],
        source=document["source"],
        controls=tuple(
            Control(
                id=control["id"],
                title=control["title"],
                keys=(*served.get(control["id"], ()), *control["keys"]),
                manual=control.get("manual", False),
                partly=tuple(partly.get(control["id"], ())),
            )
            for control in document["controls"]
        ),
    )
