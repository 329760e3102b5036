"""`terrace ledger`: check it, export it, and say by signature what of it counts."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terrace.adapters.environ import ENVIRON
from terrace.apps.cli.console import confirmed, emit, note
from terrace.apps.cli.console import show as print_record
from terrace.apps.wiring.project import Project, now
from terrace.errors import BadInput, NotReady
from terrace.ledger.authenticity import EventKey
from terrace.ledger.chain import Verification, export, strange_times, verify
from terrace.ledger.dates import dated, doubt
from terrace.ledger.dismissals import unread, way_out
from terrace.ledger.event import Event
from terrace.ledger.events.people import LedgerOpened
from terrace.ledger.model import History
from terrace.ledger.positions import read_spans, spans_of
from terrace.ledger.reading import Fault
from terrace.pipelines.ledger.dismissals import dismiss_dates, dismiss_faults, misdated, unread_among
from terrace.report.faults import fault_json, fault_lines
from terrace.text import json_text, visible


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check of the ledger found: `times` are strange dates, by position, with why."""

    chain: Verification
    seen: History
    faults: tuple[Fault, ...]
    times: Sequence[tuple[int, str]]

    @property
    def passed(self) -> bool:
        """Whether the chain holds and every event can be read."""
        return self.chain.ok and not self.faults

    @property
    def key(self) -> str | None:
        """The key of the ledger that is here."""
        return self.seen.key.id if isinstance(self.seen.key, EventKey) else None

    @property
    def is_authentic(self) -> bool:
        """Whether every outcome was checked with that key."""
        return self.chain.ok and self.key is not None and not self.seen.reading.foreign


def ledger_verify(folder: str, head: str | None, *, as_json: bool) -> int:
    """Whether the chain holds and every event can be read: exit 0, else 1. Times that go wrong are told."""
    project = Project(Path(folder))
    events = project.ledger.read_unchecked()
    chain = verify(events, expected_head=head)
    seen = History(events, key=project.event_key)
    faults = unread(seen, project.dismissed) if chain.ok else ()
    times = strange_times(events, now(), dated(seen, project.dates_dismissed).undated if chain.ok else ())
    verified = Verified(chain, seen, faults, times)
    if as_json:
        emit(_verified_json(verified))
    else:
        _show(verified)
        wrong = doubt(project.ledger.read(), now(), None) if chain.ok else None
        if wrong is not None:
            print_record(f"hint: {wrong[1]}")
        first = events[0].record if events else None
        if isinstance(first, LedgerOpened) and first.began_anew:
            print_record(f"it was begun anew by {visible(events[0].actor)}: {visible(first.began_anew)}")
        if faults:
            print_record(f"hint: {way_out(faults)}")
    return 0 if verified.passed else 1


def _verified_json(verified: Verified) -> dict[str, Any]:
    chain = verified.chain
    return {
        "schema": "terrace/ledger-verify@1",
        "ok": verified.passed,
        "events": chain.events,
        "head": chain.head,
        "first_bad": {"position": chain.first_bad.position, "why": chain.first_bad.why} if chain.first_bad else None,
        "unread": [
            {"position": one.event.position, "why": one.reason, "environment": one.environment or None}
            for one in verified.faults
        ],
        "times": [{"position": position, "why": why} for position, why in verified.times],
        "authentic": {
            "checked": verified.is_authentic,
            "key": verified.key,
            "foreign_key": verified.seen.reading.foreign or None,
        },
    }


def _show(verified: Verified) -> None:
    chain = verified.chain
    if chain.first_bad is None:
        print_record(f"{chain.events} event{'s' if chain.events != 1 else ''}, unbroken; head {chain.head}")
    else:
        print_record(f"event {chain.first_bad.position} is bad: {chain.first_bad.why}")
    if verified.is_authentic:
        print_record(f"outcomes are authentic under the key {verified.key}")
    else:
        foreign = verified.seen.reading.foreign
        lacks = f"the key {foreign} is not here" if foreign else "no key of the ledger is here"
        print_record(f"whether outcomes are authentic is not known: {lacks}")
    for fault in verified.faults:
        where = fault.environment or "every environment"
        print_record(f"event {fault.event.position} cannot be read and holds {where}: {visible(fault.reason)}")
    for position, why in verified.times:
        print_record(f"event {position}: {why}")


