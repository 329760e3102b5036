"""Which repository on which GitHub this is, and who asks it: told by the run, by terrace.yaml, or by the remote.

A token goes to a host only if the environment or the protected branch names that host, or if it is github.com: never
because a remote happens to lead there.
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
    """One repository's API, and the login that we write as."""

    github: GitHub
    login: str


def place(environ: Mapping[str, str], repository: str = "", api: str = "", remote: str | None = None) -> Place | None:
    """Where the repository is: as GITHUB_REPOSITORY says, else as terrace.yaml does, else its remote on github.com.

    None where nothing says it. Raises NotReady for what is no owner/name.
    """
    root = (environ.get("GITHUB_API_URL") or api or PUBLIC).rstrip("/")
    path = environ.get("GITHUB_REPOSITORY") or repository
    if not path:
        seen = _REMOTE.fullmatch(remote or "")
        if seen is None or root != _api_of(seen["host"]):
            return None
        path = seen["path"]
    owner, _, name = path.partition("/")
    if not _NAME.fullmatch(owner) or not _NAME.fullmatch(name) or {owner, name} & {".", ".."}:
        raise NotReady(f"{path[:200]!r} is no owner/name of a repository", hint="`forge: {repository: owner/name}`")
    return Place(owner, name, root)


def connect(
    environ: Mapping[str, str],
    where: Place,
    *,
    transport: httpx.BaseTransport | None = None,
    clock: Callable[[], float] = time.time,
) -> Connection | None:
    """The repository's API with what the environment gives: a GitHub App's key, else a token. None with neither.

    An App is TERRACE_GITHUB_APP_ID and TERRACE_GITHUB_APP_KEY (the PEM itself); a token is GITHUB_TOKEN or GH_TOKEN.
    Raises NotReady where GitHub must be asked who we are and does not say.
    """
    app = environ.get("TERRACE_GITHUB_APP_ID", "")
    if app:
        return _as_app(app, environ.get("TERRACE_GITHUB_APP_KEY", ""), where, transport, clock)
    token = environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN")
    if not token:
        return None
    github = GitHub(where, Token(token), transport=transport)
    given = environ.get("TERRACE_GITHUB_LOGIN", "")
    if given or environ.get("GITHUB_ACTIONS") == "true":
        return Connection(github, given or LOGIN)
    return Connection(github, str(github.read("/user")["login"]))


def _as_app(
    app: str, key: str, where: Place, transport: httpx.BaseTransport | None, clock: Callable[[], float]
) -> Connection:
    if not key:
        raise NotReady(
            "TERRACE_GITHUB_APP_ID is set, and TERRACE_GITHUB_APP_KEY is not",
            hint="it holds the whole PEM file that GitHub gave when the App's key was made",
        )
    pem = key.encode()
    itself = GitHub(where, _Claim(app, pem, clock), transport=transport)

    def exchange(_: str) -> tuple[str, datetime]:
        installation = itself.read("installation")["id"]
        # Asking twice makes two tokens, and both are good: nothing is done twice.
        made: Any = itself.once("POST", f"/app/installations/{int(installation)}/access_tokens", {}, lambda: None)
        return str(made["token"]), datetime.fromisoformat(made["expires_at"])

    slug = str(itself.read("/app")["slug"])
    return Connection(GitHub(where, App(app, pem, exchange, clock), transport=transport), f"{slug}[bot]")


@dataclass(frozen=True, slots=True)
class _Claim(Credential):
    """An App that speaks for itself, before it is let in anywhere."""

    app: str
    key: bytes
    clock: Callable[[], float]

    def token(self) -> str:
        return claim(self.app, self.key, self.clock())

    def __repr__(self) -> str:
        return f"App {self.app}"


def _api_of(host: str) -> str:
    """The API of a host. On any but github.com it is that of a GitHub Enterprise Server."""
    return PUBLIC if host in ("github.com", "ssh.github.com") else f"https://{host}/api/v3"
