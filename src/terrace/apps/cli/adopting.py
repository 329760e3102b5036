"""`adopt`: every stack that something else deployed is taken over."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from terrace.apps.cli.console import confirmed, console, emit, note, show
from terrace.apps.cli.deployment import note_uncommitted
from terrace.apps.cli.watching import Silent
from terrace.apps.wiring.project import Project
from terrace.drift.state_adoption import Row
from terrace.errors import BadInput
from terrace.pipelines.states.adopt_all import Survey, adopt_all, chosen_stacks, survey
from terrace.plans.terraform import Progress
from terrace.report import adoption
from terrace.report.screen import Record, Tree, live, spinner
from terrace.text import visible


def adopt(
    folder: str,
    environments: tuple[str, ...],
    stacks: tuple[str, ...],
    reason: str,
    *,
    only_print: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Look at every stack, ask once, and take over what can be; exit 1 where something cannot."""
    _insist_on_an_answer(reason, only_print=only_print, yes=yes, as_json=as_json)
    project = Project(Path(folder))
    config = project.trust.config
    for name in environments:
        config.environment(name)
    wanted = tuple(e.name for e in config.environments if not environments or e.name in environments)
    inventory = project.survey(project.repository.protected_tip())
    chosen = chosen_stacks(inventory, wanted, stacks)
    if not chosen:
        raise BadInput(
            "there is no stack to take over" + (f" in {', '.join(wanted)}" if environments else ""),
            hint="`terrace config check` shows the stacks of your checkout: once its terrace.yaml is merged into the "
            "protected branch they can be taken over; `terrace init --print` proposes one",
        )
    note_uncommitted(project.uncommitted(inventory, {stack.key for stack in chosen}))
    if project.repository.dirty:
        first = visible(project.repository.dirty[0])
        note(f"note: the working tree differs from its commit ({first}): states are compared with the protected branch")
    with _progress(len(chosen)) as told:
        crew = project.read_only_context(told) if only_print else project.deployment_context(told)
        found = survey(crew, wanted, stacks, told.row)
    if not as_json:
        show(f"compared with {found.commit[:7]}, the newest commit of the protected branch")
        show(adoption.table(found.rows, str(project.repository.root)))
        show(adoption.details(found.rows))
        show(adoption.summary(found.rows))
        if moved := adoption.old_files(found.rows):
            show(moved)
    able = [row for row in found.rows if row.result in ("ready", "later")]
    if only_print or not able:
        if as_json:
            emit(adoption.as_json(found.commit, found.rows, written=False))
        return _code(found.rows)
    question = f"take over {len(able)} stack{'' if len(able) == 1 else 's'}? No infrastructure is changed."
    if adoption.old_files(found.rows):
        question += " Old state files get the ending .adopted."
    if not confirmed(question, yes=yes):
        note("nothing was written")
        return 1
    return _taken(project, found, reason or "no reason given", len(able), as_json=as_json)


def _taken(project: Project, found: Survey, reason: str, number: int, *, as_json: bool) -> int:
    with _progress(number) as told:
        rows = adopt_all(project.deployment_context(told), found, reason, told.row)
    if as_json:
        emit(adoption.as_json(found.commit, rows, written=any(row.result == "adopted" for row in rows)))
        return _code(rows)
    taken = {row.stack for row in found.rows if row.result in ("ready", "later")}
    for row in rows:
        if row.stack in taken:
            show(adoption.row_line(row))
    show(adoption.details(row for row in rows if row.stack in taken and row.result == "refused"))
    show(adoption.summary(rows))
    aside = [row.done.put_aside for row in rows if row.done is not None and row.done.put_aside]
    if aside:
        show(f"{len(aside)} old file{'' if len(aside) == 1 else 's'} got the ending .adopted, such as {aside[0]}")
    return _code(rows)


def _insist_on_an_answer(reason: str, *, only_print: bool, yes: bool, as_json: bool) -> None:
    """Raises BadInput before anything is looked at, where the end would be that nobody can answer."""
    if only_print and yes:
        raise BadInput("--print writes nothing, and --yes takes over", hint="say one of them")
    if yes and not reason:
        raise BadInput("nothing says why", hint="--yes needs --reason WHY")
    if as_json and not (yes or only_print):
        raise BadInput("with --json nothing is asked", hint="--json --print shows it, --json --yes takes it over")
    if not (yes or only_print) and not sys.stdin.isatty():
        raise BadInput(
            "there is no terminal to ask on", hint="--print shows what would be taken over, --yes takes it over"
        )


def _code(rows: tuple[Row, ...]) -> int:
    return 1 if any(row.result == "refused" for row in rows) else 0


class _Quiet(Silent):
    """Tells nothing while stacks are looked at: for pipes and logs."""

    def row(self, row: Row) -> None:
        """Nothing."""


class _Progress(_Quiet):
    """On a terminal: a line for each stack that is done with, and below it what goes on. Safe to call from several
    threads."""

    def __init__(self, number: int) -> None:
        self._console = console(stderr=True)
        self._lock = threading.Lock()
        self._number = number
        self._done = 0
        self._doing: dict[str, str] = {}
        self._live = live(self._console, self._draw)

    @contextmanager
    def shown(self) -> Iterator[_Progress]:
        """Draw it until the end."""
        with self._live:
            yield self

    def progress(self, progress: Progress) -> None:
        """Shows the newest thing that Terraform does for a stack."""
        with self._lock:
            self._doing[progress.stack] = f"{progress.action or progress.phase} {progress.address}".strip()

    def row(self, row: Row) -> None:
        """Shows how a stack came out."""
        with self._lock:
            self._done += 1
            self._doing.pop(row.stack, None)
        self._console.print(adoption.row_line(row))

    def _draw(self) -> Record:
        with self._lock:
            done, doing = self._done, dict(self._doing)
        tree = Tree(spinner(f"{done} of {self._number} stacks"))
        for key, text in doing.items():
            tree.node(f"{key}: {text}", style="dim")
        return tree


@contextmanager
def _progress(number: int) -> Iterator[_Quiet]:
    if not sys.stderr.isatty():
        yield _Quiet()
        return
    with _Progress(number).shown() as told:
        yield told
