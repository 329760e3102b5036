"""The environment that Terrace was started with: kept in memory, shown to no other process, given out by name.

`conceal` takes secrets out of `os.environ` and overwrites the block that the system shows as /proc/PID/environ, so that
neither a child nor a look at this process has them. Everything of Terrace that reads a variable reads ENVIRON; every
child gets `for_children`, or a list of its own.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

FORGE_TOKENS = (
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "GH_ENTERPRISE_TOKEN",
    "GITHUB_ENTERPRISE_TOKEN",
    "GITLAB_TOKEN",
    "CI_JOB_TOKEN",
)
"""Tokens of forges: a credential helper of Git may show one to a remote."""

_SECRET = re.compile(
    r"TERRACE_(?!HOME$|PAGE$|SERVE_)|ACTIONS_.*TOKEN|.*(TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|_KEY|APIKEY)",
    re.I,
)
# Libraries in this process read these from the environment: the object store of backups is reached with them.
_LIBRARIES = ("AWS_", "AZURE_", "GOOGLE_", "SSL_", "SSH_", "GIT_")
_HARMLESS = frozenset(
    {
        *(
            "PATH",
            "HOME",
            "USER",
            "LOGNAME",
            "LANG",
            "LANGUAGE",
            "TZ",
            "TMPDIR",
            "TERM",
            "COLUMNS",
            "LINES",
            "NO_COLOR",
        ),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "GNUPGHOME", "GPG_TTY", "DISPLAY", "WAYLAND_DISPLAY"),
        *("DBUS_SESSION_BUS_ADDRESS", "KRB5CCNAME", "SSH_AUTH_SOCK", "SSH_AGENT_PID", "SSH_ASKPASS"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy"),
    }
)
_HARMLESS_PREFIXES = ("LC_", "XDG_", "GIT_")


class Environ(Mapping[str, str]):
    """The variables of this process: those of `os.environ`, and the secrets that were removed from it."""

    def __init__(self) -> None:
        self._concealed: dict[str, str] = {}
        self.hides = False
        """Whether secrets are removed: yes in Terrace's own processes, no if it is used as a library."""

    def __getitem__(self, name: str) -> str:
        return self._concealed[name] if name in self._concealed else os.environ[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._concealed
        yield from (name for name in os.environ if name not in self._concealed)

    def __len__(self) -> int:
        return len(self._concealed.keys() | os.environ.keys())

    def __repr__(self) -> str:
        return f"Environ({len(self)} variables)"

    def conceal(self, names: Iterable[str]) -> None:
        """Take these out of `os.environ`; they are read here as before. One that is not set is passed over."""
        for name in names:
            if self.hides and name in os.environ:
                self._concealed[name] = os.environ.pop(name)


ENVIRON = Environ()
"""The one of this process."""


def conceal() -> None:
    """Take what looks like a secret out of `os.environ`, and wipe the environment that the system shows of us."""
    ENVIRON.hides = True
    ENVIRON.conceal([name for name in os.environ if _SECRET.match(name) and not name.startswith(_LIBRARIES)])
    with contextlib.suppress(OSError, ValueError, IndexError):
        _wipe()


def for_children() -> dict[str, str]:
    """Returns the variables for any program: PATH, language, terminal, proxies, agents, Git's own variables."""
    return {k: v for k, v in os.environ.items() if k in _HARMLESS or k.startswith(_HARMLESS_PREFIXES)}


def forge_tokens() -> dict[str, str]:
    """Tokens for a Git that talks to a remote by a credential helper of the user."""
    return {name: ENVIRON[name] for name in FORGE_TOKENS if name in ENVIRON}


def _wipe() -> None:
    """Overwrite the strings that execve(2) put above our stack (Linux; elsewhere no file shows them).

    Every reader of /proc/PID/environ sees these bytes, even after a variable is unset.
    """
    if sys.platform != "linux":
        return
    # The name of the program may hold anything, a bracket too: fields are counted from the last one, which is the 2nd.
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start, end = int(fields[50 - 3]), int(fields[51 - 3])
    if not 0 < start < end:
        return
    for name, value in os.environ.items():
        # setenv(3) keeps a copy of its own: from here on nothing points into the block.
        os.putenv(name, value)
    ctypes.memset(start, 0, end - start)
