"""Destruction of an environment or of one of its stacks: the same gates, in reverse order."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from terrace.config.naming import quote_word
from terrace.gates.all import OBJECTIONS
from terrace.gates.gate import blocks
from terrace.gates.model import GateResult, Verdict
from terrace.ledger import folds
from terrace.ledger.deployment import Deployment
from terrace.pipelines.context import Context
from terrace.pipelines.deploy.deploy import enter, resume
from terrace.pipelines.deploy.lifecycle import Opening, Refused
from terrace.pipelines.rollback.destruction_target import (
    UnreadableReaders,
    find_destruction,
    find_new_owner,
    find_readers,
)
from terrace.stacks.backends import BackendLocation
from terrace.stacks.model import Destruction
from terrace.stacks.order import Edge

_MOST_SHOWN = 3


def destroy(
    context: Context, environment: str, stack: str | None, reason: str, allowed: frozenset[str] = frozenset()
) -> Deployment | Refused:
    """Plans the destruction, requires approvals like a deployment, and destroys everything. Resumes an unfinished one.

    Refused while another deployed stack reads outputs of the destroyed ones, or while that is unknown, unless `allowed`
    names that stack.

    Raises BadInput when nothing is deployed, or when no single commit defines everything that is.
    """
    context.config.environment(environment)
    history = context.ledger.read()
    current = folds.latest(history, environment)
    if current is not None and _asks_the_same(current, stack):
        return resume(context, current)
    commit, waves = find_destruction(context, history, environment, stack)
    if stack is not None:
        deployed, tip = context.survey(commit), context.survey(context.repository.protected_tip())
        taken = find_new_owner(deployed, tip, stack)
        if taken is not None:
            return Refused(commit, Verdict(environment, (_taken_over_result(stack, *taken),)))
    going = {key for wave in waves for key in wave}
    readers = find_readers(context.survey, history, going)
    held = tuple(_still_read(edge) for edge in readers.edges if edge.reader not in allowed)
    unread = (
        replace(reader, stacks=tuple(key for key in reader.stacks if key not in allowed)) for reader in readers.unread
    )
    held += tuple(_may_read(reader, going) for reader in unread if reader.stacks)
    if held:
        return Refused(commit, Verdict(environment, held))
    origin = Destruction(context.actor, _with_readers(reason, allowed & readers.stacks))
    opening = Opening(environment, commit, origin, waves, live=commit, partial=stack is not None)
    return enter(context, history, opening)


def _objection(reason: str, satisfy: str) -> GateResult:
    return OBJECTIONS.add_name(blocks(reason, satisfy))


def _taken_over_result(stack: str, owner: str, address: BackendLocation) -> GateResult:
    environment, word = quote_word(owner.partition("/")[0]), quote_word(owner)
    return _objection(
        f"{stack}: its state ({address}) is that of {owner} on the protected branch, whose resources would be "
        "destroyed",
        f"if {stack} was renamed to {owner}, nothing more is needed. To destroy the resources: `terrace "
        f"destroy {environment} {word} --reason WHY`, once {owner} is deployed",
    )


def _still_read(edge: Edge) -> GateResult:
    environment, word = quote_word(edge.reader.partition("/")[0]), quote_word(edge.reader)
    return _objection(
        f"{edge.owner}: its outputs are read by {edge.reader} ({edge.place}), whose plans fail without them",
        f"destroy that one first (`terrace destroy {environment} {word} --reason WHY`), or deploy it without "
        f"the data source. If its plans are allowed to fail: --allow {word}",
    )


def _may_read(unread: UnreadableReaders, going: Collection[str]) -> GateResult:
    owners = ", ".join(sorted(going)[:_MOST_SHOWN]) + (" and others" if len(going) > _MOST_SHOWN else "")
    verb = "is" if len(unread.stacks) == 1 else "are"
    allow = " ".join(f"--allow {quote_word(key)}" for key in unread.stacks)
    how = f"{unread.hint}; or, " if unread.hint else ""
    return _objection(
        f"{', '.join(unread.stacks)} {verb} deployed from {unread.commit[:7]}, and it is unknown whether "
        f"outputs of {owners} are read there: {unread.why}",
        f"{how}if plans without these outputs are allowed to fail: {allow}",
    )


def _with_readers(reason: str, allowed: Collection[str]) -> str:
    """Returns the reason with the readers that were allowed to stay, for the ledger."""
    return f"{reason} (may lose the outputs: {', '.join(sorted(allowed))})" if allowed else reason


def _asks_the_same(current: Deployment, stack: str | None) -> bool:
    """Returns whether an open deployment destroys exactly what is requested: never more than what was confirmed."""
    if not current.open or not isinstance(current.origin, Destruction):
        return False
    return current.stacks == (stack,) if stack is not None else not current.partial
