"""The command line in processes that are forked from one that has imported everything, as `python -m terrace` runs it.

A command of Terrace takes a third of a second of processor time to import what it needs, and the tests run thousands.
A forked one is a process as a started one is: a session of its own, the environment, folder and streams that it is
given, its own exit code. What it does not have is a command line of its own in /proc, which shows that of this server.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

AT_START = ("PYTHON", "LC_", "LANG", "LD_", "FAKETIME")
"""Beginnings of the names of variables that an interpreter or a loader reads when it starts."""

LIBRARIES = (
    "cryptography.hazmat.primitives.ciphers.aead",
    "cryptography.hazmat.primitives.serialization",
    "ruamel.yaml",
    "tree_sitter_hcl",
)
"""What commands import beside the modules of Terrace."""


def modules() -> list[str]:
    """The names of all modules of Terrace."""
    import terrace

    found = pkgutil.walk_packages(terrace.__path__, "terrace.")
    return [module.name for module in found if not module.name.endswith("__main__")]


class Server:
    """The process that forks the commands, seen from the tests."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._owner = os.getpid()
        self._socket = ours
        self._environment = at_start(os.environ)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(Path(__file__)), str(theirs.fileno())],
                env={**self._environment, "PATH": os.environ.get("PATH", os.defpath)},
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        atexit.register(self.stop)

    def stop(self) -> None:
        """End the server; commands that still run go on."""
        if self._owner == os.getpid():
            self._socket.close()
            self._process.wait(10)

    def fits(self, environment: Mapping[str, str]) -> bool:
        """Whether an interpreter that is started with this environment would be as the server is."""
        return at_start(environment) == self._environment

    def run(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], limit: float
    ) -> subprocess.CompletedProcess[str]:
        """Run `python -m terrace` with these arguments to its end; it is killed when it takes longer than the limit."""
        mask = os.umask(0)
        os.umask(mask)
        wanted = {"arguments": list(arguments), "folder": str(folder), "environment": dict(environment), "mask": mask}
        pipes = [os.pipe() for _ in range(3)]
        with os.fdopen(os.memfd_create("command"), "w+") as said, contextlib.ExitStack() as stack:
            for reading, _ in pipes:
                stack.callback(os.close, reading)
            json.dump(wanted, said)
            said.flush()
            given = array.array("i", [said.fileno(), *(writing for _, writing in pipes)])
            self._socket.sendmsg([b"!"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, given)])
            for _, writing in pipes:
                os.close(writing)
            end, out, err = _read([reading for reading, _ in pipes], time.monotonic() + limit)
        pid, code, *_ = [*end.split(), b"", b""]
        if not code:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
            raise subprocess.TimeoutExpired(["terrace", *arguments], limit, out, err)
        return subprocess.CompletedProcess(arguments, int(code), _text(out), _text(err))


@cache
def server() -> Server:
    """The one of this process, started when it is first asked for."""
    return Server()


def at_start(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that an interpreter reads when it starts."""
    return {name: value for name, value in environment.items() if name.startswith(AT_START)}


def _text(said: bytes) -> str:
    return said.decode().replace("\r\n", "\n").replace("\r", "\n")


def _read(those: list[int], end: float) -> list[bytes]:
    """All that comes out of some pipes until everybody has closed them, or until the time is over."""
    read = {one: bytearray() for one in those}
    with selectors.DefaultSelector() as waiting:
        for one in those:
            waiting.register(one, selectors.EVENT_READ)
        while waiting.get_map() and (left := end - time.monotonic()) > 0:
            for key, _ in waiting.select(left):
                piece = os.read(key.fd, 65536)
                read[key.fd] += piece
                if not piece:
                    waiting.unregister(key.fd)
    return [bytes(read[one]) for one in those]


# --- in the server ---------------------------------------------------------------------------------------------------


def main() -> None:
    """Import everything; then fork a command for each message that comes, and tell how it ended."""
    sys.path[:] = [entry for entry in sys.path if entry != str(Path(__file__).parent)]
    _import()
    gc.collect()
    gc.freeze()
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    running: dict[int, tuple[int, int]] = {}
    watch = select.poll()
    watch.register(control, select.POLLIN)
    while True:
        for ready, _ in watch.poll():
            if ready in running:
                pid, told = running.pop(ready)
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                with contextlib.suppress(BrokenPipeError):
                    os.write(told, f"{code}\n".encode())
                watch.unregister(ready)
                os.close(ready)
                os.close(told)
                continue
            message, fds, *_ = socket.recv_fds(control, 1, 4)
            if not message:
                os._exit(0)
            said, told, out, err = fds
            pid = os.fork()
            if not pid:
                _command(control, said, told, out, err)
            os.write(told, f"{pid}\n".encode())
            for one in (said, out, err):
                os.close(one)
            ended = os.pidfd_open(pid)
            running[ended] = (pid, told)
            watch.register(ended, select.POLLIN)


def _import() -> None:
    for name in (*modules(), *LIBRARIES):
        importlib.import_module(name)
    # A fork takes one thread along: with others it would have locks that nobody opens.
    alone = len(os.listdir("/proc/self/task")) == 1  # noqa: PTH208
    assert alone, "a module starts a thread when it is imported"


def _command(control: socket.socket, said: int, told: int, out: int, err: int) -> None:
    """Become the command, in the child. Never returns."""
    code = 1
    try:
        with os.fdopen(said) as message:
            message.seek(0)
            wanted = json.load(message)
        control.close()
        os.close(told)
        os.setsid()
        os.dup2(out, 1)
        os.dup2(err, 2)
        # Those of the interpreter are new as well: nothing of the server is left in a buffer.
        sys.stdout = os.fdopen(1, "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors, closefd=False)
        sys.stderr = os.fdopen(
            2, "w", encoding=sys.stderr.encoding, errors="backslashreplace", buffering=1, closefd=False
        )
        os.close(out)
        os.close(err)
        os.umask(wanted["mask"])
        os.chdir(wanted["folder"])
        os.environ.clear()
        os.environ.update(wanted["environment"])
        time.tzset()
        sys.argv = ["terrace", *wanted["arguments"]]
        runpy.run_module("terrace", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(BaseException):
            atexit._run_exitfuncs()
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
