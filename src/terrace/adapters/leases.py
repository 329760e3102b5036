"""Leases of environments on this machine: locks that the operating system releases when their holder ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from terrace.adapters.host import (
    LOCAL_FILE_SYSTEMS,
    file_identity,
    file_system,
    host,
    pid_namespace,
    process_state,
    start_time,
)
from terrace.ledger.deployment import Holder


class LocalLeases:
    """Locks in a folder, one file per environment."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def holder(self, who: str, environment: str = "") -> Holder:
        own_host = host()
        return Holder(
            host=own_host.name,
            boot=own_host.boot,
            pid=os.getpid(),
            who=who,
            machine=own_host.machine,
            pid_namespace=pid_namespace(),
            started=start_time(os.getpid()),
            lock=self._lock(environment) if environment else "",
        )

    @contextlib.contextmanager
    def hold(self, environment: str) -> Iterator[bool]:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Nothing is written into the file, so that its identity does not change.
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self._folder / f"{environment}.lock", flags, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
                return
            yield True
        finally:
            os.close(descriptor)

    def is_dead(self, holder: Holder, environment: str) -> bool:
        # The caller holds the lock of this environment. It is the holder's lock only if it is the same file; a pid
        # identifies the same process only in the same PID namespace of the same boot. Otherwise the holder may still
        # run.
        own = self.holder("", environment)
        identity = (holder.host, holder.machine, holder.boot, holder.pid_namespace, holder.lock)
        if identity != (own.host, own.machine, own.boot, own.pid_namespace, own.lock):
            return False
        if not (own.boot and own.pid_namespace and own.lock and holder.started):
            return False
        if file_system(self._folder) not in LOCAL_FILE_SYSTEMS:
            return False
        if (holder.pid, holder.started) == (own.pid, own.started):
            # This process holds the lock, so that no other thread of it runs a deployment in the environment.
            return True
        return process_state(holder.pid, holder.started) == "gone"

    def _lock(self, environment: str) -> str:
        with contextlib.suppress(OSError):
            return file_identity((self._folder / f"{environment}.lock").lstat())
        return ""
