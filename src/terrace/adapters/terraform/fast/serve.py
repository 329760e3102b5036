"""`python -m terrace.adapters.terraform.fast.serve`: the process between Terraform and its providers.

It reads one JSON object per line on stdin and responds with one on stdout. It exits with all providers when stdin ends,
since its owner has ended. It must have only one thread: providers are tied to the thread that starts them.

    {"open": ID, "folder": .., "environment": {..}, "words": [..], "cache": .., "patience": ..,
     "providers": [{"address": .., "version": .., "checksum": .., "program": ..}]}
        -> {"id": ID, "reattach": {ADDRESS: {..}}, "aside": {ADDRESS: why}}
    {"close": ID}
        -> {"id": ID, "surprises": [..]}
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from terrace.adapters.hardening import harden
from terrace.adapters.terraform.fast import grpc
from terrace.adapters.terraform.fast.provider import NotStarted, Provider, Start
from terrace.adapters.terraform.fast.relay import ReducedSchemas, Relay
from terrace.adapters.terraform.fast.schema import IDENTITIES, BadSchema, Schema, parse
from terrace.adapters.terraform.fast.schema_store import EncodedSchemas, SchemaStore
from terrace.adapters.terraform.private import discard, private_folder

_BARE = ("PATH", "HOME", "TMPDIR", "GOGC")
"""The environment of a provider that only returns its schema: without variables of the user."""


class _Known:
    """The schemas that this process has read, by package. Each is requested by one provider at a time."""

    def __init__(self, sockets: Path) -> None:
        self._sockets = sockets
        self._found: dict[tuple[str, str, str], asyncio.Task[tuple[int, Schema, Schema | None]]] = {}

    async def of(self, package: dict[str, str], order: dict[str, Any]) -> tuple[int, Schema, Schema | None]:
        """Protocol, schema and identities of a package. Raises NotStarted, Refused or BadSchema."""
        key = (package["address"], package["version"], package["checksum"])
        if key not in self._found:
            self._found[key] = asyncio.ensure_future(self._read(package, order))
        task = self._found[key]
        try:
            return await asyncio.shield(task)
        except Exception:
            # The next caller requests it again.
            if self._found.get(key) is task:
                del self._found[key]
            raise

    async def _read(self, package: dict[str, str], order: dict[str, Any]) -> tuple[int, Schema, Schema | None]:
        store = SchemaStore(Path(order["cache"]))
        key = (package["address"], package["version"], package["checksum"])
        answers = store.read(*key)
        if answers is None:
            answers = await _ask(package, order, self._sockets)
            taken = _taken(answers)
            store.write(*key, answers)
            return taken
        return _taken(answers)


def _taken(answers: EncodedSchemas) -> tuple[int, Schema, Schema | None]:
    identities = None if answers.identities is None else parse(answers.identities, IDENTITIES)
    return answers.protocol, parse(answers.schema), identities


async def _ask(package: dict[str, str], order: dict[str, Any], sockets: Path) -> EncodedSchemas:
    """Start the provider with nothing in its environment, and ask it."""
    bare = {name: order["environment"][name] for name in _BARE if name in order["environment"]}
    patience = order["patience"]
    provider = Provider(Start(Path(package["program"]), sockets, bare, patience), sockets)
    try:
        # Twice: once for coming up, once for telling.
        async with asyncio.timeout(2 * patience):
            wire = await provider.wire
            service = f"/tfplugin{provider.protocol}.Provider"
            name = "GetSchema" if provider.protocol == 5 else "GetProviderSchema"
            schema = await grpc.call(wire, f"{service}/{name}")
            try:
                identities = await grpc.call(wire, f"{service}/GetResourceIdentitySchemas")
            except grpc.Refused as error:
                if error.status != grpc.UNIMPLEMENTED:
                    raise
                identities = None
    except TimeoutError as error:
        raise NotStarted(f"it did not return its schema within {2 * patience:g} s") from error
    finally:
        provider.kill()
    return EncodedSchemas(provider.protocol, schema, identities)


class _Server:
    """Everything that is open."""

    def __init__(self, sockets: Path) -> None:
        self._sockets = sockets
        self._known = _Known(sockets)
        self._open: dict[str, dict[str, Relay]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def open(self, order: dict[str, Any]) -> None:
        """Begin to serve a stack: a relay for every provider, where none of them is odd."""
        run = order["open"]
        relays = self._open[run] = {}
        aside: dict[str, str] = {}
        reattach: dict[str, Any] = {}

        async def open_provider(number: int, package: dict[str, str]) -> None:
            address = package["address"]
            socket = self._sockets / f"{run}-{number}"
            try:
                relay = relays[address] = await self._relay(order, package, socket)
            except (NotStarted, BadSchema, OSError) as error:
                aside[address] = str(error)
            except grpc.Refused as error:
                aside[address] = f"it does not return its schema (status {error.status})"
            else:
                reattach[address] = {
                    "Protocol": "grpc",
                    "ProtocolVersion": relay.schemas.protocol,
                    "Pid": os.getpid(),
                    "Test": True,
                    "Addr": {"Network": "unix", "String": str(socket)},
                }

        await asyncio.gather(*(open_provider(number, package) for number, package in enumerate(order["providers"])))
        _say({"id": run, "reattach": reattach, "aside": aside})

    async def _relay(self, order: dict[str, Any], package: dict[str, str], socket: Path) -> Relay:
        protocol, schema, identities = await self._known.of(package, order)
        types = set(schema.types) & set(order["words"])
        schemas = ReducedSchemas(protocol, schema.cut(types), identities.cut(types) if identities is not None else None)
        start = Start(Path(package["program"]), Path(order["folder"]), order["environment"], order["patience"])
        relay = Relay(schemas, start, self._sockets, self.spawn)
        await relay.listen(socket)
        return relay

    def close(self, run: str) -> None:
        relays = self._open.pop(run, {})
        surprises = [f"{address}: {surprise}" for address, relay in relays.items() for surprise in relay.surprises]
        for relay in relays.values():
            relay.close()
        _say({"id": run, "surprises": surprises})


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


async def _serve(sockets: Path) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**26)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    server = _Server(sockets)
    while line := await reader.readline():
        order = json.loads(line)
        if "open" in order:
            server.spawn(server.open(order))
        else:
            server.close(order["close"])


def main() -> None:
    """Serves until stdin ends, then kills all remaining providers, which are in this process group."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sockets = private_folder("lane")
    try:
        asyncio.run(_serve(sockets))
    finally:
        discard(sockets)
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    harden()
    main()
