"""A third-party tool that Terrace can run and install: its version, its purpose, and the proof of its authenticity.

To upgrade a tool, change its version together with its proof: the SHA-256 of each archive in the project's own checksum
file, or the lock file of a Python program. Go needs none: its checksum database proves a version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Release:
    """Archives of a project's release by platform (`linux_amd64`): name and SHA-256. The program is in the archive."""

    url: str
    archives: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class GoModule:
    """A module that `go install` builds; Go's checksum database proves its authenticity."""

    path: str


@dataclass(frozen=True, slots=True)
class Locked:
    """Python packages for a virtual environment of their own, each with its hashes: a file in a package of Terrace."""

    package: str
    file: str


Source = Release | GoModule | Locked


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. `sources` are tried in order; `missing` describes what is skipped without it. `asks` are the arguments
    that print its version. Versions in `refused` are never run.
    """

    name: str
    version: str
    purpose: str
    missing: str
    sources: tuple[Source, ...]
    asks: tuple[str, ...] = ("--version",)
    refused: tuple[str, ...] = ()
