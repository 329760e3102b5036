"""Files of a cache: put in place whole or not at all, by however many processes."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def keep(path: Path, content: bytes) -> None:
    """Put it there. Where there is no room nothing is kept, and whoever needs it makes it again."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh.write_bytes(content)
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
