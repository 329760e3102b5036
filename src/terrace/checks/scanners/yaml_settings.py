"""Configuration files of scanners in YAML, which anyone with a branch can write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from terrace.errors import BadInput, Place

_DEEPEST = 20


def read_yaml(name: str, text: bytes) -> dict[str, Any]:
    """Returns the mapping of a configuration file, empty for an empty file. Raises BadInput where it cannot be read."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML(typ="safe", pure=True)
    try:
        _check_nesting(name, yaml.parse(text.decode()))
        value = yaml.load(text.decode())
    except (YAMLError, ValueError, RecursionError) as error:
        first = str(error).splitlines()[0]
        raise BadInput(f"it cannot be read: {first}", hint="fix it", place=Place(name)) from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadInput("it is not a mapping", hint="fix it", place=Place(name))
    return value


def _check_nesting(name: str, events: Iterable[Any]) -> None:
    """Raises BadInput for deep nesting and for aliases: a few lines of either can use up time or memory."""
    from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

    depth = 0
    for event in events:
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > _DEEPEST or isinstance(event, AliasEvent):
            why = "aliases are not allowed" if depth <= _DEEPEST else f"it is nested more than {_DEEPEST} levels deep"
            raise BadInput(f"it cannot be read: {why}", hint="fix it", place=Place(name))
