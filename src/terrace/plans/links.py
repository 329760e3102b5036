"""References between blocks of the configuration: the edges that policies and risk follow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from terrace.plans import json_format


def links(configuration: json_format.Configuration) -> tuple[tuple[str, str], ...]:
    """Pairs (who refers, to what) of block addresses without indexes, module calls included; sorted, each once."""
    return tuple(sorted(set(_module(configuration.root_module, ""))))


def references(configuration: json_format.Configuration) -> tuple[tuple[str, str, str], ...]:
    """Triples (block, attribute, first reference in it) of resources; the reference as its module writes it."""
    return tuple(_attributes(configuration.root_module, ""))


def _attributes(module: json_format.ConfigModule, prefix: str) -> Iterator[tuple[str, str, str]]:
    for resource in module.resources:
        for name, expression in resource.expressions.items():
            references = [r for r in _references(expression) if not r.startswith(("var.", "local.", "each.", "count."))]
            if references:
                yield prefix + resource.address, name, references[0]
    for name, call in module.module_calls.items():
        if call.module is not None:
            yield from _attributes(call.module, f"{prefix}module.{name}.")


def _module(module: json_format.ConfigModule, prefix: str) -> Iterator[tuple[str, str]]:
    addresses = {resource.address for resource in module.resources}
    addresses |= {f"module.{name}" for name in module.module_calls}
    for resource in module.resources:
        references = [*resource.depends_on]
        for expression in (resource.expressions, resource.count_expression, resource.for_each_expression):
            references += _references(expression)
        yield from _known_names(prefix, resource.address, references, addresses)
    for name, call in module.module_calls.items():
        yield from _known_names(prefix, f"module.{name}", [*call.depends_on, *_references(call.expressions)], addresses)
        if call.module is not None:
            yield from _module(call.module, f"{prefix}module.{name}.")


def _known_names(prefix: str, source: str, references: list[str], addresses: set[str]) -> Iterator[tuple[str, str]]:
    for reference in references:
        # Terraform lists every prefix of a reference, so the block's own address is always among them.
        if reference in addresses and reference != source:
            yield prefix + source, prefix + reference


def _references(expression: Any) -> list[str]:
    if isinstance(expression, dict):
        references = [r for r in expression.get("references", ()) if isinstance(r, str)]
        return references + [
            r for name, inner in expression.items() if name != "references" for r in _references(inner)
        ]
    if isinstance(expression, list):
        return [r for inner in expression for r in _references(inner)]
    return []
