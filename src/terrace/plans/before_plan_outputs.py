"""What the commands of `before_plan` wrote for a plan, and what it was made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from terrace.errors import BadInput

SHOWN = 500
"""How many characters of a command the ledger keeps."""


class CommandFailed(BadInput):
    """A command did not write what a plan needs, or wrote what it may not. The commit or terrace.yaml can mend it."""


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """One file that a command wrote into the private checkout: its path, whether it can be run, its content's hash."""

    path: str
    executable: bool
    sha256: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """What one command wrote. `name` is the command, `line` where it is in terrace.yaml.

    `source` is a digest of everything that the files are made from and that is the same on every machine: the command
    with its files and variables, without the program.
    """

    name: str
    line: int
    source: str
    files: tuple[PreparedFile, ...] = ()

    @property
    def shown(self) -> str:
        """Returns the beginning of the command, as the ledger keeps it."""
        return self.name[:SHOWN]

    @property
    def digest(self) -> str:
        """Returns a digest of the files that this command wrote."""
        return digest_of((self,))


def digest_of(prepared: Iterable[Prepared]) -> str:
    """Returns a digest of all files, by path; "" where there is none. The last command that writes a path counts."""
    files = {one.path: [one.executable, one.sha256] for command in prepared for one in command.files}
    return hashlib.sha256(json.dumps(sorted(files.items())).encode()).hexdigest() if files else ""


def not_reproducible(prepared: Iterable[Prepared], before: Mapping[str, str]) -> tuple[str, ...]:
    """Returns the commands that made other files than for an earlier plan, from the same source.

    `before` are the digests of the files of that plan, by the digest of their source.
    """
    return tuple(one.name for one in prepared if before.get(one.source, one.digest) != one.digest)


NOT_REPRODUCIBLE_HINT = (
    "let it write the same bytes from the same files: sort the files, and give all of them the date SOURCE_DATE_EPOCH"
)
"""What to do about a command that makes other files each time."""
