"""Runs a scanner in its sandbox and reads its output. Scanners get copies, an empty home, and no network."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from terrace.adapters.confined import SECONDS, Limits, confinement, run_confined
from terrace.assess.model import Finding
from terrace.checks.scanners.output import crash_error
from terrace.checks.scanners.scanner import Call, CommitScan, PlanScan, ScanFolders, Scanner, Settings, SourceScan, Spot

FORMAT = 1
"""Version of the parsing of outputs and of the arguments: an increase invalidates cached results."""


@dataclass(frozen=True, slots=True)
class ScannerRun:
    """A run of the program of a scanner on its private folders, which are removed when it has finished.

    `path` is PATH. `seconds` is its time limit. Every method raises NotReady if the scan was not completed.
    """

    scanner: Scanner
    program: Path
    folders: ScanFolders
    path: str
    seconds: float = SECONDS

    def scan_sources(self, scan: SourceScan) -> tuple[Finding, ...]:
        """Returns the findings in the sources of the folder."""
        return scan.read(self._output(scan.call(self.folders)), self._known_path)

    def scan_plans(self, scan: PlanScan, plans: Mapping[str, str]) -> tuple[Finding, ...]:
        """Returns the findings in plans, from one run. `plans` are the keys of the stacks by the file of their plan."""
        paths = {self.folders.root / file: stack for file, stack in plans.items()}
        output = self._output(scan.call(self.folders, tuple(paths)))
        return scan.read(output, {str(path): stack for path, stack in paths.items()})

    def scan_commits(self, scan: CommitScan, spot: Spot, settings: Settings) -> tuple[Finding, ...]:
        """Returns the secrets in the files of the folder."""
        output = self._output(scan.call(self.folders))
        return scan.read(output, lambda name: spot(posixpath.normpath(name)), settings)

    def _output(self, call: Call) -> bytes:
        env = {**confinement(self.path, self.folders.home), **call.variables}
        done = run_confined(
            [self.program, *call.arguments], cwd=self.folders.root, env=env, limits=Limits(self.seconds)
        )
        if done.code not in self.scanner.completed:
            # The output of a secret scanner is never shown: it may contain a secret.
            reason = "" if self.scanner.commits else done.message or done.out.decode("utf-8", "replace")
            raise crash_error(self.scanner.name, done.code, reason)
        return done.out

    def _known_path(self, name: str) -> str | None:
        """Returns a path in the output relative to the folder; None where it is not one of its files."""
        root = self.folders.root
        full = Path(posixpath.normpath(root / name))
        return full.relative_to(root).as_posix() if full.is_relative_to(root) and full.is_file() else None
