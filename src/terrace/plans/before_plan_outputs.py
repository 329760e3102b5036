"""The outputs of `before_plan` commands for a plan, and their inputs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from terrace.errors import BadInput

SHOWN = 500
"""How many characters of a command the ledger keeps."""


class CommandFailed(BadInput):
    """A command did not write what a plan needs, or wrote what it may not. An edit of the commit or of terrace.yaml can
    fix it.
    """


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """One file that a command wrote into the private checkout: its path, whether it can be run, its content's hash."""

    path: str
    executable: bool
    sha256: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """The outputs of one command. `name` is the command, `line` its line in terrace.yaml. `source` is a digest of its
    inputs that are the same on every machine: the command with its files and variables, without the program.
    """

    name: str
    line: int
    source: str
    files: tuple[PreparedFile, ...] = ()

    @property
    def shown(self) -> str:
        """Returns the start of the command, as the ledger records it."""
        return self.name[:SHOWN]

    @property
    def digest(self) -> str:
        """Returns a digest of the files that this command wrote."""
        return digest_of((self,))


def digest_of(prepared: Iterable[Prepared]) -> str:
    """Returns a digest of all files, by path; "" without files. The last command that writes a path is used."""
    files = {file.path: [file.executable, file.sha256] for command in prepared for file in command.files}
    return hashlib.sha256(json.dumps(sorted(files.items())).encode()).hexdigest() if files else ""


def not_reproducible(prepared: Iterable[Prepared], before: Mapping[str, str]) -> tuple[str, ...]:
    """Returns the commands that produced different files than for an earlier plan, from the same source.

    `before` are the digests of the files of that plan, by the digest of their source.
    """
    return tuple(command.name for command in prepared if before.get(command.source, command.digest) != command.digest)


NOT_REPRODUCIBLE_HINT = "make its output reproducible: sort the files, and set their dates to SOURCE_DATE_EPOCH"
"""Hint for a command that creates different files in each run."""
