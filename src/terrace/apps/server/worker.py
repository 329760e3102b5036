"""Processes deliveries one at a time, oldest first. Correctness does not depend on the order: a handler reads the
current state, and a failing delivery does not block others.
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
    """The result of a delivery: done or ignored, with the reason in one line."""

    result: Literal["done", "ignored"]
    message: str


class Handler(Protocol):
    """Handles one kind of event. It may be called again with the same delivery after an unknown outcome. So it uses
    only the subject of the delivery, reads its current state, and establishes the desired state. Raises TerraceError
    where that is impossible now.
    """

    def __call__(self, delivery: Delivery) -> Outcome: ...


class Worker:
    """The only worker of a repository. `due` runs scheduled work and returns the result as text; it is called
    regularly."""

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
        """Does one piece of work; returns whether there was one."""
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
            # Also a bug in Terrace: the worker continues with other deliveries, and this one records the error.
            why = str(error) if isinstance(error, TerraceError) else f"a bug in Terrace: {error!r}"
            self._tell(f"{name}: {self._inbox.fail(delivery.id, why)}: {why}")
            return
        self._inbox.end(delivery.id, outcome.result, outcome.message)
        self._tell(f"{name}: {outcome.result}: {outcome.message}")
