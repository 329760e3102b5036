"""The hold of an environment: its start, and the releases that end it."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from terrace.ledger.event import Event
from terrace.ledger.events.deployments import (
    DeploymentEnded,
    DeploymentOpened,
)
from terrace.ledger.events.people import EnvironmentHeld, EnvironmentUnheld
from terrace.ledger.events.states import StateRestoreEnded
from terrace.ledger.model import History
from terrace.ledger.old_events import OldReadable
from terrace.ledger.origins import origin_of
from terrace.ledger.view import Fold
from terrace.stacks.model import Undoing


@dataclass(frozen=True, slots=True)
class Hold:
    """The hold of an environment: its reason, its author and its start.

    `deployment` is the deployment or restore that started it, "" for a person. `id` is the id of its event. `signed` is
    whether only a proven person can release it.
    """

    reason: str
    by: str
    since: datetime
    deployment: str = ""
    id: str = ""
    signed: bool = False


Releases = Callable[[Event, EnvironmentUnheld, Hold], bool]
"""Returns whether a person's statement releases a hold."""


def anybody_releases(event: Event, unheld: EnvironmentUnheld, hold: Hold) -> bool:
    """Used if the person does not matter."""
    return True


def hold(history: History, environment: str, releases: Releases = anybody_releases) -> Hold | None:
    """Returns the hold of an environment, or None if it accepts deployments.

    A hold by a person ends only when a person releases it: no deployment replaces or ends it. Terrace releases only a
    hold that a deployment or a restore started, and only when earlier events justify that (`JustifiedReleases`): the
    release alone proves nothing.
    """
    held: Hold | None = None
    for event, record in history.of(EnvironmentHeld, EnvironmentUnheld):
        if event.subject != environment:
            continue
        match record:
            case EnvironmentHeld(reason=reason, deployment=deployment):
                # A hold on top of another one is not easier to release than that.
                signed = record.signed or (held is not None and held.signed)
                new = Hold(reason, event.actor, event.time, deployment, event.id, signed)
                held = new if held is None or held.deployment or not new.deployment else held
            case EnvironmentUnheld(deployment=ended) if held is not None:
                ours = ended == held.deployment and event.position in history.fold(JustifiedReleases)
                over = ours if ended else releases(event, record, held)
                held = None if over else held
    return held


class JustifiedReleases(Fold[Set[int]]):
    """The positions of releases by Terrace that earlier events justify, each for the hold of a deployment or a restore.

    A deployment of unknown outcome: another one that settles it succeeded. A rollback: it succeeded. A restore: it
    ended as it should. Whatever failed is released by people only.
    """

    STATE = tuple[dict[str, tuple[str, tuple[str, ...]]], set[tuple[str, str]], set[int]]

    def __init__(self) -> None:
        self._open: dict[str, tuple[str, tuple[str, ...]]] = {}
        self._over: set[tuple[str, str]] = set()
        self._found: set[int] = set()

    def copy(self) -> Self:
        """Returns a copy that can be continued separately."""
        copied = type(self)()
        copied._open, copied._over, copied._found = dict(self._open), set(self._over), set(self._found)
        return copied

    def add(self, event: Event) -> None:
        """Take the next event."""
        match event.record:
            case DeploymentOpened() as opened:
                own = event.subject if isinstance(origin_of(opened.origin), Undoing) else ""
                names = tuple(name for name in (own, opened.settles) if name)
                if names:
                    self._open[event.subject] = opened.environment, names
            case DeploymentEnded(result=result) if event.subject in self._open:
                environment, names = self._open.pop(event.subject)
                if result == "succeeded":
                    self._over.update((environment, name) for name in names)
            case StateRestoreEnded(result="restored" | "unchanged") as ended:
                self._over.add((ended.environment, ended.restore))
            case EnvironmentUnheld(deployment=of) if of and (event.subject, of) in self._over:
                self._found.add(event.position)

    def result(self) -> Set[int]:
        """The positions so far."""
        return frozenset(self._found)

    def state(self) -> Any:
        """Returns the data that is needed to continue."""
        return self._open, self._over, self._found

    @classmethod
    def of_state(cls, state: Any, readable: OldReadable) -> Self:
        """Returns the fold with this state."""
        fold = cls()
        fold._open, fold._over, fold._found = state
        return fold
