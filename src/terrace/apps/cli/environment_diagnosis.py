"""`doctor ENV`: checks the states, locks, backups and approvers of one environment."""

from __future__ import annotations

from collections.abc import Iterator

from terrace.apps.cli.requirement import Row, unchecked_row
from terrace.apps.output.progress import Silent
from terrace.apps.wiring.project import Project, now
from terrace.config.model import Environment
from terrace.errors import TerraceError
from terrace.gates.approvals.people import People
from terrace.ledger import folds
from terrace.pipelines.states.examine import StateExamination, examine
from terrace.text import visible
from terrace.words import ago, join_some, plural

NAMES = 5
"""Maximum number of people in one row."""


def environment_rows(project: Project, environment: Environment) -> Iterator[Row]:
    """Yields the rows of one environment. A row that could not be checked is missing, never ok."""
    name = environment.name
    try:
        latest = folds.latest(project.ledger.read(), name)
        unfinished = latest is not None and latest.open
        examinations = list(examine(project.read_only_context(Silent()), name))
    except TerraceError as error:
        yield _unread_row(f"state of {name}", error)
    else:
        for examination in examinations:
            yield from _stack_rows(name, examination, unfinished=unfinished)
    yield Row(
        f"identity of {name}",
        "optional",
        "not checked: Terrace does not ask the cloud for the account of these credentials",
        "with the credentials of the environment, for AWS: aws sts get-caller-identity",
    )
    yield _approvers(project, environment)


def _stack_rows(environment: str, examination: StateExamination, *, unfinished: bool) -> Iterator[Row]:
    yield _state(environment, examination)
    yield _lock(environment, examination, unfinished=unfinished)
    yield _backup(environment, examination)


def _state(environment: str, examination: StateExamination) -> Row:
    subject, state = f"state of {visible(examination.stack)}", examination.state
    if isinstance(state, TerraceError):
        return _unread_row(subject, state)
    backend = f"backend {visible(examination.backend)}" if examination.backend else "no backend: a file on this machine"
    status = f"serial {state.serial}, {plural(state.size, 'byte')}" if state.size else "no state yet"
    if state.alarm:
        return Row(subject, "missing", f"{backend}; {status}; {state.alarm}", f"terrace state list {environment}")
    return Row(subject, "ok", f"{backend}; {status}")


def _lock(environment: str, examination: StateExamination, *, unfinished: bool) -> Row:
    subject, lock = f"lock of {visible(examination.stack)}", examination.lock
    if isinstance(lock, TerraceError):
        return _unread_row(subject, lock)
    if lock is None:
        return Row(subject, "ok", "not held")
    who, since = visible(lock.who) or "an unknown process", visible(lock.created) or "an unknown time"
    status = f"held by {who} since {since}, for {visible(lock.operation) or 'an unknown operation'}"
    if unfinished:
        how = f"if that process is not running any more: terrace resume {environment}"
    else:
        how = f"wait for it; only if that process is not running any more: terraform force-unlock {visible(lock.id)}"
    return Row(subject, "missing", status, how)


def _backup(environment: str, examination: StateExamination) -> Row:
    subject, backup = f"backup of {visible(examination.stack)}", examination.backup
    if isinstance(backup, TerraceError):
        return _unread_row(subject, backup)
    if backup is not None:
        return Row(
            subject, "ok", f"newest {ago(backup.taken_at, now())}, serial {backup.serial}; decrypted with this key"
        )
    if not examination.deployed:
        return Row(subject, "ok", "none needed: nothing was deployed yet")
    return Row(subject, "missing", "there is no backup", f"terrace state backup {environment}")


def _approvers(project: Project, environment: Environment) -> Row:
    """Checks that enough people can approve. Everyone counts, also the later requester."""
    rule, config = environment.approvals, project.trust.config
    subject = f"approvers of {environment.name}"
    if not rule.requires_any:
        return Row(subject, "ok", "no approval is required")
    people = People(config)
    for team, number in rule.roles.items():
        members = people.members(team)
        if len(members) < number:
            status = f"{plural(number, 'approval')} of team {team} required, which has {plural(len(members), 'member')}"
            return Row(subject, "missing", status, f"add people to `teams.{team}` in terrace.yaml, merged")
    known = people.everyone()
    for name in _signers(project.trust.signers):
        known.setdefault(people.person(name), people.display_name(name))
    needed = max(rule.count, sum(rule.roles.values()))
    status = f"{plural(needed, 'approval')} required; {plural(len(known), 'person', 'people')} known"
    if len(known) < needed:
        return Row(
            subject, "missing", status, f"add people to terrace.yaml, and their SSH keys to {config.signers}, merged"
        )
    return Row(subject, "ok", f"{status}: {visible(join_some(sorted(known.values()), NAMES))}")


def _signers(text: bytes) -> Iterator[str]:
    """Yields the names in the file of signers."""
    for line in text.decode("utf-8", "replace").splitlines():
        if line.strip() and not line.startswith("#"):
            yield from (name for name in line.split()[0].split(",") if name)


def _unread_row(subject: str, error: TerraceError) -> Row:
    row = unchecked_row(subject, error)
    return Row(subject, row.state, f"unknown: {row.status}", row.how)
