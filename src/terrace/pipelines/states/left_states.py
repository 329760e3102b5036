"""States of stacks that Terrace never deployed, left elsewhere by Terraform: a plan would create everything again."""

from __future__ import annotations

from terrace.config.model import DEFAULT_WORKSPACE
from terrace.config.naming import quote_word
from terrace.ledger.model import History
from terrace.pipelines.context import Context
from terrace.plans.ports import RecordedBackend
from terrace.stacks.backends import backend_locations, changed_parts, local_paths, recorded_location
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import Stack
from terrace.states.backup_status import backup_statuses
from terrace.states.checkout_states import LeftState
from terrace.states.state_file import addresses_in, holds_nothing


def has_no_known_state(history: History, key: str) -> bool:
    """Returns whether the ledger knows no state of a stack: then one that Terraform left elsewhere may be its state."""
    status = backup_statuses(history).get(key)
    return status is None or not status.lineage


def find_unadopted_state(context: Context, inventory: Inventory, stack: Stack, content: bytes) -> tuple[str, str]:
    """Returns why nothing may be planned on an empty state, with the fix; two empty texts where it may be.

    `content` is the state where Terrace plans the stack. If it has resources, it is the state, whatever was left.
    """
    if content.strip() and not holds_nothing(content):
        return "", ""
    word = quote_word(stack.key)
    uncommitted = context.left.uncommitted_backend(stack, context.repository.tree(inventory.commit).entries)
    if uncommitted is not None:
        place = f"{uncommitted.path}:{uncommitted.line}"
        return (
            f"{stack.key} has no state where Terrace plans it, and {place} of the checkout sets a backend "
            f"({uncommitted.type}). Commit {inventory.commit[:7]} does not have this file, so a new state would "
            "be created elsewhere",
            f"commit it: `git add --force {quote_word(uncommitted.path)}`; or move its settings to `stacks:` in "
            "terrace.yaml (`backend_config`), with a committed backend block; or delete the file if it is not "
            "needed",
        )
    states = context.left.find(stack, local_paths(stack, inventory.graph))
    if states:
        listed = "; ".join(_describe(state) for state in states[:3])
        return (
            f"{stack.key} has no state where Terrace plans it, but Terraform left one: {listed}. A plan would "
            "create everything a second time",
            f"`terrace state adopt {word}` shows it and moves it. If it is no longer needed, delete it",
        )
    recorded = context.left.backend(stack)
    if recorded is None:
        return "", ""
    locations = backend_locations(stack, inventory.graph)
    if any(changed_parts(address, recorded.type, recorded.config, stack.workspace) == () for address in locations):
        return _in_another_workspace(inventory, stack, recorded)
    return (
        f"{stack.key} has no state where Terrace plans it, and Terraform was initialized in its folder with "
        f"another backend: {recorded_location(recorded.type, recorded.config, stack.workspace)}. A plan may "
        "create everything a second time",
        f"`terrace state adopt {word}` moves the state from there. If there is none, delete {stack.file('.terraform')}",
    )


def _in_another_workspace(inventory: Inventory, stack: Stack, recorded: RecordedBackend) -> tuple[str, str]:
    """Returns whether the user works in a workspace of the folder that is not a configured stack."""
    workspaces = {other.workspace for other in inventory.stacks if other.path == stack.path}
    if stack.workspace != DEFAULT_WORKSPACE or recorded.workspace in workspaces:
        return "", ""
    return (
        f"{stack.key} has no state in the workspace {stack.workspace}, and in its folder the workspace "
        f"{recorded.workspace} is selected. A plan may create everything a second time",
        "set the workspace of the stack under `stacks:` in terrace.yaml: `workspace: "
        f"{quote_word(recorded.workspace)}`; if it is {stack.workspace}: `terraform workspace select "
        f"{stack.workspace}` in {stack.shown_path}",
    )


def _describe(state: LeftState) -> str:
    if state.problem:
        return f"{state.path} ({state.problem})"
    return f"{state.path} ({len(addresses_in(state.content))} resources)"
