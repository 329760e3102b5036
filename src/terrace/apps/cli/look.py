"""`status`, `history`, `show` and `ledger`: folds over the ledger, told."""

from __future__ import annotations

import sys
from pathlib import Path

from terrace.adapters.environ import ENVIRON
from terrace.apps.cli import actions
from terrace.apps.cli.actions import ended
from terrace.apps.cli.console import confirmed, emit, note, show_lines
from terrace.apps.cli.console import show as print_record
from terrace.apps.wiring import Workshop, now
from terrace.errors import BadInput, Interrupted, NotReady, TerraceError
from terrace.gates.model import Approval
from terrace.ledger import folds
from terrace.ledger.authenticity import EventKey
from terrace.ledger.chain import export, strange_times, verify
from terrace.ledger.dates import dated, doubt
from terrace.ledger.dismissals import told, unread, way_out
from terrace.ledger.events.people import LedgerOpened
from terrace.ledger.model import Event, History
from terrace.ledger.positions import read_spans, spans_of
from terrace.ledger.reading import Fault
from terrace.pipelines.approve import handle_of
from terrace.pipelines.destruction_target import deployed_stacks
from terrace.pipelines.dismissing import dismiss, dismiss_dates, dismiss_several, misdated, unread_among
from terrace.pipelines.evidence import approval
from terrace.pipelines.holding import releases
from terrace.report import machine, run_page, state_terminal, terminal
from terrace.report.leftovers import Leftover, leftover_line
from terrace.report.machine import witness_word
from terrace.report.refusals import refusal_lines, refusals_json
from terrace.report.text import json_text, visible
from terrace.rollout.model import Deployment
from terrace.stacks.landscape import Landscape
from terrace.watch.checks import newest_first, standing
from terrace.watch.states import problems


def status(folder: str, *, as_json: bool) -> int:
    """What is deployed where."""
    shop = Workshop(Path(folder))
    history = shop.ledger.read()
    faults = unread(history, shop.dismissed)
    rows = [
        (e.name, folds.latest(history, e.name), folds.last_good(history, e.name), _held(shop, history, faults, e.name))
        for e in shop.trust.config.environments
    ]
    alarms = problems(history, shop.trust.config, now())
    drift = {
        e.name: how
        for e in shop.trust.config.environments
        if (how := standing(newest_first(history, e.name), now(), e.drift.every)) is not None
    }
    handles = {e.name: handle_of(shop.trust.policy, history, e.name) for e in shop.trust.config.environments}
    left_out = shop.left_out(e.name for e in shop.trust.config.environments)
    left = leftovers(shop, history)
    status = {
        **machine.status(rows, alarms, drift, handles),
        "refused": refusals_json(left_out),
        "left": [{"stack": one.stack, "environment": one.environment, "commit": one.commit} for one in left],
    }
    if as_json:
        emit(status)
    else:
        print_record(terminal.status(rows, drift, handles, now()))
        if alarms:
            print_record(state_terminal.problems(alarms))
        if left_out:
            show_lines(refusal_lines(left_out))
        for one in left:
            show_lines(leftover_line(one))
        _tell(faults)
        wrong = doubt(history, now(), None)
        if wrong is not None:
            print_record(f"{wrong[0]}: nothing goes on\nhint: {wrong[1]}")
    return ended(actions.environments((name for name, *_ in rows), lambda: run_page.status(status)), 0)


def leftovers(shop: Workshop, history: History) -> tuple[Leftover, ...]:
    """Returns the stacks that hold something and that the protected branch no longer names, in whatever environment."""
    there = deployed_stacks(history)
    try:
        tip = shop.survey(shop.trust.commit)
    except Interrupted:
        raise
    except TerraceError:
        # Other commands say why the protected branch cannot be read.
        return ()
    names = {stack.key for stack in tip.stacks}
    return tuple(
        Leftover(key, deployment.environment, deployment.commit, _new_name(shop, tip, key, deployment.commit))
        for key, deployment in sorted(there.items())
        if key not in names
    )


def _new_name(shop: Workshop, tip: Landscape, key: str, commit: str) -> str:
    """The stack of the protected branch that has the state of a stack which is gone there; "" where there is none."""
    from terrace.stacks.backends import addresses, common

    try:
        there = shop.survey(commit)
        mine = addresses(there.stack(key), there.graph)
    except Interrupted:
        raise
    except (KeyError, TerraceError):
        return ""
    return next((one.key for one in tip.stacks if common(addresses(one, tip.graph), mine) is not None), "")


def _held(shop: Workshop, history: History, faults: tuple[Fault, ...], environment: str) -> folds.Hold | None:
    """Why an environment takes nothing: events that cannot be read come first, for nothing passes them by."""
    mine = tuple(fault for fault in faults if fault.holds(environment))
    if mine:
        return folds.Hold(told(mine), mine[0].event.actor, mine[0].event.time)
    return folds.hold(history, environment, releases(history, shop.proof))


def _tell(faults: tuple[Fault, ...]) -> None:
    if faults:
        print_record(f"{visible(told(faults))}\nhint: {way_out(faults)}")


