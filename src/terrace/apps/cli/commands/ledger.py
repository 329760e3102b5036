"""`terrace ledger`: verify and export the ledger, dismiss invalid events, change its key, or start a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from terrace.apps.cli.options import ACTOR, JSON, KEY, YES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from terrace.apps.wiring.project import Project
    from terrace.ledger.chain import Verification
    from terrace.ledger.event import Event
    from terrace.ledger.model import History
    from terrace.ledger.reading import Fault
    from terrace.report.json.ledger import LedgerVerifyJson
    from terrace.report.json.record import JsonRecord


@click.group()
def ledger() -> None:
    """Verify, export and repair the ledger."""


@ledger.command("verify")
@click.option("--head", metavar="HASH", help="A previous head of the ledger: detects events that were removed since.")
@JSON
@click.pass_obj
def ledger_verify(folder: str, head: str | None, as_json: bool) -> int:
    """Find an altered, dropped, reordered or truncated event."""
    from pathlib import Path

    from terrace.apps.output.console import emit, show
    from terrace.apps.wiring.project import Project, now
    from terrace.ledger.authenticity import EventKey
    from terrace.ledger.chain import strange_times, verify
    from terrace.ledger.dates import doubt, without_dismissed_dates
    from terrace.ledger.dismissals import find_unread, way_out
    from terrace.ledger.events.people import LedgerOpened
    from terrace.ledger.model import History
    from terrace.text import visible

    project = Project(Path(folder))
    events = project.ledger.read_unchecked()
    chain = verify(events, expected_head=head)
    history = History(events, key=project.event_key)
    faults = find_unread(history, project.dismissed) if chain.ok else ()
    times = strange_times(
        events, now(), without_dismissed_dates(history, project.dates_dismissed).undated if chain.ok else ()
    )
    verified = _Verified(chain, history, faults, times, history.key.id if isinstance(history.key, EventKey) else None)
    if as_json:
        emit(_verified_json(verified))
    else:
        _show_verified(verified)
        wrong = doubt(project.ledger.read(), now(), None) if chain.ok else None
        if wrong is not None:
            show(f"hint: {wrong[1]}")
        first = events[0].record if events else None
        if isinstance(first, LedgerOpened) and first.began_anew:
            show(f"it is a new ledger, started by {visible(events[0].actor)}: {visible(first.began_anew)}")
        if faults:
            show(f"hint: {way_out(faults)}")
    return 0 if verified.passed else 1


@ledger.command("dismiss")
@click.argument("positions", nargs=-1, required=True, metavar="POSITION|FIRST-LAST...")
@click.option("--reason", required=True, help="Your findings; recorded in the ledger.")
@ACTOR
@KEY
@click.option("--dry-run", is_flag=True, help="List the events that would be ignored; record nothing.")
@YES
@JSON
@click.pass_obj
def ledger_dismiss(
    folder: str,
    positions: tuple[str, ...],
    reason: str,
    actor: str | None,
    key: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Ignore invalid events, so that they no longer put their environment on hold.

    Specify positions or ranges of positions. Of a range, only the invalid events are dismissed, and they are listed
    before the confirmation. One ledger event records all of them with the reason and your name.

    Of an event that is dated in the future, only the date is ignored, and the dates of later events that are in the
    future too. Their content stays valid. Specify such an event alone.

    Read the events first (`terrace ledger export`). The dismissal is signed with your SSH key. If the trust root names
    signers, only theirs is valid.

    \b
    Examples:
      terrace ledger dismiss 41 --reason "not one of ours"
      terrace ledger dismiss 41 43-57 --reason "a flood of one token" --dry-run
    """
    from pathlib import Path

    from terrace.apps.wiring.project import Project, now
    from terrace.errors import BadInput
    from terrace.ledger.positions import read_spans
    from terrace.pipelines.ledger.dismissals import find_misdated, unread_among

    spans = read_spans(positions)
    project = Project(Path(folder), actor=actor)
    history = project.ledger.read()
    late = find_misdated(history, spans[0].first, now())
    if late and len(spans) == 1 and spans[0].first == spans[0].last:
        return _dismiss_dates(project, late, reason, key, dry_run=dry_run, yes=yes, as_json=as_json)
    if late:
        raise BadInput(
            f"event {late[0].position} of the ledger is dated in the future, but is valid otherwise",
            hint=f"`terrace ledger dismiss {late[0].position} --reason WHY`: only its date is ignored",
        )
    faults = unread_among(history, spans, project.dismissed)
    return _dismiss_faults(project, faults, reason, key, dry_run=dry_run, yes=yes, as_json=as_json)


