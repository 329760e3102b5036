"""Configurations drawn from a provider's own schema: one resource of each of some types, with what it asks for."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

from support.aws import PROVIDER

Schema = Mapping[str, Any]
"""A provider's entry of `terraform providers schema -json`."""


def drawn(schema: Schema, types: list[str], seed: int) -> dict[str, str]:
    """For each type the text of one resource, which its provider may still refuse."""
    dice = random.Random(seed)
    return {name: _resource(name, schema["resource_schemas"][name]["block"], dice) for name in types}


def configuration(resources: Mapping[str, str]) -> str:
    """The whole file. The emulated cloud does not know everything: without a limit it would be asked for minutes."""
    return "\n".join([PROVIDER.replace("{}", "{\n  max_retries = 1\n}"), *resources.values()])


def _resource(name: str, block: Schema, dice: random.Random) -> str:
    return f'resource "{name}" "it" {{\n' + _body(block, dice, 1) + "}\n"


def _body(block: Schema, dice: random.Random, depth: int) -> str:
    """What must be there, and of the rest a third."""
    lines = []
    for name, attribute in block.get("attributes", {}).items():
        wanted = attribute.get("required") or (attribute.get("optional") and dice.random() < 0.15)
        if wanted and not attribute.get("deprecated") and "type" in attribute:
            lines.append(f"{'  ' * depth}{name} = {_value(name, attribute['type'], dice)}\n")
    for name, nested in block.get("block_types", {}).items():
        if nested.get("min_items", 0) > 0 or (depth < 2 and dice.random() < 0.1 and name != "timeouts"):
            inner = _body(nested["block"], dice, depth + 1)
            lines.append(f"{'  ' * depth}{name} {{\n{inner}{'  ' * depth}}}\n")
    return "".join(lines)


def _value(name: str, kind: Any, dice: random.Random) -> str:
    if isinstance(kind, list):
        if kind[0] in ("list", "set"):
            return f"[{_value(name, kind[1], dice)}]"
        if kind[0] == "map":
            return f"{{ key = {_value(name, kind[1], dice)} }}"
        return "{ " + ", ".join(f"{key} = {_value(key, inner, dice)}" for key, inner in kind[1].items()) + " }"
    if kind == "number":
        return str(dice.choice((1, 5, 30, 60)))
    if kind == "bool":
        return dice.choice(("true", "false"))
    return json.dumps(_word(name, dice))


def _word(name: str, dice: random.Random) -> str:
    """Something that attributes of such a name take more often than not."""
    if "arn" in name:
        return "arn:aws:iam::123456789012:role/drawn"
    if "cidr" in name:
        return "10.0.0.0/16"
    if "policy" in name or "document" in name or "definition" in name:
        return '{"Version":"2012-10-17","Statement":[]}'
    if name.endswith("account_id") or name == "owner":
        return "123456789012"
    return f"drawn-{dice.randrange(1000)}"
