"""Results of OPA -> findings, by the rules of conftest: `deny`, `violation` and `warn`, alone or with `_something`.

A rule returns messages: texts, or objects with `msg` and optionally `severity`, `resource` (or `address`), `fix` and
`metadata`. A package can have `exception` rules: lists of the excepted names (the part after `deny_`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.policy.reach import matches

_KINDS = ("deny", "violation", "warn")
_SEVERITIES: Mapping[str, Severity] = {severity.word: severity for severity in Severity}


@dataclass(frozen=True, slots=True)
class PolicyError:
    """A policy that could not be evaluated: OPA's message and place; `line` 0 is unknown. `code` is OPA's error
    code."""

    message: str
    path: str | None = None
    line: int = 0
    code: str = ""


def findings(packages: Mapping[str, Any], stack: str, namespaces: tuple[str, ...] = ()) -> tuple[Finding, ...]:
    """Returns a finding for each message of every package of a data document, or of some packages only; sorted.

    `namespaces` are names of packages, or patterns as in conftest: `main.*`.
    """
    every = _packages(packages, ())
    named = ((name, rules) for name, rules in every if not namespaces or matches(name, namespaces))
    findings = [finding for name, rules in named for finding in _package(name, rules, stack)]
    return tuple(sorted(findings, key=lambda f: (-f.severity, f.rule, f.address or "", f.message)))


def evaluation_failure(breakage: PolicyError, stack: str) -> Finding:
    """Returns the finding of a policy that could not be evaluated: unknown, and never passed."""
    return Finding(
        rule="policy",
        severity=Severity.HIGH,
        status=Status.UNKNOWN,
        tool="opa",
        message=f"the policies could not be evaluated: {breakage.message}",
        stack=stack,
        path=breakage.path,
        line=breakage.line,
        fix="fix the policy: terrace policy test",
    )


def _packages(data: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields every package that has such a rule, with its full name."""
    if any(_kind(name) is not None for name in data):
        yield ".".join(path), data
    for name, inner in data.items():
        if isinstance(inner, dict) and _kind(name) is None:
            yield from _packages(inner, (*path, name))


def _kind(rule: str) -> str | None:
    return next((kind for kind in _KINDS if rule == kind or rule.startswith(f"{kind}_")), None)


def _package(name: str, rules: Mapping[str, Any], stack: str) -> Iterator[Finding]:
    excepted = {
        name
        for names in _list_members(rules.get("exception"))
        for name in _list_members(names)
        if isinstance(name, str)
    }
    for rule, value in rules.items():
        kind = _kind(rule)
        if kind is None or rule.removeprefix(kind).removeprefix("_") in excepted:
            continue
        for message in _list_members(value):
            yield _finding(f"{name}.{rule}", kind, message, stack)


def _list_members(value: Any) -> list[Any]:
    """Returns the members of a set or list; a rule that is one text, or just true, is one message."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        # A partial object, keyed by message: `deny[msg] = details`.
        return [{"msg": key, **inner} if isinstance(inner, dict) else key for key, inner in value.items()]
    return [value] if value not in (None, False, "") else []


def _finding(rule: str, kind: str, message: Any, stack: str) -> Finding:
    details: Mapping[str, Any] = message if isinstance(message, dict) else {"msg": message}
    text = details.get("msg")
    text_or_default = text if isinstance(text, str) and text else f"{rule} applies, and has no message"
    severity = _SEVERITIES.get(str(details.get("severity", "")).lower(), _usual(kind))
    more = details.get("metadata")
    metadata: Mapping[str, Any] = more if isinstance(more, dict) else {}
    address = details.get("resource") or details.get("address") or metadata.get("resource")
    fix = details.get("fix") or metadata.get("fix") or metadata.get("remediation")
    return Finding(
        rule=str(details.get("rule") or metadata.get("id") or rule),
        severity=severity,
        status=Status.UNKNOWN if details.get("status") == "unknown" else Status.FAIL,
        tool="opa",
        message=text_or_default,
        stack=stack,
        address=str(address) if address else None,
        fix=str(fix) if fix else None,
        advisory=kind == "warn" or details.get("advisory") is True,
        family=str(details.get("family") or metadata.get("family") or ""),
    )


def _usual(kind: str) -> Severity:
    return Severity.LOW if kind == "warn" else Severity.HIGH
