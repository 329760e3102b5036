"""Terrace in processes that are quick to start and may be killed at any moment: forked, and never from the tests.

`Stage.start` runs the command line; `Stage.mortal` drives a deployment in a process that kills itself at the n-th
thing it does to the world, before or after it. A kill is SIGKILL: no handler and no `finally` runs.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from support.cli import Done

if TYPE_CHECKING:
    from terrace.apps.wiring.project import Project
    from terrace.pipelines.context import Context

PATIENCE = 120.0
"""How long anything may take, in seconds, before a test gives it up."""

_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(["support.loaded", "pytest", "support.stage"])

CROSSINGS: Mapping[str, tuple[str, ...]] = {
    "ledger": ("append",),
    "terraform": ("plan", "pull_state"),
    "backups": ("save",),
    "applier": ("prepare", "start", "wait"),
    "repository": ("tag",),
}
"""Where a deployment touches the world: who does it, and by which methods."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A process on the stage."""

    process: BaseProcess
    voice: Connection

    @property
    def pid(self) -> int:
        pid = self.process.pid
        assert pid is not None, "it was started"
        return pid

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.process.kill()
        self.process.join(PATIENCE)

    def ended(self) -> Done | None:
        """Wait for its end; None when it was killed."""
        try:
            assert self.voice.poll(PATIENCE), f"it did not end within {PATIENCE:.0f} s"
            code, out, err = self.voice.recv()
        except EOFError:
            code, out, err = None, "", ""
        self.process.join(PATIENCE)
        self.voice.close()
        return None if code is None else Done(code, out, err)


@dataclass(frozen=True, slots=True)
class Stage:
    """A repository in which commands are played. `variables` is the whole environment of every actor."""

    work: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def start(self, *arguments: str) -> Actor:
        """Start the command line and return at once."""
        return self._start(_command, arguments)

    def run(self, *arguments: str) -> Done:
        """Run the command line to its end."""
        done = self.start(*arguments).ended()
        assert done is not None, f"{arguments} was killed"
        return done

    def ok(self, *arguments: str) -> Done:
        """Run a command that must end well."""
        done = self.run(*arguments)
        assert done.code == 0, done.out + done.err
        return done

    def run_until_killed(self, environment: str, at: int | str) -> tuple[str, bool]:
        """Deploy what is on main in a process that dies at its `at`-th crossing, or at the first of that name.

        Returns where it died and True; or how the deployment ended and False, when it never came to that.
        """
        actor = self._start(_mortal, (environment, at, signal.SIGKILL))
        where = ""
        try:
            while actor.voice.poll(PATIENCE):
                where = actor.voice.recv()
        except EOFError:
            pass
        actor.process.join(PATIENCE)
        actor.voice.close()
        return where, actor.process.exitcode == -signal.SIGKILL

    def start_until_halted(self, environment: str, at: int) -> tuple[Actor, str]:
        """Deploy what is on main in a process that stands still at its `at`-th crossing, to be killed there.

        Returns it and where it stands; "" when the deployment ended before.
        """
        actor = self._start(_mortal, (environment, at, signal.SIGSTOP))
        assert actor.voice.poll(PATIENCE), f"it neither came to that nor ended within {PATIENCE:.0f} s"
        where = actor.voice.recv()
        if " " not in where or ":" in where:
            actor.process.join(PATIENCE)
            return actor, ""
        return actor, where

    def deploy_with_shifted_clock(self, by: timedelta, environment: str) -> str:
        """Deploy what is on main, by a clock that is ahead by so much (behind where it is negative); how it ended."""
        actor = self._start(_later, (by, environment))
        answer: str = actor.voice.recv() if actor.voice.poll(PATIENCE) else "it never ended"
        actor.process.join(PATIENCE)
        actor.voice.close()
        return answer

    def _start(self, target: Callable[..., None], arguments: tuple[Any, ...]) -> Actor:
        _raise_curtain()
        ours, child_end = _FORKING.Pipe(duplex=False)
        process = _FORKING.Process(target=target, args=(child_end, self.work, dict(self.variables), arguments))
        process.start()
        child_end.close()
        return Actor(process, ours)


