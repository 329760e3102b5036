"""`policy update` and `policy eject`: pin the policy pack of this Terrace, or copy it to the repository."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from terrace.adapters.files import write_whole
from terrace.adapters.opa.pack import hash_of_pack, read_pack, upgrade_of, write
from terrace.apps.cli.proposed_config import pack_lines
from terrace.apps.output.console import note, show
from terrace.apps.wiring.project import CONFIG_FILE, Project
from terrace.checks.all import CHECKS
from terrace.checks.policy.shipped import FOLDER, VERSION, is_rule, rule_settings
from terrace.config.edits import add_item, remove_key, replace_value
from terrace.config.load import load
from terrace.config.model import Config, PolicyPack
from terrace.errors import BadInput, TerraceError


def update_pack(folder: str, *, dry_run: bool) -> int:
    """Accepts the policy pack of this Terrace: as files where the repository has a copy, else as a pinned hash."""
    root, text, config = _read(folder)
    if (root / FOLDER).exists() and config.policy_pack is None:
        return _update_files(root, config, dry_run=dry_run)
    pack = config.policy_pack
    if pack is not None and (pack.version, pack.hash) == (VERSION, hash_of_pack()):
        show(f"nothing to update: terrace.yaml pins version {VERSION} of the policy pack ({pack.hash})")
        return 0
    if pack is None:
        edited = f"{text.rstrip()}\n\n{pack_lines()}\n"
        done = f"version {VERSION} of the policy pack ({hash_of_pack()})"
    else:
        edited = replace_value(text, ("policy_pack", "hash"), f'"{hash_of_pack()}"')
        edited = replace_value(edited, ("policy_pack", "version"), str(VERSION))
        done = f"version {VERSION} of the policy pack ({hash_of_pack()}) instead of {pack.version} ({pack.hash})"
    _write(root, edited, dry_run=dry_run)
    show(f"{CONFIG_FILE} {'would pin' if dry_run else 'pins'} {done}")
    if not dry_run:
        show("next: terrace check --all shows what these rules find; then commit, and merge it")
    return 0


def eject_pack(folder: str, *, dry_run: bool) -> int:
    """Copies the pack to the repository, and replaces the pin in terrace.yaml with the folder."""
    root, text, config = _read(folder)
    if config.policy_pack is None:
        raise BadInput(
            f"{CONFIG_FILE} pins no policy pack",
            hint=f"`terrace policy update` updates the copy in {FOLDER}"
            if (root / FOLDER).exists()
            else "`terrace policy update` pins it",
        )
    todo = upgrade_of(root)
    if todo.changed:
        raise BadInput(
            f"{FOLDER}/{todo.changed[0]} exists and is not as Terrace writes it",
            hint=f"move {FOLDER} away, or remove `policy_pack` from {CONFIG_FILE} to use it",
        )
    if "settings.yaml" in todo.files:
        todo = replace(todo, files={**todo.files, "settings.yaml": _settings(config.policy_pack)})
    edited = remove_key(text, "policy_pack")
    if not any(policy_folder == FOLDER or FOLDER.startswith(f"{policy_folder}/") for policy_folder in config.policies):
        edited = add_item(edited, "policies", FOLDER)
    if not dry_run:
        # The files first: an interrupted run leaves a pin that still applies.
        write(root, todo)
    _write(root, edited, dry_run=dry_run)
    would = "would be " if dry_run else ""
    show(f"{FOLDER}: {sum(1 for name in todo.files if is_rule(name))} rules with their tests {would}written")
    show(f"{CONFIG_FILE}: `policy_pack` {would}replaced with `policies: [{FOLDER}]`; settings: {FOLDER}/settings.yaml")
    if not dry_run:
        show("next: terrace policy test; then commit, and merge it")
    return 0


def _read(folder: str) -> tuple[Path, str, Config]:
    """Returns the root of the repository, and terrace.yaml of the working tree as text and as configuration."""
    project = Project(Path(folder), fetch=False)
    root = project.repository.root
    path = root / CONFIG_FILE
    if not path.is_file() or path.is_symlink():
        raise BadInput(f"there is no {CONFIG_FILE}", hint="terrace init")
    return root, path.read_text("utf-8"), project.config_at(project.repository.snapshot())


def _write(root: Path, text: str, *, dry_run: bool) -> None:
    """Writes terrace.yaml, after reading it back: an edit never leaves a file that Terrace cannot read."""
    try:
        load(text.encode(), CONFIG_FILE, checks=CHECKS)
    except TerraceError as error:
        raise BadInput(
            f"{CONFIG_FILE} cannot be edited: {error.message}", hint="edit `policy_pack` in it by hand"
        ) from error
    if not dry_run:
        write_whole(root, CONFIG_FILE, text.encode())


def _update_files(root: Path, config: Config, *, dry_run: bool) -> int:
    todo = upgrade_of(root)
    if not dry_run:
        write(root, todo)
    for names, word in (
        (todo.new, "new"),
        (todo.old, "upgraded"),
        (todo.changed, "not updated, because you changed it"),
    ):
        for name in names:
            show(f"{FOLDER}/{name}: {word}")
    if not todo.files:
        show("nothing to upgrade")
    elif dry_run:
        show("dry run: no changes were made")
    if not any(policy_folder == FOLDER or FOLDER.startswith(f"{policy_folder}/") for policy_folder in config.policies):
        note(f"note: these policies are not used yet. Add to {CONFIG_FILE}: policies: [{FOLDER}]")
    return 0


def _settings(pack: PolicyPack) -> str:
    """Returns settings.yaml of the copied pack, with the settings in terrace.yaml."""
    values = rule_settings(pack)
    return "\n".join(
        f"  {name}: {json.dumps(values[name])}" if (name := line.strip().partition(":")[0]) in values else line
        for line in read_pack()["settings.yaml"].split("\n")
    )
