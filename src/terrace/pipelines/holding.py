"""An environment is held, or let go, because somebody says so."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from terrace.errors import BadInput
from terrace.gates.approvals.tally import CLOCK_SKEW
from terrace.ledger import folds, kinds
from terrace.ledger.declared import Declared, release
from terrace.ledger.event import Event
from terrace.ledger.events.people import EnvironmentHeld, EnvironmentUnheld
from terrace.ledger.folds import Hold, Releases
from terrace.ledger.model import Draft, History, draft
from terrace.pipelines.approvals.declaring import declare
from terrace.pipelines.crew import Crew, Proving, Vouch
from terrace.pipelines.journal import append, preview
from terrace.pipelines.recovery.witnesses import answers


def hold(
    crew: Crew,
    environment: str,
    reason: str,
    kind: Literal["environment.held", "environment.unheld"],
    people: int,
    *,
    at: datetime | None = None,
    vouch: Vouch | None = None,
) -> History:
    """Write that it is held or let go, and return the history. What stands already is not written again.

    Raises BadInput where it is to be let go and nobody knows what a deployment did there: so many `people` have to
    answer for that first. Raises it as well where keys are known and none proves who lets it go.
    """

    def decide(history: History) -> tuple[Draft, ...]:
        counts = releases(history, crew.proof)
        left = (
            folds.unsettled(history, environment, people, answers(crew)) if kind == kinds.ENVIRONMENT_UNHELD else None
        )
        if left is not None:
            raise BadInput(
                f"{environment} stays held: what deployment {left.id} did is not known",
                hint=f"`terrace resume {environment}` looks at what it left and asks what has to be known",
            )
        now = folds.hold(history, environment, counts)
        if kind == kinds.ENVIRONMENT_HELD:
            # One that came with a deployment ends with it: what people hold stays, and so is written all the same.
            if now is not None and not now.deployment:
                return ()
            proof = declare(crew, history, "hold", environment, "", reason, at=at, vouch=vouch)
            held = EnvironmentHeld(reason, signed=crew.signers, declaration=proof)
            return (draft(held, environment, crew.actor),)
        if now is None:
            return ()
        proof = declare(crew, history, "unhold", environment, now.id, reason, at=at, vouch=vouch)
        unheld = draft(EnvironmentUnheld(reason, of=now.id, declaration=proof), environment, crew.actor)
        after = preview(history, [unheld], crew.clock())
        if folds.hold(after, environment, releases(after, crew.proof)) is not None:
            raise BadInput(
                f"{environment} stays held: nothing proves who lets it go; nothing was written",
                hint="sign it: `git config gpg.format ssh` and `git config user.signingkey KEY.pub`",
            )
        return (unheld,)

    return append(crew.ledger, crew.ledger.read(), decide)


def releases(history: History, proof: Proving) -> Releases:
    """Tells what releases a hold: where it takes a signature, a declaration by a proven person about this very hold.

    A signature covers the id of the hold, so a copy of an old release does not release a later one. A comment on a
    forge names no id: it counts once, and only when it was written after the hold began.
    """

    def counts(event: Event, unheld: EnvironmentUnheld, held: Hold) -> bool:
        if not held.signed:
            return True
        said = release(history, event, unheld)
        if unheld.of != held.id:
            return False
        if said.witness is not None:
            late = held.since - said.declaration.at > CLOCK_SKEW
            if late or _said_before(history, event, said):
                return False
        return proof(said).proven

    return counts


def _said_before(history: History, event: Event, said: Declared) -> bool:
    """Whether the same comment released another hold before: what was said once counts once."""
    return any(
        release(history, other, record).witness == said.witness
        for other, record in history.of(EnvironmentUnheld)
        if other.position < event.position
    )
