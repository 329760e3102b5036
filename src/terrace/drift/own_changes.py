"""What our own applies leave behind that looks as if somebody had changed it outside.

A role gets its policies from resources of their own, a bucket its encryption, a group its rules: the object itself
shows them only when it is read again, as a change that no plan made. So each stack is looked at once right after an
apply. What then differs about objects that the apply changed, or that hang together with those, is an echo; the same
difference with the same values is none of anybody's doing later on either.

In the same look shows what never settles: an object that the apply changed and that the next plan changes again, such
as one with `triggers_replace = timestamp()`. It is no drift, as long as its values are those that the apply left.
"""

from __future__ import annotations

from collections.abc import Iterable

from terrace.drift.model import Quadrant, Sighting
from terrace.drift.records import sightings_of
from terrace.drift.sightings import narrowed, outside_alone, sightings
from terrace.ledger import folds
from terrace.ledger.adoptions import adoptions
from terrace.ledger.deployment import Step
from terrace.ledger.model import History
from terrace.plans.addresses import block_of
from terrace.plans.model import Action, Plan

_AGAIN = (Action.UPDATE, Action.REPLACE)


def echoes_in(plan: Plan, changed: Iterable[str]) -> tuple[Sighting, ...]:
    """The echoes of an apply in a plan made right after it. `changed` are the addresses that it changed."""
    addresses = frozenset(changed)
    blocks = {block_of(address) for address in addresses}
    near = blocks | {b for pair in plan.links if blocks & set(pair) for b in pair}
    seen = sightings(plan)
    anew = [s for s in seen if s.quadrant is Quadrant.INPUT and s.address in addresses and s.undo in _AGAIN]
    # Outputs that are made of such an object are made anew with it.
    anew += [s for s in seen if anew and s.type == "output" and s.undo is Action.UPDATE]
    return (*(s for s in seen if s.quadrant is Quadrant.UNMANAGED and block_of(s.address) in near), *anew)


def found_outside(plan: Plan) -> tuple[tuple[Sighting, ...], tuple[Sighting, ...]]:
    """What differs between the cloud and the state of a stack that Terrace did not deploy: what is accepted as it is,
    and what a person has to answer for.

    A group has its rules from resources of their own, and a state that Terraform wrote does not show them: that is
    accepted, and so is what has nothing to do with security. All of it is told, and known by its values from then on.
    """
    parts = _owners(plan)
    accepted: list[Sighting] = []
    left: list[Sighting] = []
    for one in filter(None, map(outside_alone, sightings(plan))):
        ours = one.quadrant is Quadrant.UNMANAGED and (not one.grave or block_of(one.address) in parts)
        (accepted if ours else left).append(one)
    return tuple(accepted), tuple(left)


def _owners(plan: Plan) -> frozenset[str]:
    """The blocks of objects that have parts of theirs as objects of their own: a rule of a group names the group."""
    kinds = {block_of(change.address): change.type for change in plan.changes if change.mode == "managed"}
    found = set()
    for part, owner in plan.links:
        of, by = kinds.get(owner, ""), kinds.get(part, "")
        if of and by and of != by and of.partition("_")[2] in by:
            found.add(owner)
    return frozenset(found)


def made_anew(seen: Iterable[Sighting], echoes: Iterable[Sighting]) -> tuple[Sighting, ...]:
    """Returns what every plan makes anew: the newest apply did it, and the plan right after that wanted it again."""
    known = {(one.fingerprint, one.undo): one for one in echoes if one.quadrant is Quadrant.INPUT}
    found = []
    for one in seen:
        echo = known.get((one.fingerprint, one.undo))
        if one.quadrant is Quadrant.INPUT and echo is not None and one.observed == echo.observed:
            found.append(one)
    return tuple(found)


def echoes_of(history: History, environment: str, stack: str) -> tuple[Sighting, ...]:
    """The echoes of the newest apply of a stack; where it was adopted since, the differences that were there then."""
    adopted = adoptions(history).get(stack)
    if adopted is not None and adopted.environment == environment:
        return sightings_of(stack, adopted.record.accepted)
    for deployment in reversed(folds.of_environment(history, environment)):
        record = deployment.last(Step.SNAPSHOT, stack)
        if record is not None and record.result == "succeeded":
            return sightings_of(stack, record.detail.echoes or ())
    return ()


def without_echoes(seen: Iterable[Sighting], echoes: Iterable[Sighting]) -> tuple[Sighting, ...]:
    """The sightings without what is an echo in them, by path and value; one that has nothing else is none."""
    told, left_by = tuple(seen), tuple(echoes)
    anew = made_anew(told, left_by)
    known = {echo.address: echo for echo in left_by if echo.quadrant is not Quadrant.INPUT}
    found = []
    for one in told:
        if one in anew:
            continue
        echo = known.get(one.address)
        left = one if echo is None else _less(one, echo)
        if left is not None:
            found.append(left)
    return tuple(found)


def _less(one: Sighting, echo: Sighting) -> Sighting | None:
    gone = {p for p in one.kept if p in echo.paths and _mark(one, p) == _mark(echo, p) != ""}
    if not gone:
        return one
    paths = tuple(path for path in one.paths if path not in gone)
    if not paths:
        return None
    return narrowed(one, paths)


def _mark(one: Sighting, path: str) -> str:
    return one.observed.get(path.partition(".")[0], "")
