"""Explanations of Git's messages about a remote."""

from __future__ import annotations

import re

from terrace.adapters.git.command import mask_tokens

_REMOTE_PROBLEMS = (
    (
        re.compile(r"Could not resolve host"),
        "its server was not found",
        "`git remote -v` shows its address; ",
    ),
    (
        re.compile(
            r"does not appear to be a git repository|[Rr]epository .*not found|could not be found|returned error: 404"
        ),
        "there is no repository at its address, or you may not read it",
        "`git remote -v` shows its address, and `git remote set-url` changes it; ",
    ),
    (
        re.compile(
            r"Permission denied|Authentication failed|could not read (Username|Password)|terminal prompts disabled|"
            r"returned error: 40[13]"
        ),
        "the server refused your credentials, or there are none",
        "log in, or add your SSH key to the agent (`ssh-add`); ",
    ),
    (
        re.compile(r"Connection refused|Failed to connect|timed out|Network is unreachable|Connection reset"),
        "its server does not answer",
        "",
    ),
)
"""Messages of Git about a remote, each with its meaning and the beginning of the hint."""

_NO_NEWS = ("fatal: Could not read from remote repository.", "Please make sure", "and the repository exists.")
"""Lines of Git that follow every failure of a remote."""


def explain_remote(output: str) -> tuple[str, str]:
    """Returns the meaning of a message of Git about a remote, with its own words, and the beginning of a hint."""
    lines = [line.strip() for line in mask_tokens(output).splitlines()]
    words = " ".join(line for line in lines if line and not line.startswith(_NO_NEWS))
    for pattern, why, hint in _REMOTE_PROBLEMS:
        if pattern.search(output):
            return f"{why} (git: {words})", hint
    return words, ""
