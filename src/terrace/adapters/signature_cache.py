"""Caches the results of signature checks: a gate verifies the same one repeatedly.

What is kept is found by everything that decides it: the lines of the trust root that name the signer, the signer, the
signature and the text. So a key that was taken away, or another trust root, is never answered from here.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable

MOST = 4096
"""How many signatures are kept. An entry is a hash and a fingerprint, however long the text is."""

Verify = Callable[[bytes, str, str, bytes], str | None]
"""Returns the fingerprint of the key that made the signature, "" where it is none of these signers, and None where
that could not be found out."""

# A certificate ends by a date of its own, which is in the signature and not in the lines of signers.
_TIMED = (b"valid-after", b"valid-before", b"cert-authority")


class SignatureCache:
    """Keeps what `verify` says, for several threads."""

    def __init__(self, verify: Verify, most: int = MOST) -> None:
        self._verify = verify
        self._most = most
        self._kept: OrderedDict[bytes, str] = OrderedDict()
        self._lock = threading.Lock()

    def fingerprint(self, signers: bytes, actor: str, signature: str, text: bytes) -> str:
        """Returns the fingerprint of the key that made the signature; "" where it does not hold.

        `signers` are the lines of the trust root that name the actor. What depends on the time is asked anew each time,
        and so is what could not be found out.
        """
        lowered = signers.lower()
        if any(option in lowered for option in _TIMED):
            return self._verify(signers, actor, signature, text) or ""
        name = _digest(signers, actor.encode(), signature.encode(), text)
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        found = self._verify(signers, actor, signature, text)
        if found is None:
            return ""
        with self._lock:
            self._kept[name] = found
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return found


def _digest(*parts: bytes) -> bytes:
    """A hash of the parts and of where each of them ends."""
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "big"))
        found.update(part)
    return found.digest()
