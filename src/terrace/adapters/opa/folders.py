"""Lays out the folders of policies for OPA: those for Terrace's view of a plan and those for the plain plan separately.
From a folder for the plain plan only `.rego` files are used, as in conftest: `.json` and `.yaml` files beside them are
often fixtures, and data comes from the folders in `data` in terrace.yaml. From a folder for Terrace's view all files
are used, as OPA does, unless terrace.yaml names folders of data within it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from terrace.checks.policy.files import KINDS
from terrace.config.model import PlainPolicies

Shown = Mapping[str, PlainPolicies]
"""The folders with policies for `terraform show -json`."""


@dataclass(frozen=True, slots=True)
class LaidOutFolders:
    """The laid out folders: `view` for Terrace's view with its data, `plain` for the plain plan, `data` with the data
    of the latter. Paths below each are those of the repository."""

    view: Path
    plain: Path
    data: Path
    shown: Shown

    def root(self, folder: str) -> Path:
        """Returns the laid out folder that contains a folder of the repository."""
        return self.plain if folder in self.shown else self.view

    def data_folders(self, folder: str) -> list[str]:
        """Returns the folders of data for policies for the plain plan."""
        data_folders = (self.data / name for name in self.shown[folder].data)
        return [str(path) for path in data_folders if path.is_dir()]


@contextmanager
def laid_out(
    files: Mapping[str, bytes],
    folders: Sequence[str],
    shown: Shown,
    view_data: Mapping[str, tuple[str, ...]],
) -> Iterator[LaidOutFolders]:
    """Writes files by their paths, for as long as the context lasts."""
    with tempfile.TemporaryDirectory(prefix="terrace-policies-") as place:
        root = Path(place)
        laid = LaidOutFolders(root / "view", root / "plain", root / "data", shown)
        data = [folder for plain in shown.values() for folder in plain.data]
        for name, content in files.items():
            own = max((folder for folder in folders if _is_below(name, folder)), key=len, default=None)
            if own is not None and own not in shown:
                named = view_data.get(own)
                if name.endswith(".rego") or named is None or any(_is_below(name, folder) for folder in named):
                    _write(laid.view / name, content)
            elif own is not None and name.endswith(".rego"):
                _write(laid.plain / name, content)
            if any(_is_below(name, folder) for folder in data):
                _write(laid.data / name, content)
        for layout_root in (laid.view, laid.plain, laid.data):
            layout_root.mkdir(exist_ok=True)
        yield laid


def on_disk(root: Path, folders: Sequence[str]) -> Mapping[str, bytes]:
    """Returns the policies and data of a working tree, by path."""
    files = {}
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            # A link out of the repository is not a policy of it.
            if path.name.endswith(KINDS) and path.is_file() and path.resolve().is_relative_to(root.resolve()):
                files[path.relative_to(root).as_posix()] = path.read_bytes()
    return files


def _is_below(name: str, folder: str) -> bool:
    return folder == "." or name.startswith(f"{folder}/")


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
