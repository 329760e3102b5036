"""Deliveries as GitHub makes them: the least that its published description asks for, held to it, and signed."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any

from forge.contract import contract
from forge.sample import sample
from forge.shapes import user

SECRET = "5f0a1e7d9c3b2468ace0"

NUMBER = 7_654_321
"""What GitHub calls the repository for good."""

NAME = "acme/infrastructure"


def delivered(event: str, action: str = "", /, **chosen: Mapping[str, Any] | Any) -> bytes:
    """The body of a delivery; of an object what is chosen takes the place of what any would do.

    Raises ContractBroken where GitHub would not send it.
    """
    schema = f"webhook-{event}-{action}".rstrip("-").replace("_", "-")
    payload = sample(contract(), schema)
    for key, value in chosen.items():
        payload[key] = {**payload[key], **value} if isinstance(value, Mapping) else value
    contract().webhook(event, payload)
    return json.dumps(payload).encode()


def said(id_: int, by: str = "bob", name: str = NAME) -> bytes:
    """A comment on a pull request was written."""
    return delivered(
        "issue_comment",
        "created",
        issue={"number": 12, "user": user("mona")},
        comment={"id": id_, "user": user(by)},
        repository={"id": NUMBER, "full_name": name},
    )


def pushed(branch: str = "main", name: str = NAME, number: int = NUMBER) -> bytes:
    """A branch moved."""
    return delivered("push", ref=f"refs/heads/{branch}", repository={"id": number, "full_name": name})


def opened(number: int) -> bytes:
    """A pull request was opened."""
    there = {"id": NUMBER, "full_name": NAME}
    pull = {"number": number, "user": user("mona")}
    return delivered("pull_request", "opened", number=number, pull_request=pull, repository=there)


def headers(body: bytes, event: str = "push", id_: str = "11111111-aaaa", secret: str = SECRET) -> dict[str, str]:
    """What comes along with a delivery."""
    return {
        "content-type": "application/json",
        "x-github-event": event,
        "x-github-delivery": id_,
        "x-hub-signature-256": "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex(),
    }
