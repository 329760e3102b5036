"""Reads from `terraform providers schema -json` which attributes the provider computes and no configuration can set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from terrace.plans.differences import Computed
from terrace.plans.json_format import NOTHING

BUILTIN = "terraform.io/builtin/terraform"
"""The provider of `terraform_data`: its computed attributes do not move."""


class _Change(msgspec.Struct, gc=False):
    actions: list[str] = []
    after_unknown: msgspec.Raw = NOTHING


class _Resource(msgspec.Struct, gc=False):
    type: str = ""
    mode: str = ""
    provider_name: str = ""
    change: _Change = msgspec.field(default_factory=_Change)


class _Document(msgspec.Struct, gc=False):
    resource_changes: list[_Resource] = []
    resource_drift: list[_Resource] = []


class _Attribute(msgspec.Struct, gc=False):
    required: bool = False
    optional: bool = False
    computed: bool = False


class _Block(msgspec.Struct, gc=False):
    attributes: dict[str, _Attribute] = {}


class _Schema(msgspec.Struct, gc=False):
    block: _Block = msgspec.field(default_factory=_Block)


class _Provider(msgspec.Struct, gc=False):
    resource_schemas: dict[str, _Schema] = {}


class _Schemas(msgspec.Struct, gc=False):
    provider_schemas: dict[str, _Provider] = {}


Unsettable = Computed
"""By provider and resource type, the paths that only the provider sets, those in blocks too, with dots and without
indexes: `arn`, `root_block_device.device_name`."""

IDENTITY = frozenset({"id", "arn", "self_link"})
"""Attributes that every provider creates at apply, even if its schema allows a configuration to set them."""

_TERRAFORM_DATA = frozenset({"id", "output"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """Providers and types whose schema is read: `computed` for the digest of a plan and its drift, `unsettable` for
    telling what nothing sets from what the apply makes."""

    computed: frozenset[tuple[str, str]] = frozenset()
    unsettable: frozenset[tuple[str, str]] = frozenset()


def find_computed_paths(provider: str, type_: str, unsettable: Unsettable) -> frozenset[str]:
    """The paths of a type that are unknown because the apply makes them, and not because nothing sets them."""
    if provider == BUILTIN:
        return IDENTITY | _TERRAFORM_DATA
    return IDENTITY | unsettable.get((provider, type_), frozenset())


_document = msgspec.json.Decoder(_Document)
_schemas = msgspec.json.Decoder(_Schemas)


def required_schemas(document: bytes) -> Wanted:
    """Returns of which objects of a plan the schema decides something.

    `computed` has objects that were changed outside, and those whose old values end with the change; `unsettable` those
    with values that are unknown. A document that cannot be read needs none: reading the plan says why.
    """
    try:
        decoded = _document.decode(document)
    except (msgspec.MsgspecError, RecursionError):
        return Wanted()
    ending = (resource_change for resource_change in decoded.resource_changes if _ends_values(resource_change.change))
    outside = (resource for resource in decoded.resource_drift if resource.change.actions == ["update"])
    return Wanted(
        frozenset(
            (resource.provider_name, resource.type)
            for resource in (*ending, *outside)
            if resource.mode == "managed" and resource.provider_name not in ("", BUILTIN)
        ),
        frozenset(
            (resource_change.provider_name, resource_change.type)
            for resource_change in decoded.resource_changes
            if resource_change.mode == "managed"
            and resource_change.provider_name not in ("", BUILTIN)
            and b"true" in bytes(resource_change.change.after_unknown)
        ),
    )


def computed_attributes(document: bytes, resource_types: Iterable[tuple[str, str]]) -> Computed:
    """Returns of each wanted type the attributes that are computed, and neither optional nor required.

    A type that the schemas do not have is left out. Raises ValueError for an invalid document.
    """
    try:
        providers = _schemas.decode(document).provider_schemas
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(f"this is not the JSON of schemas: {error}") from error
    computed: dict[tuple[str, str], frozenset[str]] = {}
    for provider, type_ in resource_types:
        schema = providers[provider].resource_schemas.get(type_) if provider in providers else None
        if schema is not None:
            computed[provider, type_] = frozenset(
                name
                for name, attribute in schema.block.attributes.items()
                if attribute.computed and not attribute.optional and not attribute.required
            )
    return computed


def _ends_values(change: _Change) -> bool:
    return bool({"delete", "forget"} & set(change.actions)) or (
        change.actions == ["update"] and b"true" in bytes(change.after_unknown)
    )
