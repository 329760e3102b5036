"""Webhook deliveries from GitHub: their signature, and the fields that Terrace reads.

A delivery reports that something happened, and to what. Nothing else in it is trusted: its handler reads the current
state from GitHub, so that old and repeated deliveries do no harm.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from terrace import typed_json
from terrace.errors import BadInput

SIGNATURE = "x-hub-signature-256"
DELIVERY = "x-github-delivery"
EVENT = "x-github-event"
"""Headers of a delivery. They are not signed: only the body is."""

_ID = re.compile(r"[0-9A-Za-z-]{8,64}")
_NAME = re.compile(r"[a-z_]{2,64}")


def genuine(body: bytes, signature: str, secrets: Sequence[bytes]) -> bool:
    """Returns whether one of the secrets signed exactly these bytes."""
    signed = signature.encode("utf-8", "replace")
    # All secrets are compared in constant time, so that the duration reveals nothing about them.
    fits = [hmac.compare_digest(b"sha256=" + _sign(body, secret), signed) for secret in secrets]
    return any(fits)


def _sign(body: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, body, "sha256").hex().encode()


def is_id(text: str) -> bool:
    """Returns whether this is a valid id of a delivery."""
    return _ID.fullmatch(text) is not None


def is_event(text: str) -> bool:
    """Returns whether this is a valid name of an event."""
    return _NAME.fullmatch(text) is not None


class Repository(msgspec.Struct, frozen=True):
    """A repository. Its name may change, its id does not."""

    id: int
    full_name: str


class About(msgspec.Struct, frozen=True):
    """The fields of every delivery: repository and action. Deliveries about an installation have no repository."""

    repository: Repository | None = None
    action: str = ""


class Push(msgspec.Struct, frozen=True):
    """A push that moved a ref."""

    ref: str


class PullRequest(msgspec.Struct, frozen=True):
    """A pull request, identified by its number."""

    number: int


class PullRequestAction(msgspec.Struct, frozen=True):
    """An action on a pull request."""

    pull_request: PullRequest


Payload = TypeVar("Payload", About, Push, PullRequestAction)


def read(body: bytes, kind: type[Payload]) -> Payload:
    """Returns a delivery of one kind; other fields are ignored. Raises BadInput for an invalid one."""
    try:
        return typed_json.decode(body, kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadInput(f"the delivery does not have the format that GitHub documents: {error}") from error
