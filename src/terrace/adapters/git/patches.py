"""What commits add, streamed from Git: a history of any length goes through without being held."""

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
"""Lines around an addition that are read too: a name may stand there whose value is new."""


def patches_between(root: Path, base: str | None, head: str) -> Iterator[Patch]:
    """What every commit of base..head adds, oldest first; all that any ref reaches when there is no base."""
    names.commit_id(head)
    if base:
        names.commit_id(base)
    yield from _streamed(root, ("--reverse", f"{base}..{head}") if base else ("--all", head))


def log_args(*span: str) -> list[str]:
    """The command. Attributes and settings of the repository or the user hide and change nothing."""
    return [
        "--no-replace-objects",
        "-c",
        "log.showRoot=true",
        "log",
        "--format=%x00%H%n%B%x00",
        "--patch",
        f"--unified={AROUND}",
        # Only what a merge itself adds; its sides are commits of their own.
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


def _streamed(root: Path, span: tuple[str, ...]) -> Iterator[Patch]:
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
        raise TerraceError("Git could not show what the commits add", hint="run `git fsck`; a shallow clone lacks some")
