"""The markers that a Git merge leaves in a file with a conflict."""

from __future__ import annotations

RESOLVE = "edit the file until no `<<<<<<<`, `=======` and `>>>>>>>` is left, then `git add` and commit it"
"""The hint for a file with conflict markers."""


def find_conflict_markers(text: bytes) -> int:
    """Returns the line of the first conflict that a merge left in a file, from 1; 0 where there is none.

    All three markers have to follow each other: a line of dashes, or a heredoc, is not a conflict.
    """
    if b"<<<<<<<" not in text:
        return 0
    start = 0
    is_parted = False
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith(b"<<<<<<< "):
            start, is_parted = number, False
        elif start and line == b"=======":
            is_parted = True
        elif is_parted and line.startswith(b">>>>>>> "):
            return start
    return 0
