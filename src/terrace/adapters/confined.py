"""Runs a program that is not ours on content that is not ours: no credentials, no home, an end to time and output."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from terrace.adapters.interruption import INTERRUPTION
from terrace.adapters.process import Finished
from terrace.errors import NotReady

SECONDS = 300
"""How long one run may take."""

MOST = 256 * 1024 * 1024
"""How many bytes one run may say."""

NOWHERE = "http://127.0.0.1:9"
"""A proxy that is not there: whoever honours proxies reaches nothing."""

_POLL = 0.02


def confinement(path: str, home: Path) -> dict[str, str]:
    """The whole environment of a confined program: where programs are, an empty home, and no way out."""
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), NOWHERE)
    return {
        "PATH": path,
        "HOME": str(home),
        "TMPDIR": str(home),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "LANG": "C.UTF-8",
        "PYTHONIOENCODING": "utf-8",
        **proxies,
        **{name.lower(): value for name, value in proxies.items()},
    }


def confined(
    argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str], seconds: float = SECONDS, most: int = MOST
) -> Finished:
    """Run to the end and return whatever the exit code is. It is in a process group of its own, which ends with it.

    Raises NotReady when it cannot be run, takes longer than `seconds`, or says more than `most` bytes.
    """
    name = Path(argv[0]).name
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        INTERRUPTION.check()
        child = _started(argv, cwd, env, out, err)
        try:
            with INTERRUPTION.telling(lambda: _kill(child)):
                _wait(child, name, (out, err), seconds, most)
        finally:
            # What it left behind in its group goes too: nobody reads it any more.
            _kill(child)
            child.wait()
        INTERRUPTION.check()
        return Finished(child.returncode, _read(out), _read(err))


def _kill(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def _started(
    argv: Sequence[str | Path], cwd: Path, env: Mapping[str, str], out: IO[bytes], err: IO[bytes]
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            [os.fspath(part) for part in argv],
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
    except OSError as error:
        raise NotReady(f"{argv[0]} cannot be run: {error.strerror}", hint="install it anew") from error


def _wait(child: subprocess.Popen[bytes], name: str, said: tuple[IO[bytes], ...], seconds: float, most: int) -> None:
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_POLL)
        if any(os.fstat(one.fileno()).st_size > most for one in said):
            raise NotReady(f"{name} said more than {most:,} bytes, and was stopped")
        if child.returncode is not None:
            return
        if time.monotonic() > end:
            raise NotReady(f"{name} did not end within {seconds:g} s, and was stopped")


def _read(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()
