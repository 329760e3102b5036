"""Origins of deployments, as domain values and as records of events. A recorded name stays readable permanently."""

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
    """Returns the name of an origin in events and reports."""
    return next(word for word, kind in _WORDS.items() if type(origin) is kind)


def origin_record(origin: Origin) -> OriginRecord:
    """Returns the record of an origin."""
    return ORIGINS[origin_word(origin)](**asdict(origin))


def origin_of(record: OriginRecord) -> Origin:
    """Returns the origin of a record."""
    return _WORDS[str(record.__struct_config__.tag)](**msgspec.structs.asdict(record))
