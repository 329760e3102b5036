"""Runs short programs: argv, a clean environment, captured output, and limits."""

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
    """A finished program: its exit code and its output."""

    code: int
    out: bytes
    err: bytes

    @property
    def message(self) -> str:
        """The text that it printed on stderr."""
        return self.err.decode("utf-8", "replace").strip()


SECONDS = 600.0
"""Default time limit in seconds: far longer than the programs that Terrace runs take."""

BYTES = 2**30
"""Default limit of output in bytes: output is held in memory."""

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
    """Runs a program to its end; returns the result with any exit code. `env` is the complete environment; None passes
    the variables that are not secret. Raises NotReady where the program does not exist or cannot be run, takes longer
    than `timeout` seconds, or writes more than `size` bytes. It is killed then; processes that it started are not.
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
        hint = "it must be a program, or an executable script with #!: chmod +x"
        raise NotReady(f"{argv[0]} cannot be run: {error.strerror}", hint=hint) from error
    with child:
        try:
            out, err = _communicate(child, stdin or b"", time.monotonic() + timeout, size)
        except TimeoutError as error:
            child.kill()
            raise NotReady(f"{argv[0]} did not finish within {timeout:g} s") from error
        except _OutputLimitExceeded as error:
            child.kill()
            raise NotReady(f"{argv[0]} printed more than {size:,} bytes and was stopped") from error
        except BaseException:
            child.kill()
            raise
    return Finished(child.returncode, out, err)


class _OutputLimitExceeded(Exception):
    """The program exceeded its output limit."""


def _communicate(child: subprocess.Popen[bytes], stdin: bytes, end: float, size: int) -> tuple[bytes, bytes]:
    """Returns the output of the program until it exits, while its input is written."""
    assert child.stdout is not None and child.stderr is not None
    out, err = bytearray(), bytearray()
    remaining = memoryview(stdin)
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
                    remaining = _write(key.fd, remaining)
                    if remaining:
                        continue
                elif part := os.read(key.fd, _CHUNK):
                    key.data.extend(part)
                    if len(out) + len(err) > size:
                        raise _OutputLimitExceeded
                    continue
                pipes.unregister(key.fileobj)
                key.fileobj.close()  # type: ignore[union-attr]
    try:
        child.wait(max(0.0, end - time.monotonic()))
    except subprocess.TimeoutExpired as error:
        raise TimeoutError from error
    return bytes(out), bytes(err)


def _write(pipe: int, remaining: memoryview) -> memoryview:
    """Returns the rest of the input. A program need not read its input."""
    try:
        return remaining[os.write(pipe, remaining[:_CHUNK]) :]
    except BlockingIOError:
        return remaining
    except BrokenPipeError:
        return remaining[:0]
