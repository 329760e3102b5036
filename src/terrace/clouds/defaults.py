"""The values that providers assume for attributes that a configuration does not set and a plan shows as null."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from terrace.clouds.all import CLOUDS
from terrace.clouds.cloud import Clouds

UNSET: Mapping[str, bool] = {"unset": True}
"""The value of an attribute in the view where the configuration sets nothing and the provider decides at apply."""


def defaults_of(type_: str, after: Any, clouds: Clouds = CLOUDS) -> dict[str, Any]:
    """Returns the defaults of the attributes that a resource does not set, also of attributes within blocks."""
    if not isinstance(after, dict):
        return {}
    return {
        default.attribute: default.value
        for cloud in clouds.values()
        for default in cloud.defaults
        if type_ in default.types and after.get(default.attribute) in (None, UNSET)
    }
