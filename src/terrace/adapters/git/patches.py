"""Streams the additions of commits from Git, so that a history of any length needs little memory."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from terrace.adapters.git import names
from terrace.adapters.git.command import git_environment
from terrace.checks.secrets.patch import Patch, patches
from terrace.errors import TerraceError

AROUND = 8
"""Lines of context around an addition: they may contain the name of a new value."""


def patches_between(root: Path, base: str | None, head: str) -> Iterator[Patch]:
    """Yields the additions of every commit in base..head, oldest first; of all commits of all refs without a base."""
    names.commit_id(head)
    if base:
        names.commit_id(base)
    yield from _stream(root, ("--reverse", f"{base}..{head}") if base else ("--all", head))


def log_args(*span: str) -> list[str]:
    """Returns the arguments of `git log`. Attributes and settings of the repository or user have no effect."""
    return [
        "--no-replace-objects",
        "-c",
        "log.showRoot=true",
        "log",
        "--format=%x00%H%n%B%x00",
        "--patch",
        f"--unified={AROUND}",
        # Only the additions of a merge itself; its sides are separate commits.
        "--diff-merges=dense-combined",
        "--find-renames",
        "--text",
        "--no-ext-diff",
        "--no-textconv",
        "--no-color",
        "--no-show-signature",
        "--no-notes",
        "--no-relative",
        "--src-prefix=a/",
        "--dst-prefix=b/",
        "--diff-algorithm=myers",
        "--ignore-submodules=all",
        *span,
        "--",
    ]


def _stream(root: Path, span: tuple[str, ...]) -> Iterator[Patch]:
    argv = ["git", "-C", os.fspath(root), *log_args(*span)]
    with subprocess.Popen(argv, env=git_environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        try:
            yield from patches(child.stdout)
        except GeneratorExit:
            child.kill()
            raise
        code = child.wait()
    if code != 0:
        raise TerraceError(
            "Git could not show the additions of the commits",
            hint="run `git fsck`; in a shallow clone `git fetch --unshallow`",
        )
