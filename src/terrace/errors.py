"""Errors, each with what a person needs to act on it.

Refusals are not errors: a blocked deployment is a value (`terrace.gates.Verdict`).

    TerraceError            what happened, where, why, and a hint; exit code 3
    ├── BadInput            wrong or missing input: configuration, names, arguments; exit 2
    │   └── NotReady        missing prerequisites: no terraform, no network, no key, a locked state; exit 2
    ├── TerraformFailed     a Terraform error, with its own diagnostics (adapters raise it); exit 2
    │   └── StateLocked     another process works on that state; its lock is never broken
    ├── Interrupted         ^C: running programs were asked to stop and have exited; exit 130
    ├── Conflict            another process wrote first: read again and decide again; exit 3 if uncaught
    └── Corrupt             stored data was changed; it is not used; exit 3
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
    """The input is wrong. Nothing was changed."""

    exit_code = 2


class NotReady(BadInput):
    """A prerequisite is missing: a tool, a credential, a network, a free lock."""


class Conflict(TerraceError):
    """Another writer was first. The caller reads again and decides again."""


class Corrupt(TerraceError):
    """Stored data was changed. It is not used."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """The source lines that a Diagnostic is about. `line` is the number of the first one, counted from 1.

    `context` is the start of their block (`resource "aws_vpc" "main"`), "" if unknown. `values` are sentences about the
    values of the expressions, such as "var.size is 3".
    """

    code: str
    line: int
    context: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One message of Terraform, in its own words: `severity` is "error" or "warning"; "note" is a message
    of Terrace's own."""

    severity: str
    summary: str
    detail: str = ""
    place: Place | None = None
    address: str | None = None
    snippet: Snippet | None = None


class TerraformFailed(TerraceError):
    """A Terraform command failed; `diagnostics` keep its own file:line."""

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
    """A lock as reported by the backend: `who` is `user@host`, `created` as Terraform writes it; "": unknown.

    HTTP backends only report the id.
    """

    id: str
    who: str
    operation: str
    created: str


class StateLocked(TerraformFailed):
    """Another process holds the lock of a state. Terrace never breaks it. `lock` has the owner."""

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
    """The user pressed ^C. Running programs were asked to stop once and have exited; their results are recorded."""

    exit_code = 130
