"""The grammar of names from outside, quoting of names for a shell, and suggestions for unknown names."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable

from terrace.errors import BadInput
from terrace.words import join_some

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
"""Names of environments, stacks, teams and people: letters, digits, `.`, `_`, `-`, at most 63, no leading dash."""

CHOICE = 16
"""Maximum number of names that a hint lists."""


def quote_text(text: str) -> str:
    """Returns untrusted text as one word of a command that people paste into a shell."""
    return "'" + text.replace("'", "'\"'\"'") + "'"


def quote_word(path: str) -> str:
    """Returns an untrusted name or path as one word of a shell command: quoted if needed, and never as an option."""
    return shlex.quote(f"./{path}" if path.startswith("-") else path)


def find_nearest(word: str, names: Iterable[str]) -> str | None:
    """Returns the known word that is most like a word; None where none is like it."""
    matches = difflib.get_close_matches(word, list(names), n=1, cutoff=0.6)
    return matches[0] if matches else None


def unknown_name_error(kind: str, word: str, names: Iterable[str]) -> BadInput:
    """Returns the error for an unknown name. Its hint is the nearest known name, or the known names."""
    return BadInput(unknown_name(kind, word), hint=suggest(kind, word, names))


def unknown_name(kind: str, word: str) -> str:
    """Returns the message for an unknown name."""
    return f"there is no {kind} {word!r}"


def suggest(kind: str, word: str, candidates: Iterable[str]) -> str:
    """Returns the hint for an unknown name: the nearest known name, or the known names."""
    names = list(candidates)
    near = find_nearest(word, names)
    if near:
        return f"did you mean {near!r}?"
    return f"known names: {join_some(names, CHOICE)}" if names else f"no {kind} is defined yet"
