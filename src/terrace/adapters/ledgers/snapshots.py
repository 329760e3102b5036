"""The snapshot of a ledger in the Git directory of a clone.

With the ledger key a MAC authenticates it. Without one there is a checksum against damage, and only who can write into
`.git` can replace it: a checkout never writes there, and who can do so can also run programs by hooks.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from terrace.adapters.cache_file import write_cache
from terrace.ledger.authenticity import EventKey, LedgerKey
from terrace.ledger.snapshot import Snapshot, decode, encode
from terrace.ledger.view import Fold

_LABEL = b"terrace ledger snapshot"
_CODE_BYTES = 32


class SnapshotFile:
    """One file for each key, since the key decides which events are valid. A damaged or foreign one is ignored."""

    def __init__(
        self, folder: Callable[[], Path], kind: str, key: LedgerKey, folds: Callable[[], Sequence[type[Fold[Any]]]]
    ) -> None:
        """`folds` are those that a snapshot has. They and `folder` are requested when they are needed."""
        self._folder = folder
        self._name = f"ledger-{kind}-{key.id if isinstance(key, EventKey) else 'no-key'}.snapshot"
        self._key = key
        self._folds = folds

    @property
    def folds(self) -> Sequence[type[Fold[Any]]]:
        """Returns the folds that a snapshot has."""
        return self._folds()

    def load(self) -> Snapshot | None:
        """Returns the snapshot; None where there is no valid one."""
        try:
            stored = memoryview((self._folder() / self._name).read_bytes())
        except OSError:
            return None
        code, content = stored[:_CODE_BYTES], stored[_CODE_BYTES:]
        return decode(content, self._key) if hmac.compare_digest(code, self._code(content)) else None

    def save(self, snapshot: Snapshot) -> None:
        """Replaces the snapshot. Where it cannot be written, the next command reads the ledger again."""
        content, folder = encode(snapshot), self._folder()
        # The leftover of a killed process is as large as the snapshot.
        for part in folder.glob(f"{self._name}.*"):
            with contextlib.suppress(OSError):
                part.unlink()
        write_cache(folder / self._name, self._code(content) + content)

    def _code(self, content: bytes | memoryview) -> bytes:
        if isinstance(self._key, EventKey):
            return self._key.code_of(_LABEL, content)
        digest = hashlib.sha256(_LABEL)
        digest.update(content)
        return digest.digest()
