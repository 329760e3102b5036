"""The situation of an environment: its release, its open deployment and its next step, its hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from terrace.gates.all import HELD, is_of
from terrace.rollout.next_step import Finish, Next, Perform, Wait
from terrace.stacks.model import Destruction, Remediation

if TYPE_CHECKING:
    from terrace.gates.model import GateResult
    from terrace.ledger.deployment import Deployment
    from terrace.ledger.holds import Hold


@dataclass(frozen=True, slots=True)
class Situation:
    """An environment at one moment. `step` is the next step of its open deployment, by the gates now.

    `step` is None where nothing is open, a process runs the deployment, or the gates could not be evaluated because of
    `problem`. `released` is the last good release, `handle` the hash of the pending plans, "" where none are pending.
    `previous` is the environment before it, "" for the first; `targets` are the next environments that do not have its
    release yet, and did not roll it back; `undone_in` are those that did. `revert` is the branch to merge after a
    rollback, "" without one. `restored_at` is when a state was restored after the newest deployment: its result says
    nothing about the state any more. None without a restore. `restore_checked_at` is the time of the newest drift check
    since that knew the result of every stack, None without one. `url` is where people open the environment, or "".
    """

    environment: str
    latest: Deployment | None = None
    released: Deployment | None = None
    hold: Hold | None = None
    step: Next | None = None
    problem: str = ""
    handle: str = ""
    previous: str = ""
    targets: tuple[str, ...] = ()
    undone_in: tuple[str, ...] = ()
    revert: str = ""
    restored_at: datetime | None = None
    restore_checked_at: datetime | None = None
    url: str = ""

    @property
    def live(self) -> Deployment | None:
        """The deployment whose release runs there: also one that is still baking."""
        latest = self.latest
        if latest is None or not latest.open or isinstance(latest.origin, Destruction | Remediation):
            return self.released
        done = latest.touched and all(latest.is_done(key) for key in latest.stacks)
        return latest if done else self.released

    @property
    def open_gates(self) -> tuple[GateResult, ...]:
        """The gates that the open deployment waits for now."""
        return self.step.verdict.open if isinstance(self.step, Wait) else ()

    @property
    def can_continue(self) -> bool:
        """True if the open deployment waits for nothing: a resume continues it."""
        return isinstance(self.step, Perform)

    @property
    def waits_for(self) -> tuple[str, ...]:
        """The reasons why a deployment does not continue, by the gates now, or why it ended; empty if it succeeded."""
        latest = self.latest
        reasons: tuple[str, ...] = ()
        if latest is not None and latest.result in ("failed", "unknown", "blocked"):
            since = f"a state was restored since, at {self.restored_at:%Y-%m-%d %H:%M} UTC" if self.restored_at else ""
            reasons = (*([since] if since else []), *latest.reasons)
        elif isinstance(self.step, Wait):
            reasons = tuple(result.reason for result in self.step.verdict.open)
        elif isinstance(self.step, Finish):
            reasons = tuple(self.step.reasons)
        elif latest is not None and latest.open and self.step is None:
            reasons = tuple(latest.waiting)
        held = self.hold is not None and not any(is_of(result, HELD) for result in self.open_gates)
        return (f"on hold: {self.hold.reason} (by {self.hold.by})", *reasons) if held and self.hold else reasons
