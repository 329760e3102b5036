"""Writes a proposal as terrace.yaml, prints it, and asks for confirmation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

from terrace.apps.output.console import answer, note
from terrace.config.naming import NAME
from terrace.errors import BadInput
from terrace.stacks.proposals import UNNAMED, Proposal, ProposedEntry, ProposedEnvironment

_PLAIN = re.compile(r"[A-Za-z][\w./-]*")
_RESERVED = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def word(text: str) -> str:
    """Returns a text as YAML reads it back: quoted if YAML would read it as another type."""
    return text if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED else json.dumps(text)


def environment_lines(environments: tuple[ProposedEnvironment, ...]) -> list[str]:
    """Returns the lines of `environments:` below the key."""
    lines = []
    for index, one in enumerate(environments):
        lines.append(f"  {word(one.name)}:")
        if one.after is not None:
            lines.append(f"    after: {word(one.after)}   # only commits that succeeded there")
        elif not index:
            more = "   # automatic: `terrace tick` deploys new commits of the protected branch"
            lines.append(f"    deploy: manual{more}")
        else:
            lines.append("    deploy: manual")
        if one.asks:
            lines.append("    approvals: 1   # or by team: {security: 1, owners: 2}")
        if one.protected:
            lines.append("    protected: true   # `terrace destroy` refuses it")
            lines.append("    drift: {remediate: off}")
    return lines


def entry_lines(entries: tuple[ProposedEntry, ...]) -> list[str]:
    """Returns the lines of `stacks:`, with the key; none where there is no entry."""
    return ["stacks:", *(f"  - {{{', '.join(_pairs(one))}}}" for one in entries)] if entries else []


def _pairs(entry: ProposedEntry) -> Iterator[str]:
    yield f"path: {'.' if entry.path == '.' else word(entry.path)}"
    yield f"environment: {word(entry.environment)}"
    if entry.name:
        yield f"name: {word(entry.name)}"
    if entry.var_files:
        yield f"var_files: [{', '.join(map(word, entry.var_files))}]"
    if entry.backend_files:
        yield f"backend_files: [{', '.join(map(word, entry.backend_files))}]"
    if entry.workspace:
        yield f"workspace: {word(entry.workspace)}"


def show_proposal(proposal: Proposal) -> None:
    """Prints the proposal with its reasons, and the folders without a stack, on stderr."""
    for one in proposal.environments:
        note(f"environment {one.name}: {one.why}")
    if proposal.stacks:
        count = len(proposal.stacks)
        note(f"{count} stack{'s' * (count > 1)}: {_some([key for key, _ in proposal.stacks])}")
    for remark in proposal.remarks:
        note(f"please check: {remark}")
    for tool in proposal.conventions:
        note(f"{tool.tool}: {tool.found}")
        note(f"  hint: {tool.hint}")
    generated = {folder for tool in proposal.conventions for folder in tool.folders}
    for left in proposal.unplaced:
        note(f"not in a stack: {left.path or '.'}: {left.why}")
        if left.path not in generated:
            note(f"  hint: {left.hint}")


def _some(names: list[str], most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def confirm_proposal(proposal: Proposal) -> Proposal | None:
    """Asks for missing names and for confirmation. Returns the proposal; None if it is declined."""
    if any(one.name == UNNAMED for one in proposal.environments):
        name = answer(f"Name of the environment? [{UNNAMED}] ") or UNNAMED
        if not NAME.fullmatch(name):
            raise BadInput(f"{name!r} cannot name an environment", hint="use letters, digits, `.`, `_` and `-`")
        proposal = _renamed(proposal, name)
    return proposal if answer("Write this? [Y/n] ").lower() in ("", "y", "yes") else None


def _renamed(proposal: Proposal, name: str) -> Proposal:
    return replace(
        proposal,
        environments=tuple(replace(e, name=name) if e.name == UNNAMED else e for e in proposal.environments),
        entries=tuple(replace(e, environment=name) if e.environment == UNNAMED else e for e in proposal.entries),
    )
