"""What Git may be given as a commit, a branch or a ref: names of these grammars and nothing else.

Names come from the command line, from forges and from the ledger. One that Git could take for an option, a range, a
search or a path is refused before Git sees it.
"""

from __future__ import annotations

import re

from terrace.errors import BadInput

_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_ANCESTOR = re.compile(r"(?:[~^][0-9]{0,6})*")
# What git-check-ref-format(1) forbids in each component, and what begins an option.
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{")
_HINT = "give a branch, a tag or a commit id"


def is_commit_id(text: str) -> bool:
    """Whether this is a full commit id."""
    return _ID.fullmatch(text) is not None


def commit_id(text: str) -> str:
    """Returns a full commit id as it is. Raises BadInput for anything else."""
    if not isinstance(text, str) or not is_commit_id(text):
        raise BadInput(f"{text!r} is not a full commit id", hint="resolve the name first")
    return text


def is_refname(text: str) -> bool:
    """Whether git-check-ref-format would take this as a name below `refs/`, or as the short form of one."""
    if not text or text == "@" or _FORBIDDEN.search(text) or text.startswith("-"):
        return False
    return not text.endswith(".") and all(
        part and not part.startswith(".") and not part.endswith(".lock") for part in text.split("/")
    )


def revision(text: str) -> str:
    """Returns a name of a commit as it is: a commit id, a branch, a tag, each with `~N` and `^N` behind it.

    Raises BadInput for anything else that Git would resolve: ranges, searches (`:/x`), `@{-1}`, options.
    """
    name = text[: -len(suffix)] if (suffix := _suffix(text)) else text
    if not (name == "@" or is_refname(name)):
        raise BadInput(f"{text!r} is not a name of a commit", hint=_HINT)
    return text


def refname(text: str) -> str:
    """Returns a whole name of a ref (`refs/...`) as it is. Raises BadInput for anything else."""
    if not text.startswith("refs/") or not is_refname(text):
        raise BadInput(f"{text!r} is not a name of a ref", hint="a ref is called like refs/heads/main")
    return text


def branch(text: str) -> str:
    """Returns the name of a branch as it is. Raises BadInput for anything else."""
    if not is_refname(text) or text == "HEAD":
        raise BadInput(f"{text!r} is not a name of a branch")
    return text


def tag(text: str) -> str:
    """Returns the name of a tag as it is. Raises BadInput for anything else."""
    if not is_refname(text):
        raise BadInput(f"{text!r} is not a name of a tag")
    return text


def remote(text: str) -> str:
    """Returns the name of a remote as it is. Raises BadInput for anything else: an address, an option."""
    if not is_refname(text):
        raise BadInput(f"{text!r} is not a name of a remote", hint="`git remote` lists what there is")
    return text


def _suffix(text: str) -> str:
    start = min((at for sign in "~^" if (at := text.find(sign)) > 0), default=len(text))
    return text[start:] if _ANCESTOR.fullmatch(text[start:]) else ""
