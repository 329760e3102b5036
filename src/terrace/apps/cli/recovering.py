"""`resume`, where nobody knows how an apply ended: what it left is shown, and brought in order when somebody agrees."""

from __future__ import annotations

import sys

from terrace.apps.cli.console import emit, note, show, typed_back
from terrace.apps.cli.watching import Silent
from terrace.apps.wiring.project import Project
from terrace.errors import BadInput
from terrace.ledger.deployment import Deployment
from terrace.pipelines.recovery import recover as recovery
from terrace.pipelines.recovery import settlement
from terrace.pipelines.recovery.recover import Examination
from terrace.report import remains
from terrace.rollout.recovery import Told


def told(
    imports: tuple[str, ...],
    *,
    absent: tuple[str, ...],
    whole: tuple[str, ...],
    gone: tuple[str, ...],
    again: tuple[str, ...],
    dead: str,
    unlock: str,
) -> Told:
    """What the options say. An address may hold `=` within brackets; the id comes after the first that is outside."""
    named = {}
    for one in imports:
        cut = one.find("=", one.rfind("]") + 1)
        if cut < 1 or cut == len(one) - 1:
            raise BadInput(f"--import {one!r} is not ADDRESS=ID", hint="like --import aws_vpc.main=vpc-0a1b2c")
        named[one[:cut]] = one[cut + 1 :]
    return Told(named, absent, whole, gone, again, dead, unlock)


def recover(project: Project, deployment: Deployment, told: Told, *, yes: bool, wait: bool, as_json: bool) -> int:
    """Show what an unknown deployment left; bring it in order once nothing is open and somebody agrees."""
    from terrace.apps.cli.deployment_output import tell, watcher

    with watcher(as_json=as_json) as listener:
        found = recovery.examine(project.deployment_context(listener), deployment, told)
    agreed = not found.obstacles and _agreed(found, yes=yes, as_json=as_json)
    if not agreed:
        _tell(found, as_json=as_json)
        return 1
    return tell(project, "resume", lambda crew: recovery.recover(crew, found), wait=wait, as_json=as_json)


def settle(
    project: Project,
    deployment: Deployment,
    stacks: tuple[str, ...],
    reason: str,
    dead: str,
    *,
    yes: bool,
    as_json: bool,
) -> int:
    """Write down that the actor answers for stacks of unknown outcome; 1 while more people have to."""
    named = [record for record in deployment.in_doubt if record.stack in stacks]
    if not as_json and not yes:
        for record in named:
            show(remains.answered_for(record.stack, settlement.addresses(deployment, record)))
    name = deployment.environment
    question = "you looked at all of it, and nothing of this apply will be asked about again; type the name back"
    if not yes and not (sys.stdin.isatty() and typed_back(name, question, yes=False)):
        note("nothing was written: --yes says that you looked")
        return 1
    found = settlement.settle(project.deployment_context(Silent()), deployment, stacks, reason, dead)
    if as_json:
        emit(remains.settled(deployment, found.said, found.missing))
        return 1 if found.missing else 0
    for line in found.missing:
        show(f"still needed: {line}")
    if not found.missing:
        show(f"next: terrace unhold {name} --reason WHY")
    return 1 if found.missing else 0


def _agreed(found: Examination, *, yes: bool, as_json: bool) -> bool:
    if yes or not sys.stdin.isatty():
        return yes
    if not as_json:
        show(remains.terminal(found.deployment, _rows(found), found.obstacles))
    name = found.deployment.environment
    agreed = typed_back(name, f"this brings {name} in order by a fresh plan; type its name to go on", yes=False)
    if not agreed:
        note("nothing was done")
    return agreed


def _tell(found: Examination, *, as_json: bool) -> None:
    if as_json:
        emit(remains.machine(found.deployment, _rows(found), found.obstacles))
    else:
        show(remains.terminal(found.deployment, _rows(found), found.obstacles))
        if not found.obstacles:
            show(f"next: terrace resume {found.deployment.environment} --yes")


def _rows(found: Examination) -> tuple[remains.Row, ...]:
    return tuple(
        remains.Row(
            stack=one.stack,
            attempt=one.attempt,
            dead=not one.alive,
            serial=one.state.serial,
            imports=tuple((i.address, i.id) for i in one.aftermath.imports),
            open=one.aftermath.open,
            unfinished=one.aftermath.unfinished,
            forgets=one.aftermath.forgets,
            stale=tuple((old.address, old.recorded, old.made) for old in one.aftermath.stale),
            lock=one.lock,
            ours=one.ours,
            unsaved=one.unsaved.serial if one.unsaved is not None else None,
        )
        for one in found.remains
    )
