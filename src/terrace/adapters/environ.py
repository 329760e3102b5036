"""The environment that Terrace was started with, kept in memory and hidden from other processes. `conceal` removes
secrets from `os.environ` and overwrites the memory that the system shows as /proc/PID/environ, so that neither children
nor other processes can read them. Terrace reads all variables from ENVIRON; every child gets `for_children` or a list
of its own.
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
"""Tokens of forges, which a credential helper of Git may send to a remote."""

_SECRET = re.compile(
    r"TERRACE_(?!HOME$|PAGE$|SERVE_)|ACTIONS_.*TOKEN|.*(TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|_KEY|APIKEY)",
    re.I,
)
# Libraries in this process, such as the one for object stores, read these from the environment.
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
    """The variables of this process: `os.environ`, and the secrets that were removed from it."""

    def __init__(self) -> None:
        self._concealed: dict[str, str] = {}
        self.hides = False
        """Secrets are removed from `os.environ` in Terrace's own processes, not if it is used as a library."""

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
        """Removes variables from `os.environ`; they can still be read here. Variables that are not set are ignored."""
        for name in names:
            if self.hides and name in os.environ:
                self._concealed[name] = os.environ.pop(name)


ENVIRON = Environ()
"""The environment of this process."""


def conceal() -> None:
    """Removes everything that looks like a secret from `os.environ`, and wipes the environment that the system
    shows."""
    ENVIRON.hides = True
    ENVIRON.conceal([name for name in os.environ if _SECRET.match(name) and not name.startswith(_LIBRARIES)])
    with contextlib.suppress(OSError, ValueError, IndexError):
        _wipe()


def for_children() -> dict[str, str]:
    """Returns the variables that any program may read: PATH, language, terminal, proxies, agents, and Git's own."""
    return {k: v for k, v in os.environ.items() if k in _HARMLESS or k.startswith(_HARMLESS_PREFIXES)}


def forge_tokens() -> dict[str, str]:
    """Returns the tokens for a Git that uses a credential helper of the user."""
    return {name: ENVIRON[name] for name in FORGE_TOKENS if name in ENVIRON}


def _wipe() -> None:
    """Overwrites the strings that execve(2) placed above the stack (Linux; elsewhere no file shows them).
    /proc/PID/environ shows these bytes even for variables that were unset since.
    """
    if sys.platform != "linux":
        return
    # The program name, the 2nd field, may contain brackets: the fields are counted from the last bracket on.
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start, end = int(fields[50 - 3]), int(fields[51 - 3])
    if not 0 < start < end:
        return
    for name, value in os.environ.items():
        # setenv(3) keeps a copy of its own: after this, nothing points into the block.
        os.putenv(name, value)
    ctypes.memset(start, 0, end - start)
