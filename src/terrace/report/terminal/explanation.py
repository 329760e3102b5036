"""The explanation of an environment in a terminal: its release, every open gate with its remedy, and the next steps."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from terrace.gates.model import GateResult
from terrace.ledger.deployment import Deployment
from terrace.report.next_steps import moment
from terrace.report.terminal.deployments import failure_lines, step_failure
from terrace.report.terminal.screen import Group, Record, Table, line, paragraph
from terrace.report.terminal.situation import next_lines, pending_lines, since
from terrace.report.terminal.styles import OUTCOMES, RESULT_STYLES
from terrace.report.words import state_word
from terrace.rollout.situation import Situation
from terrace.words import ago, duration


def explanation(situation: Situation, now: datetime) -> Record:
    """Returns the explanation of a situation: the live commit, every open gate with its reason and its remedy, and the
    next steps.
    """
    word = state_word(situation.latest, situation.hold)
    parts: list[Record] = [line((situation.environment, "bold"), ": ", (word, RESULT_STYLES.get(word, "")))]
    live = situation.live
    parts.append(line(f"  live: {live.commit[:7]} ({since(live, now)})" if live else "  live: nothing yet"))
    parts += [line("  ", pending) for pending in pending_lines(situation, now)]
    if situation.hold is not None:
        hold = situation.hold
        parts.append(line(f"  on hold since {ago(hold.since, now)}: {hold.reason} (by {hold.by})", style="yellow"))
    if situation.problem:
        parts.append(line(f"  the gates cannot be evaluated now: {situation.problem}", style="red"))
    if situation.open_gates:
        parts += [line(), line("Open gates", style="bold"), _gates(situation.open_gates, now)]
    parts += _result_lines(situation.latest)
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
            remaining = max(result.until - now, now - now)
            lines.append(line(f"passes at {moment(result.until)} (in {duration(remaining, 2)})"))
        table.add((f"  {word}", style), result.gate, paragraph(lines))
    return table


def _result_lines(latest: Deployment | None) -> list[Record]:
    """Returns why the newest deployment did not succeed; nothing where it did, or is open."""
    if latest is None or latest.result in (None, "succeeded"):
        return []
    failed = failure_lines(latest)
    shown = {step_failure(step) for step in latest.steps if step.detail.diagnostics}
    reasons = [reason for reason in latest.reasons if reason not in shown]
    lines = [line("  ", part, style="red") for reason in reasons for part in reason.split("\n")]
    return [*([line(), *lines] if lines else []), *failed]
