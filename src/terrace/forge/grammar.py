"""The grammar of commands in comments. One line, whole and alone in its comment, is a command; nothing else ever is.

    /terrace plan | check | status | help
    /terrace deploy ENV
    /terrace rollback ENV [WHY]
    /terrace approve ENV HASH
    /terrace reject ENV HASH [WHY]
    /terrace withdraw ENV NO WHY
    /terrace unlock ENV WHY
    /terrace explain RULE

A command is valid only if a forge shows it as a plain line of a paragraph. Lines that are quoted, indented, in a block
of code, or hidden in an HTML comment are talk about commands; a line in HTML, in a list, a table, a formula or a
definition is not a command, and the reply has the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from terrace.config.naming import find_nearest
from terrace.forge.plain_lines import plain_lines

PREFIX = "/terrace"

LONGEST = 65_536
"""Maximum length of a comment with a command; longer ones are ignored."""

_ENVIRONMENT = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"
_HANDLE = r"[0-9a-f]{32}"
_RULE = r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,200}"
_WHY = r"\S.{0,499}"
_ASKED = re.compile(rf"{PREFIX}(?:\s|\Z)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Look:
    """A request for information: the plan, the check, the status, or the help."""

    what: str


@dataclass(frozen=True, slots=True)
class Explain:
    """A request for the explanation of a rule."""

    rule: str


@dataclass(frozen=True, slots=True)
class Deploy:
    """Take the merged change into an environment."""

    environment: str


@dataclass(frozen=True, slots=True)
class Rollback:
    """Rolls an environment back to the last good release."""

    environment: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Unlock:
    """Let a held environment go."""

    environment: str
    why: str


@dataclass(frozen=True, slots=True)
class Approve:
    """Yes to exactly the plans of that handle."""

    environment: str
    handle: str


@dataclass(frozen=True, slots=True)
class Reject:
    """No to exactly the plans of that handle."""

    environment: str
    handle: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Withdraws the rejection with that id."""

    environment: str
    of: str
    why: str


@dataclass(frozen=True, slots=True)
class UnknownCommand:
    """A line that was meant for us, and says nothing that we know. Nothing of theirs is in `why` and `hint`."""

    why: str
    hint: str


Command = Look | Explain | Deploy | Rollback | Unlock | Approve | Reject | Withdraw


@dataclass(frozen=True, slots=True)
class _Form:
    """How a command is written after its verb, for people and as a pattern; what it becomes, and what it does."""

    shape: str
    pattern: str
    made: Callable[..., Command]
    does: str


_FORMS: Mapping[str, _Form] = {
    "plan": _Form("", "", lambda: Look("plan"), "plans and checks this change again"),
    "check": _Form("", "", lambda: Look("check"), "the same"),
    "status": _Form("", "", lambda: Look("status"), "shows the deployed versions, and the HASH of pending plans"),
    "help": _Form("", "", lambda: Look("help"), "shows this help"),
    "deploy": _Form("ENV", rf" ({_ENVIRONMENT})", Deploy, "deploys this change to ENV, once it is merged"),
    "rollback": _Form(
        "ENV [WHY]", rf" ({_ENVIRONMENT})(?: ({_WHY}))?", Rollback, "rolls ENV back to the last good release"
    ),
    "unlock": _Form("ENV WHY", rf" ({_ENVIRONMENT}) ({_WHY})", Unlock, "releases the hold of ENV"),
    "approve": _Form(
        "ENV HASH", rf" ({_ENVIRONMENT}) ({_HANDLE})", Approve, "approves the pending plans with that HASH"
    ),
    "reject": _Form(
        "ENV HASH [WHY]",
        rf" ({_ENVIRONMENT}) ({_HANDLE})(?: ({_WHY}))?",
        Reject,
        "rejects them, and ends the deployment",
    ),
    "withdraw": _Form(
        "ENV NO WHY",
        rf" ({_ENVIRONMENT}) ({_HANDLE}) ({_WHY})",
        Withdraw,
        "withdraws the rejection with that id",
    ),
    "explain": _Form("RULE", rf" ({_RULE})", Explain, "explains a rule, and how to fix its findings"),
}


def forms() -> Mapping[str, str]:
    """Every command as it is written, and what it does."""
    return {_written_command(verb): form.does for verb, form in _FORMS.items()}


def read_command(comment: str) -> Command | UnknownCommand | None:
    """The one command of a comment; None where nothing in it is meant for us."""
    if len(comment) > LONGEST:
        return None
    lines = plain_lines(comment, _ASKED)
    if not lines.plain and not lines.doubtful:
        return None
    if len(lines.plain) + len(lines.doubtful) > 1:
        return UnknownCommand("there are several commands in one comment", "write one command in a comment")
    if lines.doubtful:
        return UnknownCommand(
            f"{lines.doubtful[0]}, so it is not a command; write it alone in a comment", f"{PREFIX} help"
        )
    return _command(lines.plain[0])


def _command(line: str) -> Command | UnknownCommand:
    prefix, _, rest = line.partition(" ")
    verb = rest.split(" ", 1)[0]
    if prefix != PREFIX or verb not in _FORMS:
        words = line.lower().split()
        close = find_nearest(words[1], _FORMS) if len(words) > 1 else None
        return UnknownCommand("there is no such command", _written_command(close) if close else f"{PREFIX} help")
    form = _FORMS[verb]
    match = re.fullmatch(form.pattern, rest.removeprefix(verb))
    if match is None and re.match(rf"(?:approve|reject) {_ENVIRONMENT} [0-9a-f]{{4,31}}(?: |\Z)", rest):
        return UnknownCommand("the hash is too short: the hash of pending plans has 32 digits", f"{PREFIX} status")
    if match is None:
        return UnknownCommand("a command must have exactly this form, with nothing after it", _written_command(verb))
    return form.made(*(part for part in match.groups() if part is not None))


def _written_command(verb: str) -> str:
    return f"{PREFIX} {verb} {_FORMS[verb].shape}".rstrip()
