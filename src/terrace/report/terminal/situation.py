"""The situation of an environment in a terminal: its release, its open gates, and the next steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from terrace.drift.checks import EnvironmentDrift
from terrace.gates.model import GateResult
from terrace.ledger.deployment import Deployment
from terrace.report.next_steps import moment, next_steps
from terrace.report.terminal.deployments import OUTCOMES, RESULT_STYLES, failure_lines, step_failure
from terrace.report.terminal.screen import Group, Line, Part, Record, Table, line, paragraph
from terrace.report.words import result_word, state_word
from terrace.rollout.situation import Situation
from terrace.words import ago, duration


def status_report(situations: Iterable[Situation], drift: Mapping[str, EnvironmentDrift], now: datetime) -> Record:
    """Returns a line for each environment in the promotion order, then for each what it waits for and what to do."""
    every = list(situations)
    table = Table("Environment", "State", "Live", "Since", "Drift")
    for situation in every:
        word, live = state_word(situation.latest, situation.hold), situation.live
        table.add(
            situation.environment,
            (word, RESULT_STYLES.get(word, "")),
            live.commit[:7] if live else "-",
            _since(live, now),
            _drift(drift.get(situation.environment), now),
        )
    parts: list[Record] = [table]
    for situation in every:
        lines = [*_pending(situation, now), *_reasons(situation, now), *next_lines(situation)]
        if lines:
            parts += [line(), line((situation.environment, "bold")), *(line("  ", one) for one in lines)]
    return Group(*parts)


def next_lines(situation: Situation) -> list[Line]:
    """Returns the next steps, the first after `next: `."""
    return [line("then: " if number else "next: ", (step, "cyan")) for number, step in enumerate(next_steps(situation))]


def explanation(situation: Situation, now: datetime) -> Record:
    """Returns the explanation of a situation: the live commit, every open gate with its reason and its remedy, and the
    next steps.
    """
    word = state_word(situation.latest, situation.hold)
    parts: list[Record] = [line((situation.environment, "bold"), ": ", (word, RESULT_STYLES.get(word, "")))]
    live = situation.live
    parts.append(line(f"  live: {live.commit[:7]} ({_since(live, now)})" if live else "  live: nothing yet"))
    parts += [line("  ", one) for one in _pending(situation, now)]
    if situation.hold is not None:
        hold = situation.hold
        parts.append(line(f"  on hold since {ago(hold.since, now)}: {hold.reason} (by {hold.by})", style="yellow"))
    if situation.problem:
        parts.append(line(f"  the gates cannot be evaluated now: {situation.problem}", style="red"))
    if situation.open_gates:
        parts += [line(), line("Open gates", style="bold"), _gates(situation.open_gates, now)]
    parts += _ended(situation.latest)
    steps = next_lines(situation)
    return Group(*parts, *([line(), *steps] if steps else [line("nothing has to be done")]))


def _gates(results: Iterable[GateResult], now: datetime) -> Table:
    """Returns the open gates: why each is open, what makes it pass, and when where time alone does."""
    table = Table()
    for result in results:
        word, style = OUTCOMES[result.outcome]
        lines = [line(result.reason)]
        if result.satisfy:
            lines.append(line(f"→ {result.satisfy}", style="cyan"))
        if result.until is not None:
            left = max(result.until - now, now - now)
            lines.append(line(f"passes at {moment(result.until)} (in {duration(left, 2)})"))
        table.add((f"  {word}", style), result.gate, paragraph(lines))
    return table


def _ended(latest: Deployment | None) -> list[Record]:
    """Returns why the newest deployment did not succeed; nothing where it did, or is open."""
    if latest is None or latest.result in (None, "succeeded"):
        return []
    failed = failure_lines(latest)
    shown = {step_failure(step) for step in latest.steps if step.detail.diagnostics}
    reasons = [reason for reason in latest.reasons if reason not in shown]
    lines = [line("  ", part, style="red") for reason in reasons for part in reason.split("\n")]
    return [*([line(), *lines] if lines else []), *failed]


def _pending(situation: Situation, now: datetime) -> Iterator[Line]:
    """Yields the newest deployment, unless it is simply live."""
    latest = situation.latest
    if latest is None or (latest.result == "succeeded" and not latest.undone_by):
        return
    what = f"deployment {latest.id} of {latest.commit[:7]}, started {ago(latest.opened_at, now)} by {latest.requester}"
    if latest.open and latest.lease is not None:
        yield line(f"{what}, run by {latest.lease.holder.who}")
    elif latest.open:
        yield line(what, " waits" if not situation.can_continue else " waits for nothing any more: every gate passes")
    else:
        yield line(f"{what}: {result_word(latest)} {ago(latest.ended_at, now)}")


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


def _since(live: Deployment | None, now: datetime) -> str:
    if live is None:
        return "-"
    return ago(live.ended_at, now) if live.ended_at else "baking" if live.waiting else "now"


def _drift(drift: EnvironmentDrift | None, now: datetime) -> Part:
    if drift is None:
        return "-", "dim"
    alarm = [line(f"alarm: {drift.overdue}", style="red")] if drift.overdue else []
    status = f"{drift.status}, {ago(drift.checked_at, now)}" if drift.checked_at else drift.status
    return paragraph([(status, RESULT_STYLES.get(drift.status, "")), *alarm])
