"""The one way in which Terrace runs short programs: argv, a clean environment, captured output, and limits."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from terrace.adapters.environ import for_children
from terrace.errors import NotReady


@dataclass(frozen=True, slots=True)
class Finished:
    """An exited program: its exit code and its output."""

    code: int
    out: bytes
    err: bytes

    @property
    def message(self) -> str:
        """Returns its stderr, as text."""
        return self.err.decode("utf-8", "replace").strip()


SECONDS = 600.0
"""How long a program may run where the caller does not say, in seconds: far longer than any that Terrace runs takes."""

BYTES = 2**30
"""How much a program may write where the caller does not say, in bytes: it is held in memory."""

_CHUNK = 2**16


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    timeout: float = SECONDS,
    size: int = BYTES,
) -> Finished:
    """Run to the end and return whatever the exit code is. `env` is the whole environment; None: what is no secret.

    Raises NotReady when there is no such program, when it cannot be run, when it took longer than `timeout` seconds, or
    when it wrote more than `size` bytes. It is killed then; what it started is not.
    """
    try:
        child = subprocess.Popen(
            [os.fspath(part) for part in argv],
            cwd=cwd,
            env=dict(env) if env is not None else for_children(),
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except FileNotFoundError as error:
        raise NotReady(f"{argv[0]} was not found", hint=f"install {argv[0]} or put it on PATH") from error
    except OSError as error:
        hint = "it needs to be a program, or a script with #! and the right to be run: chmod +x"
        raise NotReady(f"{argv[0]} cannot be run: {error.strerror}", hint=hint) from error
    with child:
        try:
            out, err = _heard(child, stdin or b"", time.monotonic() + timeout, size)
        except TimeoutError as error:
            child.kill()
            raise NotReady(f"{argv[0]} did not end within {timeout:g} s") from error
        except _Flood as error:
            child.kill()
            raise NotReady(f"{argv[0]} wrote more than {size:,} bytes, and was stopped") from error
        except BaseException:
            child.kill()
            raise
    return Finished(child.returncode, out, err)


class _Flood(Exception):
    """It wrote more than it may."""


def _heard(child: subprocess.Popen[bytes], stdin: bytes, end: float, size: int) -> tuple[bytes, bytes]:
    """Returns its output until it exits, while writing its input."""
    assert child.stdout is not None and child.stderr is not None
    out, err = bytearray(), bytearray()
    given = memoryview(stdin)
    with selectors.DefaultSelector() as pipes:
        pipes.register(child.stdout, selectors.EVENT_READ, out)
        pipes.register(child.stderr, selectors.EVENT_READ, err)
        if child.stdin is not None:
            os.set_blocking(child.stdin.fileno(), False)
            pipes.register(child.stdin, selectors.EVENT_WRITE)
        while pipes.get_map():
            ready = pipes.select(end - time.monotonic())
            if time.monotonic() > end:
                raise TimeoutError
            for key, _ in ready:
                if key.data is None:
                    given = _written(key.fd, given)
                    if given:
                        continue
                elif part := os.read(key.fd, _CHUNK):
                    key.data.extend(part)
                    if len(out) + len(err) > size:
                        raise _Flood
                    continue
                pipes.unregister(key.fileobj)
                key.fileobj.close()  # type: ignore[union-attr]
    try:
        child.wait(max(0.0, end - time.monotonic()))
    except subprocess.TimeoutExpired as error:
        raise TimeoutError from error
    return bytes(out), bytes(err)


def _written(pipe: int, given: memoryview) -> memoryview:
    """The rest of the input. A program need not read what it is given."""
    try:
        return given[os.write(pipe, given[:_CHUNK]) :]
    except BlockingIOError:
        return given
    except BrokenPipeError:
        return given[:0]
