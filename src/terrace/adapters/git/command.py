"""How git is called: never asking anything, never by somebody else's environment, with a limit where a network is."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from terrace.adapters.environ import for_children
from terrace.adapters.process import SECONDS, Finished, run
from terrace.errors import NotReady, TerraceError

NETWORK_SECONDS = 60.0
"""How long a fetch or a push may take before it is given up."""

LOCAL_SECONDS = SECONDS
"""How long a command that needs no network may take."""

_CREDENTIALS = re.compile(r"(?<=://)[^/\s]+@")
# A directory that looks like a bare repository may be committed, with a configuration that runs programs.
# Hooks and file monitors are about the work of the user: one that refuses or leaves files out has no say here.
_ALWAYS = (
    *("-c", "safe.bareRepository=explicit"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "advice.graftFileDeprecated=false"),
)
# What names another repository, or shows this one differently. A Git that runs a hook sets some of it for its children.
_THEIRS = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX"),
    *("GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH"),
    *("GIT_SHALLOW_FILE", "GIT_REPLACE_REF_BASE", "GIT_ATTR_SOURCE", "GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS"),
    *("GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS"),
    # What they name is traced in clear, and a trace on stderr is part of an error message.
    *("GIT_TRACE2_ENV_VARS", "GIT_TRACE2_CONFIG_PARAMS"),
)
_GIVING_ACCESS = (
    *("GIT_TERMINAL_PROMPT", "GIT_OPTIONAL_LOCKS", "GIT_NO_REPLACE_OBJECTS", "GIT_GRAFT_FILE", "GIT_TRACE_REDACT"),
    *("GIT_SSH", "GIT_SSL_", "GIT_ASKPASS", "GIT_PROXY_", "GIT_HTTP_"),
    *("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"),
    *("GIT_CONFIG_NOSYSTEM",),
)
"""How the variables of Git begin that say how it reaches a server, and that it asks nothing."""
# No server leads elsewhere, and no pack of a server is taken unseen.
_APART = (
    *("-c", "http.followRedirects=initial"),
    *("-c", "fetch.fsckObjects=true"),
    *("-c", "fetch.fsck.gitmodulesUrl=warn"),
    *("-c", "submodule.recurse=false"),
    *("-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false"),
    *("-c", "fetch.bundleURI="),
    *("-c", "transfer.bundleURI=false"),
    *("-c", "fetch.writeCommitGraph=false"),
)
_DAMAGE = re.compile(
    r"bad object|bad tree|bad revision|invalid revision range|corrupt|missing (blob|tree|commit|object)|"
    r"could not read|cannot read|unable to (read|unpack|find|get object)|not a tree object|"
    r"not a valid (object|commit)|promisor|inflate|"
    r"failed to (read|parse)|unable to parse|garbage at end|sha1 mismatch|hash mismatch|invalid object|"
    r"failed to traverse|unable to normalize alternate",
    re.IGNORECASE,
)


def damaged(folder: Path, said: str) -> NotReady:
    """The error for objects that this clone should have, and lacks or cannot read. Nothing may follow from them."""
    how = f"`git -C {folder} fsck --full` names every one; `git fetch --refetch` brings them again, else clone anew"
    alternates = folder / ".git" / "objects" / "info" / "alternates"
    with contextlib.suppress(OSError):
        for line in alternates.read_text("utf-8", "replace").splitlines():
            if line and not line.startswith("#") and not (alternates.parent.parent / line).is_dir():
                how = f"bring back {line}, where {alternates} says that more of its objects are; {how}"
    return NotReady(f"objects of the clone {folder} are missing or damaged: {masked(said.strip())}", hint=how)


def failure(folder: Path, what: str, done: Finished) -> TerraceError:
    """The error for a git that failed on what is in the clone itself."""
    if _DAMAGE.search(done.message):
        return damaged(folder, done.message)
    return TerraceError(f"git {what} failed: {masked(done.message)}")


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
    # And its parents are those that it names: no file of grafts gives it others.
    quiet["GIT_GRAFT_FILE"] = os.devnull
    # A trace of requests shows no token, whatever the user asked for.
    quiet["GIT_TRACE_REDACT"] = "1"
    ssh = {} if "GIT_SSH_COMMAND" in os.environ else {"GIT_SSH_COMMAND": "ssh -oBatchMode=yes"}
    inherited = {k: v for k, v in for_children().items() if k not in _THEIRS}
    return {**inherited, **quiet, **ssh}


def git_apart(
    folder: Path,
    *args: str | Path,
    transport: str = "",
    env: Mapping[str, str] | None = None,
    timeout: float = LOCAL_SECONDS,
) -> Finished:
    """Run git in a folder of Terrace's own, on a repository that others wrote; the caller looks at the exit code.

    Of the user's variables of Git only those reach it that give access: none names a repository, a hook, an option or a
    program beside. `transport` is the only one that an address may use, whatever the settings of Git say.
    """
    inherited = {name: value for name, value in git_environment().items() if not name.startswith("GIT_")}
    mine = {name: value for name, value in git_environment().items() if name.startswith(_GIVING_ACCESS)}
    given = {name: value for name, value in (env or {}).items() if not name.startswith("GIT_") or _gives_access(name)}
    limits = {"GIT_ALLOW_PROTOCOL": transport or "none", "GIT_PROTOCOL_FROM_USER": "0"}
    # The home is that of the user, whose credential helpers are asked; the folder above is not looked at.
    limits["GIT_CEILING_DIRECTORIES"] = os.fspath(folder.parent)
    return run(
        ["git", *_ALWAYS, *_APART, "-C", folder, *args],
        env={**inherited, **mine, **given, **limits},
        timeout=timeout,
    )


def _gives_access(name: str) -> bool:
    return name.startswith(_GIVING_ACCESS)


def objects(folder: Path, ids: Iterable[str]) -> list[bytes]:
    """The contents of objects, in the order asked for, by one process."""
    wanted = list(ids)
    if not wanted:
        return []
    done = git(folder, "cat-file", "--batch", stdin="".join(f"{name}\n" for name in wanted).encode())
    out = done.out
    contents = []
    at = 0
    for name in wanted:
        end = out.find(b"\n", at)
        head = out[at:end].split() if end >= 0 else []
        size = int(head[2]) if len(head) == 3 else 0
        if len(head) != 3 or len(out) < end + 2 + size:
            raise damaged(folder, f"{name} cannot be read. {done.message}")
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
                        raise damaged(folder, f"{name} cannot be read")
                    content = child.stdout.read(int(head[2]))
                    if len(content) != int(head[2]) or child.stdout.read(1) != b"\n":
                        raise damaged(folder, f"{name} cannot be read as a whole")
                    yield name, content
            finally:
                child.kill()


def masked(text: str) -> str:
    """Git repeats the remote's address in its messages; a token in it must not get out."""
    return _CREDENTIALS.sub("***@", text)