def ledger_dismiss(
    folder: str,
    words: tuple[str, ...],
    reason: str,
    actor: str | None,
    key: str | None,
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Say that events which cannot be read count as absent, or that dates in the future do not count."""
    spans = read_spans(words)
    project = Project(Path(folder), actor=actor)
    seen = project.ledger.read()
    late = misdated(seen, spans[0].first, now())
    if late and len(spans) == 1 and spans[0].first == spans[0].last:
        return _dismiss_dates(project, late, reason, key, dry_run=dry_run, yes=yes, as_json=as_json)
    if late:
        raise BadInput(
            f"event {late[0].position} of the ledger is dated in the future: it can be read",
            hint=f"`terrace ledger dismiss {late[0].position} --reason WHY`: only its date stops counting",
        )
    faults = unread_among(seen, spans, project.dismissed)
    return _dismiss_faults(project, faults, reason, key, dry_run=dry_run, yes=yes, as_json=as_json)


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
    from terrace.adapters.signatures import signer

    positions = [fault.event.position for fault in faults]
    environments = sorted({fault.environment for fault in faults if fault.environment})
    every = any(not fault.environment for fault in faults)
    record = {
        "schema": "terrace/ledger-dismiss@1",
        "dry_run": dry_run,
        "position": positions[0],
        "environment": None if every or len(environments) != 1 else environments[0],
        "positions": positions,
        "events": [fault_json(fault) for fault in faults],
    }
    if not (as_json and (dry_run or yes)):
        tell = note if as_json else print_record
        for line in fault_lines(faults):
            tell(line)
    where = "every environment" if every else ", ".join(environments)
    what = "it counts" if len(faults) == 1 else f"these {len(faults)} count"
    question = f"Say that {what} as absent, so that nothing of it holds {where}?"
    ended = _ended(record, question, dry_run=dry_run, yes=yes, as_json=as_json)
    if ended is not None:
        return ended
    sign = signer(project.repository, Path(key) if key else None)
    dismiss_faults(project.ledger, faults, project.actor, reason, sign, project.dismissed)
    if as_json:
        emit(record)
    elif len(faults) == 1:
        print_record(f"event {positions[0]} counts as absent")
    else:
        print_record(f"{len(faults)} events count as absent: {', '.join(map(str, spans_of(positions)))}")
    return 0


def _dismiss_dates(
    project: Project, late: tuple[Event, ...], reason: str, key: str | None, *, dry_run: bool, yes: bool, as_json: bool
) -> int:
    from terrace.adapters.signatures import signer

    position = late[0].position
    record = {
        "schema": "terrace/ledger-dismiss@1",
        "dry_run": dry_run,
        "position": position,
        "environment": None,
        "dates": [event.position for event in late],
    }
    if not as_json:
        for event in late:
            print_record(
                f"event {event.position} ({event.kind}) by {visible(event.actor)}: {event.time:%Y-%m-%d %H:%M} UTC"
            )
    question = f"It is {now():%Y-%m-%d %H:%M} UTC by this machine. Let these dates count for nothing?"
    ended = _ended(record, question, dry_run=dry_run, yes=yes, as_json=as_json)
    if ended is not None:
        return ended
    sign = signer(project.repository, Path(key) if key else None)
    gone = dismiss_dates(project.ledger, position, project.actor, reason, sign, project.dates_dismissed, now)
    if as_json:
        emit({**record, "dates": [event.position for event in gone]})
    else:
        print_record(f"the dates of {len(gone)} events count for nothing; what they say counts as before")
    return 0


def ledger_rekey(folder: str, old_key: str | None, reason: str, *, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Change the key of the ledger to the one that is set now; with `dry_run` only tell what that would mean."""
    from terrace.adapters.sealing import read_key
    from terrace.pipelines.ledger.rekey import proposed, rekey
    from terrace.report.unproven import unproven_json, unproven_lines

    project = Project(Path(folder))
    if not isinstance(project.event_key, EventKey):
        raise NotReady("the new key is not here", hint="set TERRACE_LEDGER_KEY, or the key of backups, to the new key")
    history = project.ledger.read()
    old = EventKey.of(read_key(old_key, ENVIRON)) if old_key is not None else None
    change = proposed(history, old, project.dismissed)
    record = {
        "schema": "terrace/ledger-rekey@1",
        "dry_run": dry_run,
        "key": project.event_key.id,
        "before": change.before or None,
        "unchecked": dict(change.unchecked),
        "absent": list(change.absent),
        "events": [unproven_json(one) for one in change.unproven],
    }
    if not (as_json and dry_run):
        tell = note if as_json else print_record
        for line in unproven_lines(change.unproven):
            tell(line)
        if change.absent:
            tell(f"these stay without effect: events {', '.join(str(position) for position in change.absent)}")
    question = f"Authenticate the events from here on with the key {project.event_key.id}?"
    ended = _ended(record, question, dry_run=dry_run, yes=yes, as_json=as_json)
    if ended is not None:
        return ended
    rekey(project.ledger, history, change, reason, project.actor)
    if as_json:
        emit(record)
    else:
        print_record(f"the key of the ledger is {project.event_key.id} from here on")
    return 0


def _ended(record: Mapping[str, Any], question: str, *, dry_run: bool, yes: bool, as_json: bool) -> int | None:
    """The exit code of a command that writes nothing: with `dry_run`, and after a no. None where it goes on."""
    if dry_run and as_json:
        emit(dict(record))
    elif dry_run:
        print_record("nothing was written")
    elif not confirmed(question, yes=yes):
        note("nothing was written")
        return 1
    return 0 if dry_run else None


def ledger_begin(folder: str, reason: str, actor: str | None, key: str | None, *, yes: bool, as_json: bool) -> int:
    """Begin a ledger anew where the one before is lost."""
    from terrace.adapters.signatures import signer

    project = Project(Path(folder), actor=actor)
    question = "Holds, unknown outcomes, rejections and approvals of before are gone then. Begin a ledger anew?"
    if not confirmed(question, yes=yes):
        note("nothing was written")
        return 1
    begun = project.begin_ledger(reason, signer(project.repository, Path(key) if key else None))
    if as_json:
        emit({"schema": "terrace/ledger-begin@1", "ledger": begun.ledger_id})
    else:
        print_record(f"the ledger {begun.ledger_id} was begun")
    return 0


def ledger_export(folder: str) -> int:
    """Every event as a line of JSON."""
    for line in export(Project(Path(folder)).ledger.read().events):
        sys.stdout.write(json_text(line) + "\n")
    return 0