@ledger.command("rekey")
@click.option(
    "--old-key", metavar="env:NAME", help="The previous key. Events that it authenticates are accepted automatically."
)
@click.option("--reason", required=True, help="Reason for the new key; recorded in the ledger.")
@click.option("--dry-run", is_flag=True, help="List the events that you would accept; record nothing.")
@YES
@JSON
@click.pass_obj
def ledger_rekey(folder: str, old_key: str | None, reason: str, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Authenticate the events of the ledger with the current key instead of the previous one.

    The key is TERRACE_LEDGER_KEY, or else the backup key. Run this after a change of the key, before any other command.
    Without the previous key, you accept every event that cannot be authenticated. These events are listed before the
    confirmation; those that were written without the key while it was in use come first.

    \b
    Examples:
      terrace ledger rekey --reason "the old key is lost" --dry-run
      terrace ledger rekey --old-key env:OLD_KEY --reason "the key of 2025 was retired"
    """
    from pathlib import Path

    from terrace.adapters.backup_encryption import read_key
    from terrace.adapters.environ import ENVIRON
    from terrace.apps.output.console import emit, note, show
    from terrace.apps.wiring.project import Project
    from terrace.errors import NotReady
    from terrace.ledger.authenticity import EventKey
    from terrace.pipelines.ledger.rekey import propose, rekey
    from terrace.report.json.ledger import LedgerRekeyJson, unverified_event
    from terrace.report.terminal.ledger import unverified_event_lines

    project = Project(Path(folder))
    if not isinstance(project.event_key, EventKey):
        raise NotReady("the new key is not set", hint="set TERRACE_LEDGER_KEY, or the backup key, to the new key")
    history = project.ledger.read()
    old = EventKey.of(read_key(old_key, ENVIRON)) if old_key is not None else None
    change = propose(history, old, project.dismissed)
    record = LedgerRekeyJson(
        dry_run=dry_run,
        key=project.event_key.id,
        before=change.before or None,
        unchecked=dict(change.unchecked),
        absent=tuple(change.absent),
        events=tuple(map(unverified_event, change.unproven)),
    )
    if not (as_json and dry_run):
        tell = note if as_json else show
        for line in unverified_event_lines(change.unproven):
            tell(line)
        if change.absent:
            tell(f"these events stay ignored: {', '.join(str(position) for position in change.absent)}")
    question = f"Authenticate the events with the key {project.event_key.id} from now on?"
    code = _exit_code_of_no_write(record, question, dry_run=dry_run, yes=yes, as_json=as_json)
    if code is not None:
        return code
    rekey(project.ledger, history, change, reason, project.actor)
    if as_json:
        emit(record)
    else:
        show(f"the key of the ledger is now {project.event_key.id}")
    return 0


@ledger.command("begin")
@click.option("--reason", required=True, help="Reason for the new ledger; recorded in its first event.")
@ACTOR
@KEY
@YES
@JSON
@click.pass_obj
def ledger_begin(folder: str, reason: str, actor: str | None, key: str | None, yes: bool, as_json: bool) -> int:
    """Start a new ledger if the old one is lost, but tags show earlier deployments.

    Search for the old ledger first: a clone that has it can push it again. Holds, unknown outcomes and rejections of
    the old ledger are lost. The first event is signed with your SSH key. If the trust root names signers, it must be
    the key of one of them.
    """
    from pathlib import Path

    from terrace.adapters.signatures import signer
    from terrace.apps.output.console import confirm, emit, note, show
    from terrace.apps.wiring.project import Project

    project = Project(Path(folder), actor=actor)
    question = "Previous holds, unknown outcomes, rejections and approvals will be lost. Start a new ledger?"
    if not confirm(question, yes=yes):
        note("No changes were made.")
        return 1
    from terrace.report.json.ledger import LedgerBeginJson

    begun = project.begin_ledger(reason, signer(project.repository, Path(key) if key else None))
    if as_json:
        emit(LedgerBeginJson(ledger=begun.ledger_id))
    else:
        show(f"the ledger {begun.ledger_id} was started")
    return 0


@ledger.command("export")
@click.pass_obj
def ledger_export(folder: str) -> int:
    """Print every event as one line of JSON."""
    import sys
    from pathlib import Path

    from terrace.apps.wiring.project import Project
    from terrace.ledger.chain import export
    from terrace.text import json_text

    for line in export(Project(Path(folder)).ledger.read().events):
        sys.stdout.write(json_text(line) + "\n")
    return 0


class _Verified(NamedTuple):
    """The result of a verification. `times` are implausible dates with their position and reason."""

    chain: Verification
    seen: History
    faults: tuple[Fault, ...]
    times: Sequence[tuple[int, str]]
    key: str | None

    @property
    def passed(self) -> bool:
        """Returns whether the chain is intact and every event is valid."""
        return self.chain.ok and not self.faults

    @property
    def is_authentic(self) -> bool:
        """Returns whether every outcome was authenticated with the current key."""
        return self.chain.ok and self.key is not None and not self.seen.reading.foreign


def _verified_json(verified: _Verified) -> LedgerVerifyJson:
    from terrace.report.json.ledger import AuthenticityPart, BadEvent, LedgerVerifyJson, UnreadEvent

    chain = verified.chain
    bad = chain.first_bad
    return LedgerVerifyJson(
        ok=verified.passed,
        events=chain.events,
        head=chain.head,
        first_bad=BadEvent(position=bad.position, why=bad.why) if bad else None,
        unread=tuple(
            UnreadEvent(position=f.event.position, why=f.reason, environment=f.environment or None)
            for f in verified.faults
        ),
        times=tuple(BadEvent(position=position, why=why) for position, why in verified.times),
        authentic=AuthenticityPart(
            checked=verified.is_authentic,
            key=verified.key,
            foreign_key=verified.seen.reading.foreign or None,
        ),
    )


def _show_verified(verified: _Verified) -> None:
    from terrace.apps.output.console import show
    from terrace.text import visible

    chain = verified.chain
    if chain.first_bad is None:
        show(f"{chain.events} event{'s' if chain.events != 1 else ''}, chain intact; head {chain.head}")
    else:
        show(f"event {chain.first_bad.position} is invalid: {chain.first_bad.why}")
    if verified.is_authentic:
        show(f"outcomes are authentic under the key {verified.key}")
    else:
        foreign = verified.seen.reading.foreign
        lacks = f"the key {foreign} is not set" if foreign else "no ledger key is set"
        show(f"outcomes could not be authenticated: {lacks}")
    for fault in verified.faults:
        environment = fault.environment or "every environment"
        show(f"event {fault.event.position} is invalid and puts {environment} on hold: {visible(fault.reason)}")
    for position, why in verified.times:
        show(f"event {position}: {why}")


def _dismiss_faults(
    project: Project,
    faults: tuple[Fault, ...],
    reason: str,
    key: str | None,
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    from pathlib import Path

    from terrace.adapters.signatures import signer
    from terrace.apps.output.console import emit, note, show
    from terrace.ledger.positions import spans_of
    from terrace.pipelines.ledger.dismissals import dismiss_faults
    from terrace.report.json.ledger import dismissed_events_json
    from terrace.report.terminal.ledger import invalid_event_lines

    positions = [fault.event.position for fault in faults]
    environments = sorted({fault.environment for fault in faults if fault.environment})
    every = any(not fault.environment for fault in faults)
    environment = None if every or len(environments) != 1 else environments[0]
    record = dismissed_events_json(faults, environment, dry_run=dry_run)
    if not (as_json and (dry_run or yes)):
        tell = note if as_json else show
        for line in invalid_event_lines(faults):
            tell(line)
    held = "every environment" if every else ", ".join(environments)
    events = "this event" if len(faults) == 1 else f"these {len(faults)} events"
    question = f"Ignore {events}, which put {held} on hold?"
    code = _exit_code_of_no_write(record, question, dry_run=dry_run, yes=yes, as_json=as_json)
    if code is not None:
        return code
    sign = signer(project.repository, Path(key) if key else None)
    dismiss_faults(project.ledger, faults, project.actor, reason, sign, project.dismissed)
    if as_json:
        emit(record)
    elif len(faults) == 1:
        show(f"event {positions[0]} is ignored")
    else:
        show(f"{len(faults)} events are ignored: {', '.join(map(str, spans_of(positions)))}")
    return 0


def _dismiss_dates(
    project: Project, late: tuple[Event, ...], reason: str, key: str | None, *, dry_run: bool, yes: bool, as_json: bool
) -> int:
    from pathlib import Path

    from terrace.adapters.signatures import signer
    from terrace.apps.output.console import emit, show
    from terrace.apps.wiring.project import now
    from terrace.pipelines.ledger.dismissals import dismiss_dates
    from terrace.report.json.ledger import LedgerDismissJson
    from terrace.text import visible

    position = late[0].position
    positions = tuple(event.position for event in late)
    record = LedgerDismissJson(dry_run=dry_run, position=position, environment=None, dates=positions)
    if not as_json:
        for event in late:
            show(f"event {event.position} ({event.kind}) by {visible(event.actor)}: {event.time:%Y-%m-%d %H:%M} UTC")
    question = f"The clock of this machine shows {now():%Y-%m-%d %H:%M} UTC. Ignore these dates?"
    code = _exit_code_of_no_write(record, question, dry_run=dry_run, yes=yes, as_json=as_json)
    if code is not None:
        return code
    sign = signer(project.repository, Path(key) if key else None)
    gone = dismiss_dates(project.ledger, position, project.actor, reason, sign, project.dates_dismissed, now)
    if as_json:
        positions = tuple(event.position for event in gone)
        emit(LedgerDismissJson(dry_run=dry_run, position=position, environment=None, dates=positions))
    else:
        show(f"the dates of {len(gone)} events are ignored; their content stays valid")
    return 0


def _exit_code_of_no_write(record: JsonRecord, question: str, *, dry_run: bool, yes: bool, as_json: bool) -> int | None:
    """Returns the exit code if nothing is recorded: with `dry_run`, or without consent. None to continue."""
    from terrace.apps.output.console import confirm, emit, note, show

    if dry_run and as_json:
        emit(record)
    elif dry_run:
        show("No changes were made.")
    elif not confirm(question, yes=yes):
        note("No changes were made.")
        return 1
    return 0 if dry_run else None