def history(folder: str, environment: str | None, limit: int, *, as_json: bool) -> int:
    """Deployments, newest first."""
    shop = Workshop(Path(folder))
    if environment is not None:
        shop.environment(environment)
    seen = shop.ledger.read()
    found = [d for d in folds.deployments(seen) if environment in (None, d.environment)]
    newest = found[::-1][:limit]
    if as_json:
        emit(machine.history((d, _answers(shop, seen, d)) for d in newest))
    elif newest:
        print_record(terminal.history(newest))
    else:
        print_record("nothing was deployed yet")
    return 0


def show(folder: str, wanted: str, *, as_json: bool) -> int:
    """One deployment."""
    shop = Workshop(Path(folder))
    seen = shop.ledger.read()
    every = folds.deployments(seen)
    found = next((d for d in every if d.id == wanted), None) or folds.latest(seen, wanted)
    if found is None:
        raise BadInput(f"there is no deployment {wanted!r}", hint="`terrace history` lists them")
    answers = _answers(shop, seen, found)
    if as_json:
        emit({**machine.deployed("show", found), "approvals": [machine.approval(a) for a in answers]})
        return 0
    print_record(terminal.deployment(found))
    _tell(tuple(fault for fault in unread(seen, shop.dismissed) if fault.holds(found.environment)))
    for given in answers:
        role = f" for {given.role}" if given.role else ""
        said = f": {visible(given.comment)}" if given.comment else ""
        known = f"{given.proof}, {visible(witness_word(given.witness))}" if given.witness else given.proof
        print_record(f"  {given.answer} by {visible(given.actor)}{role} ({known}){said}")
    return 0


def ledger_verify(folder: str, head: str | None, *, as_json: bool) -> int:
    """Whether the chain holds and every event can be read: exit 0, else 1. Times that go wrong are told."""
    shop = Workshop(Path(folder))
    events = shop.ledger.read_unchecked()
    result = verify(events, expected_head=head)
    seen = History(events, key=shop.event_key)
    faults = unread(seen, shop.dismissed) if result.ok else ()
    times = strange_times(events, now(), dated(seen, shop.dates_dismissed).undated if result.ok else ())
    checked = result.ok and isinstance(seen.key, EventKey) and not seen.reading.foreign
    if as_json:
        bad = {"position": result.first_bad.position, "why": result.first_bad.why} if result.first_bad else None
        emit(
            {
                "schema": "terrace/ledger-verify@1",
                "ok": result.ok and not faults,
                "events": result.events,
                "head": result.head,
                "first_bad": bad,
                "unread": [
                    {"position": f.event.position, "why": f.reason, "environment": f.environment or None}
                    for f in faults
                ],
                "times": [{"position": position, "why": why} for position, why in times],
                "authentic": {
                    "checked": checked,
                    "key": seen.key.id if isinstance(seen.key, EventKey) else None,
                    "foreign_key": seen.reading.foreign or None,
                },
            }
        )
        return 0 if result.ok and not faults else 1
    if result.first_bad is None:
        print_record(f"{result.events} event{'s' if result.events != 1 else ''}, unbroken; head {result.head}")
    else:
        print_record(f"event {result.first_bad.position} is bad: {result.first_bad.why}")
    if checked and isinstance(seen.key, EventKey):
        print_record(f"outcomes are authentic under the key {seen.key.id}")
    elif seen.reading.foreign:
        print_record(f"whether outcomes are authentic is not known: the key {seen.reading.foreign} is not here")
    else:
        print_record("whether outcomes are authentic is not known: no key of the ledger is here")
    for fault in faults:
        where = fault.environment or "every environment"
        print_record(f"event {fault.event.position} cannot be read and holds {where}: {visible(fault.reason)}")
    for position, why in times:
        print_record(f"event {position}: {why}")
    wrong = doubt(shop.ledger.read(), now(), None) if result.ok else None
    if wrong is not None:
        print_record(f"hint: {wrong[1]}")
    first = events[0].record if events else None
    if isinstance(first, LedgerOpened) and first.began_anew:
        print_record(f"it was begun anew by {visible(events[0].actor)}: {visible(first.began_anew)}")
    if faults:
        print_record(f"hint: {way_out(faults)}")
    return 0 if result.ok and not faults else 1


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
    from terrace.adapters.signatures import signer
    from terrace.report.faults import fault_json, fault_lines

    spans = read_spans(words)
    shop = Workshop(Path(folder), actor=actor)
    seen = shop.ledger.read()
    late = misdated(seen, spans[0].first, now())
    if late and len(spans) == 1 and spans[0].first == spans[0].last:
        return _dismiss_dates(shop, late, reason, key, dry_run=dry_run, yes=yes, as_json=as_json)
    if late:
        raise BadInput(
            f"event {late[0].position} of the ledger is dated in the future: it can be read",
            hint=f"`terrace ledger dismiss {late[0].position} --reason WHY`: only its date stops counting",
        )
    faults = unread_among(seen, spans, shop.dismissed)
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
    tell = note if as_json else print_record
    if not (as_json and (dry_run or yes)):
        for line in fault_lines(faults):
            tell(line)
    if dry_run:
        if as_json:
            emit(record)
        else:
            print_record("nothing was written")
        return 0
    where = "every environment" if every else ", ".join(environments)
    what = "it counts" if len(faults) == 1 else f"these {len(faults)} count"
    if not confirmed(f"Say that {what} as absent, so that nothing of it holds {where}?", yes=yes):
        note("nothing was written")
        return 1
    sign = signer(shop.repository, Path(key) if key else None)
    if len(faults) == 1:
        dismiss(shop.ledger, positions[0], shop.actor, reason, sign, shop.dismissed)
    else:
        dismiss_several(shop.ledger, faults, shop.actor, reason, sign, shop.dismissed)
    if as_json:
        emit(record)
    elif len(faults) == 1:
        print_record(f"event {positions[0]} counts as absent")
    else:
        print_record(f"{len(faults)} events count as absent: {', '.join(map(str, spans_of(positions)))}")
    return 0


