"""One provider process and the connection to it. It ends with the process that started it in any case."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from terrace.adapters.terraform.fast import grpc
from terrace.adapters.terraform.fast.wire import Wire

HANDSHAKE = {
    "TF_PLUGIN_MAGIC_COOKIE": "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
    "PLUGIN_PROTOCOL_VERSIONS": "5,6",
    "PLUGIN_MIN_PORT": "10000",
    "PLUGIN_MAX_PORT": "25000",
}
"""The environment with which Terraform starts a provider (internal/plugin/serve.go in hashicorp/terraform, and
go-plugin)."""

END_SECONDS = 2
"""Maximum time for a provider to exit after a request, in seconds, as in go-plugin."""

_DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


class NotStarted(Exception):
    """A provider did not start. The message does not contain output of the provider."""


@dataclass(frozen=True, slots=True)
class Start:
    """How a provider is started: program, folder, environment. `patience` is the maximum time until it reports its
    socket, in seconds; go-plugin uses 60.
    """

    program: Path
    folder: Path
    environment: Mapping[str, str] = field(repr=False)
    patience: float


class Provider:
    """A started provider. `died` is called where it exits unexpectedly."""

    def __init__(self, start: Start, sockets: Path, died: Callable[[], None] = lambda: None) -> None:
        self._start = start
        self._sockets = sockets
        self._died = died
        self._process: subprocess.Popen[bytes] | None = None
        self._ending = False
        self.wire: asyncio.Future[Wire] = asyncio.ensure_future(self._launch())
        """Returns the connection once it is established. Raises NotStarted."""
        self.protocol = 0
        """The version of its plugin protocol, once connected."""

    async def _launch(self) -> Wire:
        try:
            async with asyncio.timeout(self._start.patience):
                return await self._connect()
        except TimeoutError as error:
            self.kill()
            raise NotStarted(f"it did not report its socket within {self._start.patience:g} s") from error
        except OSError as error:
            self.kill()
            raise NotStarted(f"it cannot be started: {error.strerror}") from error
        except NotStarted:
            self.kill()
            raise

    async def _connect(self) -> Wire:
        environment = {**self._start.environment, **HANDSHAKE, "PLUGIN_UNIX_SOCKET_DIR": str(self._sockets)}
        parent = os.getpid()
        self._process = subprocess.Popen(
            [self._start.program],
            cwd=self._start.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Safe here, since this process has one thread.
            preexec_fn=lambda: _die_with(parent),
        )
        assert self._process.stdout is not None
        self.protocol, address = _handshake(await _first_line(self._process.stdout))
        _, wire = await asyncio.get_running_loop().create_unix_connection(lambda: Wire(lost=self._lost), address)
        return wire

    def _lost(self) -> None:
        if not self._ending:
            self._died()
        self.kill()

    async def end(self) -> None:
        """Asks it to exit, as go-plugin does, and kills it where it does not."""
        self._ending = True
        with contextlib.suppress(NotStarted, grpc.Refused, TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                await grpc.call(await self.wire, "/plugin.GRPCController/Shutdown")
                while self._process is not None and self._process.poll() is None:
                    await asyncio.sleep(0.01)
        self.kill()

    def kill(self) -> None:
        """Kills it."""
        self._ending = True
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def _die_with(parent: int) -> None:
    """Has this process killed with its parent (Linux; elsewhere its owner kills it)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


async def _first_line(stdout: IO[bytes]) -> bytes:
    """Returns its first line. The rest is read and discarded, so that it never blocks on a full pipe."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), stdout)
    line = await reader.readline()
    drain = loop.create_task(_drain(reader))
    _DRAINS.add(drain)
    drain.add_done_callback(_DRAINS.discard)
    return line


_DRAINS: set[asyncio.Task[None]] = set()


async def _drain(reader: asyncio.StreamReader) -> None:
    while await reader.read(65536):
        pass


def _handshake(line: bytes) -> tuple[int, str]:
    """Returns protocol and socket from `core|protocol|network|address|type|certificate`. Raises NotStarted."""
    parts = line.decode("utf-8", "replace").strip().split("|")
    if len(parts) < 5 or parts[0] != "1":
        raise NotStarted("its first line is not that of a provider")
    _, protocol, network, address, kind, *_ = parts
    if kind != "grpc" or protocol not in ("5", "6"):
        raise NotStarted(f"it uses the protocol {protocol[:10]!r} over {kind[:10]!r} instead of 5 or 6 over gRPC")
    if network != "unix":
        raise NotStarted(f"it listens on {network[:10]!r}, which other processes can reach")
    return int(protocol), address
