"""The record of what Terrace knows about one cloud."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from terrace.clouds.state_location import Backend

Where = Literal["resource", "data", "provider"]

Replacement = tuple[str, str]
"""The replacement of something deprecated, and the version since which it is deprecated."""


def rename_arguments(names: Mapping[str, str], since: str, prefix: str = "") -> dict[str, Replacement]:
    """Returns replacements for arguments that have another name since one version, those of a block with its prefix."""
    return {f"{prefix}{old}": (new if " " in new else f"`{new}`", since) for old, new in names.items()}


@dataclass(frozen=True, slots=True)
class Default:
    """An attribute of some types, its value where it is not set, and the versions of the provider that assume it.

    An attribute within blocks is written with dots and without indexes.
    """

    types: tuple[str, ...]
    attribute: str
    value: Any
    versions: str


@dataclass(frozen=True, slots=True)
class SharedIdentifier:
    """Types that only configure another object and share its identifier: each of `attributes` has it, and the argument
    `argument` names that object.
    """

    types: tuple[str, ...]
    attributes: tuple[str, ...]
    argument: str


@dataclass(frozen=True, slots=True)
class WorkloadIdentity:
    """How runs of GitHub Actions get a role in the cloud without a stored secret.

    `reads` are the environment variables of the provider, `variable` the variable on GitHub that names the role of an
    environment, and `once` the commands that set up the rest of them once.
    """

    reads: tuple[str, ...]
    variable: str
    once: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """Everything that Terrace knows about one cloud, or one group of providers.

    Names of types are patterns with `*`. `providers` are the names of its Terraform providers; `covered_types` are the
    beginnings of the types that policies are expected to cover. `families` are the families of each scanner's rules,
    with the rules in one text. `policy_documents` are the data sources that write a policy document from blocks
    `statement`. `account` is the word for the place that a provider's credentials lead to, and
    `account_arguments` are the arguments of its providers that name one. `credential_hints` lead from a part of an
    error message to the environment variable that is probably missing. `variables` are the environment variables that
    each provider reads its credentials and settings from, the most common ones first. `backends` are the types of
    backends that keep states there, by name.
    """

    name: str
    title: str
    providers: tuple[str, ...] = ()
    stateful_types: tuple[str, ...] = ()
    security_types: tuple[str, ...] = ()
    rights_types: tuple[str, ...] = ()
    covered_types: tuple[str, ...] = ()
    defaults: tuple[Default, ...] = ()
    renamed_types: Mapping[tuple[Where, str], Replacement] = field(default_factory=dict)
    renamed_arguments: Mapping[tuple[Where, str], Mapping[str, Replacement]] = field(default_factory=dict)
    families: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    shared_identifiers: tuple[SharedIdentifier, ...] = ()
    policy_documents: tuple[str, ...] = ()
    account: str = ""
    account_arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    credential_hints: tuple[tuple[str, str], ...] = ()
    workload_identity: WorkloadIdentity | None = None
    variables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    backends: Mapping[str, Backend] = field(default_factory=dict)


Clouds = Mapping[str, Cloud]
"""Clouds by name."""
