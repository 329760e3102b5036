"""How a request says who it is from: a token as it is, or an App that gets itself a short-lived one."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from terrace.errors import NotReady

JWT_SECONDS = 540
"""How long an App's own claim holds: GitHub takes at most ten minutes, and clocks differ."""

SPARE_SECONDS = 300
"""An installation's token is renewed this long before it ends (it lives for an hour)."""


class Credential(Protocol):
    """Gives the token of the next request. It must not be kept: the next one may be another."""

    def token(self) -> str:
        """Raises NotReady when there is none to be had."""
        ...


@dataclass(frozen=True, slots=True)
class Token:
    """A token that somebody made: `GITHUB_TOKEN` of a workflow, or a personal one. It shows nowhere."""

    value: str

    def token(self) -> str:
        return self.value

    def __repr__(self) -> str:
        return "Token(...)"


class App:
    """A GitHub App in one installation. `exchange` takes the App's claim, and gives a token and when it ends.

    `key` is the App's private key as PEM; it stays in memory, and shows nowhere.
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
    """What an App says of itself: a JSON Web Token (RFC 7519) signed with RS256.

    It is issued a minute ago, as GitHub advises, since clocks differ. Raises NotReady for a key that is none.
    """
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    hint = "GITHUB_APP_PRIVATE_KEY holds the whole PEM file that GitHub gave when the key was made"
    try:
        private = serialization.load_pem_private_key(key, password=None)
    except (ValueError, TypeError) as error:
        raise NotReady("the private key of the GitHub App cannot be read", hint=hint) from error
    if not isinstance(private, rsa.RSAPrivateKey):
        raise NotReady("the private key of the GitHub App is no RSA key", hint=hint)
    head = _encoded(json.dumps({"alg": "RS256", "typ": "JWT"}).encode())
    body = _encoded(json.dumps({"iat": int(now) - 60, "exp": int(now) + JWT_SECONDS, "iss": app_id}).encode())
    signature = private.sign(f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{head}.{body}.{_encoded(signature)}"


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
