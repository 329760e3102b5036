"""States and their backups in a terminal. No values of states are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from terrace.drift.state_adoption import Adopted, Adoption, Settled
from terrace.plans.ports import StateSnapshot
from terrace.report.terminal.screen import Group, Line, Record, Table, Tree, line, paragraph
from terrace.states.backup_status import BackupStatus
from terrace.states.backups import BackupRecord, Catalogue, Reencryption
from terrace.states.restore_rules import Obstacle
from terrace.states.restores import Restored
from terrace.states.retention import Retention
from terrace.states.state_checks import Drill, Look
from terrace.states.state_file import Compared, StateDiff
from terrace.words import ago, and_more, duration, plural

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


def state_checks_table(checks: Iterable[Look]) -> Table:
    """Returns what a check of states found, a line for each stack."""
    table = Table("Stack", "Found", "Serial", "Backup", "")
    for check in checks:
        reason = check.reason or (f"during {check.busy}" if check.busy else "")
        serial = str(check.serial) if check.serial >= 0 else "-"
        table.add(check.stack, (check.finding, STYLES[check.finding]), serial, _file_name(check.backup), reason)
    return table


def state_problems(problems: Mapping[str, tuple[str, ...]]) -> Line:
    """Returns the problems with states and their backups, a line each."""
    return paragraph((f"! {problem}" for some in problems.values() for problem in some), style="red")


def backups_table(
    catalogue: Catalogue, good: frozenset[str], backup_statuses: Mapping[str, BackupStatus], now: datetime
) -> Record:
    """Returns backups, the newest first, a line each. `good` are backups of good releases."""
    table = Table("Backup", "Stack", "Taken", "Serial", "Moment", "Commit", "Key", "Size", "")
    for record in reversed(catalogue.records):
        table.add(
            _file_name(record.name),
            record.stack,
            ago(record.taken_at, now),
            str(record.serial),
            record.moment,
            record.commit[:7],
            record.key_id,
            _size(record.size),
            ", ".join(_remarks(record, good, backup_statuses.get(record.stack), now)),
        )
    damaged = [line(f"damaged: {name}: {why}", style="red") for name, why in catalogue.damaged]
    return Group(table, *damaged)


def _remarks(
    record: BackupRecord, good: frozenset[str], backup_status: BackupStatus | None, now: datetime
) -> Iterable[str]:
    if record.original in good:
        yield "good release"
    if backup_status is not None and backup_status.backup == record.original:
        yield f"equal to the state (checked {ago(backup_status.checked_at, now)})"
    drill = backup_status.drilled if backup_status is not None else None
    if drill is not None and drill.backup == record.original:
        yield f"drill {drill.result} {ago(drill.at, now)}"


def comparison(compared: Compared) -> Record:
    """Returns the difference between two states."""
    old, new = _side(compared.old_name, compared.old), _side(compared.new_name, compared.new)
    head = line(f"{compared.stack}: {old}  →  {new}", style="bold")
    if compared.diff.empty:
        return Group(head, line("no resource and no output differs"))
    return Group(head, diff_lines(compared.diff))


def diff_lines(diff: StateDiff) -> Record:
    """Returns the names of resources and outputs that differ, a line each."""
    lines = [line(f"+ {address}", style="green") for address in diff.added]
    lines += [line(f"- {address}", style="red") for address in diff.removed]
    for change in diff.changed:
        lines.append(line(f"~ {change.address}: {', '.join(change.attributes)}", style="yellow"))
    lines += [line(f"~ output {name}", style="yellow") for name in diff.outputs]
    return Group(*lines)


def restore_proposal(
    stack: str, record: BackupRecord, current: StateSnapshot, diff: StateDiff, obstacles: Iterable[Obstacle]
) -> Record:
    """Returns what a restore would do to the state, and the objections to it."""
    now = f"serial {current.serial}" if current.content else "empty"
    when = record.taken_at.strftime("%Y-%m-%d %H:%M:%SZ")
    head = line(f"{stack}: the state ({now}) becomes {record.name} (serial {record.serial}, {when})", style="bold")
    return Group(head, diff_lines(diff), *(line(f"! {obstacle.why}", style="red") for obstacle in obstacles))


SHOWN = 20
"""Resources of a state to adopt that are listed."""


def adoption_proposal(adoption: Adoption) -> Record:
    """Returns the place and content of a state, its new place, and the changes of a plan on it."""
    where = f"stays at {adoption.source}" if adoption.in_place else f"at {adoption.source} moves to {adoption.target}"
    count = plural(len(adoption.objects), "resource")
    lines = [
        line(f"{adoption.stack.key}: the state {where}", style="bold"),
        line(f"serial {adoption.state.serial}, lineage {adoption.state.lineage}, {count}"),
        *(line(f"  {address}") for address in adoption.objects[:SHOWN]),
    ]
    if more := and_more(len(adoption.objects) - SHOWN):
        lines.append(line(f"  {more}"))
    if adoption.done:
        lines.append(line("the state is already in place: an earlier adoption did not finish"))
    lines += difference_lines(adoption)
    return Group(*lines)


def difference_lines(adoption: Adoption) -> list[Line]:
    """Returns the changes of a plan on a state, and the differences between the state and the cloud, a line each."""
    lines = [line(f"! a plan on it would create {address}", style="red") for address in adoption.creates]
    lines += [line(f"a plan on it would delete {address}", style="red") for address in adoption.deletes[:SHOWN]]
    lines += [line(f"a plan on it would change {address}", style="yellow") for address in adoption.changes[:SHOWN]]
    more = len(adoption.deletes[SHOWN:]) + len(adoption.changes[SHOWN:])
    if more:
        lines.append(line(f"and would delete or change {plural(more, 'more resource')}"))
    if adoption.outputs:
        lines.append(line(f"a plan on it would set {plural(adoption.outputs, 'output')}"))
    if adoption.same:
        lines.append(line(f"a plan of {adoption.commit[:7]} on it changes nothing"))
    lines += [line(f"accepted as it is: {a.address} ({', '.join(a.paths)})") for a in adoption.accepted[:SHOWN]]
    if more_accepted := and_more(len(adoption.accepted) - SHOWN):
        lines.append(line(f"{more_accepted} are accepted as they are"))
    lines += [
        line(f"! changed outside Terraform: {o.address} ({', '.join(o.paths) or 'deleted'})", style="red")
        for o in adoption.outside
    ]
    return lines


def adopted_summary(adopted: Adopted) -> Record:
    """Returns the result of an adoption and the next steps."""
    adoption = adopted.adoption
    backup = _file_name(adopted.backup)
    lines = [line(("adopted", "green"), f" {adoption.stack.key}: serial {adopted.state.serial}, backup {backup}")]
    if adopted.put_aside:
        lines.append(line(f"the file is now {adopted.put_aside}: remove it after a successful deployment"))
    elif not adoption.in_place:
        lines.append(line(f"a copy of the state remains at {adoption.source}: remove it after a successful deployment"))
    if adoption.same:
        commit = adoption.commit[:7]
        lines.append(line(f"it is equal to {commit}: `terrace drift` compares with that commit from now on"))
    else:
        commit = adoption.commit[:7]
        lines.append(line(f"next: terrace deploy {adoption.stack.environment}  (the state differs from {commit})"))
    return Group(*lines)


def nothing_to_adopt(settled: Settled) -> Line:
    """Returns that a stack was adopted or deployed before."""
    how = "was adopted" if settled.how == "adopted" else "is deployed by Terrace"
    rest = "" if settled.same else ". It differed from that commit, which is still the newest: deploy or change it"
    return line(
        f"{settled.stack.key} {how} at {settled.commit[:7]} ({settled.by}, {settled.at:%Y-%m-%d %H:%M} UTC), and its "
        f"state is at {settled.target}: there is nothing to adopt{rest}"
    )


def restored_summary(restored: Restored) -> Record:
    """Returns the result of a restore and the next step."""
    word = restored.result.replace("_", " ")
    lines = [line((word, STYLES[restored.result]), f" {restored.restore.stack}: {restored.reason}")]
    if restored.held:
        environment = restored.restore.environment
        lines.append(line(f"{environment} is on hold: {restored.held}", style="yellow"))
        release = f"check it, then terrace unhold {environment} --reason WHAT-YOU-FOUND"
        lines.append(line(f"next: {f'terrace resume {environment}' if restored.unknown else release}"))
    return Group(*lines)


def unchecked_restore(environment: str, problem: str) -> Record:
    """Returns the next step after a restore whose drift check failed, or lacks the result of a stack."""
    reason = line(f"the restored state was not checked: {problem}" if problem else "not every stack could be checked")
    return Group(line(reason, style="yellow"), line(f"next: terrace drift {environment}"))


def drills_table(drills: Iterable[Drill]) -> Table:
    """Returns the results of drills, a line for each stack, with measured and allowed times side by side."""
    table = Table("Stack", "Drill", "RTO", "RPO", "Resources", "Backup", "")
    for drill in drills:
        table.add(
            drill.stack,
            (drill.result, STYLES[drill.result]),
            _drill_duration(drill.rto, drill.targets[1]),
            _drill_duration(drill.rpo, drill.targets[0]),
            str(drill.objects) if drill.rto is not None else "-",
            _file_name(drill.backup),
            "; ".join(drill.reasons),
        )
    return table


def rekeyed_tree(rekeyed: Reencryption) -> Record:
    """Returns how many backups were encrypted again, and which could not be."""
    encrypted, failed = len(rekeyed.sealed), len(rekeyed.failed)
    tree = Tree(f"{encrypted} encrypted again, {rekeyed.already} had the current key, {failed} failed")
    for name, why in rekeyed.failed:
        tree.node(line(f"{name}: {why}", style="red"))
    return tree


def pruned_tree(retention: Retention, *, dry_run: bool) -> Record:
    """Returns which backups were, or would be, removed."""
    verb = "would be removed" if dry_run else "removed"
    tree = Tree(f"{len(retention.dropped)} {verb}, {len(retention.kept)} kept")
    for record in retention.dropped:
        tree.node(line(record.name))
    return tree


def _side(name: str, state: StateSnapshot) -> str:
    if not state.content:
        return f"{_file_name(name)} (empty)"
    return f"{_file_name(name)} (serial {state.serial}, Terraform {state.terraform_version or 'unknown'})"


def _drill_duration(span: timedelta | None, target: timedelta | None) -> str:
    if span is None:
        return "-"
    is_short = timedelta(0) < span < timedelta(seconds=10)
    measured = f"{span.total_seconds():.1f}s" if is_short else duration(span, units=2)
    return f"{measured} of {duration(target)}" if target is not None else measured


def _file_name(name: str) -> str:
    return name.rpartition("/")[2] or "-"


def _size(number: int) -> str:
    return f"{number / 1024:.1f} KiB" if number >= 1024 else f"{number} B"
