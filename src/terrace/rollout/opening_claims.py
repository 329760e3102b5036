"""Compares the opening event of a deployment with facts from other sources.

Anyone who can write to the ledger can write such an event. So nothing in it is a privilege: everything that loosens a
gate is derived again, and a deployment with a contradicting event is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from terrace.ledger.deployment import Deployment
from terrace.stacks.additions import NOTHING, Additions

Waves = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Claims:
    """The required content of the opening event, given the facts.

    `of` is the deployment or check that its origin names, "" where it names none. `agreeable` is True if a person can
    accept losses in such a deployment at all. `open_imports`: further imports may be added to those that are named,
    because people and the log of an apply name them; approvals bind to each of them through the plan.
    """

    commit: str
    waves: Waves
    live: str
    of: str = ""
    additions: Additions = NOTHING
    partial: bool = False
    settles: str = ""
    agreeable: bool = False
    open_imports: bool = False


@dataclass(frozen=True, slots=True)
class WrongClaim:
    """One wrong claim of an opening event. `position` is the event's place in the ledger."""

    position: int
    field: str
    why: str


def find_wrong_claims(position: int, claimed: Deployment, facts: Claims) -> tuple[WrongClaim, ...]:
    """Returns everything that the opening event of a deployment says and that does not follow from the facts."""
    return tuple(WrongClaim(position, field, why) for field, why in _differences(claimed, facts))


def _differences(claimed: Deployment, facts: Claims) -> Iterator[tuple[str, str]]:
    if claimed.commit != facts.commit:
        yield "commit", f"it says {claimed.commit[:12]}, and the facts lead to {facts.commit[:12]}"
    if claimed.waves != facts.waves:
        yield "waves", f"it says {_order(claimed.waves)}, and {facts.commit[:7]} gives {_order(facts.waves)}"
    if claimed.live != facts.live:
        yield "live", f"it says {claimed.live[:12] or 'nothing'}, and the ledger gives {facts.live[:12] or 'nothing'}"
    of = getattr(claimed.origin, "of", "")
    if of != facts.of:
        yield "origin", f"it names {of or 'no deployment'}, and the facts lead to {facts.of or 'none'}"
    if claimed.partial != facts.partial:
        yield "partial", "it is about some stacks only" if claimed.partial else "it is about all stacks"
    if claimed.settles != facts.settles:
        expected = f"deployment {facts.settles} is to be settled" if facts.settles else "no outcome is unknown"
        yield "settles", f"it says {claimed.settles or 'none'}, and {expected}"
    if claimed.additions.moves != facts.additions.moves:
        yield "additions", "its moves are not those that the commits give"
    imports = set(facts.additions.imports)
    more = [addition for addition in claimed.additions.imports if addition not in imports]
    if imports - set(claimed.additions.imports) or (more and not facts.open_imports):
        yield "additions", "its imports are not those of the deployment that it settles"
    if any(addition.stack not in claimed.stacks for addition in more):
        yield "additions", "it imports into a stack that it is not about"
    if claimed.agreed and not facts.agreeable:
        yield "agreed", "no person can agree to a loss in such a deployment"


def _order(waves: Waves) -> str:
    return " then ".join(", ".join(wave) for wave in waves) or "no stacks"
