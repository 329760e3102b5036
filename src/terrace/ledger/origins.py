"""Origins of deployments as they stand in events. A word that was written stays readable for good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from terrace.stacks.model import (
    Automatic,
    AutomaticRollback,
    Destruction,
    Manual,
    Origin,
    Promotion,
    Recovery,
    Remediation,
    Rollback,
)

_WORDS: Mapping[str, type[Origin]] = {
    "manual": Manual,
    "automatic": Automatic,
    "promotion": Promotion,
    "rollback": Rollback,
    "automatic-rollback": AutomaticRollback,
    "remediation": Remediation,
    "recovery": Recovery,
    "destruction": Destruction,
}


def origin_word(origin: Origin) -> str:
    """What an origin is called in events and reports."""
    return next(word for word, kind in _WORDS.items() if type(origin) is kind)


def origin_to_payload(origin: Origin) -> dict[str, str]:
    """An origin as JSON data; `origin_from_payload` reads it back."""
    return {"kind": origin_word(origin), **asdict(origin)}


def origin_from_payload(payload: Mapping[str, Any]) -> Origin:
    """The origin that `origin_to_payload` wrote. One of a later version of Terrace is read as somebody's command."""
    kind = _WORDS.get(payload["kind"])
    if kind is None:
        return Manual(payload.get("by", ""))
    return kind(**{name: value for name, value in payload.items() if name != "kind"})
