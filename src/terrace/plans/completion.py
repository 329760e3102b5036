"""Completes partial plan documents, as other tools and older versions of Terraform write them.

An entry says where its object is by its address or by its parts: either gives the other. A document without
`resource_changes` is evaluated by its planned values, with a note in `lacks`: their actions are derived from the prior
state if the document has it, and are unknown otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from terrace.plans import json_format
from terrace.plans.addresses import AddressParts, address_of, block_of, parts_of
from terrace.plans.document_kinds import MAKE_ONE, NotAPlan


class Planned(msgspec.Struct, gc=False):
    """One resource of the planned values or of the prior state."""

    address: str = ""
    mode: str = ""
    type: str = ""
    name: str = ""
    index: str | int | None = None
    provider_name: str | None = ""
    values: msgspec.Raw = json_format.NOTHING
    sensitive_values: msgspec.Raw = json_format.NOTHING


class Module(msgspec.Struct, gc=False):
    """One module of them, with the modules that it calls."""

    address: str = ""
    resources: list[Planned] | None = None
    child_modules: list[Module] | None = None


class Values(msgspec.Struct, gc=False):
    """The planned values, or the values of a state."""

    root_module: Module | None = None


class State(msgspec.Struct, gc=False):
    """The prior state."""

    values: Values | None = None


_values = msgspec.json.Decoder(Values)
_state = msgspec.json.Decoder(State)


def complete(document: json_format.Document) -> None:
    """Fills in missing parts that the document has elsewhere.

    Raises NotAPlan for an entry that names no resource.
    """
    document.planned_only, document.lacks = [], []
    for key, entries in (
        ("resource_changes", document.resource_changes),
        ("resource_drift", document.resource_drift),
    ):
        for number, entry in enumerate(entries):
            _complete_entry(entry, f"{key}[{number}]")
    planned = _resources(document, "planned_values")
    listed = {entry.address for entry in document.resource_changes}
    unlisted = {address: resource for address, resource in planned.items() if address not in listed}
    if unlisted:
        _add_planned(document, unlisted)
    elif isinstance(document.resource_changes, json_format.Absent) and (
        prior_resources := _count_managed(_resources(document, "prior_state"))
    ):
        objects = "the 1 resource" if prior_resources == 1 else f"any of the {prior_resources} resources"
        document.lacks.append(f"it contains no changes for {objects} of its state, like a plan with -refresh-only")


def _complete_entry(entry: json_format.Resource, place: str) -> None:
    if not (entry.address and entry.type and entry.name and entry.mode):
        parts = parts_of(entry.address) if entry.address else None
        if parts is not None:
            entry.mode = entry.mode or parts.mode
            entry.type = entry.type or parts.type
            entry.name = entry.name or parts.name
            entry.index = parts.index if entry.index is None else entry.index
        entry.mode = entry.mode or "managed"
        if not entry.type or not entry.name:
            raise NotAPlan(
                f"{place} of this plan names no resource: it has neither an address nor a type and a name",
                hint=MAKE_ONE,
            )
        if not entry.address:
            entry.address = address_of(
                AddressParts(entry.module_address, entry.mode, entry.type, entry.name, entry.index)
            )
    if not entry.module_address and entry.address.startswith("module."):
        parts = parts_of(entry.address)
        entry.module_address = parts.module if parts is not None else ""


def _add_planned(document: json_format.Document, unlisted: Mapping[str, Planned]) -> None:
    """Add the resources that only the planned values have."""
    prior = _resources(document, "prior_state") if document.prior_state != json_format.NOTHING else None
    expressions = dict(_expressions(document.configuration.root_module, ""))
    for address, resource in unlisted.items():
        place = parts_of(address)
        before = None if prior is None else prior.get(address)
        change = json_format.Change(
            actions=_actions(resource, before, is_known=prior is not None),
            before=before.values if before is not None else json_format.NOTHING,
            after=resource.values,
            after_unknown=_find_unresolved(expressions.get(block_of(address), {}), resource.values),
            before_sensitive=before.sensitive_values if before is not None else json_format.NOTHING,
            after_sensitive=resource.sensitive_values,
        )
        document.planned_only.append(
            json_format.Resource(
                address=address,
                type=resource.type,
                name=resource.name,
                change=change,
                mode=resource.mode,
                module_address=place.module if place is not None else "",
                index=resource.index,
                provider_name=resource.provider_name or "",
            )
        )
    whole = isinstance(document.resource_changes, json_format.Absent)
    gap = "it has no `resource_changes`" if whole else "its `resource_changes` lack planned resources"
    how = "derived from the prior state" if prior is not None else "unknown"
    objects, their = (
        ("1 resource is", "its action") if len(unlisted) == 1 else (f"{len(unlisted)} resources are", "their actions")
    )
    document.lacks.append(
        f"{gap}: {objects} evaluated by `planned_values`; {their} {'is' if len(unlisted) == 1 else 'are'} {how}"
    )


def _actions(resource: Planned, before: Planned | None, *, is_known: bool) -> list[str]:
    if resource.mode == "data":
        return ["read"]
    if not is_known:
        return []
    if before is None:
        return ["create"]
    return ["no-op"] if json_format.value(before.values) == json_format.value(resource.values) else ["update"]


def _resources(document: json_format.Document, key: Literal["planned_values", "prior_state"]) -> dict[str, Planned]:
    """The resources of the planned values or of the prior state, by address."""
    raw = document.planned_values if key == "planned_values" else document.prior_state
    if raw == json_format.NOTHING:
        return {}
    try:
        values = _state.decode(raw).values if key == "prior_state" else _values.decode(raw)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise NotAPlan(f"`{key}` of this plan does not have Terraform's format: {error}", hint=MAKE_ONE) from error
    root = values.root_module if values is not None else None
    return dict(_resources_below(root, key)) if root is not None else {}


def _resources_below(root: Module, key: str) -> Iterator[tuple[str, Planned]]:
    waiting = [root]
    while waiting:
        module = waiting.pop(0)
        for number, resource in enumerate(module.resources or ()):
            if resource.address and resource.type and resource.name and resource.mode:
                yield resource.address, resource
                continue
            entry = json_format.Resource(
                address=resource.address,
                type=resource.type,
                name=resource.name,
                mode=resource.mode,
                module_address=module.address,
                index=resource.index,
            )
            _complete_entry(entry, f"{key}: resources[{number}] of {module.address or 'the root module'}")
            resource.mode, resource.type, resource.name, resource.index = (
                entry.mode,
                entry.type,
                entry.name,
                entry.index,
            )
            yield entry.address, resource
        waiting += module.child_modules or ()


def _count_managed(resources: Mapping[str, Planned]) -> int:
    return sum(1 for resource in resources.values() if resource.mode == "managed")


def _expressions(module: json_format.ConfigModule, prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in module.resources:
        yield prefix + resource.address, resource.expressions
    for name, call in module.module_calls.items():
        if call.module is not None:
            yield from _expressions(call.module, f"{prefix}module.{name}.")


def _find_unresolved(expressions: Mapping[str, Any], raw: msgspec.Raw) -> msgspec.Raw:
    """The attributes that the configuration sets and the planned values leave out: they are known after apply."""
    unresolved = _find_unresolved_in(expressions, json_format.value(raw))
    return msgspec.Raw(msgspec.json.encode(unresolved)) if unresolved else json_format.NOTHING


def _find_unresolved_in(expressions: Mapping[str, Any], values: Any) -> dict[str, Any]:
    values_by_name = values if isinstance(values, dict) else {}
    unresolved: dict[str, Any] = {}
    for name, expression in expressions.items():
        value = values_by_name.get(name)
        if isinstance(expression, dict) and "references" in expression:
            if name not in values_by_name:
                unresolved[name] = True
        elif isinstance(expression, list) and isinstance(value, list) and len(value) == len(expression):
            inner = [_find_unresolved_in(part, item) for part, item in zip(expression, value, strict=True)]
            if any(inner):
                unresolved[name] = inner
        elif isinstance(expression, dict) and isinstance(value, dict) and (inner_marks := _inner(expression, value)):
            unresolved[name] = inner_marks
    return unresolved


def _inner(expression: Mapping[str, Any], value: Any) -> dict[str, Any]:
    return {} if "constant_value" in expression else _find_unresolved_in(expression, value)
