"""Reads files in Terraform's JSON syntax as Terraform does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def read_terraform_json(content: bytes | str, *, parse_float: Callable[[str], Any] = float) -> Any:
    """Returns the document. An object that has a name twice has all values of it, in a list.

    Terraform reads every block of that name: what is only in the first must not be hidden by the second.

    Raises ValueError where it is no JSON, and RecursionError where it is nested too deep.
    """
    return json.loads(content, object_pairs_hook=_all_pairs, parse_float=parse_float)


def _all_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        found[name] = [*_listed(found[name]), *_listed(value)] if name in found else value
    return found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
