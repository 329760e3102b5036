"""What GitHub Actions tells a run about itself, through the environment and the file of its event."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terrace.adapters.github.client import Place
from terrace.errors import NotReady

_HINT = "--publish is for a job of GitHub Actions that runs on `pull_request`"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_OUTPUT = re.compile(r"[a-z][a-z0-9_-]*")
_COMMIT = re.compile(r"[0-9a-f]{40,64}")

LOGIN = "github-actions[bot]"
"""Who the token of a workflow writes as."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """The pull request that a run is for, the commit at its head, who writes, and which run it is (`id`)."""

    place: Place
    number: int
    head: str
    login: str
    id: str


def occasion(environ: Mapping[str, str]) -> Occasion:
    """Read it. Raises NotReady where this is no run for a pull request, or what is told is not as GitHub tells it."""
    if environ.get("GITHUB_ACTIONS") != "true":
        raise NotReady("this is no run of GitHub Actions, so there is no page to write on", hint=_HINT)
    owner, _, name = environ.get("GITHUB_REPOSITORY", "").partition("/")
    if not _NAME.fullmatch(owner) or not _NAME.fullmatch(name):
        raise NotReady("GITHUB_REPOSITORY is no owner/name", hint=_HINT)
    pull = _event(environ.get("GITHUB_EVENT_PATH", "")).get("pull_request")
    number = pull.get("number") if isinstance(pull, dict) else None
    head = (pull.get("head") or {}).get("sha") if isinstance(pull, dict) else None
    if not isinstance(number, int) or not isinstance(head, str) or not _COMMIT.fullmatch(head):
        raise NotReady(f"the event {environ.get('GITHUB_EVENT_NAME', '')!r} is about no pull request", hint=_HINT)
    api = environ.get("GITHUB_API_URL", "https://api.github.com").rstrip("/")
    id_ = f"{environ.get('GITHUB_RUN_ID', '')}/{environ.get('GITHUB_RUN_ATTEMPT', '')}"
    return Occasion(Place(owner, name, api), number, head, environ.get("TERRACE_GITHUB_LOGIN") or LOGIN, id_)


def token(environ: Mapping[str, str]) -> str:
    """The token of the workflow. Raises NotReady when the job does not hand it on."""
    found = environ.get("GITHUB_TOKEN", "")
    if not found:
        hint = (
            "in the step: env: {GITHUB_TOKEN: ${{ github.token }}}; permissions: {pull-requests: write, checks: write}"
        )
        raise NotReady("GITHUB_TOKEN is not set, so nothing can be written on the pull request", hint=hint)
    return found


def event(environ: Mapping[str, str]) -> tuple[str, Mapping[str, Any]]:
    """The name and the content of what set this run going. Raises NotReady where this is no run of GitHub Actions."""
    if environ.get("GITHUB_ACTIONS") != "true":
        raise NotReady(
            "this is no run of GitHub Actions, so nobody said anything here",
            hint="`terrace init github` writes the workflow that calls this",
        )
    return environ.get("GITHUB_EVENT_NAME", ""), _event(environ.get("GITHUB_EVENT_PATH", ""))


def run_id(environ: Mapping[str, str]) -> str:
    """The id of this run. Raises NotReady where this is none."""
    found = environ.get("GITHUB_RUN_ID", "")
    if environ.get("GITHUB_ACTIONS") != "true" or not re.fullmatch(r"[0-9]{1,20}", found):
        raise NotReady(
            "this is no run of GitHub Actions, so nobody reviewed it",
            hint="in a terminal it is `terrace approve ENV`, without --from-run",
        )
    return found


def is_again(environ: Mapping[str, str]) -> bool:
    """Whether this run was started before: it keeps its id then, and whatever people once answered to it."""
    return environ.get("GITHUB_RUN_ATTEMPT", "1") != "1"


def run_page(environ: Mapping[str, str]) -> str:
    """Where this run of GitHub Actions is seen; "" outside of one."""
    server, place, run = (environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    return f"{server}/{place}/actions/runs/{run}" if server and place and run else ""


def output(environ: Mapping[str, str], name: str, value: str) -> None:
    """Give a later step or job of this run a value of one line; nothing outside of GitHub Actions."""
    file = environ.get("GITHUB_OUTPUT", "")
    if not file:
        return
    if not _OUTPUT.fullmatch(name) or not value.isprintable():
        raise NotReady(f"{name[:40]!r} cannot be given on: it is more than a line")
    with Path(file).open("a", encoding="utf-8") as stream:
        stream.write(f"{name}={value}\n")


def _event(path: str) -> Mapping[str, Any]:
    try:
        told = json.loads(Path(path).read_bytes()) if path else {}
    except (OSError, ValueError, RecursionError) as error:
        raise NotReady(
            f"the event of this run cannot be read: {path}", hint="GITHUB_EVENT_PATH leads to it in a step of a job"
        ) from error
    return told if isinstance(told, dict) else {}
