"""Credentials of requests: a token, or a GitHub App that creates short-lived tokens."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from terrace.errors import NotReady

JWT_SECONDS = 540
"""Lifetime of an App's claim. GitHub accepts at most ten minutes, and clocks differ."""

SPARE_SECONDS = 300
"""Time before its expiry at which the token of an installation is renewed. It is valid for an hour."""


class Credential(Protocol):
    """Provides the token of the next request. It must not be stored: the next token may differ."""

    def token(self) -> str:
        """Returns the token. Raises NotReady where GitHub issues none."""
        ...


@dataclass(frozen=True, slots=True)
class Token:
    """A fixed token: `GITHUB_TOKEN` of a workflow, or a personal one. It is never shown."""

    value: str

    def token(self) -> str:
        return self.value

    def __repr__(self) -> str:
        return "Token(...)"


class App:
    """A GitHub App in one installation. `exchange` gets the App's claim and returns a token and its expiry.

    `key` is the App's private key as PEM; it stays in memory and is never shown.
    """

    def __init__(
        self,
        app_id: str,
        key: bytes,
        exchange: Callable[[str], tuple[str, datetime]],
        clock: Callable[[], float],
    ) -> None:
        self._app_id = app_id
        self._key = key
        self._exchange = exchange
        self._clock = clock
        self._held: tuple[str, float] | None = None

    def token(self) -> str:
        now = self._clock()
        if self._held is None or self._held[1] - SPARE_SECONDS <= now:
            value, ends = self._exchange(claim(self._app_id, self._key, now))
            self._held = (value, ends.timestamp())
        return self._held[0]


def claim(app_id: str, key: bytes, now: float) -> str:
    """Returns the claim of an App: a JSON Web Token (RFC 7519) signed with RS256.

    It is dated back by a minute, as GitHub recommends, since clocks differ. Raises NotReady for an invalid key.
    """
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    hint = "set TERRACE_GITHUB_APP_KEY to the complete PEM file that GitHub offered when the key was created"
    try:
        private = serialization.load_pem_private_key(key, password=None)
    except (ValueError, TypeError) as error:
        raise NotReady("the private key of the GitHub App cannot be read", hint=hint) from error
    if not isinstance(private, rsa.RSAPrivateKey):
        raise NotReady("the private key of the GitHub App is not an RSA key", hint=hint)
    head = _encode(json.dumps({"alg": "RS256", "typ": "JWT"}).encode())
    body = _encode(json.dumps({"iat": int(now) - 60, "exp": int(now) + JWT_SECONDS, "iss": app_id}).encode())
    signature = private.sign(f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{head}.{body}.{_encode(signature)}"


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
