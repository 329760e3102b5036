"""Detects tools such as Terragrunt that generate configuration, and gives hints for using Terrace with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from terrace.hcl.layout import parent
from terrace.hcl.tree import Tree


@dataclass(frozen=True, slots=True)
class Convention:
    """A tool that a repository uses. `folders` are those that cannot be stacks because of it."""

    tool: str
    summary: str
    hint: str
    folders: tuple[str, ...] = ()


def find_conventions(tree: Tree) -> tuple[Convention, ...]:
    """Returns the tools that a repository uses, with hints."""
    names: dict[str, list[str]] = {}
    for path in tree.entries:
        if "/." not in f"/{path}":
            names.setdefault(path.rpartition("/")[2], []).append(path)
    return tuple(_find(names))


def _find(names: dict[str, list[str]]) -> Iterator[Convention]:
    if names.get("terragrunt.hcl"):
        folders = sorted(parent(path) for path in names["terragrunt.hcl"])
        units = tuple(
            folder for folder in folders if folder and not any(other.startswith(f"{folder}/") for other in folders)
        )
        yield Convention(
            "Terragrunt",
            f"it generates the configuration of {len(units)} folders, so Git does not have the deployed configuration",
            "have each unit generate plain Terraform (`terragrunt render`, or a root module that calls the module with "
            "its backend and inputs), commit it, and run `terrace init` again",
            units,
        )
    stacks = [path for name, paths in names.items() if name.endswith((".tm", ".tm.hcl")) for path in paths]
    if stacks:
        yield Convention(
            "Terramate",
            f"{len(stacks)} Terramate files; its stacks are root modules like any others",
            "commit the files that `terramate generate` writes, and copy `after` of its stacks to terrace.yaml",
        )
    if names.get("atmos.yaml"):
        yield Convention(
            "Atmos",
            "its components are root modules, with their variables and backends in its own YAML",
            "commit the files that `atmos terraform generate varfile` and `generate backend` write, and list them in "
            "`var_files` and `backend_config` of an entry for each environment",
        )
    if names.get("cdktf.json"):
        synthesized = [path for path in names.get("cdk.tf.json", ()) if "cdktf.out" in path.split("/")]
        summary = f"{len(synthesized)} synthesized stacks" if synthesized else "its synthesized stacks are not in Git"
        hint = "run `cdktf synth` before each commit, and commit cdktf.out" if synthesized else "commit cdktf.out"
        yield Convention("CDKTF", summary, hint)
