"""Tools that lay a repository out in a way of their own: how they are known, and what to do about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from terrace.hcl.layout import parent
from terrace.hcl.tree import Tree


@dataclass(frozen=True, slots=True)
class Convention:
    """A tool that a repository uses. `folders` are those that Terrace can make no stack of because of it."""

    tool: str
    found: str
    hint: str
    folders: tuple[str, ...] = ()


def conventions(tree: Tree) -> tuple[Convention, ...]:
    """Returns the tools that a repository uses, with what to do."""
    names: dict[str, list[str]] = {}
    for path in tree.entries:
        if "/." not in f"/{path}":
            names.setdefault(path.rpartition("/")[2], []).append(path)
    return tuple(_found(names))


def _found(names: dict[str, list[str]]) -> Iterator[Convention]:
    if names.get("terragrunt.hcl"):
        folders = sorted(parent(path) for path in names["terragrunt.hcl"])
        units = tuple(one for one in folders if one and not any(other.startswith(f"{one}/") for other in folders))
        yield Convention(
            "Terragrunt",
            f"{len(units)} folders have their configuration generated, so that Git does not have what is deployed",
            "have each unit generate plain Terraform (`terragrunt render`, or a root module that calls the module with "
            "its backend and inputs), commit it, and run `terrace init` again",
            units,
        )
    stacks = [path for name, paths in names.items() if name.endswith((".tm", ".tm.hcl")) for path in paths]
    if stacks:
        yield Convention(
            "Terramate",
            f"{len(stacks)} files of it; its stacks are root modules like any others",
            "commit what `terramate generate` writes; the order that `after` of its stacks says goes to `after` here",
        )
    if names.get("atmos.yaml"):
        yield Convention(
            "Atmos",
            "its components are root modules, and their variables and backends are in its own YAML",
            "commit what `atmos terraform generate varfile` and `generate backend` write, and name the files in "
            "`var_files` and `backend_config` of an entry for each environment",
        )
    if names.get("cdktf.json"):
        made = [path for path in names.get("cdk.tf.json", ()) if "cdktf.out" in path.split("/")]
        found = f"{len(made)} synthesized stacks" if made else "what it synthesizes is not in Git"
        hint = "keep cdktf.out committed: `cdktf synth` before each commit" if made else "commit cdktf.out"
        yield Convention("CDKTF", found, hint)
