"""Breakage, told so that somebody can act on it.

Refusal is not here: a blocked deployment is a value (`terrace.gates.Verdict`), an error is something that broke.

    TerraceError            what happened, where, why, and a hint; exit code 3
    ├── BadInput            what the user gave is wrong or missing: configuration, names, arguments; exit 2
    │   └── NotReady        the surroundings are: no terraform, no network, no key, a locked state; exit 2
    ├── TerraformFailed     Terraform said no, with its own diagnostics (adapters raise it); exit 2
    │   └── StateLocked     somebody else works on that state; their lock is never broken
    ├── Interrupted         ^C: what ran was told to stop and was waited for; exit 130
    ├── Conflict            somebody else wrote first: read again and decide again; exit 3 if it gets out
    └── Corrupt             stored data is not what was stored; nothing is done with it; exit 3
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in a text file: `path` as the user knows it, `line` and `column` counted from 1 (0: not known)."""

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join([self.path, *(str(n) for n in (self.line, self.column) if n)])


class TerraceError(Exception):
    """Something broke. `message` says what and why, `hint` what to do, `place` where (file:line:column)."""

    exit_code = 3

    def __init__(self, message: str, *, hint: str | None = None, place: Place | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.place = place

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        return f"{where}{self.message}"


class BadInput(TerraceError):
    """What the user gave is wrong. Nothing was done and nothing was left behind."""

    exit_code = 2


class NotReady(BadInput):
    """The surroundings lack something: a tool, a credential, a network, a free lock."""


class Conflict(TerraceError):
    """Another writer was first. The caller reads again and decides again."""


class Corrupt(TerraceError):
    """Stored data is not what was stored. Nothing was done with it."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One message of Terraform, in its own words: `severity` is "error" or "warning"; "note" is a message
    of Terrace's own."""

    severity: str
    summary: str
    detail: str = ""
    place: Place | None = None
    address: str | None = None


class TerraformFailed(TerraceError):
    """A Terraform command ended with an error; `diagnostics` keep its own file:line."""

    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        diagnostics: tuple[Diagnostic, ...] = (),
        hint: str | None = None,
        place: Place | None = None,
    ) -> None:
        first = next((d for d in diagnostics if d.severity == "error"), None)
        super().__init__(message, hint=hint, place=place or (first.place if first else None))
        self.diagnostics = diagnostics


@dataclass(frozen=True, slots=True)
class StateLock:
    """A lock as the backend tells it: `who` is `user@host`, `created` as Terraform writes it; "": not told.

    HTTP backends tell the id only.
    """

    id: str
    who: str
    operation: str
    created: str


class StateLocked(TerraformFailed):
    """Somebody else holds the lock of a state. Terrace waits or goes away; it never breaks it. `lock` says who."""

    def __init__(
        self,
        message: str,
        *,
        lock: StateLock | None = None,
        diagnostics: tuple[Diagnostic, ...] = (),
        hint: str | None = None,
    ) -> None:
        super().__init__(message, diagnostics=diagnostics, hint=hint)
        self.lock = lock


class Interrupted(TerraceError):
    """Somebody pressed ^C. Whatever ran was told once and has ended; what it did is recorded where it counts."""

    exit_code = 130
