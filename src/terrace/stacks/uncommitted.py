"""Finds files in the checkout that a commit lacks and that its configuration would read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from terrace.config.naming import quote_word
from terrace.hcl.layout import LOCK_FILE, is_configuration, parent
from terrace.hcl.tree import Tree
from terrace.stacks.impact import reasons_for
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import Notice, Reason
from terrace.words import join_some

_OF_TERRAFORM = ".terraform"
_STATE = ".tfstate"
_OF_CONFIGURATION = (".tf", ".tofu", ".tf.json", ".tofu.json", ".tfvars", ".tfvars.json", ".tfbackend", ".hcl", ".rego")
"""Suffixes of files that can belong to a stack, a module or a policy that no commit has yet."""


def find_uncommitted(
    inventory: Inventory, tree: Tree, files: Iterable[str], stacks: Collection[str] | None = None
) -> tuple[Notice, ...]:
    """Returns a notice for each file of the checkout that this tree lacks and that these stacks would read:
    configuration, variable files and files in expressions. The files of one expression share a notice.

    `files` are the untracked paths in the checkout; `stacks` are keys, None for all stacks.
    """
    missing = tuple(sorted(path for path in files if path not in tree.entries and _can_matter(path)))
    if not missing:
        return ()
    groups: dict[tuple[str, str], dict[str, Reason]] = {}
    for key, reason in reasons_for(inventory, tree, missing):
        if (stacks is None or key in stacks) and _is_sure(inventory, reason):
            group = (reason.place, "") if reason.kind == "read" else ("", reason.path)
            groups.setdefault(group, {}).setdefault(reason.path, reason)
    return tuple(_notices(groups.values()))


def is_unrelated(inventory: Inventory, tree: Tree, path: str, sources: Iterable[str]) -> bool:
    """Returns whether a new file certainly changes nothing that is deployed: no stack or module of the inventory reads
    it or possibly reads it, and it is neither configuration, nor a setting of Terrace, nor a policy. `sources` are the
    folders of the policies.
    """
    name = path.rpartition("/")[2]
    # A folder that is a repository of its own has no name after its slash: its content is unknown.
    if not name or path == "terrace.yaml" or name.endswith(_OF_CONFIGURATION):
        return False
    if any(path.startswith(f"{source.rstrip('/')}/") for source in (".terrace", *sources)):
        return False
    return next(iter(reasons_for(inventory, tree, (path,))), None) is None


def _can_matter(path: str) -> bool:
    """Returns False for the files that Terraform itself writes next to configuration."""
    parts = path.split("/")
    return bool(parts[-1]) and _OF_TERRAFORM not in parts and parts[-1] != LOCK_FILE and _STATE not in parts[-1]


def _is_sure(inventory: Inventory, reason: Reason) -> bool:
    if reason.kind == "folder":
        folder, name = parent(reason.path), reason.path.rpartition("/")[2]
        return is_configuration(name) and folder in inventory.graph.folders
    return reason.kind in ("read", "variables", "backend")


def _notices(groups: Iterable[dict[str, Reason]]) -> Iterator[Notice]:
    seen: set[str] = set()
    for group in groups:
        paths = [path for path in sorted(group) if path not in seen]
        if not paths:
            continue
        seen.update(paths)
        reason = group[paths[0]]
        are = "are" if len(paths) > 1 else "is"
        message = (
            f"{join_some(paths, 1)} {are} in the checkout but not in the commit, so plans do not use "
            f"{'them' if len(paths) > 1 else 'it'} ({_cause(reason)})"
        )
        yield Notice(message, paths[0], 0, _hint(reason, paths[0]))


def _cause(reason: Reason) -> str:
    where = f"{reason.text} at {reason.place}" if reason.text else reason.place
    return {
        "folder": "Terraform reads it as configuration",
        "variables": "Terraform reads variables from it",
        "backend": "it is listed in `backend_files`",
    }.get(reason.kind, f"read by {where}" if where else "the configuration reads it")


def _hint(reason: Reason, path: str) -> str:
    add = f"commit it: `git add --force {quote_word(path)}`"
    if reason.kind == "variables":
        return f"{add}; or set secrets as TF_VAR_... and list these variables in `env` of the environment"
    if reason.kind == "read":
        return f"{add}; or upload the build artifact and use its URL in the configuration"
    return f"{add}; or remove it from the checkout"
