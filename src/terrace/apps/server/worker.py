"""Processes deliveries: one after the other, the oldest first, each until it has finished.

The order is a courtesy: a handler looks how things stand by now, and one delivery that fails holds up no other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from terrace.apps.server.inbox import Delivery, Inbox
from terrace.errors import Interrupted, TerraceError

Tell = Callable[[str], None]
"""Logs one line for the operator of the server."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a delivery ended: something was looked after, or it was nothing for us; and why, in a line."""

    result: Literal["done", "ignored"]
    said: str


class Handler(Protocol):
    """Does what a kind of event calls for.

    It may be called again with the same delivery, after an end that nobody knows. So it takes from the delivery only
    what it is about, asks how that stands now, and makes what should be so: what is so already, it leaves.
    Raises TerraceError where it cannot now.
    """

    def __call__(self, delivery: Delivery) -> Outcome: ...


class Worker:
    """The one that works on a repository. `due` does what time made due, and tells how it
    ended; it is called every so often, too."""

    def __init__(
        self,
        inbox: Inbox,
        handlers: Mapping[str, Handler],
        due: Callable[[], str],
        every: timedelta,
        clock: Callable[[], datetime],
        tell: Tell,
    ) -> None:
        self._inbox = inbox
        self._handlers = handlers
        self._due = due
        self._every = every
        self._clock = clock
        self._tell = tell
        self._looked: datetime | None = None
        self.trouble = False
        """Returns whether anything has failed since the start."""

    def step(self) -> bool:
        """Do one thing; tells whether there was one."""
        delivery = self._inbox.begin()
        if delivery is not None:
            self._work_off(delivery)
            return True
        if self._looked is not None and self._clock() - self._looked < self._every:
            return False
        self._looked = self._clock()
        try:
            self._tell(self._due())
        except Interrupted:
            raise
        except TerraceError as error:
            self.trouble = True
            self._tell(f"scheduled work failed: {error}" + (f" ({error.hint})" if error.hint else ""))
        return True

    def _work_off(self, delivery: Delivery) -> None:
        name = f"{delivery.id} {delivery.event}"
        handler = self._handlers.get(delivery.event)
        try:
            outcome = handler(delivery) if handler else Outcome("ignored", "no action is defined for this event")
        except (Interrupted, KeyboardInterrupt):
            self._inbox.hand_back(delivery.id)
            raise
        except Exception as error:
            self.trouble = True
            # A fault of ours too: the worker has other deliveries to look after, and this one says what happened to it.
            why = str(error) if isinstance(error, TerraceError) else f"a bug in Terrace: {error!r}"
            self._tell(f"{name}: {self._inbox.fail(delivery.id, why)}: {why}")
            return
        self._inbox.end(delivery.id, outcome.result, outcome.said)
        self._tell(f"{name}: {outcome.result}: {outcome.said}")
