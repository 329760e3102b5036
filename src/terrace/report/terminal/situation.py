"""The situation of an environment in a terminal: its release, its open gates, and the next steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from terrace.drift.checks import EnvironmentDrift
from terrace.ledger.deployment import Deployment
from terrace.report.next_steps import next_steps
from terrace.report.terminal.screen import Group, Line, Part, Record, Table, line, paragraph
from terrace.report.terminal.styles import RESULT_STYLES
from terrace.report.words import result_word, state_word
from terrace.rollout.situation import Situation
from terrace.words import ago


def status_report(situations: Iterable[Situation], drift: Mapping[str, EnvironmentDrift], now: datetime) -> Record:
    """Returns a line for each environment in the promotion order, then for each what it waits for and what to do."""
    every = list(situations)
    addresses = any(situation.url for situation in every)
    table = Table("Environment", "State", "Live", "Since", "Drift", *(("URL",) if addresses else ()))
    for situation in every:
        word, live = state_word(situation.latest, situation.hold), situation.live
        table.add(
            situation.environment,
            (word, RESULT_STYLES.get(word, "")),
            live.commit[:7] if live else "-",
            since(live, now),
            _drift(drift.get(situation.environment), now),
            *((situation.url or "-",) if addresses else ()),
        )
    parts: list[Record] = [table]
    for situation in every:
        lines = [*pending_lines(situation, now), *_reasons(situation, now), *next_lines(situation)]
        if lines:
            parts += [line(), line((situation.environment, "bold")), *(line("  ", pending) for pending in lines)]
    return Group(*parts)


def next_lines(situation: Situation) -> list[Line]:
    """Returns the next steps, the first after `next: `."""
    return [line("then: " if number else "next: ", (step, "cyan")) for number, step in enumerate(next_steps(situation))]


def pending_lines(situation: Situation, now: datetime) -> Iterator[Line]:
    """Yields the newest deployment, unless it is simply live."""
    latest = situation.latest
    if latest is None or (latest.result == "succeeded" and not latest.undone_by):
        return
    subject = (
        f"deployment {latest.id} of {latest.commit[:7]}, started {ago(latest.opened_at, now)} by {latest.requester}"
    )
    if latest.open and latest.lease is not None:
        yield line(f"{subject}, run by {latest.lease.holder.who}")
    elif latest.open:
        yield line(
            subject, " waits" if not situation.can_continue else " waits for nothing any more: every gate passes"
        )
    else:
        yield line(f"{subject}: {result_word(latest)} {ago(latest.ended_at, now)}")


def _reasons(situation: Situation, now: datetime) -> Iterator[Line]:
    for reason in situation.waits_for:
        first, *_ = reason.split("\n")
        yield line(first, style="yellow" if situation.latest is not None and situation.latest.open else "red")
    if situation.problem:
        yield line(f"the gates cannot be evaluated now: {situation.problem}", style="red")
    latest = situation.latest
    if latest is not None and latest.open:
        for step in latest.steps:
            if step.open:
                yield line(f"{step.step.value} {step.stack} started {ago(step.began_at, now)}")


def since(live: Deployment | None, now: datetime) -> str:
    """Returns since when a release is live, in words."""
    if live is None:
        return "-"
    return ago(live.ended_at, now) if live.ended_at else "baking" if live.waiting else "now"


def _drift(drift: EnvironmentDrift | None, now: datetime) -> Part:
    if drift is None:
        return "-", "dim"
    alarm = [line(f"alarm: {drift.overdue}", style="red")] if drift.overdue else []
    status = f"{drift.status}, {ago(drift.checked_at, now)}" if drift.checked_at else drift.status
    return paragraph([(status, RESULT_STYLES.get(drift.status, "")), *alarm])
