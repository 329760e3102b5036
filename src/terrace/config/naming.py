"""Names that come from outside: which are allowed, and which was probably meant."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable

from terrace.errors import BadInput
from terrace.words import listed

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
"""Environments, stacks, teams and people: letters, digits, `.`, `_`, `-`, at most 63, never a leading dash."""


CHOICE = 16
"""So many names are told where one has to be chosen."""


def in_quotes(text: str) -> str:
    """Text from outside as one word of a command that people paste into a shell."""
    return "'" + text.replace("'", "'\"'\"'") + "'"


def shell_word(path: str) -> str:
    """A name or a path from outside as one word of such a command, in quotes only where it needs them; no option."""
    return shlex.quote(f"./{path}" if path.startswith("-") else path)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, or None when nothing is near."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def no_such(what: str, word: str, known: Iterable[str]) -> BadInput:
    """The error for a name that nothing bears, with the nearest right one or the choice as its hint."""
    names = list(known)
    near = nearest(word, names)
    choice = f"there is {listed(names, CHOICE)}" if names else f"there is no {what} yet"
    return BadInput(f"no {what} is called {word!r}", hint=f"did you mean {near!r}?" if near else choice)
