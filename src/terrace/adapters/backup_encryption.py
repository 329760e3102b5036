"""Encrypts and decrypts state backups.

    magic, length of header (4 bytes, big endian), header (JSON), nonce (12 bytes), encrypted state

The state is encrypted with AES-256-GCM, and the header is authenticated with it, so that an old state cannot be
presented as a newer one. In format 1 the key is the shared one. In format 2 each backup has a key of its own, which is
in the header, encrypted by age for every recipient: the writer of backups need not be able to read them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from terrace.errors import BadInput, Corrupt, NotReady

if TYPE_CHECKING:
    from pyrage import x25519

KEY_BYTES = 32
_MAGIC = {1: b"terrace-state-1\n", 2: b"terrace-state-2\n"}
_MAGIC_BYTES = 16
_NONCE_BYTES = 12
_LONGEST_HEADER = 2**20
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Header = dict[str, Any]


def read_key(spec: str, environ: Mapping[str, str]) -> bytes:
    """Returns the key in the variable of `env:NAME`. Raises NotReady where it is not set, BadInput where it is not a
    valid key.

    No message contains a possible key: neither the value of the variable nor an invalid `spec`.
    """
    name = _variable(spec, "backups.key")
    text = environ.get(name, "").strip()
    how = f"export {name}=$(openssl rand -base64 32)   (store it safely: backups cannot be read without it)"
    # A new key would make existing backups unreadable, and pending approvals invalid.
    again = (
        f"set {name} to the key that was used before, without quotes or spaces; only for a new repository: "
        f"export {name}=$(openssl rand -base64 32)"
    )
    if not text:
        raise NotReady(f"the backup key is missing: {name} is not set", hint=how)
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadInput(f"{name} is not base64", hint=again) from error
    if len(key) != KEY_BYTES:
        raise BadInput(f"{name} has {len(key)} bytes; a key has {KEY_BYTES}", hint=again)
    return key


def read_identity(spec: str, environ: Mapping[str, str]) -> str:
    """Returns the age identities in the variable of `env:NAME`, one per line. Raises NotReady where it is not set."""
    name = _variable(spec, "backups.identity")
    text = environ.get(name, "").strip()
    if not text:
        raise NotReady(
            f"state backups are encrypted for age recipients, and {name} is not set",
            hint=f"export {name}=AGE-SECRET-KEY-1...  (where backups are read; a runner that only writes needs none)",
        )
    return text


def _variable(spec: str, subject: str) -> str:
    name = spec.removeprefix("env:")
    if not spec.startswith("env:") or not _VARIABLE.fullmatch(name):
        raise BadInput(
            f"{subject} must name an environment variable, not contain the secret itself",
            hint=f"backups: {{{subject[8:]}: env:NAME}}",
        )
    return name


def key_id(key: bytes) -> str:
    """Returns the id of a key: 8 hexadecimal characters that reveal nothing about it."""
    return hashlib.sha256(b"terrace backup key id\n" + key).hexdigest()[:8]


def recipients_id(recipients: tuple[str, ...]) -> str:
    """Returns the id of a set of recipients, in any order."""
    return hashlib.sha256("\n".join(("terrace recipients", *sorted(recipients))).encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class BackupCipher:
    """Encrypts and decrypts backups. Secrets are read when they are first needed. With `recipients`, backups are
    encrypted for them; without, with the shared `key`. `older` are previous shared keys.
    """

    key: Callable[[], bytes]
    recipients: tuple[str, ...] = ()
    identity: Callable[[], str] | None = None
    older: tuple[bytes, ...] = ()

    @property
    def key_id(self) -> str:
        """The id of the key that new backups are encrypted with."""
        return recipients_id(self.recipients) if self.recipients else key_id(self.key())

    def ready(self) -> None:
        """Raises NotReady or BadInput where nothing can be encrypted now."""
        if self.recipients:
            _recipients(self.recipients)
        else:
            self.key()

    def seal(self, header: Header, content: bytes) -> bytes:
        """Returns the encrypted backup. `header` describes it; the id of its key is added."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        sealing: Header = {"key_id": self.key_id, "recipients": sorted(self.recipients)}
        if self.recipients:
            import pyrage

            key = os.urandom(KEY_BYTES)
            wrapped = pyrage.encrypt(key, _recipients(self.recipients))
            sealing["wrapped"] = base64.b64encode(wrapped).decode()
        else:
            key = self.key()
        magic = _MAGIC[2 if self.recipients else 1]
        head = json.dumps({**header, **sealing}, sort_keys=True).encode()
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(key).encrypt(nonce, zlib.compress(content), magic + head)
        return magic + len(head).to_bytes(4, "big") + head + nonce + sealed

    def open(self, name: str, copy: bytes) -> tuple[Header, bytes]:
        """Returns header and content. Raises NotReady without the right key, Corrupt where the backup was changed."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        end = header_end(name, copy)
        if len(copy) < end + _NONCE_BYTES + 16:
            raise Corrupt(f"the backup {name} is truncated")
        header = read_header(name, copy)
        magic, head = copy[:_MAGIC_BYTES], copy[_MAGIC_BYTES + 4 : end]
        nonce, sealed = copy[end : end + _NONCE_BYTES], copy[end + _NONCE_BYTES :]
        key = self._own_key(name, header) if magic == _MAGIC[2] else self._shared_key(name, header)
        try:
            return header, zlib.decompress(AESGCM(key).decrypt(nonce, sealed, magic + head))
        except (InvalidTag, zlib.error) as error:
            raise Corrupt(f"the backup {name} was changed after it was stored") from error

    def _shared_key(self, name: str, header: Header) -> bytes:
        """Returns the shared key of a backup in format 1."""
        expected = header.get("key_id")
        keys_by_id = {key_id(key): key for key in self.older}
        if expected not in keys_by_id:
            key = self.key()
            keys_by_id[key_id(key)] = key
        if expected not in keys_by_id:
            raise NotReady(
                f"{name} is encrypted with the key {expected}, but the key in this environment is "
                f"{', '.join(keys_by_id)}",
                hint="set the key that was in use when the backup was created",
            )
        return keys_by_id[str(expected)]

    def _own_key(self, name: str, header: Header) -> bytes:
        """Returns the key of a backup in format 2, which only a recipient can decrypt."""
        import pyrage

        identities = _identities(self.identity() if self.identity is not None else "")
        try:
            wrapped = base64.b64decode(str(header.get("wrapped")), validate=True)
            key: bytes = pyrage.decrypt(wrapped, identities)
        except binascii.Error as error:
            raise Corrupt(f"the backup {name} is damaged") from error
        except pyrage.DecryptError as error:
            raise NotReady(
                f"{name} is encrypted for other recipients, or its encrypted key is damaged: {error}",
                hint=f"it is encrypted for {', '.join(map(str, header.get('recipients', ())))}",
            ) from error
        if len(key) != KEY_BYTES:
            raise Corrupt(f"the backup {name} is damaged")
        return key


def header_end(name: str, start: bytes) -> int:
    """Returns the offset of the end of a backup's header. `start` is at least its first 20 bytes. Raises Corrupt."""
    if start[:_MAGIC_BYTES] not in _MAGIC.values() or len(start) < _MAGIC_BYTES + 4:
        raise Corrupt(f"{name} is not a backup that Terrace wrote")
    length = int.from_bytes(start[_MAGIC_BYTES : _MAGIC_BYTES + 4], "big")
    if length > _LONGEST_HEADER:
        raise Corrupt(f"the backup {name} is damaged")
    return _MAGIC_BYTES + 4 + length


