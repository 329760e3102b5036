"""A plan in the form that scanners read: `terraform show -json`, rebuilt from the masked plan.

Sensitive values, values that look like secrets and values known only after apply are all absent and marked unknown: the
document can be given to a third-party tool.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from terrace.checks.secrets.text import kind_of
from terrace.plans.addresses import block_of
from terrace.plans.model import MASKED, UNKNOWN, Action, Plan, ResourceChange, Value

_ACTIONS: Mapping[Action, list[str]] = {
    Action.NO_OP: ["no-op"],
    Action.READ: ["read"],
    Action.CREATE: ["create"],
    Action.UPDATE: ["update"],
    Action.REPLACE: ["delete", "create"],
    Action.DELETE: ["delete"],
    Action.FORGET: ["forget"],
    Action.UNKNOWN: ["update"],
}
_GONE = (Action.DELETE, Action.FORGET)


def document(plan: Plan) -> dict[str, Any]:
    """Returns the plan for a scanner."""
    remaining = [change for change in plan.changes if change.action not in _GONE and change.deposed is None]
    return {
        "format_version": plan.format_version or "1.2",
        "terraform_version": plan.terraform_version,
        "planned_values": {"root_module": _values(remaining)},
        "resource_changes": [_change(change) for change in plan.changes],
        "configuration": {"root_module": _configuration(plan)},
    }


def _change(change: ResourceChange) -> dict[str, Any]:
    after, unknown = (None, {}) if change.action in _GONE else _split(change.after)
    return {
        **_head(change),
        **({"module_address": change.module} if change.module else {}),
        "change": {"actions": _ACTIONS[change.action], "before": None, "after": after, "after_unknown": unknown},
    }


def _head(change: ResourceChange) -> dict[str, Any]:
    head = {
        "address": change.address,
        "mode": change.mode,
        "type": change.type,
        "name": change.name,
        "provider_name": change.provider,
    }
    return head if change.index is None else {**head, "index": change.index}


def _values(changes: Iterable[ResourceChange]) -> dict[str, Any]:
    """Returns modules within modules, by their full addresses."""
    root: dict[str, Any] = {"resources": [], "child_modules": []}
    modules = {"": root}
    for change in changes:
        for parent, module in _ways(change.module):
            if module not in modules:
                modules[module] = {"address": module, "resources": [], "child_modules": []}
                modules[parent]["child_modules"].append(modules[module])
        values, _ = _split(change.after)
        modules[change.module]["resources"].append({**_head(change), "values": values})
    return root


def _ways(module: str) -> list[tuple[str, str]]:
    """Yields every module above this one, each with the one that contains it."""
    pieces, quoted, escaped, ends = [], False, False, []
    for index, character in enumerate(module):
        if quoted:
            escaped, quoted = character == "\\" and not escaped, character != '"' or escaped
        elif character == '"':
            quoted = True
        elif module.startswith(".module.", index):
            ends.append(index)
    parent = ""
    for end in (*ends, len(module)) if module else ():
        pieces.append((parent, module[:end]))
        parent = module[:end]
    return pieces


def _configuration(plan: Plan) -> dict[str, Any]:
    """Returns the blocks of every module with their references; nothing else is known of expressions."""
    root: dict[str, Any] = {"resources": [], "module_calls": {}}
    modules: dict[str, dict[str, Any]] = {}
    for block, attribute, reference in plan.references:
        modules.setdefault(block, {})[attribute] = {"references": [reference]}
    for block, change in {block_of(change.address): change for change in plan.changes}.items():
        module = root
        for name in block_of(change.module).split(".")[1::2]:
            call = module["module_calls"].setdefault(name, {"module": {"resources": [], "module_calls": {}}})
            module = call["module"]
        prefix = f"{block_of(change.module)}." if change.module else ""
        module["resources"].append(
            {
                "address": block.removeprefix(prefix),
                "mode": change.mode,
                "type": change.type,
                "name": change.name,
                "expressions": modules.get(block, {}),
            }
        )
    return root


def _split(value: Value, name: str = "") -> tuple[Any, Any]:
    """Returns the value without its hidden parts, and the marks of these parts."""
    if value is MASKED or value is UNKNOWN:
        return None, True
    if isinstance(value, dict):
        parts = {inner: _split(item, str(inner)) for inner, item in value.items()}
        masked = {inner: part for inner, (part, marks) in parts.items() if marks is not True}
        return masked, {inner: marks for inner, (_, marks) in parts.items() if marks not in ({}, [], False)}
    if isinstance(value, list):
        pairs = [_split(item, name) for item in value]
        marks = [mark for _, mark in pairs]
        return [part for part, _ in pairs], marks if any(mark not in ({}, [], False) for mark in marks) else []
    if isinstance(value, str):
        return (None, True) if kind_of(name, value) is not None else (value, False)
    return (float(value) if isinstance(value, Decimal) else value), False
