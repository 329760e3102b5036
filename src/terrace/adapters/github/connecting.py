"""Finds the GitHub repository and the credential: in the environment of the run, in terrace.yaml, or in the remote.

A token is sent to a host only if the environment or the protected branch names that host, or if it is github.com: never
because a remote points there.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from terrace.adapters.github.actions import LOGIN
from terrace.adapters.github.client import GitHub, Place
from terrace.adapters.github.credentials import App, Credential, Token, claim
from terrace.errors import NotReady

if TYPE_CHECKING:
    import httpx

PUBLIC = "https://api.github.com"

_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_REMOTE = re.compile(
    r"(?:https://(?:[^/@]+@)?|ssh://git@|git@)(?P<host>[A-Za-z0-9.-]+)(?::\d+)?[:/](?P<path>.+?)(?:\.git)?/?"
)


@dataclass(frozen=True, slots=True)
class Connection:
    """The API of one repository, and the login that Terrace writes as."""

    github: GitHub
    login: str


def place(environ: Mapping[str, str], repository: str = "", api: str = "", remote: str | None = None) -> Place | None:
    """Returns the repository that GITHUB_REPOSITORY names, else terrace.yaml, else its remote on github.com.

    None where none of them does. Raises NotReady for a name that is not of the form owner/name.
    """
    root = (environ.get("GITHUB_API_URL") or api or PUBLIC).rstrip("/")
    path = environ.get("GITHUB_REPOSITORY") or repository
    if not path:
        match = _REMOTE.fullmatch(remote or "")
        if match is None or root != _api_of(match["host"]):
            return None
        path = match["path"]
    owner, _, name = path.partition("/")
    if not _NAME.fullmatch(owner) or not _NAME.fullmatch(name) or {owner, name} & {".", ".."}:
        raise NotReady(
            f"{path[:200]!r} is not a repository of the form owner/name",
            hint="in terrace.yaml: `forge: {repository: owner/name}`",
        )
    return Place(owner, name, root)


def connect(
    environ: Mapping[str, str],
    where: Place,
    *,
    transport: httpx.BaseTransport | None = None,
    clock: Callable[[], float] = time.time,
) -> Connection | None:
    """Returns a connection with the credential in the environment: the key of a GitHub App, else a token; None with
    neither. An App is TERRACE_GITHUB_APP_ID and TERRACE_GITHUB_APP_KEY (the PEM itself); a token is GITHUB_TOKEN or
    GH_TOKEN. Raises NotReady where GitHub does not return the account of the credential.
    """
    app = environ.get("TERRACE_GITHUB_APP_ID", "")
    if app:
        return _as_app(app, environ.get("TERRACE_GITHUB_APP_KEY", ""), where, transport, clock)
    token = environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN")
    if not token:
        return None
    github = GitHub(where, Token(token), transport=transport)
    login = environ.get("TERRACE_GITHUB_LOGIN", "")
    if login or environ.get("GITHUB_ACTIONS") == "true":
        return Connection(github, login or LOGIN)
    return Connection(github, str(github.read("/user")["login"]))


def _as_app(
    app: str, key: str, where: Place, transport: httpx.BaseTransport | None, clock: Callable[[], float]
) -> Connection:
    if not key:
        raise NotReady(
            "TERRACE_GITHUB_APP_ID is set, but TERRACE_GITHUB_APP_KEY is not",
            hint="set it to the complete PEM file that GitHub offered when the App's key was created",
        )
    pem = key.encode()
    itself = GitHub(where, _Claim(app, pem, clock), transport=transport)

    def exchange(_: str) -> tuple[str, datetime]:
        installation = itself.read("installation")["id"]
        # A second request creates a second token, and both are valid.
        created: Any = itself.create_once(
            "POST", f"/app/installations/{int(installation)}/access_tokens", {}, lambda: None
        )
        return str(created["token"]), datetime.fromisoformat(created["expires_at"])

    slug = str(itself.read("/app")["slug"])
    return Connection(GitHub(where, App(app, pem, exchange, clock), transport=transport), f"{slug}[bot]")


@dataclass(frozen=True, slots=True)
class _Claim(Credential):
    """The credential of an App itself, before it has the token of an installation."""

    app: str
    key: bytes
    clock: Callable[[], float]

    def token(self) -> str:
        return claim(self.app, self.key, self.clock())

    def __repr__(self) -> str:
        return f"App {self.app}"


def _api_of(host: str) -> str:
    """Returns the API of a host. A host other than github.com is a GitHub Enterprise Server."""
    return PUBLIC if host in ("github.com", "ssh.github.com") else f"https://{host}/api/v3"
