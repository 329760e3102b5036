"""`waive` and `waivers`: write a record into the working tree, and list those that are there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from terrace.adapters.files import write_whole
from terrace.apps.cli.console import emit, note, show
from terrace.apps.wiring.project import Project, now
from terrace.assess.waiver import PATH, Waiver
from terrace.checks.secrets.baseline import PATH as SECRETS
from terrace.checks.secrets.baseline import read_baseline
from terrace.config.model import Config
from terrace.config.naming import find_nearest, unknown_name_error
from terrace.config.problems import BadConfig
from terrace.errors import BadInput, NotReady
from terrace.waivers.reading import read_waivers
from terrace.waivers.writing import with_waiver


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to have waived; "" is not said."""

    rule: str
    address: str
    path: str
    stack: str
    owner: str
    reason: str
    until: str
    ticket: str
    unknown: bool


def waive(folder: str, asked: Asked, *, as_json: bool) -> int:
    """Write one more record into `.terrace/waivers.yaml` of the working tree."""
    from terrace.report import machine

    project = Project(Path(folder), fetch=False)
    inventory = project.survey(project.repository.snapshot())
    config = inventory.config
    known = [stack.key for stack in inventory.stacks]
    if asked.stack and asked.stack not in known:
        raise unknown_name_error("stack", asked.stack, known)
    waiver = _record(asked, config, now().date())
    text = _text(project.repository.root / PATH)
    read_waivers(text.encode(), PATH, config)
    fresh = with_waiver(text, waiver)
    made = _checked(fresh, config)
    write(project.repository.root, PATH, fresh)
    _doubt(folder, asked.rule)
    if as_json:
        emit({"schema": "terrace/waive@1", "waiver": machine.waiver(made)})
    else:
        show(f"{PATH}:{made.line}: {made.about}, waived by {made.owner} until {made.expires}")
        note("it counts once it is merged into the protected branch; until then `terrace check` shows what it would do")
    return 0


def _doubt(folder: str, rule: str) -> None:
    """Say that nobody knows a rule: it may be a scanner's, or misspelt."""
    from terrace.apps.cli.explain import known_rules

    known = known_rules(folder)
    if rule not in known and re.fullmatch("[a-z][a-z0-9-]*", rule):
        near = find_nearest(rule, known)
        note(f"note: no rule here is called {rule!r}" + (f"; did you mean {near!r}?" if near else ""))


def waivers(folder: str, *, as_json: bool) -> int:
    """Every waiver of the working tree, with the days that are left, and the secrets that somebody answers for; those
    of the baseline in one line."""
    from terrace.report import machine, waivers_terminal

    project = Project(Path(folder), fetch=False)
    head = project.survey(project.repository.snapshot())
    found = project.waivers(head)
    tree = project.repository.tree(head.commit)
    secrets = read_baseline(tree.read(SECRETS)).accepted.values() if SECRETS in tree.entries else ()
    today = now().date()
    if as_json:
        emit(machine.waivers(found, tuple(secrets), today))
    else:
        show(waivers_terminal.waivers(found, tuple(secrets), today))
    return 0


def _record(asked: Asked, config: Config, today: date) -> Waiver:
    if not asked.address and not asked.path:
        raise BadInput("nobody said where it is waived", hint="name the ADDRESS of the finding, or its --path")
    return Waiver(
        rule=asked.rule,
        owner=asked.owner,
        reason=asked.reason,
        granted=today,
        expires=day(asked.until) if asked.until else today + config.waivers.longest,
        address=asked.address,
        path=asked.path,
        stack=asked.stack,
        ticket=asked.ticket,
        unknown=asked.unknown,
    )


def day(text: str) -> date:
    """The day that somebody wrote. Raises BadInput."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        example = now().date() + timedelta(days=90)
        raise BadInput(f"{text!r} is no day", hint=f"write it as {example}") from error


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8") if file.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} cannot be read: {error}") from error


def _checked(text: str, config: Config) -> Waiver:
    """The newest record of a text, which must be right as a whole. What is wrong with it is told of what was asked."""
    try:
        return read_waivers(text.encode(), PATH, config)[-1]
    except BadConfig as error:
        raise BadInput("; ".join(problem.message for problem in error.problems), hint=error.problems[0].hint) from error


def write(root: Path, path: str, text: str) -> None:
    """Put a text in the place of a file of a repository, whole or not at all. Raises NotReady or BadInput where not."""
    try:
        write_whole(root, path, text.encode(), make_folders=True)
    except NotReady as error:
        raise NotReady(error.message, place=error.place, hint="make room, or its folder writable") from error
