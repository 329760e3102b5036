"""Writes a proposal as terrace.yaml, prints it, and asks for confirmation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from terrace.adapters.opa.pack import hash_of_pack, read_pack
from terrace.apps.output.console import answer, note
from terrace.checks.all import CHECKS
from terrace.checks.policy.shipped import VERSION, is_rule
from terrace.config.naming import NAME
from terrace.config.schema import json_schema
from terrace.errors import BadInput
from terrace.stacks.proposals import UNNAMED, Proposal, ProposedEntry, ProposedEnvironment

SCHEMA_FILE = ".terrace/terrace.schema.json"
"""The JSON Schema of terrace.yaml in a repository, for editors. It works offline."""

_PLAIN = re.compile(r"[A-Za-z][\w./-]*")
_RESERVED = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def word(text: str) -> str:
    """Returns a text as YAML reads it back: quoted if YAML would read it as another type."""
    return text if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED else json.dumps(text)


@dataclass(frozen=True, slots=True)
class SetupFacts:
    """The facts about the machine and the repository that a proposed terrace.yaml contains.

    `branch` is the protected branch, "" if it is unknown. `variables` are the environment variables that the providers
    of each environment read, and `exported` the names that are set on this machine. `scanners` are installed on it.
    """

    branch: str = ""
    variables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    exported: frozenset[str] = frozenset()
    scanners: tuple[str, ...] = ()
    opa: bool = True


NO_FACTS = SetupFacts()
"""The facts for a file that only shows environments and stacks."""

_SCHEMA_LINE = f"# yaml-language-server: $schema={SCHEMA_FILE}"

_COMMENTED = """\

# teams: {owners: [ann, bob]}
# people: {ann: {emails: [ann@example.com]}}   # authors cannot approve their own commits
# SSH keys of approvers, one `NAME KEY` a line: .terrace/allowed_signers
# backups: {url: "s3://bucket/states"}   # state backups, encrypted with TERRACE_BACKUP_KEY
# policies: [policies]   # rules of your own: terrace policy new NAME
"""


def header_lines(facts: SetupFacts) -> list[str]:
    """Returns the first lines of terrace.yaml, above `environments:`."""
    why = "   # the protected branch: it has the rules, and only its commits are deployed"
    return [
        _SCHEMA_LINE,
        "# All keys: docs/reference/terrace-yaml.md; `terrace config check` validates this file",
        "version: 1",
        *([f"branch: {word(facts.branch)}{why}"] if facts.branch else []),
    ]


def terrace_yaml(
    environments: tuple[ProposedEnvironment, ...],
    entries: tuple[ProposedEntry, ...] = (),
    facts: SetupFacts = NO_FACTS,
) -> str:
    """Returns a terrace.yaml for these environments and stacks, with examples of other keys in comments."""
    lines = [*header_lines(facts), "environments:", *environment_lines(environments, facts), *entry_lines(entries)]
    elsewhere = (
        () if entries else ("# stacks: [{path: infra/network, environment: prod}]   # stacks outside environments/",)
    )
    return "\n".join((*lines, *elsewhere)) + "\n" + _COMMENTED


def schema_text() -> str:
    """Returns the JSON Schema of terrace.yaml."""
    return json.dumps(json_schema(CHECKS), indent=1) + "\n"


def check_lines(facts: SetupFacts) -> str:
    """Returns the lines of terrace.yaml about policies and checks."""
    lines = ["", pack_lines()]
    if not facts.opa:
        lines.append(
            "# OPA, which runs the policies, is not installed. After its installation, remove `policy` from `checks`."
        )
    if facts.scanners:
        lines.append("# Installed scanners: with `required`, their findings block a change.")
    weights = ", ".join(f"{name}: advisory" for name in (*(() if facts.opa else ("policy",)), *facts.scanners))
    lines.append(f"checks: {{{weights}}}" if weights else _SCANNERS)
    return "\n".join(lines) + "\n"


_SCANNERS = "# checks: {checkov: required}   # more scanners: `terrace tools install`"

_MOST_VARIABLES = 2
"""Maximum number of variables in a comment."""


def _variable_line(facts: SetupFacts, environment: str) -> list[str]:
    """Returns the line with the variables for the providers of an environment: those that are set here, else a comment
    with the common ones."""
    names = facts.variables.get(environment, ())
    exported = [name for name in names if name in facts.exported]
    why = "   # for the providers: Terraform gets no other variables of yours"
    if exported:
        return [f"    env: [{', '.join(exported)}]{why}"]
    return [f"    # env: [{', '.join(names[:_MOST_VARIABLES])}]{why}"] if names else []


def environment_lines(
    environments: tuple[ProposedEnvironment, ...],
    facts: SetupFacts = NO_FACTS,
) -> list[str]:
    """Returns the lines of `environments:` below the key."""
    lines = []
    for index, environment in enumerate(environments):
        lines.append(f"  {word(environment.name)}:")
        if environment.after is not None:
            lines.append(f"    after: {word(environment.after)}   # only commits that succeeded there")
        elif not index:
            more = "   # automatic: `terrace tick` deploys new commits of the protected branch"
            lines.append(f"    deploy: manual{more}")
        else:
            lines.append("    deploy: manual")
        if environment.asks:
            lines.append("    approvals: 1   # or by team: {security: 1, owners: 2}")
        if environment.protected:
            lines.append("    protected: true   # `terrace destroy` refuses it")
            lines.append("    drift: {remediate: off}")
        lines += _variable_line(facts, environment.name)
    return lines


def entry_lines(entries: tuple[ProposedEntry, ...]) -> list[str]:
    """Returns the lines of `stacks:`, with the key; none where there is no entry."""
    return ["stacks:", *(f"  - {{{', '.join(_pairs(entry))}}}" for entry in entries)] if entries else []


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


def pack_lines() -> str:
    """Returns the lines of terrace.yaml that pin the policy pack of this Terrace."""
    rules = sum(map(is_rule, read_pack()))
    return f"""\
