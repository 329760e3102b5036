"""How git is called: never asking anything, never by somebody else's environment, with a limit where a network is."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from terrace.adapters.environ import for_children
from terrace.adapters.process import SECONDS, Finished, run
from terrace.errors import TerraceError

NETWORK_SECONDS = 60.0
"""How long a fetch or a push may take before it is given up."""

LOCAL_SECONDS = SECONDS
"""How long a command that needs no network may take."""

_CREDENTIALS = re.compile(r"(?<=://)[^/\s]+@")
# A directory that looks like a bare repository may be committed, with a configuration that runs programs.
_ALWAYS = ("-c", "safe.bareRepository=explicit")
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
        ["git", *_ALWAYS, "-C", folder, *args],
        env={**git_environment(), **(env or {})},
        stdin=stdin,
        timeout=timeout,
    )


def git_environment() -> dict[str, str]:
    """The environment of a git that asks nothing and works in the folder that it is told."""
    # LANGUAGE overrules LC_ALL in gettext, and what Git says is looked at.
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C.UTF-8", "LANGUAGE": ""}
    # What a commit holds is what its id says: nothing in refs/replace stands in for an object.
    quiet["GIT_NO_REPLACE_OBJECTS"] = "1"
    ssh = {} if "GIT_SSH_COMMAND" in os.environ else {"GIT_SSH_COMMAND": "ssh -oBatchMode=yes"}
    inherited = {k: v for k, v in for_children().items() if k not in _THEIRS}
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


def stream_blobs(folder: Path, ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """The contents of blobs with their ids, one after the other: no more than one is held at a time."""
    wanted = list(ids)
    if not wanted:
        return
    with tempfile.TemporaryFile() as asked:
        asked.write("".join(f"{name}\n" for name in wanted).encode())
        asked.seek(0)
        argv = ["git", *_ALWAYS, "-C", os.fspath(folder), "cat-file", "--batch"]
        with subprocess.Popen(
            argv, env=git_environment(), stdin=asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as child:
            assert child.stdout is not None
            try:
                for name in wanted:
                    head = child.stdout.readline().split()
                    if len(head) != 3 or head[1] != b"blob":
                        raise TerraceError(f"Git does not have the object {name}", hint="fetch it, or run `git fsck`")
                    content = child.stdout.read(int(head[2]))
                    child.stdout.read(1)
                    yield name, content
            finally:
                child.kill()


def masked(text: str) -> str:
    """Git repeats the remote's address in its messages; a token in it must not get out."""
    return _CREDENTIALS.sub("***@", text)
