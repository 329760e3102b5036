"""The least that fits a schema of GitHub's description: what it asks for, and no test cares about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forge.contract import Contract


def sample(contract: Contract, schema: str, /, **chosen: Any) -> dict[str, Any]:
    """An object of `components.schemas`, with what is chosen in place of what any would do."""
    made = _least(contract.component(schema), contract)
    assert isinstance(made, dict)
    return {**made, **chosen}


def _least(schema: Mapping[str, Any], contract: Contract) -> Any:
    if "$ref" in schema:
        return _least(contract.component(schema["$ref"].rsplit("/", 1)[1]), contract)
    if "enum" in schema:
        return schema["enum"][0]
    options = schema.get("anyOf") or schema.get("oneOf")
    kind = schema.get("type")
    if isinstance(kind, list):
        if "null" in kind:
            return None
        kind = kind[0]
    if options and kind is None:
        null = next((one for one in options if one.get("type") == "null"), None)
        return None if null is not None else _least(options[0], contract)
    if "allOf" in schema:
        made: dict[str, Any] = {}
        for one in schema["allOf"]:
            made |= _least(one, contract)
        return made
    if kind == "object" or "properties" in schema:
        known = schema.get("properties", {})
        return {key: _least(known.get(key, {}), contract) for key in schema.get("required", ())}
    if kind == "array":
        return [_least(schema["items"], contract)] * schema.get("minItems", 0)
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    if kind == "boolean":
        return False
    formats = {"uri": "https://example.com/", "date-time": "2026-11-25T12:00:00Z", "email": "a@example.com"}
    return formats.get(schema.get("format", ""), "x")
