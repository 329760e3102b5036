"""Types of resources that hold data, keys, secrets or addresses: no plan restores them."""

from __future__ import annotations

from fnmatch import fnmatchcase

from terrace.clouds.all import CLOUDS
from terrace.clouds.cloud import Clouds


def is_stateful(type_: str, clouds: Clouds = CLOUDS) -> bool:
    """Returns whether deleting or replacing a resource of that type can lose something permanently.

    In doubt a type is listed: that costs one question.
    """
    return any(fnmatchcase(type_, pattern) for cloud in clouds.values() for pattern in cloud.stateful_types)
