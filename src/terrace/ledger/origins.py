"""Origins of deployments as they stand in events. A word that was written stays readable for good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import msgspec

from terrace.ledger.events.deployments import ORIGINS, OriginRecord
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


def origin_to_record(origin: Origin) -> OriginRecord:
    """An origin as it stands in an event; `origin_of` reads it back."""
    return ORIGINS[origin_word(origin)](**asdict(origin))


def origin_to_payload(origin: Origin) -> dict[str, str]:
    """An origin as JSON data."""
    return {"kind": origin_word(origin), **asdict(origin)}


def origin_of(record: OriginRecord) -> Origin:
    """The origin that a record tells."""
    return _WORDS[str(record.__struct_config__.tag)](**msgspec.structs.asdict(record))
