"""^C, passed on. Code that waits for a program that must not be killed registers a function that asks it to stop."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from terrace.errors import Interrupted

Stop = Callable[[], None]


class Interruption:
    """Calls every registered function once, at the first ^C; later ones change nothing.

    With nothing registered ^C is the KeyboardInterrupt that it always is.
    """

    def __init__(self) -> None:
        self._stops: dict[int, Stop] = {}
        self._lock = threading.RLock()
        self._raised = threading.Event()

    @property
    def raised(self) -> bool:
        """Whether ^C was pressed."""
        return self._raised.is_set()

    def check(self) -> None:
        """Raise Interrupted once ^C was pressed: nothing new is begun after it."""
        if self.raised:
            raise Interrupted("interrupted", hint="`terrace status` shows where things stand; `terrace resume` goes on")

    @contextlib.contextmanager
    def telling(self, stop: Stop) -> Iterator[None]:
        """While the context lasts, `stop` is called (once, from the main thread) when ^C is pressed."""
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
    def listening(self) -> Iterator[None]:
        """Take SIGINT over while the context lasts. Only the main thread can; elsewhere nothing happens."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._heard)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        with self._lock:
            if self.raised:
                return
            self._raised.set()
            stops = tuple(self._stops.values())
        if not stops:
            raise KeyboardInterrupt
        for stop in stops:
            stop()


INTERRUPTION = Interruption()
"""The one of this process: a process has one SIGINT."""
