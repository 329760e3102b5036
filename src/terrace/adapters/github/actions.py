"""The run of GitHub Actions that this process belongs to, from its environment and its event file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terrace.adapters.github.client import Place
from terrace.errors import NotReady

_HINT = "use --publish in a GitHub Actions job that runs on `pull_request`"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_OUTPUT = re.compile(r"[a-z][a-z0-9_-]*")
_COMMIT = re.compile(r"[0-9a-f]{40,64}")

LOGIN = "github-actions[bot]"
"""Account that writes with the token of a workflow."""


@dataclass(frozen=True, slots=True)
class PullRequestRun:
    """The pull request that a run is for, its head commit, the login that Terrace writes as, and the id of the run."""

    place: Place
    number: int
    head: str
    login: str
    id: str


def pull_request_run(environ: Mapping[str, str]) -> PullRequestRun:
    """Returns the run. Raises NotReady where it is not for a pull request, or a variable is not as GitHub sets it."""
    if environ.get("GITHUB_ACTIONS") != "true":
        raise NotReady("this is not a GitHub Actions run, so there is no pull request to write on", hint=_HINT)
    owner, _, name = environ.get("GITHUB_REPOSITORY", "").partition("/")
    if not _NAME.fullmatch(owner) or not _NAME.fullmatch(name):
        raise NotReady("GITHUB_REPOSITORY is not of the form owner/name", hint=_HINT)
    pull = _event(environ.get("GITHUB_EVENT_PATH", "")).get("pull_request")
    number = pull.get("number") if isinstance(pull, dict) else None
    head = (pull.get("head") or {}).get("sha") if isinstance(pull, dict) else None
    if not isinstance(number, int) or not isinstance(head, str) or not _COMMIT.fullmatch(head):
        raise NotReady(f"the event {environ.get('GITHUB_EVENT_NAME', '')!r} is not about a pull request", hint=_HINT)
    api = environ.get("GITHUB_API_URL", "https://api.github.com").rstrip("/")
    id_ = f"{environ.get('GITHUB_RUN_ID', '')}/{environ.get('GITHUB_RUN_ATTEMPT', '')}"
    return PullRequestRun(Place(owner, name, api), number, head, environ.get("TERRACE_GITHUB_LOGIN") or LOGIN, id_)


def token(environ: Mapping[str, str]) -> str:
    """Returns the token of the workflow. Raises NotReady where the step does not pass it on."""
    token = environ.get("GITHUB_TOKEN", "")
    if not token:
        hint = (
            "in the step: env: {GITHUB_TOKEN: ${{ github.token }}}; permissions: {pull-requests: write, checks: write}"
        )
        raise NotReady("GITHUB_TOKEN is not set, so Terrace cannot write on the pull request", hint=hint)
    return token


def event(environ: Mapping[str, str]) -> tuple[str, Mapping[str, Any]]:
    """Returns the name and content of the event that started this run. Raises NotReady where this is not a GitHub
    Actions run."""
    if environ.get("GITHUB_ACTIONS") != "true":
        raise NotReady(
            "this is not a GitHub Actions run, so there is no comment to read",
            hint="`terrace init github` writes the workflow that runs this command",
        )
    return environ.get("GITHUB_EVENT_NAME", ""), _event(environ.get("GITHUB_EVENT_PATH", ""))


def run_id(environ: Mapping[str, str]) -> str:
    """Returns the id of this run. Raises NotReady outside of GitHub Actions."""
    run = environ.get("GITHUB_RUN_ID", "")
    if environ.get("GITHUB_ACTIONS") != "true" or not re.fullmatch(r"[0-9]{1,20}", run):
        raise NotReady(
            "this is not a GitHub Actions run, so it has no reviews",
            hint="in a terminal use `terrace approve ENV`, without --from-run",
        )
    return run


def is_again(environ: Mapping[str, str]) -> bool:
    """Returns whether this run is a rerun: it keeps its id, and the reviews of earlier attempts."""
    return environ.get("GITHUB_RUN_ATTEMPT", "1") != "1"


def run_page(environ: Mapping[str, str]) -> str:
    """Returns the address of this run's page; "" where this is not a GitHub Actions run."""
    server, place, run = (environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    return f"{server}/{place}/actions/runs/{run}" if server and place and run else ""


def output(environ: Mapping[str, str], name: str, value: str) -> None:
    """Sets a step output of one line. Does nothing where this is not a GitHub Actions run."""
    file = environ.get("GITHUB_OUTPUT", "")
    if not file:
        return
    if not _OUTPUT.fullmatch(name) or not value.isprintable():
        raise NotReady(f"the step output {name[:40]!r} has more than one line")
    with Path(file).open("a", encoding="utf-8") as stream:
        stream.write(f"{name}={value}\n")


def _event(path: str) -> Mapping[str, Any]:
    try:
        event = json.loads(Path(path).read_bytes()) if path else {}
    except (OSError, ValueError, RecursionError) as error:
        raise NotReady(
            f"the event file of this run cannot be read: {path}",
            hint="GitHub sets GITHUB_EVENT_PATH in every step; do not change it",
        ) from error
    return event if isinstance(event, dict) else {}