def _raise_curtain() -> None:
    """Have the process that forks the actors running; it finds what it preloads where we found it."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(Path(__file__).parent.parent)
    try:
        forkserver.ensure_running()
    finally:
        del os.environ["PYTHONPATH"]
        if before is not None:
            os.environ["PYTHONPATH"] = before


def _enter(work: Path, variables: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(work)
    os.setsid()


def _command(voice: Connection, work: Path, variables: Mapping[str, str], arguments: tuple[str, ...]) -> None:
    from terrace.apps.cli.error_handler import run_command_line
    from terrace.apps.cli.main import cli

    _enter(work, variables)
    sys.argv = ["terrace", *arguments]
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run_command_line(cli)
    voice.send((code, out.getvalue(), err.getvalue()))


def _later(voice: Connection, work: Path, variables: Mapping[str, str], arguments: tuple[timedelta, str]) -> None:
    from terrace.adapters.ledgers.dismissals import DatedLedger
    from terrace.adapters.ledgers.git import GitLedger
    from terrace.apps.output.progress import Silent
    from terrace.apps.wiring.project import Project, new_id
    from terrace.ledger.dates import no_reference

    _enter(work, variables)
    by, environment = arguments

    def clock() -> datetime:
        return datetime.now(UTC) + by

    project = Project(work)
    git_ledger = GitLedger(work, remote="origin", clock=clock, new_id=new_id, key=project.event_key)
    ledger = DatedLedger(git_ledger, project.dates_dismissed, project.dismissed)
    context = replace(project.deployment_context(Silent()), ledger=ledger, clock=clock, reference=no_reference)
    voice.send(_deploy(project, context, environment))


def _deploy(project: Project, context: Context, environment: str) -> str:
    from terrace.pipelines.deploy.deploy import deploy
    from terrace.pipelines.deploy.lifecycle import Refused
    from terrace.stacks.model import Manual

    done = deploy(context, environment, project.trust.commit, Manual(project.actor))
    if isinstance(done, Refused):
        return f"refused: {json.dumps([gate.reason for gate in done.verdict.open])}"
    return f"{done.result}: {json.dumps(done.reasons)}"


def _mortal(
    voice: Connection, work: Path, variables: Mapping[str, str], arguments: tuple[str, int | str, signal.Signals]
) -> None:
    from terrace.apps.output.progress import Silent
    from terrace.apps.wiring.project import Project

    _enter(work, variables)
    environment, at, ending = arguments
    try:
        project = Project(work)
        context = project.deployment_context(Silent())
        countdown = _Countdown(voice, at, ending)
        shared = {name: _Mortal(name, getattr(context, name), countdown) for name in CROSSINGS}
        voice.send(_deploy(project, replace(context, **cast(Any, shared)), environment))
    except BaseException:
        voice.send(traceback.format_exc())
        raise


class _Countdown:
    """Ends or halts this process at a crossing: at the one of that number, counted from 1, or of that name."""

    def __init__(self, voice: Connection, at: int | str, ending: signal.Signals) -> None:
        self._voice = voice
        self._at = at
        self._ending = ending
        self._crossed = 0
        self._lock = threading.Lock()

    def cross(self, where: str) -> None:
        with self._lock:
            self._crossed += 1
            if self._at in (self._crossed, where):
                self._voice.send(where)
                os.kill(os.getpid(), self._ending)


class _Mortal:
    """Whoever stands behind, with a crossing before and one after each method that touches the world."""

    def __init__(self, name: str, behind: object, countdown: _Countdown) -> None:
        self._name = name
        self._behind = behind
        self._countdown = countdown

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._behind, name)
        if name not in CROSSINGS[self._name]:
            return attribute

        def crossed(*args: Any, **more: Any) -> Any:
            self._countdown.cross(f"before {self._name}.{name}")
            answer = attribute(*args, **more)
            self._countdown.cross(f"after {self._name}.{name}")
            return answer

        return crossed
