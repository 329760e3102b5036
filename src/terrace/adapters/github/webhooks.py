"""What GitHub sends by itself: whether it comes from GitHub, and what Terrace reads in it.

A delivery says that something happened, and about what. Nothing else in it is believed: whoever acts on it asks GitHub
how things stand by then, so that an old delivery, or one that comes twice, does no harm.
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
"""The headers of a delivery that count. They come by the connection: only the body is signed."""

_ID = re.compile(r"[0-9A-Za-z-]{8,64}")
_NAME = re.compile(r"[a-z_]{2,64}")


def genuine(body: bytes, signature: str, secrets: Sequence[bytes]) -> bool:
    """Whether one of the secrets signed exactly these bytes."""
    given = signature.encode("utf-8", "replace")
    # Each is compared whole: how long it takes says neither which secret fits nor how much of one.
    fits = [hmac.compare_digest(b"sha256=" + _signed(body, secret), given) for secret in secrets]
    return any(fits)


def _signed(body: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, body, "sha256").hex().encode()


def is_id(text: str) -> bool:
    """Whether this can be the id of a delivery."""
    return _ID.fullmatch(text) is not None


def is_event(text: str) -> bool:
    """Whether this can be the name of an event."""
    return _NAME.fullmatch(text) is not None


class Repository(msgspec.Struct, frozen=True):
    """A repository. Its name may change, its number does not."""

    id: int
    full_name: str


class About(msgspec.Struct, frozen=True):
    """What every delivery says: where it happened, and what was done there. An installation has no repository."""

    repository: Repository | None = None
    action: str = ""


class Push(msgspec.Struct, frozen=True):
    """A ref that was moved."""

    ref: str


class PullRequest(msgspec.Struct, frozen=True):
    """A pull request, by its number."""

    number: int


class Pulled(msgspec.Struct, frozen=True):
    """Something was done with a pull request."""

    pull_request: PullRequest


Said = TypeVar("Said", About, Push, Pulled)


def read(body: bytes, kind: type[Said]) -> Said:
    """What a delivery says of one kind; whatever else stands in it is passed over. Raises BadInput."""
    try:
        return typed_json.decode(body, kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadInput(f"the delivery is not as GitHub tells it: {error}") from error