def read_header(name: str, start: bytes) -> Header:
    """Returns the header of a backup. It is authenticated only when the backup is decrypted. Raises Corrupt."""
    end = header_end(name, start)
    if len(start) < end:
        raise Corrupt(f"the backup {name} is truncated")
    try:
        header = json.loads(start[_MAGIC_BYTES + 4 : end])
    except (ValueError, RecursionError) as error:
        raise Corrupt(f"the backup {name} is damaged") from error
    if not isinstance(header, dict):
        raise Corrupt(f"the backup {name} is damaged")
    return header


def _recipients(texts: tuple[str, ...]) -> list[x25519.Recipient]:
    import pyrage

    parsed = []
    for text in texts:
        try:
            parsed.append(pyrage.x25519.Recipient.from_str(text))
        except pyrage.RecipientError as error:
            raise BadInput(
                f"{text!r} in backups.recipients is not an age recipient: {error}",
                hint="`age-keygen -y FILE` prints it",
            ) from error
    return parsed


def _identities(text: str) -> list[x25519.Identity]:
    import pyrage

    lines = [line.strip() for line in text.splitlines()]
    try:
        # `age-keygen` writes comments above the key, and the variable may contain the whole file.
        return [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except pyrage.IdentityError as error:
        raise BadInput(
            "the variable of backups.identity does not contain an age identity", hint="AGE-SECRET-KEY-1..., one a line"
        ) from (error)
