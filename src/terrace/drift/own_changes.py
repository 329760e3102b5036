"""Differences that Terrace's own applies leave behind and that look like changes from outside.

A role gets its policies from separate resources, a bucket its encryption, a group its rules: the resource shows them
only when it is read again, as a change that no plan made. So each stack is planned once right after an apply.
Differences in the resources that the apply changed, or in those connected with them, are own changes; the same
difference with the same values is not drift later on either.

The same plan shows resources that never settle: the apply changed them and the next plan changes them again, such as
those with `triggers_replace = timestamp()`. They are not drift, as long as their values are those that the apply left.
"""

from __future__ import annotations

from collections.abc import Iterable

from terrace.drift.detection import find_drift, only_outside, only_paths
from terrace.drift.model import DriftKind, ResourceDrift
from terrace.drift.records import resources_of
from terrace.ledger import folds
from terrace.ledger.adoptions import adoptions
from terrace.ledger.deployment import Step
from terrace.ledger.model import History
from terrace.plans.addresses import block_of
from terrace.plans.model import Action, Plan

_AGAIN = (Action.UPDATE, Action.REPLACE)


def find_own_changes(plan: Plan, changed: Iterable[str]) -> tuple[ResourceDrift, ...]:
    """Returns the own changes of an apply in a plan made right after it. `changed` are the addresses that it
    changed."""
    addresses = frozenset(changed)
    blocks = {block_of(address) for address in addresses}
    near = blocks | {b for pair in plan.links if blocks & set(pair) for b in pair}
    drift = find_drift(plan)
    recreated = [s for s in drift if s.kind is DriftKind.INPUT and s.address in addresses and s.undo in _AGAIN]
    # Outputs that depend on such a resource are recreated with it.
    recreated += [s for s in drift if recreated and s.type == "output" and s.undo is Action.UPDATE]
    return (*(s for s in drift if s.kind is DriftKind.UNMANAGED and block_of(s.address) in near), *recreated)


def split_differences(plan: Plan) -> tuple[tuple[ResourceDrift, ...], tuple[ResourceDrift, ...]]:
    """Returns the differences between the cloud and the state of a stack that Terrace did not deploy: those accepted as
    they are, and those that a person has to acknowledge.

    A group has its rules from separate resources, and a state that Terraform wrote does not show them: that is
    accepted, and so is everything that is not security-related. All of it is reported, and recorded with its values.
    """
    parts = _owners(plan)
    accepted: list[ResourceDrift] = []
    others: list[ResourceDrift] = []
    for resource in filter(None, map(only_outside, find_drift(plan))):
        ours = resource.kind is DriftKind.UNMANAGED and (not resource.grave or block_of(resource.address) in parts)
        (accepted if ours else others).append(resource)
    return tuple(accepted), tuple(others)


def _owners(plan: Plan) -> frozenset[str]:
    """Nested blocks that also exist as separate resources: a rule of a group names the group."""
    kinds = {block_of(change.address): change.type for change in plan.changes if change.mode == "managed"}
    owners = set()
    for part, owner in plan.links:
        of, by = kinds.get(owner, ""), kinds.get(part, "")
        if of and by and of != by and of.partition("_")[2] in by:
            owners.add(owner)
    return frozenset(owners)


def always_recreated(resources: Iterable[ResourceDrift], echoes: Iterable[ResourceDrift]) -> tuple[ResourceDrift, ...]:
    """Returns what every plan recreates: the newest apply did it, and the plan right after that wanted it again."""
    by_fingerprint = {(echo.fingerprint, echo.undo): echo for echo in echoes if echo.kind is DriftKind.INPUT}
    recreated = []
    for resource in resources:
        echo = by_fingerprint.get((resource.fingerprint, resource.undo))
        if resource.kind is DriftKind.INPUT and echo is not None and resource.observed == echo.observed:
            recreated.append(resource)
    return tuple(recreated)


def recorded_own_changes(history: History, environment: str, stack: str) -> tuple[ResourceDrift, ...]:
    """Returns the own changes of the newest apply of a stack; where it was adopted since, the differences at that
    time."""
    adopted = adoptions(history).get(stack)
    if adopted is not None and adopted.environment == environment:
        return resources_of(stack, adopted.record.accepted)
    for deployment in reversed(folds.of_environment(history, environment)):
        record = deployment.last(Step.SNAPSHOT, stack)
        if record is not None and record.result == "succeeded":
            return resources_of(stack, record.detail.echoes or ())
    return ()


def without_own_changes(drift: Iterable[ResourceDrift], echoes: Iterable[ResourceDrift]) -> tuple[ResourceDrift, ...]:
    """Returns the drift without own changes, by path and value; an address without any other difference is dropped."""
    drifted, left_by = tuple(drift), tuple(echoes)
    anew = always_recreated(drifted, left_by)
    by_address = {echo.address: echo for echo in left_by if echo.kind is not DriftKind.INPUT}
    remaining = []
    for resource in drifted:
        if resource in anew:
            continue
        echo = by_address.get(resource.address)
        reduced = resource if echo is None else _less(resource, echo)
        if reduced is not None:
            remaining.append(reduced)
    return tuple(remaining)


def _less(resource: ResourceDrift, echo: ResourceDrift) -> ResourceDrift | None:
    gone = {p for p in resource.kept if p in echo.paths and _mark(resource, p) == _mark(echo, p) != ""}
    if not gone:
        return resource
    paths = tuple(path for path in resource.paths if path not in gone)
    if not paths:
        return None
    return only_paths(resource, paths)


def _mark(resource: ResourceDrift, path: str) -> str:
    return resource.observed.get(path.partition(".")[0], "")
