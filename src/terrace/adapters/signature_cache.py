"""Caches verified signatures: gates verify the same ones repeatedly. An entry depends on everything that decides it:
the lines of the trust root that name the signer, the signer, the signature and the text. So a removed key or another
trust root never gets a cached result.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable

MOST = 4096
"""Maximum number of entries. An entry is a hash and a fingerprint, independent of the length of the text."""

Verify = Callable[[bytes, str, str, bytes], str | None]
"""Returns the fingerprint of the signing key, "" where it is not one of these signers, and None where that could not be
determined."""

# A certificate has an expiry of its own, which is in the signature and not in the lines of signers.
_TIMED = (b"valid-after", b"valid-before", b"cert-authority")


class SignatureCache:
    """Caches the results of `verify`, for several threads."""

    def __init__(self, verify: Verify, most: int = MOST) -> None:
        self._verify = verify
        self._most = most
        self._kept: OrderedDict[bytes, str] = OrderedDict()
        self._lock = threading.Lock()

    def fingerprint(self, signers: bytes, actor: str, signature: str, text: bytes) -> str:
        """Returns the fingerprint of the signing key; "" where the signature is invalid. `signers` are the lines of the
        trust root that name the actor. Results that depend on the time, or could not be determined, are not cached.
        """
        lowered = signers.lower()
        if any(option in lowered for option in _TIMED):
            return self._verify(signers, actor, signature, text) or ""
        name = _digest(signers, actor.encode(), signature.encode(), text)
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        identity = self._verify(signers, actor, signature, text)
        if identity is None:
            return ""
        with self._lock:
            self._kept[name] = identity
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return identity


def _digest(*parts: bytes) -> bytes:
    """Returns a hash of the parts and of their lengths."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()
