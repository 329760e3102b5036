"""The grammars of names that are passed to Git: commits, branches and refs. Names come from the command line, from
forges and from the ledger. One that Git could read as an option, a range, a search or a path is rejected before Git
sees it.
"""

from __future__ import annotations

import re

from terrace.errors import BadInput

_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_ANCESTOR = re.compile(r"(?:[~^][0-9]{0,6})*")
# Pattern of what git-check-ref-format(1) forbids in each component, and of options.
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{")
_HINT = "use a branch, a tag or a commit id"


def is_commit_id(text: str) -> bool:
    """Returns whether this is a full commit id."""
    return _ID.fullmatch(text) is not None


def commit_id(text: str) -> str:
    """Returns a full commit id unchanged. Raises BadInput for anything else."""
    if not isinstance(text, str) or not is_commit_id(text):
        raise BadInput(f"{text!r} is not a full commit id", hint="resolve the name first")
    return text


def is_refname(text: str) -> bool:
    """Returns whether git-check-ref-format accepts this as a name below `refs/`, or as its short form."""
    if not text or text == "@" or _FORBIDDEN.search(text) or text.startswith("-"):
        return False
    return not text.endswith(".") and all(
        part and not part.startswith(".") and not part.endswith(".lock") for part in text.split("/")
    )


def revision(text: str) -> str:
    """Returns a name of a commit unchanged: a commit id, a branch or a tag, each with optional `~N` and `^N`. Raises
    BadInput for anything else that Git would resolve: ranges, searches (`:/x`), `@{-1}`, options.
    """
    name = text[: -len(suffix)] if (suffix := _suffix(text)) else text
    if not (name == "@" or is_refname(name)):
        raise BadInput(f"{text!r} is not a valid name of a commit", hint=_HINT)
    return text


def refname(text: str) -> str:
    """Returns a full name of a ref (`refs/...`) unchanged. Raises BadInput for anything else."""
    if not text.startswith("refs/") or not is_refname(text):
        raise BadInput(f"{text!r} is not a valid name of a ref", hint="use the full name, such as refs/heads/main")
    return text


def branch(text: str) -> str:
    """Returns the name of a branch unchanged. Raises BadInput for anything else."""
    if not is_refname(text) or text == "HEAD":
        raise BadInput(f"{text!r} is not a valid name of a branch")
    return text


def tag(text: str) -> str:
    """Returns the name of a tag unchanged. Raises BadInput for anything else."""
    if not is_refname(text):
        raise BadInput(f"{text!r} is not a valid name of a tag")
    return text


def remote(text: str) -> str:
    """Returns the name of a remote unchanged. Raises BadInput for anything else: an address, an option."""
    if not is_refname(text):
        raise BadInput(f"{text!r} is not a valid name of a remote", hint="`git remote` lists the remotes")
    return text


def _suffix(text: str) -> str:
    start = min((at for sign in "~^" if (at := text.find(sign)) > 0), default=len(text))
    return text[start:] if _ANCESTOR.fullmatch(text[start:]) else ""
