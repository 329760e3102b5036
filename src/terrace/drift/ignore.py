"""Ignore rules of terrace.yaml for drift that a person owns. They expire, and none hides a deletion."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase

from terrace.config.model import IgnoreRule
from terrace.drift.detection import only_paths
from terrace.drift.model import DriftKind, Ignored, ResourceDrift
from terrace.plans.model import Action


@dataclass(frozen=True, slots=True)
class IgnoreResult:
    """The drift that is left, the drift that is ignored, and notes about the rules."""

    resources: tuple[ResourceDrift, ...]
    ignored: tuple[Ignored, ...]
    notices: tuple[str, ...]


def apply_ignore_rules(resources: Iterable[ResourceDrift], rules: tuple[IgnoreRule, ...], today: date) -> IgnoreResult:
    """Applies the rules. An expired one ignores nothing more, and is reported where it would have."""
    reported: list[ResourceDrift] = []
    ignored: list[Ignored] = []
    notices: dict[str, None] = {}
    for resource in resources:
        if resource.kind is DriftKind.DELETED or resource.undo in (Action.DELETE, Action.REPLACE, Action.CREATE):
            reported.append(resource)
            continue
        remaining = resource.paths
        for rule in rules:
            hit = _hit(rule, resource.address, remaining)
            if hit is None:
                continue
            if rule.until < today:
                notices[f"the rule to ignore {rule.address} expired on {rule.until} (owner: {rule.owner})"] = None
                continue
            ignored.append(Ignored(resource.address, hit, rule.owner, rule.reason, rule.until.isoformat()))
            remaining = tuple(path for path in remaining if path not in hit)
            if not remaining:
                break
        else:
            reported.append(only_paths(resource, remaining) if remaining != resource.paths else resource)
    return IgnoreResult(tuple(reported), tuple(ignored), tuple(notices))


def _hit(rule: IgnoreRule, address: str, paths: tuple[str, ...]) -> tuple[str, ...] | None:
    """Returns the paths that a rule concerns; None when it does not concern this address or these paths."""
    # Indexes contain brackets, which have another meaning in a glob.
    if not fnmatchcase(address, rule.address.replace("[", "[[]")):
        return None
    if not rule.attributes:
        return paths
    hit = tuple(p for p in paths if any(p == a or p.startswith(f"{a}.") for a in rule.attributes))
    return hit or None
