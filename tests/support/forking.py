"""The command line in processes that are forked from one that has imported everything, as `python -m terrace` runs it.

A command of Terrace takes a third of a second of processor time to import what it needs, and the tests run thousands.
A forked one is a process as a started one is: a session of its own, the environment, folder and streams that it is
given, its own exit code. What it does not have is a command line of its own in /proc, which shows that of this server.

A test runs one with `Server.run`; another program that it starts, by the name `terrace` in the folder of `put_program`.
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
import tempfile
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


_PROGRAM = """\
#!{python} -IS
# Has a process that imported everything fork the command; where its environment does not fit, starts it.
import json, os, socket, sys

environment = {{n: v for n, v in os.environ.items() if n.startswith({at_start!r})}}
if environment != {environment!r}:
    os.execv({python!r}, [{python!r}, "-P", "-m", "terrace", *sys.argv[1:]])
mask = os.umask(0)
wanted = {{"arguments": sys.argv[1:], "folder": os.getcwd(), "environment": dict(os.environ), "mask": mask}}
message = os.memfd_create("command")
os.write(message, json.dumps(wanted).encode())
reading, writing = os.pipe()
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
    server.connect({address!r})
    socket.send_fds(server, [b"!"], [message, writing, 1, 2])
    os.close(writing)
    with open(reading) as answer:
        answer.readline()
        code = answer.readline()
sys.exit(int(code))
"""
"""`terrace` for a program that a test starts."""


def modules() -> list[str]:
    """The names of all modules of Terrace."""
    import terrace

    packages = pkgutil.walk_packages(terrace.__path__, "terrace.")
    return [module.name for module in packages if not module.name.endswith("__main__")]


class Server:
    """The process that forks the commands, seen from the tests."""

    def __init__(self) -> None:
        ours, server_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._owner = os.getpid()
        self._socket = ours
        self._environment = at_start(os.environ)
        self._folder = tempfile.TemporaryDirectory(prefix="terrace-forks-")
        with server_end, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
            door.bind(self._address)
            door.listen()
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(Path(__file__)), str(server_end.fileno()), str(door.fileno())],
                env={**self._environment, "PATH": os.environ.get("PATH", os.defpath)},
                stdin=subprocess.DEVNULL,
                pass_fds=[server_end.fileno(), door.fileno()],
                start_new_session=True,
            )
        atexit.register(self.stop)

    @property
    def _address(self) -> str:
        return f"{self._folder.name}/door"

    def stop(self) -> None:
        """End the server; commands that still run go on."""
        if self._owner == os.getpid():
            self._socket.close()
            self._process.wait(10)
            self._folder.cleanup()

    def put_program(self, folder: Path) -> None:
        """Write a program `terrace` into a folder, for the PATH of another program; stdin is empty for it."""
        text = _PROGRAM.format(
            python=sys.executable, at_start=AT_START, environment=self._environment, address=self._address
        )
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "terrace").write_text(text)
        (folder / "terrace").chmod(0o755)

    def fits(self, environment: Mapping[str, str]) -> bool:
        """Whether an interpreter that is started with this environment would be as the server is."""
        return at_start(environment) == self._environment

    def run(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], limit: float
    ) -> subprocess.CompletedProcess[str]:
        """Run `python -m terrace` with these arguments to its end; it is killed when it takes longer than the limit."""
        mask = os.umask(0)
        os.umask(mask)
        order = {"arguments": list(arguments), "folder": str(folder), "environment": dict(environment), "mask": mask}
        pipes = [os.pipe() for _ in range(3)]
        with os.fdopen(os.memfd_create("command"), "w+") as message, contextlib.ExitStack() as stack:
            for reading, _ in pipes:
                stack.callback(os.close, reading)
            json.dump(order, message)
            message.flush()
            descriptors = array.array("i", [message.fileno(), *(writing for _, writing in pipes)])
            self._socket.sendmsg([b"!"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
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


def _text(output: bytes) -> str:
    return output.decode().replace("\r\n", "\n").replace("\r", "\n")


def _read(pipes: list[int], end: float) -> list[bytes]:
    """All that comes out of some pipes until everybody has closed them, or until the time is over."""
    read = {pipe: bytearray() for pipe in pipes}
    with selectors.DefaultSelector() as waiting:
        for pipe in pipes:
            waiting.register(pipe, selectors.EVENT_READ)
        while waiting.get_map() and (remaining := end - time.monotonic()) > 0:
            for key, _ in waiting.select(remaining):
                piece = os.read(key.fd, 65536)
                read[key.fd] += piece
                if not piece:
                    waiting.unregister(key.fd)
    return [bytes(read[pipe]) for pipe in pipes]


# --- in the server ---------------------------------------------------------------------------------------------------


def main() -> None:
    """Import everything; then fork a command for each message that comes, and tell how it ended."""
    sys.path[:] = [entry for entry in sys.path if entry != str(Path(__file__).parent)]
    _import()
    gc.collect()
    gc.freeze()
    control, door = (socket.socket(fileno=int(number)) for number in sys.argv[1:3])
    callers = {control.fileno(): control}
    running: dict[int, tuple[int, int]] = {}
    watch = select.poll()
    for listening in (control, door):
        listening.set_inheritable(False)
        watch.register(listening, select.POLLIN)
    while True:
        for ready, _ in watch.poll():
            if ready in running:
                pid, answers = running.pop(ready)
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                with contextlib.suppress(BrokenPipeError):
                    os.write(answers, f"{code}\n".encode())
                watch.unregister(ready)
                os.close(ready)
                os.close(answers)
                continue
            if ready == door.fileno():
                caller, _ = door.accept()
                callers[caller.fileno()] = caller
                watch.register(caller, select.POLLIN)
                continue
            message, fds, *_ = socket.recv_fds(callers[ready], 1, 4)
            if not message and ready == control.fileno():
                os._exit(0)
            if not message:
                watch.unregister(ready)
                callers.pop(ready).close()
                continue
            order_fd, answers, out, err = fds
            pid = os.fork()
            if not pid:
                others = [number for pair in running.items() for number in (pair[0], pair[1][1])]
                _command([door.fileno(), *callers, *others], order_fd, answers, out, err)
            with contextlib.suppress(BrokenPipeError):
                os.write(answers, f"{pid}\n".encode())
            for descriptor in (order_fd, out, err):
                os.close(descriptor)
            ended = os.pidfd_open(pid)
            running[ended] = (pid, answers)
            watch.register(ended, select.POLLIN)


def _import() -> None:
    for name in (*modules(), *LIBRARIES):
        importlib.import_module(name)
    # A fork takes one thread along: with others it would have locks that nobody opens.
    alone = len(os.listdir("/proc/self/task")) == 1  # noqa: PTH208
    assert alone, "a module starts a thread when it is imported"


def _command(others: Sequence[int], order: int, answers: int, out: int, err: int) -> None:
    """Become the command, in the child. Never returns."""
    code = 1
    try:
        with os.fdopen(order) as message:
            message.seek(0)
            values = json.load(message)
        for number in (*others, answers):
            os.close(number)
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
        os.umask(values["mask"])
        os.chdir(values["folder"])
        os.environ.clear()
        os.environ.update(values["environment"])
        time.tzset()
        sys.argv = ["terrace", *values["arguments"]]
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
