"""The values that the shell completes: environments, stacks, deployments, rules and tools.

They come from the working tree and from the ledger as it was fetched last, without network. A repository that cannot
be read has none: a key press prints no error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from terrace.stacks.inventory import Inventory

NEWEST = 50
"""Maximum number of deployments to choose from."""

Values = Callable[[str], Mapping[str, str]]
"""Returns the values of a repository with a short help text each; the argument is the folder of `-C`."""

Completer = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]


def completer(*sources: Values) -> Completer:
    """Returns the completion of a parameter by the values of these sources."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        folder = context.find_root().params.get("folder") or "."
        chosen = _chosen_values(context, parameter)
        return [
            CompletionItem(value, help=text or None)
            for source in sources
            for value, text in _read(source, folder).items()
            if value.startswith(incomplete) and value not in chosen
        ]

    return complete


def environments(folder: str) -> Mapping[str, str]:
    """Returns the environments in the promotion order."""
    inventory = _inventory(folder)
    after = {environment.name: environment.after for environment in inventory.config.environments}
    return {name: f"after {before}" if before else "environment" for name, before in after.items()}


def stacks(folder: str) -> Mapping[str, str]:
    """Returns the keys of the stacks, each with its folder."""
    return {stack.key: stack.path for stack in _inventory(folder).stacks}


def deployments(folder: str) -> Mapping[str, str]:
    """Returns the ids of the newest deployments, newest first, each with its environment, commit and result."""
    from pathlib import Path

    from terrace.apps.wiring.project import Project
    from terrace.ledger import folds
    from terrace.report.words import result_word

    ledger = Project(Path(folder), past_rules=True, fetch=False).ledger
    newest = folds.deployments(ledger.read())[: -NEWEST - 1 : -1]
    return {d.id: f"{d.environment} {d.commit[:12]} {result_word(d)}" for d in newest}


def rules(folder: str) -> Mapping[str, str]:
    """Returns the rules of the checks and of the shipped policies, each with its meaning."""
    from terrace.adapters.opa.pack import read_rules
    from terrace.checks.rules import rules as rules_of_checks

    shipped = {rule.id: rule.title for rule in read_rules()}
    return {**{rule.name: rule.means for rule in rules_of_checks().values()}, **shipped}


def known_tools(folder: str) -> Mapping[str, str]:
    """Returns the external tools that Terrace knows."""
    from terrace.adapters.tools.known import TOOLS

    return {tool.name: "external tool" for tool in TOOLS}


def _inventory(folder: str) -> Inventory:
    from pathlib import Path

    from terrace.apps.wiring.project import Project

    project = Project(Path(folder), fetch=False)
    return project.survey(project.repository.snapshot())


def _read(source: Values, folder: str) -> Mapping[str, str]:
    from terrace.errors import TerraceError

    try:
        return source(folder)
    except TerraceError:
        return {}


def _chosen_values(context: click.Context, parameter: click.Parameter) -> Iterable[str]:
    """Returns the values that the command line already has, for a parameter that takes several."""
    values = context.params.get(parameter.name or "") if parameter.nargs == -1 else ()
    return values or ()
