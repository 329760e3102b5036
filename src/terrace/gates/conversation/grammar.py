"""What a comment asks of Terrace. One line, whole and alone in its comment, is a command; nothing else ever is.

    /terrace plan | check | status | help
    /terrace deploy ENV
    /terrace rollback ENV [WHY]
    /terrace approve ENV HASH
    /terrace reject ENV HASH [WHY]
    /terrace unlock ENV WHY
    /terrace explain RULE

Lines that are quoted, indented, in a block of code, or hidden in an HTML comment are talk about commands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from terrace.stacks.naming import nearest

PREFIX = "/terrace"

LONGEST = 65_536
"""Characters of a comment that are read; whatever is longer asks for nothing."""

_ENVIRONMENT = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"
_HANDLE = r"[0-9a-f]{8}"
_RULE = r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,200}"
_WHY = r"\S.{0,499}"
# With a backtick behind them, backticks begin no block but a piece of code in the line.
_FENCE = re.compile(r" {0,3}(`{3,}(?!.*`)|~{3,})(.*)")


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody wants to see something: the plan, the check, the status, or what there is to say."""

    what: str


@dataclass(frozen=True, slots=True)
class Explain:
    """Somebody wants to know what a rule means."""

    rule: str


@dataclass(frozen=True, slots=True)
class Deploy:
    """Take the merged change into an environment."""

    environment: str


@dataclass(frozen=True, slots=True)
class Rollback:
    """Take an environment back to what was good before."""

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
class Misunderstood:
    """A line that was meant for us, and says nothing that we know. Nothing of theirs is in `why` and `hint`."""

    why: str
    hint: str


Command = Look | Explain | Deploy | Rollback | Unlock | Approve | Reject

_FORMS: Mapping[str, tuple[str, str, Callable[..., Command]]] = {
    "plan": ("", "", lambda: Look("plan")),
    "check": ("", "", lambda: Look("check")),
    "status": ("", "", lambda: Look("status")),
    "help": ("", "", lambda: Look("help")),
    "deploy": ("ENV", rf" ({_ENVIRONMENT})", Deploy),
    "rollback": ("ENV [WHY]", rf" ({_ENVIRONMENT})(?: ({_WHY}))?", Rollback),
    "unlock": ("ENV WHY", rf" ({_ENVIRONMENT}) ({_WHY})", Unlock),
    "approve": ("ENV HASH", rf" ({_ENVIRONMENT}) ({_HANDLE})", Approve),
    "reject": ("ENV HASH [WHY]", rf" ({_ENVIRONMENT}) ({_HANDLE})(?: ({_WHY}))?", Reject),
    "explain": ("RULE", rf" ({_RULE})", Explain),
}


def forms() -> tuple[str, ...]:
    """Every command as it is written."""
    return tuple(f"{PREFIX} {verb} {shape}".rstrip() for verb, (shape, _, _) in _FORMS.items())


def understood(comment: str) -> Command | Misunderstood | None:
    """The one command of a comment; None where nothing in it is meant for us."""
    if len(comment) > LONGEST:
        return None
    lines = [line for line in _spoken(comment) if line == PREFIX or line.startswith(f"{PREFIX} ")]
    if not lines:
        return None
    if len(lines) > 1:
        return Misunderstood("there are several commands in one comment", "write one command in a comment")
    return _command(lines[0])


def _command(line: str) -> Command | Misunderstood:
    _, _, rest = line.partition(" ")
    verb = rest.split(" ", 1)[0]
    if verb not in _FORMS:
        close = nearest(verb, _FORMS)
        return Misunderstood("there is no such command", f"{PREFIX} {close}" if close else f"{PREFIX} help")
    shape, pattern, made = _FORMS[verb]
    found = re.fullmatch(pattern, rest.removeprefix(verb))
    if found is None:
        whole = f"{PREFIX} {verb} {shape}".rstrip()
        return Misunderstood("the command is not written as it must be, whole and with nothing after it", whole)
    return made(*(part for part in found.groups() if part is not None))


def _spoken(comment: str) -> Iterator[str]:
    """The lines that somebody says: neither code nor hidden. Quotes and indented lines never begin with our prefix."""
    fence = ""
    for line in _shown(comment.replace("\r\n", "\n")).split("\n"):
        found = _FENCE.fullmatch(line)
        if fence:
            if found and found[1].startswith(fence) and not found[2].strip():
                fence = ""
        elif found:
            fence = found[1]
        else:
            yield line.rstrip(" \t")


def _shown(comment: str) -> str:
    """The comment without what HTML hides; one that is opened and never closed hides the rest."""
    return re.sub(r"<!--.*?(-->|\Z)", "", comment, flags=re.DOTALL)
