"""The default rules of environments, which follow from their names and their order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from terrace.config.environment_names import is_production, order_names
from terrace.config.model import ApprovalRule, DriftSettings, Environment, Remediate


def needs_approval(names: Sequence[str], name: str) -> bool:
    """Returns whether a deployment requires an approval by default: in the last environment of several, and in
    production."""
    return name == names[-1] != names[0] or is_production(name)


def default_environment(name: str, names: Sequence[str]) -> Environment:
    """Returns an environment that terrace.yaml lists without keys. `names` are all environments in their order."""
    remediate = None if needs_approval(names, name) else Remediate()
    return Environment(name, protected=is_production(name), drift=DriftSettings(remediate=remediate))


def conventional_environments(names: Iterable[str]) -> tuple[Environment, ...]:
    """Returns the environments of a repository without terrace.yaml: each after the previous one, all manual, with one
    approval for the last of several and for production."""
    ordered = order_names(names)
    return tuple(
        Environment(
            name=name,
            after=ordered[i - 1] if i else None,
            approvals=ApprovalRule(count=1) if needs_approval(ordered, name) else ApprovalRule(),
            protected=is_production(name),
            drift=DriftSettings(remediate=None if needs_approval(ordered, name) else Remediate()),
        )
        for i, name in enumerate(ordered)
    )
