"""Objects of GitHub's API, whole enough for its description."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zlib import crc32


def user(login: str) -> dict[str, Any]:
    """Somebody: `[bot]` at the end of a login makes it an App's."""
    url = f"https://api.github.com/users/{quote(login)}"
    links = ("followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events")
    return {
        "login": login,
        "id": crc32(login.encode()),
        "node_id": f"U_{login}",
        "type": "Bot" if login.endswith("[bot]") else "User",
        "site_admin": False,
        "gravatar_id": "",
        "url": url,
        "avatar_url": f"{url}/avatar",
        "html_url": f"https://github.com/{quote(login)}",
        "received_events_url": f"{url}/received_events",
        **{f"{link}_url": f"{url}/{link}" for link in links},
    }


def comment(repo: str, number: int, key: int, body: str, by: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """A comment of an issue or a pull request."""
    return {
        "id": key,
        "node_id": f"IC_{key}",
        "url": f"{repo}/issues/comments/{key}",
        "html_url": f"https://github.com/acme/infrastructure/pull/{number}#issuecomment-{key}",
        "issue_url": f"{repo}/issues/{number}",
        "body": body,
        "user": by,
        "created_at": stamp(at),
        "updated_at": stamp(at),
        "author_association": "NONE",
    }


def issue(
    repo: str,
    number: int,
    title: str,
    body: str,
    by: Mapping[str, Any],
    at: datetime,
    *,
    labels: tuple[str, ...] = (),
    pull: bool = False,
) -> dict[str, Any]:
    """An issue, or what a pull request shows among them."""
    url = f"{repo}/issues/{number}"
    made = {
        "id": 5000 + number,
        "node_id": f"I_{number}",
        "number": number,
        "title": title,
        "body": body,
        "state": "open",
        "locked": False,
        "comments": 0,
        "user": by,
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "labels": [{"id": crc32(one.encode()), "name": one, "color": "ededed", "default": False} for one in labels],
        "created_at": stamp(at),
        "updated_at": stamp(at),
        "closed_at": None,
        "author_association": "NONE",
        "url": url,
        "repository_url": repo,
        "html_url": f"https://github.com/acme/infrastructure/issues/{number}",
        **{f"{link}_url": f"{url}/{link}" for link in ("comments", "events")},
        "labels_url": f"{url}/labels{{/name}}",
    }
    if pull:
        made["pull_request"] = dict.fromkeys(("url", "html_url", "diff_url", "patch_url"), f"{repo}/pulls/{number}")
    return made


def check_run(api: str, repo: str, key: int, asked: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """A check run as it was asked for."""
    output = asked.get("output", {})
    done = asked.get("conclusion") is not None
    return {
        "id": key,
        "node_id": f"CR_{key}",
        "name": asked["name"],
        "head_sha": asked["head_sha"],
        "external_id": asked.get("external_id", ""),
        "url": f"{repo}/check-runs/{key}",
        "html_url": f"https://github.com/acme/infrastructure/runs/{key}",
        "details_url": asked.get("details_url"),
        "status": "completed" if done else asked.get("status", "queued"),
        "conclusion": asked.get("conclusion"),
        "started_at": asked.get("started_at", stamp(at)),
        "completed_at": asked.get("completed_at", stamp(at)) if done else None,
        "output": {
            "title": output.get("title"),
            "summary": output.get("summary"),
            "text": output.get("text"),
            "annotations_count": 0,
            "annotations_url": f"{repo}/check-runs/{key}/annotations",
        },
        "check_suite": {"id": 1},
        "app": None,
        "pull_requests": [],
    }


def deployment(repo: str, key: int, asked: Mapping[str, Any], by: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """A deployment as it was asked for."""
    url = f"{repo}/deployments/{key}"
    return {
        "id": key,
        "node_id": f"DE_{key}",
        "sha": asked["ref"],
        "ref": asked["ref"],
        "task": asked.get("task", "deploy"),
        "payload": asked.get("payload", {}),
        "environment": asked.get("environment", "production"),
        "description": asked.get("description"),
        "production_environment": asked.get("production_environment", False),
        "transient_environment": asked.get("transient_environment", False),
        "creator": by,
        "created_at": stamp(at),
        "updated_at": stamp(at),
        "url": url,
        "statuses_url": f"{url}/statuses",
        "repository_url": repo,
    }


def deployment_status(
    repo: str, deployed: int, key: int, asked: Mapping[str, Any], by: Mapping[str, Any], at: datetime
) -> dict[str, Any]:
    """How a deployment goes."""
    url = f"{repo}/deployments/{deployed}"
    return {
        "id": key,
        "node_id": f"DES_{key}",
        "state": asked["state"],
        "description": asked.get("description", ""),
        "environment": asked.get("environment", ""),
        # Where none was given they are there and empty, which the description's own `uri` does not allow.
        "target_url": asked.get("log_url") or "https://github.com",
        "log_url": asked.get("log_url") or "https://github.com",
        "environment_url": asked.get("environment_url") or "https://github.com",
        "creator": by,
        "created_at": stamp(at),
        "updated_at": stamp(at),
        "url": f"{url}/statuses/{key}",
        "deployment_url": url,
        "repository_url": repo,
    }


def installation_token(ends: datetime) -> dict[str, Any]:
    """What an App gets for its claim."""
    return {"token": "ghs_" + "x" * 516, "expires_at": stamp(ends), "permissions": {"issues": "write"}}


def app(slug: str, at: datetime) -> dict[str, Any]:
    """An App, as it sees itself."""
    return {
        "id": 7,
        "slug": slug,
        "node_id": "A_7",
        "owner": user("acme"),
        "name": slug,
        "description": None,
        "external_url": "https://example.com",
        "html_url": f"https://github.com/apps/{slug}",
        "created_at": stamp(at),
        "updated_at": stamp(at),
        "permissions": {"issues": "write", "checks": "write"},
        "events": [],
    }


def installation(slug: str, at: datetime) -> dict[str, Any]:
    """An App, let in at an account."""
    return {
        "id": 70,
        "account": user("acme"),
        "access_tokens_url": "https://api.github.com/app/installations/70/access_tokens",
        "repositories_url": "https://api.github.com/installation/repositories",
        "html_url": "https://github.com/organizations/acme/settings/installations/70",
        "app_id": 7,
        "app_slug": slug,
        "target_id": 1,
        "target_type": "Organization",
        "permissions": {"issues": "write", "checks": "write"},
        "events": [],
        "repository_selection": "selected",
        "single_file_name": None,
        "suspended_at": None,
        "suspended_by": None,
        "created_at": stamp(at),
        "updated_at": stamp(at),
    }


def stamp(at: datetime) -> str:
    """A time as GitHub writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
