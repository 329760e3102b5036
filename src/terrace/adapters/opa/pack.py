"""The policy pack that comes with Terrace: reading it, and writing it into a repository."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from terrace.adapters.files import write_whole
from terrace.checks.policy.catalogue import PolicyRule, catalogue
from terrace.checks.policy.shipped import FOLDER, Upgrade, is_rule, upgrade
from terrace.errors import BadInput, NotReady


def shipped() -> Mapping[str, str]:
    """Every file of the pack, by its path."""
    return dict(sorted(_below(resources.files("terrace.checks.policy") / "pack", "")))


def described() -> tuple[PolicyRule, ...]:
    """What the rules of the pack say of themselves, as OPA reads it, and without OPA."""
    return catalogue(_annotations(shipped()))


def _annotations(files: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    for name, text in files.items():
        lines = text.partition("# METADATA\n")[2].partition("\npackage ")[0].splitlines()
        if is_rule(name):
            yield {
                "annotations": yaml.load("\n".join(line[2:] for line in lines)),
                "location": {"file": f"{FOLDER}/{name}"},
            }


def _below(folder: Traversable, prefix: str) -> list[tuple[str, str]]:
    found = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _below(entry, f"{prefix}{entry.name}/")
        else:
            found.append((f"{prefix}{entry.name}", entry.read_text(encoding="utf-8")))
    return found


def upgrade_of(root: Path) -> Upgrade:
    """What the repository at `root` lacks of the pack."""
    pack = shipped()
    return upgrade(pack, {name: text for name in pack if (text := _text(root / FOLDER / name)) is not None})


def _text(path: Path) -> str | None:
    """What a file holds; None where there is none. A link is somebody's own, wherever it leads."""
    if path.is_symlink():
        return ""
    try:
        return path.read_bytes().decode("utf-8", "replace") if path.exists() else None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}", hint="mend it, or move it away") from error


def write(root: Path, todo: Upgrade) -> None:
    """Do it. Every file is whole or as it was; what was not reached, the next time does."""
    for name, text in todo.files.items():
        try:
            write_whole(root, f"{FOLDER}/{name}", text.encode(), make_folders=True)
        except NotReady as error:
            raise NotReady(error.message, place=error.place, hint="then again: terrace policy update") from error