def ledger_rekey(folder: str, old_key: str | None, reason: str, *, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Change the key of the ledger to the one that is set now; with `dry_run` only tell what that would mean."""
    from terrace.adapters.sealing import read_key
    from terrace.pipelines.rekeying import proposed, rekey
    from terrace.report.unproven import unproven_json, unproven_lines

    shop = Workshop(Path(folder))
    if not isinstance(shop.event_key, EventKey):
        raise NotReady("the new key is not here", hint="set TERRACE_LEDGER_KEY, or the key of backups, to the new key")
    history = shop.ledger.read()
    old = EventKey.of(read_key(old_key, ENVIRON)) if old_key is not None else None
    change = proposed(history, old, shop.dismissed)
    record = {
        "schema": "terrace/ledger-rekey@1",
        "dry_run": dry_run,
        "key": shop.event_key.id,
        "before": change.before or None,
        "unchecked": dict(change.unchecked),
        "absent": list(change.absent),
        "events": [unproven_json(one) for one in change.unproven],
    }
    tell = note if as_json else print_record
    if not (as_json and dry_run):
        for line in unproven_lines(change.unproven):
            tell(line)
        if change.absent:
            tell(f"these stay without effect: events {', '.join(str(position) for position in change.absent)}")
    if dry_run:
        if as_json:
            emit(record)
        else:
            print_record("nothing was written")
        return 0
    if not confirmed(f"Authenticate the events from here on with the key {shop.event_key.id}?", yes=yes):
        note("nothing was written")
        return 1
    rekey(shop.ledger, history, change, reason, shop.actor)
    if as_json:
        emit(record)
    else:
        print_record(f"the key of the ledger is {shop.event_key.id} from here on")
    return 0


def ledger_begin(folder: str, reason: str, actor: str | None, key: str | None, *, yes: bool, as_json: bool) -> int:
    """Begin a ledger anew where the one before is lost."""
    from terrace.adapters.signatures import signer

    shop = Workshop(Path(folder), actor=actor)
    question = "Holds, unknown outcomes, rejections and approvals of before are gone then. Begin a ledger anew?"
    if not confirmed(question, yes=yes):
        note("nothing was written")
        return 1
    begun = shop.begin_ledger(reason, signer(shop.repository, Path(key) if key else None))
    if as_json:
        emit({"schema": "terrace/ledger-begin@1", "ledger": begun.ledger_id})
    else:
        print_record(f"the ledger {begun.ledger_id} was begun")
    return 0


def ledger_export(folder: str) -> int:
    """Every event as a line of JSON."""
    for line in export(Workshop(Path(folder)).ledger.read().events):
        sys.stdout.write(json_text(line) + "\n")
    return 0


def _answers(shop: Workshop, seen: History, deployment: Deployment) -> tuple[Approval, ...]:
    return tuple(approval(signed, shop.proof(signed)) for signed in folds.approvals(seen, deployment.id))


def _dismiss_dates(
    shop: Workshop, late: tuple[Event, ...], reason: str, key: str | None, *, dry_run: bool, yes: bool, as_json: bool
) -> int:
    from terrace.adapters.signatures import signer

    position = late[0].position
    record: dict[str, object] = {
        "schema": "terrace/ledger-dismiss@1",
        "dry_run": dry_run,
        "position": position,
        "environment": None,
    }
    if not as_json:
        for event in late:
            print_record(
                f"event {event.position} ({event.kind}) by {visible(event.actor)}: {event.time:%Y-%m-%d %H:%M} UTC"
            )
    if dry_run:
        if as_json:
            emit({**record, "dates": [event.position for event in late]})
        else:
            print_record("nothing was written")
        return 0
    question = f"It is {now():%Y-%m-%d %H:%M} UTC by this machine. Let these dates count for nothing?"
    if not confirmed(question, yes=yes):
        note("nothing was written")
        return 1
    sign = signer(shop.repository, Path(key) if key else None)
    gone = dismiss_dates(shop.ledger, position, shop.actor, reason, sign, shop.dates_dismissed, now)
    positions = [event.position for event in gone]
    if as_json:
        emit({**record, "dates": positions})
    else:
        print_record(f"the dates of {len(gone)} events count for nothing; what they say counts as before")
    return 0
