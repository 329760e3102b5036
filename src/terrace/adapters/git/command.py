"""How git is called: never asking anything, never by somebody else's environment, with a limit where a network is."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from terrace.adapters.process import SECONDS, Finished, run
from terrace.errors import TerraceError

NETWORK_SECONDS = 60.0
"""How long a fetch or a push may take before it is given up."""

LOCAL_SECONDS = SECONDS
"""How long a command that needs no network may take."""

_CREDENTIALS = re.compile(r"(?<=://)[^/\s]+@")
_THEIRS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE")


def git(
    folder: Path,
    *args: str | Path,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = LOCAL_SECONDS,
) -> Finished:
    """Run git in a folder; the caller looks at the exit code. Raises NotReady when it takes too long or is missing."""
    return run(
        ["git", "-C", folder, *args],
        env={**git_environment(), **(env or {})},
        stdin=stdin,
        timeout=timeout,
    )


def git_environment() -> dict[str, str]:
    """The environment of a git that asks nothing and works in the folder that it is told."""
    # LANGUAGE overrules LC_ALL in gettext, and what Git says is looked at.
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C.UTF-8", "LANGUAGE": ""}
    ssh = {} if "GIT_SSH_COMMAND" in os.environ else {"GIT_SSH_COMMAND": "ssh -oBatchMode=yes"}
    inherited = {k: v for k, v in os.environ.items() if k not in _THEIRS}
    return {**inherited, **quiet, **ssh}


def objects(folder: Path, ids: Iterable[str]) -> list[bytes]:
    """The contents of objects, in the order asked for, by one process."""
    wanted = list(ids)
    if not wanted:
        return []
    out = git(folder, "cat-file", "--batch", stdin="".join(f"{name}\n" for name in wanted).encode()).out
    contents = []
    at = 0
    for name in wanted:
        end = out.find(b"\n", at)
        head = out[at:end].split() if end >= 0 else []
        if len(head) != 3:
            raise TerraceError(f"Git does not have the object {name}", hint="fetch it, or run `git fsck`")
        size = int(head[2])
        contents.append(out[end + 1 : end + 1 + size])
        at = end + 1 + size + 1
    return contents


def masked(text: str) -> str:
    """Git repeats the remote's address in its messages; a token in it must not get out."""
    return _CREDENTIALS.sub("***@", text)
