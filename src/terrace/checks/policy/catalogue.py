"""The rules of policies, from the annotations of their packages as OPA reads them.

A package is one rule when its annotation has `custom: {id: ...}`. It provides the text of `terrace explain`, the types
that the rule evaluates (a type that no rule evaluates is reported as not covered) and the controls of the compliance
frameworks that it gives evidence for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from terrace.assess.model import Severity

_SEVERITIES: Mapping[str, Severity] = {severity.word: severity for severity in Severity}


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """One rule of a policy. `types` are the resource types that it evaluates; `controls` the keys of the controls that
    it is evidence for: check ids of Prowler for AWS, ids of Azure Policy definitions for Azure, as in the framework
    files.

    `path` and `line` are the place of its package.
    """

    id: str
    title: str
    severity: Severity
    family: str = ""
    why: str = ""
    fix: str = ""
    types: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    path: str = ""
    line: int = 0


def catalogue(annotations: Iterable[Mapping[str, Any]]) -> tuple[PolicyRule, ...]:
    """Returns the rules in the annotations that `opa inspect --annotations` prints, sorted by id.

    An annotation without an id is not a rule, and is left out.
    """
    rules = (_rule(annotation.get("annotations") or {}, annotation.get("location") or {}) for annotation in annotations)
    return tuple(sorted((rule for rule in rules if rule is not None), key=lambda rule: rule.id))


def _rule(annotations: Mapping[str, Any], place: Mapping[str, Any]) -> PolicyRule | None:
    custom = annotations.get("custom") or {}
    if not isinstance(custom, dict) or not custom.get("id"):
        return None
    return PolicyRule(
        id=str(custom["id"]),
        title=str(annotations.get("title", "")),
        severity=_SEVERITIES.get(str(custom.get("severity", "")).lower(), Severity.HIGH),
        family=str(custom.get("family", "")),
        why=str(annotations.get("description", "")),
        fix=str(custom.get("remediation", "")),
        types=_words(custom.get("types")),
        controls=_words(custom.get("controls")),
        references=tuple(
            str(resource["ref"]) for resource in annotations.get("related_resources") or () if "ref" in resource
        ),
        path=str(place.get("file", "")),
        line=int(place.get("row", 0)),
    )


def _words(listed: Any) -> tuple[str, ...]:
    return tuple(str(item) for item in listed) if isinstance(listed, list) else ()
