"""Who drives an environment on this machine: a lock that the operating system frees with its holder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from terrace.rollout.model import Holder

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """What this boot of the machine is called; "" where the system does not say (then no death is ever proven)."""
    with contextlib.suppress(OSError):
        return _BOOT_ID.read_text().strip()
    return ""


class LocalLeases:
    """Locks in a folder, one file an environment."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def holder(self, who: str) -> Holder:
        return Holder(host=socket.gethostname(), boot=boot_id(), pid=os.getpid(), who=who)

    @contextlib.contextmanager
    def hold(self, environment: str) -> Iterator[bool]:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._folder / f"{environment}.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
                return
            yield True

    def dead(self, holder: Holder, environment: str) -> bool:
        # The caller holds the lock of this environment. Another host, or another boot, may be another machine that
        # bears the same name and runs on: that is doubt, and doubt is not death.
        here = self.holder("")
        same = bool(here.boot) and (holder.host, holder.boot) == (here.host, here.boot)
        return same and (holder.pid == here.pid or not _runs(holder.pid))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
