"""The one place that runs Terraform: a session of its own, its stream read as it comes, ^C passed on once."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from terrace.adapters.interruption import Interruption
from terrace.errors import NotReady


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that ended: `out` is stdout where it was not read as lines."""

    code: int
    out: bytes
    err: str


def execute(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    interruption: Interruption,
    line: Callable[[bytes], None] | None = None,
    stdin: BinaryIO | None = None,
) -> Ran:
    """Run to the end. With `line` every line of stdout is handed to it as it comes, and `out` stays empty.

    The child is in a session of its own, so that a terminal's ^C reaches it once: through `interruption`, which
    makes this raise Interrupted after the child has ended. It is never killed.
    """
    interruption.check()
    try:
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(env),
            stdin=stdin if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise NotReady(f"{command[0]} cannot be run: {error.strerror}") from error
    assert child.stdout is not None and child.stderr is not None
    said: list[bytes] = []
    stderr = child.stderr
    listener = threading.Thread(target=lambda: said.append(stderr.read()), daemon=True)
    listener.start()
    with child, interruption.telling(lambda: _stop(child)):
        if line is None:
            out = child.stdout.read()
        else:
            out = b""
            for text in child.stdout:
                line(text)
        listener.join()
        child.wait()
    interruption.check()
    return Ran(child.returncode, out, b"".join(said).decode("utf-8", "replace"))


def _stop(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child.pid, signal.SIGINT)
