"""The one way in which Terrace runs short programs: argv, a clean environment, captured output, a time limit."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from terrace.errors import NotReady


@dataclass(frozen=True, slots=True)
class Finished:
    """A program that ended: its exit code and what it wrote."""

    code: int
    out: bytes
    err: bytes

    @property
    def message(self) -> str:
        """What it said on stderr, as text."""
        return self.err.decode("utf-8", "replace").strip()


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    timeout: float | None = None,
) -> Finished:
    """Run to the end and return whatever the exit code is. `env` replaces the environment; None passes ours on.

    Raises NotReady when there is no such program, when it cannot be run, or when it took longer than `timeout` seconds.
    """
    try:
        done = subprocess.run(
            [os.fspath(part) for part in argv],
            cwd=cwd,
            env=dict(env) if env is not None else None,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise NotReady(f"{argv[0]} was not found", hint=f"install {argv[0]} or put it on PATH") from error
    except OSError as error:
        hint = "it needs to be a program, or a script with #! and the right to be run: chmod +x"
        raise NotReady(f"{argv[0]} cannot be run: {error.strerror}", hint=hint) from error
    except subprocess.TimeoutExpired as error:
        raise NotReady(f"{argv[0]} did not end within {timeout:g} s") from error
    return Finished(done.returncode, done.stdout, done.stderr)
