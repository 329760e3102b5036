"""Passes ^C on: code that waits for a program that must not be killed registers how to stop it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from terrace.errors import Interrupted

Stop = Callable[[], None]

_ANSWER = b"\ninterrupted: running programs are asked to stop, and their results are recorded before Terrace exits\n"
"""Answer to the first ^C."""

_STDERR = 2
"""The descriptor of the standard error."""


class Interruption:
    """Calls everything registered once, at the first ^C; later ones are ignored. With nothing registered, ^C raises
    KeyboardInterrupt as usual.
    """

    def __init__(self) -> None:
        self._stops: dict[int, Stop] = {}
        self._lock = threading.RLock()
        self._raised = threading.Event()

    @property
    def raised(self) -> bool:
        """Returns whether ^C was pressed."""
        return self._raised.is_set()

    def check(self) -> None:
        """Raises Interrupted once ^C was pressed, so that no new work is started."""
        if self.raised:
            raise Interrupted(
                "interrupted", hint="`terrace status` shows the current state; `terrace resume` continues"
            )

    @contextlib.contextmanager
    def call_on_interrupt(self, stop: Stop) -> Iterator[None]:
        """Calls `stop` (once, from the main thread) when ^C is pressed while the context lasts."""
        token = id(stop)
        with self._lock:
            self.check()
            self._stops[token] = stop
        try:
            yield
        finally:
            with self._lock:
                self._stops.pop(token, None)

    @contextlib.contextmanager
    def handle_sigint(self) -> Iterator[None]:
        """Handles SIGINT while the context lasts. Has an effect only in the main thread."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._on_signal)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        with self._lock:
            if self.raised:
                return
            self._raised.set()
            stops = tuple(self._stops.values())
        if not stops:
            raise KeyboardInterrupt
        # Programs can take seconds to stop. Not by `sys.stderr`: a signal may arrive while it is being written.
        with contextlib.suppress(OSError):
            os.write(_STDERR, _ANSWER)
        for stop in stops:
            stop()


INTERRUPTION = Interruption()
"""The instance of this process: a process has one SIGINT."""