policy_pack:   # {rules} rules for AWS and Azure, inside Terrace; to edit them: terrace policy eject
  version: {VERSION}
  hash: "{hash_of_pack()}"   # after an upgrade of Terrace: terrace policy update"""


def show_proposal(proposal: Proposal) -> None:
    """Prints the proposal with its reasons, and the folders without a stack, on stderr."""
    for environment in proposal.environments:
        note(f"environment {environment.name}: {environment.why}")
    if proposal.stacks:
        count = len(proposal.stacks)
        note(f"{count} stack{'s' * (count > 1)}: {_some([key for key, _ in proposal.stacks])}")
    for remark in proposal.remarks:
        note(f"please check: {remark}")
    for tool in proposal.conventions:
        note(f"{tool.tool}: {tool.summary}")
        note(f"  hint: {tool.hint}")
    generated = {folder for tool in proposal.conventions for folder in tool.folders}
    for unplaced in proposal.unplaced:
        note(f"not in a stack: {unplaced.path or '.'}: {unplaced.why}")
        if unplaced.path not in generated:
            note(f"  hint: {unplaced.hint}")


def _some(names: list[str], most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def confirm_proposal(proposal: Proposal) -> Proposal | None:
    """Asks for missing names and for confirmation. Returns the proposal; None if it is declined."""
    if any(environment.name == UNNAMED for environment in proposal.environments):
        name = answer(f"Name of the environment? [{UNNAMED}] ") or UNNAMED
        if not NAME.fullmatch(name):
            raise BadInput(f"{name!r} cannot name an environment", hint="use letters, digits, `.`, `_` and `-`")
        proposal = _rename(proposal, name)
    return proposal if answer("Write this? [Y/n] ").lower() in ("", "y", "yes") else None


def _rename(proposal: Proposal, name: str) -> Proposal:
    return replace(
        proposal,
        environments=tuple(replace(e, name=name) if e.name == UNNAMED else e for e in proposal.environments),
        entries=tuple(replace(e, environment=name) if e.environment == UNNAMED else e for e in proposal.entries),
    )
