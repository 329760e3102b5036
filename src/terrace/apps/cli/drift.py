"""`drift`: look whether what is there is what was deployed, say who answers for a difference, keep looking."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

from terrace.apps.cli.actions import Ending, ended
from terrace.apps.cli.console import emit, note, show
from terrace.apps.cli.deployment_output import watcher
from terrace.apps.cli.ticking import reviews_of
from terrace.apps.wiring.mirroring import track_drift
from terrace.apps.wiring.project import Project, now
from terrace.config.kinds import Duration, parse_duration
from terrace.config.naming import quote_word
from terrace.drift.checks import Check
from terrace.drift.review import Review
from terrace.errors import BadInput, TerraceError
from terrace.ledger.deployment import Deployment
from terrace.pipelines.context import Context
from terrace.pipelines.deploy.lifecycle import Refused
from terrace.pipelines.drift import adopt as adopting
from terrace.pipelines.drift import detect as looking
from terrace.pipelines.drift.acknowledge import acknowledge
from terrace.pipelines.drift.remediate import Remedied, remediate
from terrace.report import drift as report
from terrace.report import machine, terminal
from terrace.report.refusals import refusal_lines, refusals_json
from terrace.report.unreadable import unreadable_text
from terrace.stacks.refusals import Refusal
from terrace.text import visible


def look(folder: str, names: tuple[str, ...], style: str, *, remedy: bool) -> int:
    """Look at these environments, or at all; exit 1 when something drifted or could not be told."""
    project = Project(Path(folder))
    wanted = _environments(project, names)
    remedied: tuple[Remedied, ...] = ()
    with watcher(as_json=style == "json") as told:
        crew = project.deployment_context(told) if remedy else project.drift_context(told)
        looked = looking.look(crew, wanted)
        if remedy:
            remedied, again = _remediate(crew, _remediable(project, names, wanted))
            looked += again
    known = reviews_of(project, wanted)
    _note_unreadable(project)
    track_drift(project, known)
    reviews = tuple(one.of_look(looked) for one in known)
    say(reviews, style, remedied, refused=project.left_out(wanted))
    worst = next((r.check.status for r in reviews if r.check and r.check.status != "clean"), "clean")
    return ended(Ending({"result": worst}, lambda: report.as_markdown(reviews)), _code(reviews))


def _remediable(project: Project, names: tuple[str, ...], wanted: tuple[str, ...]) -> tuple[str, ...]:
    """The environments in which drift may be undone: one that terrace.yaml no longer names only where it was asked for
    by its name."""
    return names or tuple(one.name for one in project.trust.config.environments if one.name in wanted)


def _remediate(crew: Context, names: tuple[str, ...]) -> tuple[tuple[Remedied, ...], tuple[Check, ...]]:
    """Take back what may be, and look again where something was done: only that tells whether it helped."""
    remedied = remediate(crew, names)
    touched = [one.environment for one in remedied if any(isinstance(d, Deployment) for d in one.deployments)]
    return remedied, looking.look(crew, touched) if touched else ()


def last(folder: str, names: tuple[str, ...], style: str) -> int:
    """What the newest check found, without looking again."""
    project = Project(Path(folder))
    wanted = _environments(project, names)
    reviews = reviews_of(project, wanted)
    _note_unreadable(project)
    say(reviews, style, refused=project.left_out(wanted))
    return _code(reviews)


def watch(folder: str, names: tuple[str, ...], every: str, style: str, *, remedy: bool) -> int:
    """Look again and again, until ^C. Each round is told; a round that breaks is told too, and the next one comes.

    The rounds keep their own time: nobody else's schedule can drop one unseen.
    """
    from terrace.adapters.interruption import INTERRUPTION

    interval = interval_of(every)
    begun = now()
    while True:
        due = now() + interval
        try:
            reviews, remedied = _round(folder, names, interval, remedy=remedy)
            say(reviews, style, remedied)
            overdue = [r.standing.overdue for r in reviews if r.standing and r.standing.overdue]
        except TerraceError as error:
            INTERRUPTION.check()
            note(f"error: {error}")
            overdue = [f"no round has ended well since {begun:%Y-%m-%d %H:%M} UTC"] if now() - begun > interval else []
        else:
            begun = now()
        for sentence in overdue:
            note(f"alarm: {sentence}")
        note(f"{now():%Y-%m-%dT%H:%M:%SZ} looked; next at {due:%H:%M:%SZ}")
        time.sleep(max(0.0, (due - now()).total_seconds()))


def _round(
    folder: str, names: tuple[str, ...], interval: timedelta, *, remedy: bool
) -> tuple[tuple[Review, ...], tuple[Remedied, ...]]:
    # Everything is read anew: the rules, the ladder and the ledger may have changed since the last round.
    project = Project(Path(folder))
    wanted = _environments(project, names)
    with watcher(as_json=True) as told:
        crew = project.deployment_context(told) if remedy else project.drift_context(told)
        looked = looking.look(crew, wanted, interval)
        remedied, again = _remediate(crew, _remediable(project, names, wanted)) if remedy else ((), ())
        looking.note_overdue(crew, wanted)
    known = reviews_of(project, wanted)
    track_drift(project, known)
    return tuple(one.of_look((*looked, *again)) for one in known), remedied


def interval_of(text: str) -> timedelta:
    """A duration as terrace.yaml writes it. Raises BadInput."""
    interval = parse_duration(text)
    if not interval:
        raise BadInput(f"{text!r} is not {Duration(zero=False).description}", hint="for example: --every 30m")
    return interval


def ack(
    folder: str,
    environment: str,
    address: str,
    reason: str,
    stack: str | None,
    attributes: tuple[str, ...] = (),
    *,
    as_json: bool,
) -> int:
    """Say who answers for a difference, or for some attributes of it."""
    project = Project(Path(folder))
    with watcher(as_json=True) as told:
        seen = acknowledge(project.drift_context(told), environment, address, reason, stack, attributes)
    if as_json:
        emit(
            {
                "schema": "terrace/drift-ack@1",
                "environment": environment,
                "stack": seen.stack,
                "address": seen.address,
                "paths": list(seen.paths),
                "by": project.actor,
                "reason": reason,
            }
        )
    else:
        show(f"{project.actor} answers for {seen.address} in {seen.stack} as it is now ({', '.join(seen.paths)})")
    return 0


def adopt(folder: str, environment: str, address: str, stack: str | None, *, as_json: bool) -> int:
    """Write what is there into the working tree; exit 1 when a person has to write something of it."""
    project = Project(Path(folder))
    with watcher(as_json=as_json) as told:
        proposed = adopting.adopt(project.drift_context(told), environment, address, stack)
    adoption = proposed.adoption
    if adoption.written:
        project.repository.write(proposed.path, adoption.content)
    if as_json:
        emit(report.adopted(environment, address, proposed.stack, proposed.path, adoption))
    else:
        show(report.adoption(proposed.path, adoption))
        if adoption.written:
            show(f"next: terrace plan {quote_word(proposed.stack)}, then commit and merge it")
    return 1 if adoption.left else 0


def say(
    reviews: tuple[Review, ...],
    style: str,
    remedied: tuple[Remedied, ...] = (),
    refused: Mapping[str, Refusal] = MappingProxyType({}),
) -> None:
    """Print reviews, and what was done about them, in one of the three formats, and the stacks that are refused."""
    if style == "json":
        told = {"remediation": [_as_json(one) for one in remedied], "refused": refusals_json(refused)}
        emit({**report.as_json(reviews), **told})
        return
    if style == "markdown":
        sys.stdout.write(report.as_markdown(reviews))
    else:
        show(report.as_terminal(reviews))
    for one in remedied:
        _tell(one)
    if refused:
        # On stderr: the report may be a page.
        for line in refusal_lines(refused).splitlines():
            note(line)


def _tell(one: Remedied) -> None:
    for made in one.deployments:
        show(terminal.gates(made.verdict) if isinstance(made, Refused) else terminal.deployment(made))
    for refusal in one.refusals:
        show(f"left as it is: {refusal.stack or one.environment}: {visible(refusal.reason)}")


def _as_json(one: Remedied) -> machine.Json:
    return {
        "environment": one.environment,
        "deployments": [
            machine.refused("drift", made.commit, made.verdict)
            if isinstance(made, Refused)
            else machine.deployed("drift", made)
            for made in one.deployments
        ],
        "refused": [{"stack": refusal.stack or None, "reason": refusal.reason} for refusal in one.refusals],
    }


def _environments(project: Project, names: tuple[str, ...]) -> tuple[str, ...]:
    """The environments that are named, or all, with those that terrace.yaml no longer names and that hold something."""
    if names:
        return tuple(project.environment(name).name for name in names)
    former, lost = project.former_environments()
    for name in lost:
        note(f"note: {name} holds something and is not looked at: no commit of the protected branch has its rules")
    return tuple(environment.name for environment in (*project.trust.config.environments, *former))


def _note_unreadable(project: Project) -> None:
    """Say where the stacks of the protected branch are not known: which of them are refused cannot be told then."""
    problem = project.unreadable
    if problem is not None:
        for line in unreadable_text(problem, f"{project.root_place}").splitlines():
            note(f"note: {line}")


def _code(reviews: tuple[Review, ...]) -> int:
    return 0 if all(r.check is None or r.check.status == "clean" for r in reviews) else 1
