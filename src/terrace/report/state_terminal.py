"""States and their copies as a person reads them in a terminal. Values of states are in none of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from terrace.drift.state_adoption import Adopted, Adoption, Settled
from terrace.plans.terraform import StateSnapshot
from terrace.report.screen import Group, Line, Record, Table, Tree, line, paragraph
from terrace.report.terminal import ago
from terrace.states.backups import BackupRecord, Catalogue, Rekeyed
from terrace.states.restore_rules import Obstacle
from terrace.states.restores import Restored
from terrace.states.retention import Retention
from terrace.states.state_checks import Drill, Look
from terrace.states.state_file import Compared, StateDiff
from terrace.states.status import Standing
from terrace.words import duration

STYLES = {
    "saved": "green",
    "same": "green",
    "none": "dim",
    "passed": "green",
    "restored": "green",
    "skipped": "yellow",
    "put_back": "yellow",
    "unchanged": "yellow",
    "missed": "red",
    "failed": "red",
    "unsaved": "red",
    "alarm": "red",
    "unknown": "red",
}


def looks(found: Iterable[Look]) -> Table:
    """What a poll found, a line a stack."""
    table = Table("Stack", "Found", "Serial", "Backup", "")
    for one in found:
        said = one.reason or (f"while {one.busy} was under way" if one.busy else "")
        serial = str(one.serial) if one.serial >= 0 else "-"
        table.add(one.stack, (one.finding, STYLES[one.finding]), serial, _last(one.backup), said)
    return table


def problems(found: Mapping[str, tuple[str, ...]]) -> Line:
    """What is wrong with states, a line each."""
    return paragraph((f"! {one}" for told in found.values() for one in told), style="red")


def catalogue(found: Catalogue, good: frozenset[str], known: Mapping[str, Standing], now: datetime) -> Record:
    """Copies, newest first, a line each."""
    table = Table("Backup", "Stack", "Taken", "Serial", "Moment", "Commit", "Key", "Size", "")
    for record in reversed(found.records):
        table.add(
            _last(record.name),
            record.stack,
            ago(record.taken_at, now),
            str(record.serial),
            record.moment,
            record.commit[:7],
            record.key_id,
            _size(record.size),
            ", ".join(_remarks(record, good, known.get(record.stack), now)),
        )
    damaged = [line(f"damaged: {name}: {why}", style="red") for name, why in found.damaged]
    return Group(table, *damaged)


def _remarks(record: BackupRecord, good: frozenset[str], known: Standing | None, now: datetime) -> Iterable[str]:
    if record.original in good:
        yield "good release"
    if known is not None and known.backup == record.original:
        yield f"is the state (checked {ago(known.checked_at, now)})"
    drilled = known.drilled if known is not None else None
    if drilled is not None and drilled.backup == record.original:
        yield f"drill {drilled.result} {ago(drilled.at, now)}"


def compared(one: Compared) -> Record:
    """From one state to another."""
    head = line(f"{one.stack}: {_side(one.old_name, one.old)}  →  {_side(one.new_name, one.new)}", style="bold")
    if one.diff.empty:
        return Group(head, line("no object and no output differs"))
    return Group(head, diff(one.diff))


def diff(found: StateDiff) -> Record:
    """What would be in a state and was not, and the other way round: names only."""
    lines = [line(f"+ {address}", style="green") for address in found.added]
    lines += [line(f"- {address}", style="red") for address in found.removed]
    for change in found.changed:
        lines.append(line(f"~ {change.address}: {', '.join(change.attributes)}", style="yellow"))
    lines += [line(f"~ output {name}", style="yellow") for name in found.outputs]
    return Group(*lines)


def proposal(
    stack: str, record: BackupRecord, current: StateSnapshot, found: StateDiff, obstacles: Iterable[Obstacle]
) -> Record:
    """What a restore would do to the state, and what speaks against it."""
    there = f"serial {current.serial}" if current.content else "empty"
    when = record.taken_at.strftime("%Y-%m-%d %H:%M:%SZ")
    head = line(f"{stack}: the state ({there}) becomes {record.name} (serial {record.serial}, {when})", style="bold")
    against = [line(f"! {one.why}", style="red") for one in obstacles]
    return Group(head, diff(found), *against)


SHOWN = 20
"""How many objects of a state that is to be adopted are named."""


def _objects(count: int) -> str:
    return "1 object" if count == 1 else f"{count} objects"


def adoption(one: Adoption) -> Record:
    """What adopting a state would mean: where it is, what it holds, where it goes, what a plan on it would do."""
    where = f"stays at {one.source}" if one.in_place else f"at {one.source} goes to {one.target}"
    lines = [
        line(f"{one.stack.key}: the state {where}", style="bold"),
        line(f"serial {one.state.serial}, lineage {one.state.lineage}, {_objects(len(one.objects))}"),
        *(line(f"  {address}") for address in one.objects[:SHOWN]),
    ]
    if len(one.objects) > SHOWN:
        lines.append(line(f"  and {len(one.objects) - SHOWN} more"))
    if one.done:
        lines.append(line("it is there already: an adoption before did not end"))
    lines += differences(one)
    return Group(*lines)


def differences(one: Adoption) -> list[Line]:
    """What a plan on a state would do, and what differs between the state and the cloud, a line each."""
    lines = [line(f"! a plan on it would create {address}", style="red") for address in one.creates]
    lines += [line(f"a plan on it would delete {address}", style="red") for address in one.deletes[:SHOWN]]
    lines += [line(f"a plan on it would change {address}", style="yellow") for address in one.changes[:SHOWN]]
    more = len(one.deletes[SHOWN:]) + len(one.changes[SHOWN:])
    if more:
        lines.append(line(f"and would delete or change {_objects(more)} more"))
    if one.outputs:
        lines.append(line(f"a plan on it would set {one.outputs} output{'' if one.outputs == 1 else 's'}"))
    if one.same:
        lines.append(line(f"a plan of {one.commit[:7]} on it changes nothing"))
    lines += [line(f"accepted as it is: {seen.address} ({', '.join(seen.paths)})") for seen in one.accepted[:SHOWN]]
    if len(one.accepted) > SHOWN:
        lines.append(line(f"and {len(one.accepted) - SHOWN} more are accepted as they are"))
    lines += [
        line(f"! changed outside: {seen.address} ({', '.join(seen.paths) or 'gone'})", style="red")
        for seen in one.outside
    ]
    return lines


def adopted(one: Adopted) -> Record:
    """How an adoption ended."""
    found = one.adoption
    lines = [
        line(("adopted", "green"), f" {found.stack.key}: serial {one.state.serial}, copy {_last(one.backup)}"),
    ]
    if one.put_aside:
        lines.append(line(f"the file is now {one.put_aside}: remove it once a deployment succeeded"))
    elif not found.in_place:
        lines.append(line(f"a copy of the state remains at {found.source}: remove it once a deployment succeeded"))
    if found.same:
        lines.append(line(f"it is what {found.commit[:7]} says: `terrace drift` compares with that from now on"))
    else:
        lines.append(line(f"next: terrace deploy {found.stack.environment}  (it differs from {found.commit[:7]})"))
    return Group(*lines)


def settled(one: Settled) -> Line:
    """That there is nothing to adopt any more."""
    how = "was adopted" if one.how == "adopted" else "is deployed by Terrace"
    rest = "" if one.same else "; it differed from that commit, which is still the newest: deploy it, or change it"
    return line(
        f"{one.stack.key} {how} at {one.commit[:7]} ({one.by}, {one.at:%Y-%m-%d %H:%M} UTC), and its state is at "
        f"{one.target}: there is nothing to adopt{rest}"
    )


def restored(one: Restored) -> Record:
    """How a restore ended."""
    word = one.result.replace("_", " ")
    lines = [line((word, STYLES[one.result]), f" {one.restore.stack}: {one.reason}")]
    if one.held:
        lines.append(line(f"{one.restore.environment} is held: {one.held}", style="yellow"))
        release = f"look at it, then terrace unhold {one.restore.environment} --reason WHAT-YOU-FOUND"
        lines.append(line(f"next: {f'terrace resume {one.restore.environment}' if one.unknown else release}"))
    return Group(*lines)


def drills(found: Iterable[Drill]) -> Table:
    """What drills found, a line a stack, measured and allowed side by side."""
    table = Table("Stack", "Drill", "RTO", "RPO", "Objects", "Backup", "")
    for one in found:
        table.add(
            one.stack,
            (one.result, STYLES[one.result]),
            _measured(one.rto, one.targets[1]),
            _measured(one.rpo, one.targets[0]),
            str(one.objects) if one.rto is not None else "-",
            _last(one.backup),
            "; ".join(one.reasons),
        )
    return table


def rekeyed(one: Rekeyed) -> Record:
    """What sealing anew came to."""
    tree = Tree(f"{len(one.sealed)} sealed anew, {one.already} were already, {len(one.failed)} could not be")
    for name, why in one.failed:
        tree.node(line(f"{name}: {why}", style="red"))
    return tree


def pruned(one: Retention, *, dry_run: bool) -> Record:
    """Which copies went, or would go."""
    tree = Tree(f"{len(one.dropped)} {'would go' if dry_run else 'removed'}, {len(one.kept)} stay")
    for record in one.dropped:
        tree.node(line(record.name))
    return tree


def _side(name: str, state: StateSnapshot) -> str:
    if not state.content:
        return f"{_last(name)} (empty)"
    return f"{_last(name)} (serial {state.serial}, Terraform {state.terraform_version or 'unknown'})"


def _measured(span: timedelta | None, target: timedelta | None) -> str:
    if span is None:
        return "-"
    said = (
        "0"
        if not span
        else duration(span, units=2)
        if span >= timedelta(seconds=10)
        else f"{span.total_seconds():.1f} s"
    )
    return f"{said} of {duration(target)}" if target is not None else said


def _last(name: str) -> str:
    return name.rpartition("/")[2] or "-"


def _size(number: int) -> str:
    return f"{number / 1024:.1f} KiB" if number >= 1024 else f"{number} B"
