"""Runs git: without prompts, without inherited Git variables, and with time limits."""

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
"""Time limit of a fetch or push, in seconds."""

LOCAL_SECONDS = SECONDS
"""Time limit of a command without network, in seconds."""

_CREDENTIALS = re.compile(r"(?<=://)[^/\s]+@")
# A directory that looks like a bare repository can be committed, with a configuration that runs programs. Hooks and
# file monitors are for the user's work: one that fails or hides files has no effect here.
_ALWAYS = (
    *("-c", "safe.bareRepository=explicit"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "advice.graftFileDeprecated=false"),
)
# Variables that select another repository or change the view of this one. A Git that runs a hook sets some for its
# children.
_THEIRS = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX"),
    *("GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH"),
    *("GIT_SHALLOW_FILE", "GIT_REPLACE_REF_BASE", "GIT_ATTR_SOURCE", "GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS"),
    *("GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS"),
    # These enable traces in plain text, and a trace on stderr becomes part of an error message.
    *("GIT_TRACE2_ENV_VARS", "GIT_TRACE2_CONFIG_PARAMS"),
)
_GIVING_ACCESS = (
    *("GIT_TERMINAL_PROMPT", "GIT_OPTIONAL_LOCKS", "GIT_NO_REPLACE_OBJECTS", "GIT_GRAFT_FILE", "GIT_TRACE_REDACT"),
    *("GIT_SSH", "GIT_SSL_", "GIT_ASKPASS", "GIT_PROXY_", "GIT_HTTP_"),
    *("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"),
    *("GIT_CONFIG_NOSYSTEM",),
)
"""Prefixes of Git's variables for access to a server and for prompts."""
# No server redirects elsewhere, and packs from a server are checked.
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


def damage_error(folder: Path, message: str) -> NotReady:
    """Returns the error for objects that are missing or damaged in this clone. No conclusion may be drawn from them."""
    how = f"`git -C {folder} fsck --full` lists them; `git fetch --refetch` downloads them again; otherwise clone again"
    alternates = folder / ".git" / "objects" / "info" / "alternates"
    with contextlib.suppress(OSError):
        for line in alternates.read_text("utf-8", "replace").splitlines():
            if line and not line.startswith("#") and not (alternates.parent.parent / line).is_dir():
                how = f"restore {line}, which {alternates} lists as a store of objects; {how}"
    return NotReady(f"objects of the clone {folder} are missing or damaged: {mask_tokens(message.strip())}", hint=how)


def failure(folder: Path, action: str, done: Finished) -> TerraceError:
    """Returns the error for a git command that failed on the content of the clone."""
    if _DAMAGE.search(done.message):
        return damage_error(folder, done.message)
    return TerraceError(f"git {action} failed: {mask_tokens(done.message)}")


def git(
    folder: Path,
    *args: str | Path,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = LOCAL_SECONDS,
) -> Finished:
    """Runs git in a folder; the caller checks the exit code. Raises NotReady where it takes too long or is not
    installed."""
    return run(
        ["git", *_ALWAYS, "-C", folder, *args],
        env={**git_environment(), **(env or {})},
        stdin=stdin,
        timeout=timeout,
    )


def git_environment() -> dict[str, str]:
    """Returns the environment of a git that does not prompt and works in the given folder."""
    # LANGUAGE overrides LC_ALL in gettext, and Git's messages are parsed.
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C.UTF-8", "LANGUAGE": ""}
    # The content of a commit is the one of its id: refs/replace has no effect.
    quiet["GIT_NO_REPLACE_OBJECTS"] = "1"
    # Its parents are the ones that it names: a grafts file has no effect.
    quiet["GIT_GRAFT_FILE"] = os.devnull
    # Traces of requests never show tokens.
    quiet["GIT_TRACE_REDACT"] = "1"
    ssh = {} if "GIT_SSH_COMMAND" in os.environ else {"GIT_SSH_COMMAND": "ssh -oBatchMode=yes"}
    inherited = {k: v for k, v in for_children().items() if k not in _THEIRS}
    return {**inherited, **quiet, **ssh}


def git_untrusted(
    folder: Path,
    *args: str | Path,
    transport: str = "",
    env: Mapping[str, str] | None = None,
    timeout: float = LOCAL_SECONDS,
) -> Finished:
    """Runs git in one of Terrace's own folders on an untrusted repository; the caller checks the exit code.

    Of the user's Git variables it gets only those for access: none for a repository, hook, option or program. Addresses
    can use only this `transport`, whatever Git's settings allow.
    """
    inherited = {name: value for name, value in git_environment().items() if not name.startswith("GIT_")}
    access = {name: value for name, value in git_environment().items() if name.startswith(_GIVING_ACCESS)}
    variables = {
        name: value for name, value in (env or {}).items() if not name.startswith("GIT_") or _gives_access(name)
    }
    limits = {"GIT_ALLOW_PROTOCOL": transport or "none", "GIT_PROTOCOL_FROM_USER": "0"}
    # HOME is the user's, for credential helpers; parent folders are not searched for a repository.
    limits["GIT_CEILING_DIRECTORIES"] = os.fspath(folder.parent)
    return run(
        ["git", *_ALWAYS, *_APART, "-C", folder, *args],
        env={**inherited, **access, **variables, **limits},
        timeout=timeout,
    )


def _gives_access(name: str) -> bool:
    return name.startswith(_GIVING_ACCESS)


def objects(folder: Path, ids: Iterable[str]) -> list[bytes]:
    """Returns the contents of objects, in the requested order, by one process."""
    names = list(ids)
    if not names:
        return []
    done = git(folder, "cat-file", "--batch", stdin="".join(f"{name}\n" for name in names).encode())
    out = done.out
    contents = []
    at = 0
    for name in names:
        end = out.find(b"\n", at)
        head = out[at:end].split() if end >= 0 else []
        size = int(head[2]) if len(head) == 3 else 0
        if len(head) != 3 or len(out) < end + 2 + size:
            raise damage_error(folder, f"{name} cannot be read. {done.message}")
        contents.append(out[end + 1 : end + 1 + size])
        at = end + 1 + size + 1
    return contents


def stream_blobs(folder: Path, ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yields the contents of blobs with their ids; at most one is in memory at a time."""
    names = list(ids)
    if not names:
        return
    with tempfile.TemporaryFile() as requests:
        requests.write("".join(f"{name}\n" for name in names).encode())
        requests.seek(0)
        argv = ["git", *_ALWAYS, "-C", os.fspath(folder), "cat-file", "--batch"]
        with subprocess.Popen(
            argv, env=git_environment(), stdin=requests, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as child:
            assert child.stdout is not None
            try:
                for name in names:
                    head = child.stdout.readline().split()
                    if len(head) != 3 or head[1] != b"blob":
                        raise damage_error(folder, f"{name} cannot be read")
                    content = child.stdout.read(int(head[2]))
                    if len(content) != int(head[2]) or child.stdout.read(1) != b"\n":
                        raise damage_error(folder, f"{name} cannot be read completely")
                    yield name, content
            finally:
                child.kill()


def mask_tokens(text: str) -> str:
    """Returns a message of Git without tokens: Git repeats the address of the remote, which may contain one."""
    return _CREDENTIALS.sub("***@", text)
