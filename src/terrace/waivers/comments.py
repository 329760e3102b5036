"""Comments in sources that ask to skip a rule: ours, and those of checkov, trivy, tfsec and tflint.

None of them waives anything. Each is a proposal: it can become a record.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from terrace.hcl.comments import Comment, read_comments

_RULE = r"[A-Za-z0-9*][A-Za-z0-9_.*/-]*"
_ANY = re.compile(rb"terrace:ignore|(checkov|bridgecrew|cortex):skip|(trivy|tfsec):ignore|tflint-ignore")
_OURS = re.compile(rf"\bterrace:ignore\s+({_RULE})[ \t]*(.*)")
_CHECKOV = re.compile(r"\b(?:checkov|bridgecrew|cortex):skip=([A-Za-z0-9_,]+)(?::(.*))?")
_TRIVY = re.compile(rf"\b(trivy|tfsec):ignore:({_RULE})((?:\[[^\]]*\]|:[a-z]+:[^\s:\[]+)*)")
_TFLINT = re.compile(r"\btflint-ignore(-file)?:\s*([A-Za-z0-9_]+(?:\s*,\s*[A-Za-z0-9_]+)*)(.*)")
_UNTIL = re.compile(r":exp:([0-9]{4}-[0-9]{2}-[0-9]{2})")


@dataclass(frozen=True, slots=True)
class Skip:
    """One rule that a comment asks to skip. `rule` can be `all` or contain a `*`.

    `resource` is the block that the comment is in or above, as an address within its module; `first` and `last` are the
    lines that it applies to, the whole file from line 1 to 0. `until` is the expiry date that it names itself.
    """

    rule: str
    tool: str
    reason: str
    path: str
    line: int
    resource: str = ""
    first: int = 1
    last: int = 0
    until: date | None = None

    @property
    def wide(self) -> bool:
        """Returns whether the comment names more than one rule."""
        return self.rule == "all" or "*" in self.rule


def skips(path: str, content: bytes) -> tuple[Skip, ...]:
    """Returns every rule that the comments of a configuration file ask to skip, in their order. Never raises."""
    if not _ANY.search(content):
        return ()
    return tuple(skip for comment in read_comments(path, content) for skip in _of_comment(comment, path))


def find_added_skips(path: str, content: bytes, accepted: bytes) -> tuple[Skip, ...]:
    """Returns the skips that a change adds to a file: those that `accepted`, its previous content, has less often."""
    remaining = Counter((skip.tool, skip.rule, skip.reason) for skip in skips(path, accepted))
    fresh = []
    for skip in skips(path, content):
        key = (skip.tool, skip.rule, skip.reason)
        remaining[key] -= 1
        if remaining[key] < 0:
            fresh.append(skip)
    return tuple(fresh)


def _of_comment(comment: Comment, path: str) -> Iterator[Skip]:
    text, line = comment.text, comment.line
    resource, first, last = _address(comment.block), min(line, comment.first or line), comment.last or line
    if ours := _OURS.search(text):
        yield Skip(ours[1], "terrace", ours[2].strip(), path, line, resource, first, last)
    if checkov := _CHECKOV.search(text):
        for rule in filter(None, checkov[1].split(",")):
            yield Skip(rule, "checkov", (checkov[2] or "").strip(), path, line, resource, first, last)
    if tflint := _TFLINT.search(text):
        about = ("", 1, 0) if tflint[1] else (resource, first, last)
        for rule in tflint[2].split(","):
            yield Skip(rule.strip(), "tflint", tflint[3].strip(" #/\t"), path, line, *about)
    reason = _TRIVY.sub("", text).strip(" #/\t")
    for trivy in _TRIVY.finditer(text):
        yield Skip(trivy[2], trivy[1], reason, path, line, resource, first, last, _day(trivy[3]))


def _address(block: tuple[str, ...]) -> str:
    """Returns the address of a block from its type and labels; "" for a block without an address."""
    kind, labels = block[:1], block[1:]
    return ".".join(labels if kind == ("resource",) else block if kind in (("data",), ("module",)) else ())


def _day(more: str) -> date | None:
    match = _UNTIL.search(more)
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None
