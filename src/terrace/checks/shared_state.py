"""The check `shared-state`: stacks whose state belongs to another stack, or may belong to one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.base import CheckContext, Findings, PlanCheck, Rule
from terrace.errors import Place
from terrace.plans.model import Action
from terrace.stacks.backends import (
    BackendLocation,
    SharedState,
    backend_locations,
    find_shared_states,
    find_taken_states,
)

RULE = "shared-state"


@dataclass(frozen=True, slots=True)
class _Conflict:
    """A stack whose state address is, or was, the address of another stack."""

    stack: str
    place: Place | None
    message: str
    sharing: SharedState


def check_shared_state(context: CheckContext) -> Findings:
    """Returns a finding for each stack whose state is, was, or may be the state of another stack."""
    return (
        *(_shared_finding(conflict) for conflict in (*_shared_addresses(context), *_adopted_addresses(context))),
        *(
            _unknown_address(impact.stack.key, address)
            for impact in context.change_set.impacts
            for address in backend_locations(impact.stack, context.inventory.graph)
            if address.unknown
        ),
        *find_states_of_new_stacks(context),
    )


def _shared_addresses(context: CheckContext) -> Iterator[_Conflict]:
    """Yields a conflict for each two stacks that have one state address."""
    touched = {impact.stack.key for impact in context.change_set.impacts}
    for sharing in find_shared_states(context.inventory):
        stack, other = (
            (sharing.stack, sharing.other) if sharing.stack.key in touched else (sharing.other, sharing.stack)
        )
        places = (
            address.place for address in backend_locations(stack, context.inventory.graph) if address.place is not None
        )
        message = f"{stack.key} and {other.key} have the same state: {sharing.address}"
        yield _Conflict(stack.key, next(places, sharing.address.place), message, sharing)


def _adopted_addresses(context: CheckContext) -> Iterator[_Conflict]:
    """Yields a conflict for each stack that has the address that another stack had at the base of the change."""
    change, inventory = context.change_set, context.inventory
    if change.base == change.head:
        return
    adopted = {frozenset((sharing.stack.key, sharing.other.key)) for sharing in find_shared_states(inventory)}
    for sharing in find_taken_states(context.adapters.survey(change.base), inventory):
        if frozenset((sharing.stack.key, sharing.other.key)) not in adopted:
            message = f"{sharing.stack.key} adopts the state of {sharing.other.key}: {sharing.address}"
            yield _Conflict(sharing.stack.key, sharing.address.place, message, sharing)


def _shared_finding(conflict: _Conflict) -> Finding:
    place = conflict.place
    same_folder = conflict.sharing.stack.path == conflict.sharing.other.path
    how = " by `workspace`, `backend_config` or `backend_files` of its entry under `stacks:`" if same_folder else ""
    return Finding(
        rule=RULE,
        severity=Severity.CRITICAL,
        status=Status.FAIL,
        tool="terrace",
        message=conflict.message,
        stack=conflict.stack,
        path=place.path if place is not None else None,
        line=place.line or 0 if place is not None else 0,
        fix=f"give each stack an address of its own{how}: a deployment refuses this one",
    )


def _unknown_address(stack: str, address: BackendLocation) -> Finding:
    place = address.place
    return Finding(
        rule=RULE,
        severity=Severity.MEDIUM,
        status=Status.UNKNOWN,
        tool="terrace",
        message=f"the state address of {stack} is unknown: {', '.join(address.unknown)} of its {address.type} backend"
        " has no literal value; a deployment compares the lineage of the state",
        stack=stack,
        path=place.path if place is not None else None,
        line=place.line or 0 if place is not None else 0,
        fix="write the value into the block, or into `backend_config` in terrace.yaml or one of its `backend_files`",
        advisory=True,
    )


def find_states_of_new_stacks(context: CheckContext) -> Iterator[Finding]:
    """Yields a finding for each new stack whose state is not empty: none of its deployments created the resources."""
    renamed = {rename.new for rename in context.change_set.renamed}
    for impact in context.change_set.impacts:
        plan = context.plans.get(impact.stack.key)
        if impact.stack.key in renamed or plan is None or all(reason.kind != "new" for reason in impact.reasons):
            continue
        existing = [
            change
            for change in plan.changes
            if change.mode == "managed" and change.action is not Action.CREATE and not change.importing
        ]
        if existing:
            yield Finding(
                rule=RULE,
                severity=Severity.HIGH,
                status=Status.FAIL,
                tool="terrace",
                message=f"{impact.stack.key} is new, and its state is not empty: its plan finds {len(existing)} "
                f"resources, {existing[0].address} among them",
                stack=impact.stack.key,
                address=existing[0].address,
                fix="find out to which stack that state belongs before you merge this",
                advisory=True,
            )


CHECK = PlanCheck(
    name=RULE,
    run=check_shared_state,
    never_waived="each of the stacks would destroy the resources of the other, and a deployment refuses them",
    rules=(
        Rule(
            RULE,
            "Two stacks have one backend address, a stack has the address of another, or an address is not literal.",
            "Each would change and destroy the resources of the other, under the gates of its own environment only.",
            "Give each stack an address of its own, in its backend block or in `backend_config` in terrace.yaml.",
            "It cannot be waived: a deployment refuses such a stack, whatever the level of the check.",
        ),
    ),
)
