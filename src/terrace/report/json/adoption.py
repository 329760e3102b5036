"""Output of `adopt` and `state adopt`. It holds no values of states."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from terrace.config.model import Grade
from terrace.drift.model import ResourceDrift
from terrace.drift.state_adoption import Adopted, Row, Settled
from terrace.report.json.record import JsonRecord

AdoptionResult = Literal["ready", "later", "adopted", "already", "deployed", "refused"]
"""The result of an adoption for one stack."""


class StateAdoptJson(JsonRecord, tag_field="schema", tag="terrace/state-adopt@1"):
    """Output of `terrace state adopt`."""

    stack: str
    """Key of the stack."""
    environment: str
    """Environment of the stack."""
    source: str
    """Location of the state before."""
    target: str
    """Location of the state now."""
    objects: tuple[str, ...]
    """Addresses of the resources in the state."""
    creates: tuple[str, ...]
    """Addresses that a plan on the state would create."""
    lineage: str | None
    """Lineage of the state, or null."""
    serial: int | None
    """Serial of the state, or null."""
    backup: str | None
    """Name of the backup, or null."""
    put_aside: str | None
    """New path of the old state file, or null."""
    changes: tuple[str, ...]
    """Addresses that a plan on the state would change."""
    deletes: tuple[str, ...]
    """Addresses that a plan on the state would delete."""
    same: bool
    """True if a plan on the state changes nothing."""
    commit: str
    """Commit that the state was compared with."""
    already: bool
    """True if the stack was adopted or deployed before; then nothing was changed."""


def state_adopt_json(adopted: Adopted | Settled) -> StateAdoptJson:
    """Returns the output of `terrace state adopt`, also for a stack that was adopted or deployed before."""
    if isinstance(adopted, Settled):
        return StateAdoptJson(
            stack=adopted.stack.key,
            environment=adopted.stack.environment,
            source=adopted.target,
            target=adopted.target,
            objects=(),
            creates=(),
            lineage=None,
            serial=None,
            backup=None,
            put_aside=None,
            changes=(),
            deletes=(),
            same=adopted.same,
            commit=adopted.commit,
            already=True,
        )
    adoption = adopted.adoption
    return StateAdoptJson(
        stack=adoption.stack.key,
        environment=adoption.stack.environment,
        source=adoption.source,
        target=adoption.target,
        objects=tuple(adoption.objects),
        creates=tuple(adoption.creates),
        lineage=adopted.state.lineage,
        serial=adopted.state.serial,
        backup=adopted.backup,
        put_aside=adopted.put_aside or None,
        changes=tuple(adoption.changes),
        deletes=tuple(adoption.deletes),
        same=adoption.same,
        commit=adoption.commit,
        already=False,
    )


class AdoptedDifference(JsonRecord):
    """A resource that differs from its state."""

    address: str
    """Address of the resource."""
    paths: tuple[str, ...]
    """Attributes that differ."""
    severity: Grade
    """Severity."""


class AdoptionRow(JsonRecord):
    """Adoption of one stack."""

    stack: str
    """Key of the stack."""
    environment: str
    """Environment of the stack."""
    path: str
    """Folder of the stack."""
    result: AdoptionResult
    """`later`: after the stacks in `after`."""
    source: str | None
    """Location of the state before, or null."""
    target: str | None
    """Location of the state after the adoption, or null."""
    lineage: str | None
    """Lineage of the state, or null."""
    serial: int | None
    """Serial of the state, or null."""
    objects: int | None
    """Number of resources in the state, or null."""
    same: bool | None
    """True if a plan on the state changes nothing, or null."""
    creates: tuple[str, ...]
    """Addresses that a plan on the state would create."""
    changes: tuple[str, ...]
    """Addresses that a plan on the state would change."""
    deletes: tuple[str, ...]
    """Addresses that a plan on the state would delete."""
    outputs: int
    """Number of outputs that a plan on the state would set."""
    accepted: tuple[AdoptedDifference, ...]
    """Differences that no plan fixes and that are accepted."""
    outside: tuple[AdoptedDifference, ...]
    """Differences that were made outside Terraform."""
    engine: str | None
    """Program and version that planned, or null."""
    providers: tuple[str, ...]
    """Names and versions of the providers."""
    commit: str | None
    """Commit that the state was compared with, or null."""
    backup: str | None
    """Name of the backup, or null."""
    put_aside: str | None
    """New path of the old state file, or null."""
    after: tuple[str, ...]
    """Stacks that must be adopted first."""
    why: str | None
    """Reason for the refusal, or null."""
    hint: str | None
    """Suggested fix, or null."""
    place: str | None
    """`file:line` of the problem, or null."""


class AdoptJson(JsonRecord, tag_field="schema", tag="terrace/adopt@1"):
    """Output of `terrace adopt`."""

    commit: str
    """Commit that the states were compared with."""
    written: bool
    """True if a stack was adopted."""
    stacks: tuple[AdoptionRow, ...]
    """Stacks."""


def adopt_json(commit: str, rows: Iterable[Row], *, written: bool) -> AdoptJson:
    """Returns the output of `terrace adopt`."""
    return AdoptJson(commit=commit, written=written, stacks=tuple(map(_adoption_row, rows)))


def _adoption_row(row: Row) -> AdoptionRow:
    adoption, settled, done = row.adoption, row.settled, row.done
    adopted = adoption if adoption is not None else settled
    state = done.state if done is not None else adoption.state if adoption is not None else None
    return AdoptionRow(
        stack=row.stack,
        environment=row.environment,
        path=row.path,
        result=_adoption_result(row),
        source=adoption.source if adoption is not None else None,
        target=adopted.target if adopted is not None else None,
        lineage=state.lineage if state is not None else None,
        serial=state.serial if state is not None else None,
        objects=len(adoption.objects) if adoption is not None else None,
        same=adopted.same if adopted is not None else None,
        creates=tuple(adoption.creates) if adoption is not None else (),
        changes=tuple(adoption.changes) if adoption is not None else (),
        deletes=tuple(adoption.deletes) if adoption is not None else (),
        outputs=adoption.outputs if adoption is not None else 0,
        accepted=tuple(map(_adopted_difference, adoption.accepted)) if adoption is not None else (),
        outside=tuple(map(_adopted_difference, adoption.outside)) if adoption is not None else (),
        engine=adoption.engine if adoption is not None else None,
        providers=tuple(adoption.providers) if adoption is not None else (),
        commit=adopted.commit if adopted is not None else None,
        backup=done.backup if done is not None else None,
        put_aside=(done.put_aside or None) if done is not None else None,
        after=tuple(row.after),
        why=row.why or None,
        hint=row.hint or None,
        place=row.place or None,
    )


def _adoption_result(row: Row) -> AdoptionResult:
    if row.result == "settled":
        return "deployed" if row.settled is None or row.settled.how == "deployed" else "already"
    return row.result


def _adopted_difference(resource: ResourceDrift) -> AdoptedDifference:
    return AdoptedDifference(address=resource.address, paths=tuple(resource.paths), severity=resource.severity.word)
