"""Finds a tool on PATH, else in Terrace's own folder."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from terrace.adapters.confined import Limits, confinement, run_confined
from terrace.checks.tools import Tool
from terrace.errors import NotReady

_VERSION = re.compile(rb"\d+\.\d+\.\d+")
_ASKING_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Found:
    """An installed tool. `ours` is whether it is in Terrace's folder, with the pinned version. `identity` changes with
    every replacement of the program.
    """

    tool: Tool
    path: Path
    ours: bool
    identity: str


class Toolbox:
    """`folder` is Terrace's folder for tools; `environ` is used only for PATH."""

    def __init__(self, folder: Path, environ: Mapping[str, str] = os.environ) -> None:
        self.folder = folder
        self.path = environ.get("PATH", os.defpath)

    def place(self, tool: Tool) -> Path:
        """Returns the folder that Terrace installs this version into. It is complete or absent."""
        return self.folder / f"{tool.name}-{tool.version}"

    def find(self, tool: Tool) -> Found | None:
        """Returns the tool; one on PATH takes precedence."""
        on_path = shutil.which(tool.name, path=self.path)
        if on_path is not None:
            return _describe_found(tool, Path(on_path), ours=False)
        own = self.place(tool) / "bin" / tool.name
        return _describe_found(tool, own, ours=True) if own.is_file() else None

    def version(self, program: Found) -> str:
        """Returns its version, such as "3.3.30"; "" where it reports none."""
        if program.ours:
            return program.tool.version
        with tempfile.TemporaryDirectory(prefix="terrace-tool-") as home:
            env = confinement(self.path, Path(home))
            try:
                done = run_confined(
                    [program.path, *program.tool.asks], cwd=Path(home), env=env, limits=Limits(_ASKING_SECONDS)
                )
            except NotReady:
                return ""
        match = _VERSION.search(done.out) or _VERSION.search(done.err)
        return match[0].decode() if match else ""


def _describe_found(tool: Tool, path: Path, *, ours: bool) -> Found:
    real = path.resolve()
    status = real.stat()
    return Found(tool, path, ours, f"{tool.name} {real} {status.st_size} {status.st_mtime_ns}")
