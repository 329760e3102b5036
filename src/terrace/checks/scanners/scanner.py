"""The parts of a scanner: a third-party tool, how it is called, and how its output becomes findings.

`terrace.checks.scanners.all` is the dict of scanners. Nothing here runs a program: `terrace.adapters.scanners` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from terrace.assess.model import Finding
    from terrace.checks.tools import Tool


@dataclass(frozen=True, slots=True)
class Settings:
    """Files for the scanner by name, with the keys that are passed on; `ignored` are the other keys, by file."""

    files: Mapping[str, bytes]
    ignored: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ScanFolders:
    """The private folders of one run: the files to scan, the files of `Settings`, and an empty home."""

    root: Path
    settings: Path
    home: Path


@dataclass(frozen=True, slots=True)
class Call:
    """Arguments of the scanner's program, which runs in the folder of the files to scan, and its variables."""

    arguments: Sequence[str | Path]
    variables: Mapping[str, str] = field(default_factory=dict)


KnownPath = Callable[[str], str | None]
"""A path as a scanner names it -> the path in the repository; None when it is not one of the files it was given."""

Spot = Callable[[str], tuple[str, str] | None]
"""The name of a file that a scanner was given -> its commit and its path; None for any other file."""


@dataclass(frozen=True, slots=True)
class SourceScan:
    """Scans the sources that a change touches. `read` raises NotReady for output that it cannot read, as all do."""

    call: Callable[[ScanFolders], Call]
    read: Callable[[bytes, KnownPath], tuple[Finding, ...]]


@dataclass(frozen=True, slots=True)
class PlanScan:
    """Scans plans, each a file in JSON, in one run. `read` gets the stack of each file by its full path."""

    call: Callable[[ScanFolders, Sequence[Path]], Call]
    read: Callable[[bytes, Mapping[str, str]], tuple[Finding, ...]]


@dataclass(frozen=True, slots=True)
class CommitScan:
    """Scans the lines that commits add, for secrets. Its output is never shown, because it may contain one."""

    call: Callable[[ScanFolders], Call]
    read: Callable[[bytes, Spot, Settings], tuple[Finding, ...]]


def no_settings(files: Mapping[str, bytes]) -> Settings:
    """Returns the settings of a scanner without configuration files."""
    return Settings({})


@dataclass(frozen=True, kw_only=True)
class Scanner:
    """A scanner, which is also a check of its tool's name.

    `finds` and `accepted` end the sentences of its rule in `terrace explain`: what it finds, and how a finding is
    accepted. `keys` are its configuration files in the root of the repository, with the keys that are passed on, in
    Markdown; `settings` raises BadInput when it cannot read one. `comment` is the start of a comment that makes it skip
    a line or block, as a regular expression up to the separator. `completed` are the exit codes of a finished scan. Set
    `reports_syntax_errors` to False if it silently skips files that it cannot parse.
    """

    tool: Tool
    finds: str
    accepted: str
    sources: SourceScan | None = None
    plans: PlanScan | None = None
    commits: CommitScan | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    settings: Callable[[Mapping[str, bytes]], Settings] = no_settings
    comment: bytes = b""
    completed: tuple[int, ...] = (0,)
    reports_syntax_errors: bool = True

    @property
    def name(self) -> str:
        """The name of the check and of the tool."""
        return self.tool.name
