"""Determines the environment variables that the providers of each environment read.

Terraform gets a short list of variables only. Those of its providers have to be named in `env` of the environment.
"""

from __future__ import annotations

from collections.abc import Mapping

from terrace.clouds.all import CLOUDS
from terrace.hcl.facts import provider_sources
from terrace.stacks.inventory import Inventory

VARIABLES: Mapping[str, tuple[str, ...]] = {
    provider: names for cloud in CLOUDS.values() for provider, names in cloud.variables.items()
}
"""The variables of each provider that Terrace knows, by the name of the provider; the most common ones first."""


def find_providers(inventory: Inventory) -> Mapping[str, tuple[str, ...]]:
    """Returns the sources of the providers of each environment's stacks and of their modules, sorted."""
    sources_by_environment: dict[str, set[str]] = {}
    for stack in inventory.stacks:
        for path in inventory.graph.find_reached(stack):
            folder = inventory.graph.folders.get(path)
            if folder is not None:
                sources_by_environment.setdefault(stack.environment, set()).update(provider_sources(folder.facts))
    return {environment: tuple(sorted(sources)) for environment, sources in sources_by_environment.items()}


def find_provider_variables(inventory: Inventory) -> Mapping[str, tuple[str, ...]]:
    """Returns the variables that the providers of each environment can read; none for providers that Terrace does not
    know."""
    return {
        environment: tuple(
            dict.fromkeys(name for address in providers for name in VARIABLES.get(address.rpartition("/")[2], ()))
        )
        for environment, providers in find_providers(inventory).items()
    }
