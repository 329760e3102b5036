"""The policy pack that comes with Terrace: reads it, and writes it into a repository."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from terrace.adapters.files import write_whole
from terrace.checks.policy.catalogue import PolicyRule, catalogue
from terrace.checks.policy.shipped import (
    FOLDER,
    PINNED_FOLDER,
    Upgrade,
    decides,
    is_rule,
    pack_hash,
    rule_settings,
    upgrade,
)
from terrace.config.model import PolicyPack
from terrace.errors import BadInput, NotReady


@cache
def read_pack() -> Mapping[str, str]:
    """Returns all files of the pack, by path."""
    return dict(sorted(_list_files(resources.files("terrace.checks.policy") / "pack", "")))


@cache
def hash_of_pack() -> str:
    """Returns the hash of the pack of this Terrace."""
    return pack_hash(read_pack())


def pinned_files(pack: PolicyPack) -> Mapping[str, bytes]:
    """Returns the rules of the pack of this Terrace with the settings of a pinned one, by path below PINNED_FOLDER."""
    files = {f"{PINNED_FOLDER}/{name}": text.encode() for name, text in read_pack().items() if decides(name)}
    settings = json.dumps({"terrace": {"settings": rule_settings(pack)}})
    return {**files, f"{PINNED_FOLDER}/settings.json": settings.encode()}


def read_rules() -> tuple[PolicyRule, ...]:
    """Returns the documentation of the pack's rules, as OPA reads it, without running OPA."""
    return catalogue(_annotations(read_pack()))


def _annotations(files: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    for name, text in files.items():
        lines = text.partition("# METADATA\n")[2].partition("\npackage ")[0].splitlines()
        if is_rule(name):
            yield {
                "annotations": yaml.load("\n".join(line[2:] for line in lines)),
                "location": {"file": f"{PINNED_FOLDER}/{name}"},
            }


def _list_files(folder: Traversable, prefix: str) -> list[tuple[str, str]]:
    paths = []
    for entry in folder.iterdir():
        if entry.is_dir():
            paths += _list_files(entry, f"{prefix}{entry.name}/")
        else:
            paths.append((f"{prefix}{entry.name}", entry.read_text(encoding="utf-8")))
    return paths


def upgrade_of(root: Path) -> Upgrade:
    """Returns the files of the pack that the repository at `root` lacks or has in an older version."""
    pack = read_pack()
    return upgrade(pack, {name: text for name in pack if (text := _text(root / FOLDER / name)) is not None})


def _text(path: Path) -> str | None:
    """Returns the content of a file; None where there is none. A link is treated as the user's own file."""
    if path.is_symlink():
        return ""
    try:
        return path.read_bytes().decode("utf-8", "replace") if path.exists() else None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}", hint="fix it, or move it away") from error


def write(root: Path, todo: Upgrade) -> None:
    """Writes the upgrade. Each file is replaced atomically; an interrupted upgrade is completed by the next one."""
    for name, text in todo.files.items():
        try:
            write_whole(root, f"{FOLDER}/{name}", text.encode(), make_folders=True)
        except NotReady as error:
            raise NotReady(error.message, place=error.place, hint="then run again: terrace policy update") from error
