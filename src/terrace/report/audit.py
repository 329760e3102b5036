"""A look at everything as JSON, as Markdown, and as a person reads it in a terminal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping

from terrace.assess.model import Finding, Status
from terrace.compliance.audit import Audited, RuleSeen
from terrace.report import sarif
from terrace.report.checked import place, weight, worst_first
from terrace.report.machine import Json
from terrace.report.machine import finding as finding_as_json
from terrace.report.markdown.escape import code, plain
from terrace.report.screen import Group, Record, line
from terrace.text import clipped, visible

MOST = 200
"""Findings of an environment that people are shown; machines get all."""


def basis(look: Audited) -> str:
    """At what an environment was looked at, in words."""
    commits = ", ".join(commit[:7] for commit in look.scope.commits)
    if not look.scope.commits:
        return "it has no stack that could be looked at"
    if look.scope.basis == "protected branch":
        return f"never deployed by Terrace: the protected branch was looked at instead, {commits}"
    if look.scope.basis == "working tree":
        return "the working tree"
    return f"what is deployed, {commits}"


def counted(look: Audited) -> str:
    """What was looked at and what came of it, in numbers."""
    rules = [one for one in look.rules.values() if one.looked or one.unknown]
    wrong = sum(1 for one in rules if one.failed)
    untold = sum(1 for one in rules if one.unknown and not one.failed)
    waived = sum(1 for one in rules if one.waived and not one.failed and not one.unknown)
    idle = len(look.rules) - len(rules)
    parts = [f"{wrong} broken"] + ([f"{waived} waived"] if waived else []) + [f"{untold} could not be told"]
    parts += [f"{len(rules) - wrong - untold - waived} right", f"{idle} with nothing to look at"]
    there = f"{_many(look.planned, 'plan')}, {_many(look.objects, 'object')} there now"
    return f"{there}; of {_many(len(look.rules), 'rule')} {', '.join(parts)}"


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def as_terminal(looks: Iterable[Audited]) -> Record:
    """Every environment with what was found there, worst first."""
    parts: list[Record] = []
    for look in looks:
        parts.append(line((visible(look.scope.environment), "bold"), f": {visible(basis(look))}"))
        parts.append(line(f"  {counted(look)}", style="dim"))
        ordered = worst_first(look.findings)
        for finding in ordered[:MOST]:
            style = "red" if finding.blocks else "yellow"
            where = f" at {clipped(at)}" if (at := place(finding)) else ""
            said = f"{clipped(finding.rule)}{where}: {_doubt(finding)}{clipped(finding.message)}"
            parts.append(line((f"  {weight(finding):<9}", style), said))
            if finding.fix and finding.blocks:
                parts.append(line(f"            fix: {clipped(finding.fix)}"))
        if len(ordered) > MOST:
            parts.append(line(f"  and {len(ordered) - MOST} more: --format json"))
        if not ordered:
            parts.append(line("  nothing was found", style="green"))
    return Group(*parts)


def _doubt(finding: Finding) -> str:
    return "could not be told: " if finding.status is Status.UNKNOWN else ""


def as_markdown(looks: Iterable[Audited]) -> str:
    """The same for a page or an issue."""
    lines = ["# Everything that stands"]
    for look in looks:
        lines += ["", f"## {plain(look.scope.environment)}", "", f"{plain(basis(look))}. {counted(look)}.", ""]
        ordered = worst_first(look.findings)
        if not ordered:
            lines.append("Nothing was found.")
            continue
        lines += ["| weight | rule | where | what |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {weight(f)} | {code(clipped(f.rule))} | {code(clipped(place(f) or '-'))} | "
            f"{_doubt(f)}{plain(clipped(f.message))} |"
            for f in ordered[:MOST]
        ]
        if len(ordered) > MOST:
            lines += ["", f"And {len(ordered) - MOST} more."]
    return "\n".join(lines) + "\n"


def as_json(looks: Iterable[Audited]) -> Json:
    """`terrace check --all --json`."""
    told = tuple(looks)
    return {
        "schema": "terrace/check-all@1",
        "verdict": "block" if any(one.blocking for one in told) else "pass",
        "environments": [
            {
                "name": one.scope.environment,
                "basis": one.scope.basis,
                "commits": [{"commit": c, "stacks": list(keys)} for c, keys in one.scope.commits.items()],
                "verdict": "block" if one.blocking else "pass",
                "plans": one.planned,
                "objects": one.objects,
                "findings": [finding_as_json(f) for f in worst_first(one.findings)],
                "rules": [_rule(seen) for seen in one.rules.values()],
            }
            for one in told
        ],
    }


def _rule(seen: RuleSeen) -> Json:
    return {
        "rule": seen.rule,
        "looked": seen.looked,
        "failed": seen.failed,
        "unknown": seen.unknown,
        "waived": seen.waived,
        "places": list(seen.places),
    }


STYLES: Mapping[str, Callable[[tuple[Audited, ...]], Record]] = {
    "terminal": as_terminal,
    "markdown": as_markdown,
    "sarif": sarif.everything,
    "json": lambda looks: json.dumps(as_json(looks), indent=2, ensure_ascii=True) + "\n",
}
"""What `terrace check --all` can be told as."""
