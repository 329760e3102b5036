"""Types and arguments that newer providers call differently, or no longer have."""

from __future__ import annotations

from collections.abc import Mapping

from terrace.clouds.all import CLOUDS
from terrace.clouds.cloud import Clouds, Replacement, Where

_NONE: Mapping[str, Replacement] = {}


def replacement_of_type(where: Where, type_: str, clouds: Clouds = CLOUDS) -> Replacement | None:
    """Returns what to use instead of a type, and since which version; None where it is not deprecated."""
    names = (cloud.renamed_types.get((where, type_)) for cloud in clouds.values())
    return next((replacement for replacement in names if replacement is not None), None)


def replaced_arguments(where: Where, type_: str, clouds: Clouds = CLOUDS) -> Mapping[str, Replacement]:
    """Returns the deprecated arguments and blocks of a type, those inside a block with its name before theirs."""
    arguments = (cloud.renamed_arguments.get((where, type_)) for cloud in clouds.values())
    return next((arguments for arguments in arguments if arguments is not None), _NONE)
