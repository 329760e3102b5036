"""Writes files of a cache atomically, also from several processes."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path


def write_cache(path: Path, content: bytes) -> None:
    """Writes a file. Errors such as a full disk are ignored: the content is then computed again."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_file(path, content)


def replace_file(path: Path, content: bytes) -> None:
    """Writes a file of an existing folder, of which a reader sees the old or the new content. Not synced to disk."""
    # Threads of one process may write the same file.
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_native_id()}")
    try:
        fresh.write_bytes(content)
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise
