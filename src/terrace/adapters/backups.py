"""State backups: compressed, sealed with AES-256-GCM, and stored with a header that says what they are.

    magic, length of header (4 bytes, big endian), header (JSON), nonce (12 bytes), sealed state

The header is authenticated with the state: nobody can pass an old state off as a newer one.
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
from dataclasses import asdict
from datetime import datetime
from typing import Any

from terrace.adapters.artefacts import Artefacts
from terrace.errors import BadInput, Corrupt, NotReady
from terrace.plans.backup import BackupRecord, Moment
from terrace.plans.terraform import StateSnapshot

KEY_BYTES = 32
_MAGIC = b"terrace-state-1\n"
_NONCE_BYTES = 12
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_key(spec: str, environ: Mapping[str, str]) -> bytes:
    """The key that `env:NAME` names. Raises NotReady when it is not set, BadInput when it is no key.

    No message holds what may be a key: neither the variable's value nor a `spec` that is not the name of one.
    """
    name = spec.removeprefix("env:")
    if not spec.startswith("env:") or not _VARIABLE.fullmatch(name):
        raise BadInput("backups.key must say where the key is, and not be one", hint="backups: {key: env:NAME}")
    text = environ.get(name, "").strip()
    how = f"export {name}=$(openssl rand -base64 32)   (keep it: without it no backup can be read)"
    if not text:
        raise NotReady(f"the key of state backups is missing: {name} is not set", hint=how)
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadInput(f"{name} is not base64", hint=how) from error
    if len(key) != KEY_BYTES:
        raise BadInput(f"{name} holds {len(key)} bytes, and a key has {KEY_BYTES}", hint=how)
    return key


def key_id(key: bytes) -> str:
    """What a key is called: 8 hexadecimal characters that tell nothing about it."""
    return hashlib.sha256(b"terrace backup key id\n" + key).hexdigest()[:8]


class Backups:
    """Backups in a store of artefacts. The key is asked for when it is first needed."""

    def __init__(self, artefacts: Artefacts, key: Callable[[], bytes], clock: Callable[[], datetime]) -> None:
        self._artefacts = artefacts
        self._key = key
        self._clock = clock

    def save(
        self, environment: str, stack: str, state: StateSnapshot, *, commit: str, deployment: str, moment: Moment
    ) -> BackupRecord:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self._key()
        nonce = os.urandom(_NONCE_BYTES)
        # The nonce is in the name too: whoever is killed and goes on within a second saves another copy.
        day = self._clock().strftime("%Y%m%dT%H%M%SZ")
        folder = f"states/{environment}/{stack.removeprefix(f'{environment}/')}"
        record = BackupRecord(
            name=f"{folder}/{day}-{state.serial:06d}-{moment}-{deployment}-{nonce[:3].hex()}.tfstate.enc",
            environment=environment,
            stack=stack,
            lineage=state.lineage,
            serial=state.serial,
            sha256=hashlib.sha256(state.content).hexdigest(),
            size=len(state.content),
            key_id=key_id(key),
            moment=moment,
            commit=commit,
            deployment=deployment,
        )
        header = json.dumps(asdict(record), sort_keys=True).encode()
        sealed = AESGCM(key).encrypt(nonce, zlib.compress(state.content), _MAGIC + header)
        self._artefacts.put(record.name, _MAGIC + len(header).to_bytes(4, "big") + header + nonce + sealed)
        return record

    def load(self, name: str) -> bytes:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        header, nonce, sealed = _opened(name, self._artefacts.get(name))
        record = _record(name, header)
        key = self._key()
        if record.get("key_id") != key_id(key):
            raise NotReady(
                f"{name} was sealed with the key {record.get('key_id')}, and the key given is {key_id(key)}",
                hint="set the key that was in use when the backup was made",
            )
        try:
            state = zlib.decompress(AESGCM(key).decrypt(nonce, sealed, _MAGIC + header))
        except (InvalidTag, zlib.error) as error:
            raise Corrupt(f"the backup {name} is not what was stored") from error
        if record.get("name") != name or hashlib.sha256(state).hexdigest() != record.get("sha256"):
            raise Corrupt(f"the backup {name} is not what was stored: another one lies in its place")
        return state


def _opened(name: str, content: bytes) -> tuple[bytes, bytes, bytes]:
    """Header, nonce and sealed state."""
    start = len(_MAGIC) + 4
    if not content.startswith(_MAGIC) or len(content) < start:
        raise Corrupt(f"the backup {name} is not one that Terrace wrote")
    end = start + int.from_bytes(content[len(_MAGIC) : start], "big")
    if len(content) < end + _NONCE_BYTES + 16:
        raise Corrupt(f"the backup {name} is cut off")
    return content[start:end], content[end : end + _NONCE_BYTES], content[end + _NONCE_BYTES :]


def _record(name: str, header: bytes) -> dict[str, Any]:
    try:
        record = json.loads(header)
    except (ValueError, RecursionError) as error:
        raise Corrupt(f"the backup {name} is damaged") from error
    if not isinstance(record, dict):
        raise Corrupt(f"the backup {name} is damaged")
    return record
