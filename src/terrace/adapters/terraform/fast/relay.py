"""The relay that Terraform uses in place of a provider: one per provider of a stack that is planned.

It answers schema requests itself. Everything else is passed unchanged to a provider process: calls before `Configure`
go to an unconfigured process; with `Configure`, that process is assigned to the connection, as if Terraform had started
it. So each configuration of a provider (including aliases) has its own process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from terrace.adapters.terraform.fast import grpc
from terrace.adapters.terraform.fast.provider import NotStarted, Provider, Start
from terrace.adapters.terraform.fast.wire import Headers, Wire

_SCHEMA = ("GetSchema", "GetProviderSchema")
_IDENTITIES = "GetResourceIdentitySchemas"
_CONFIGURE = ("Configure", "ConfigureProvider")
_STOP = ("Stop", "StopProvider")
_OPEN_ENDED = ("/plugin.GRPCBroker/StartStream", "/plugin.GRPCStdio/StreamStdio")
_SHUTDOWN = "/plugin.GRPCController/Shutdown"


@dataclass(frozen=True, slots=True)
class ReducedSchemas:
    """The reduced schemas that Terraform gets. None where the provider does not support the request."""

    protocol: int
    schema: bytes = field(repr=False)
    identities: bytes | None = field(repr=False)


class Relay:
    """Serves one provider of one stack. `surprises` describes unexpected events."""

    def __init__(
        self, schemas: ReducedSchemas, start: Start, sockets: Path, spawn: Callable[[Coroutine[Any, Any, None]], None]
    ):
        self.schemas = schemas
        self.surprises: list[str] = []
        self._start = start
        self._sockets = sockets
        self._spawn = spawn
        self._spare: Provider | None = None
        self._providers: set[Provider] = set()
        self._callers: set[_Caller] = set()
        self._server: asyncio.Server | None = None

    async def listen(self, address: Path) -> None:
        """Accepts calls at this socket."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(self._accept, str(address))

    def _accept(self) -> Wire:
        caller = _Caller(self)
        self._callers.add(caller)
        return Wire(accept=caller.asked, lost=lambda: self._forget(caller))

    def _forget(self, caller: _Caller) -> None:
        self._callers.discard(caller)
        if caller.provider is not None:
            self._let_go(caller.provider)

    def unconfigured_provider(self) -> Provider:
        """Returns the unconfigured process; starts one where needed."""
        if self._spare is None:
            self._spare = Provider(self._start, self._sockets, lambda: self.surprises.append("the provider died"))
            self._providers.add(self._spare)
        return self._spare

    def configured_provider(self) -> Provider:
        """Returns a process for one configuration alone."""
        provider = self.unconfigured_provider()
        self._spare = None
        return provider

    @property
    def idle(self) -> bool:
        """Returns whether no process was needed since the last one was assigned."""
        return self._spare is None

    def _let_go(self, provider: Provider) -> None:
        self._providers.discard(provider)
        self._spawn(provider.end())

    def close(self) -> None:
        """Accepts no more calls, and ends all remaining providers."""
        if self._server is not None:
            self._server.close()
        for provider in tuple(self._providers):
            self._let_go(provider)


class _Caller:
    """One connection of Terraform, which is one provider instance to it."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.provider: Provider | None = None

    def asked(self, wire: Wire, stream: int) -> _Call:
        return _Call(self, wire, stream)

    def provider_for(self, method: str) -> Provider:
        if self.provider is None and method in _CONFIGURE:
            self.provider = self.relay.configured_provider()
        return self.provider or self.relay.unconfigured_provider()


class _Call:
    """One call of Terraform: answered here, or passed on piece by piece."""

    def __init__(self, caller: _Caller, wire: Wire, stream: int) -> None:
        self._caller = caller
        self._wire = wire
        self._stream = stream
        self._answer: Callable[[], None] | None = None
        self._waiting: list[tuple[bytes, bool]] = []
        self._up: tuple[Wire, int] | None = None
        self._gone = False

    def headers(self, headers: Headers, end: bool) -> None:
        path = dict(headers)[b":path"].decode("ascii", "replace")
        service, _, method = path[1:].partition("/")
        schemas = self._caller.relay.schemas
        if path in _OPEN_ENDED:
            # Streams on which Terraform's providers send nothing; they end with the connection.
            self._answer = lambda: None
        elif path == _SHUTDOWN:
            self._answer = lambda: grpc.answer(self._wire, self._stream, b"")
        elif service != f"tfplugin{schemas.protocol}.Provider":
            self._caller.relay.surprises.append("Terraform called a service that no provider has")
            self._refuse(grpc.UNIMPLEMENTED, "not served")
        elif method in _SCHEMA:
            self._answer = lambda: grpc.answer(self._wire, self._stream, schemas.schema)
        elif method == _IDENTITIES:
            self._answer = self._identities
        elif method in _STOP and self._caller.provider is None and self._caller.relay.idle:
            self._answer = lambda: grpc.answer(self._wire, self._stream, b"")
        else:
            self._pass_on(headers, self._caller.provider_for(method))
        if end and self._answer is not None:
            self._answer()

    def data(self, data: bytes, end: bool) -> None:
        if self._answer is not None:
            if end:
                self._answer()
        elif self._up is not None:
            wire, stream = self._up
            wire.send_data(stream, data, end=end)
        else:
            self._waiting.append((data, end))

    def reset(self, code: int) -> None:
        self._gone = True
        if self._up is not None:
            wire, stream = self._up
            wire.reset(stream, code)

    def _identities(self) -> None:
        identities = self._caller.relay.schemas.identities
        if identities is None:
            self._refuse(grpc.UNIMPLEMENTED, "unknown method GetResourceIdentitySchemas")
        else:
            grpc.answer(self._wire, self._stream, identities)

    def _refuse(self, status: int, message: str) -> None:
        self._answer = lambda: None
        grpc.refuse(self._wire, self._stream, status, message)

    def _pass_on(self, headers: Headers, provider: Provider) -> None:
        if provider.wire.done():
            self._connect(headers, provider.wire)
        else:
            provider.wire.add_done_callback(lambda wire: self._connect(headers, wire))

    def _connect(self, headers: Headers, arrived: asyncio.Future[Wire]) -> None:
        try:
            wire = arrived.result()
        except (NotStarted, asyncio.CancelledError) as error:
            self._caller.relay.surprises.append(f"the provider did not start: {error}")
            self._refuse(grpc.UNAVAILABLE, "the provider did not start")
            return
        if self._gone:
            return
        if not wire.open:
            self._refuse(grpc.UNAVAILABLE, "the provider exited")
            return
        stream = wire.call(headers, _Answer(self._wire, self._stream))
        self._up = wire, stream
        for data, end in self._waiting:
            wire.send_data(stream, data, end=end)
        self._waiting.clear()


@dataclass(slots=True)
class _Answer:
    """Passes a provider's response back."""

    wire: Wire
    stream: int
    begun: bool = False

    def headers(self, headers: Headers, end: bool) -> None:
        self.begun = True
        self.wire.send_headers(self.stream, headers, end=end)

    def data(self, data: bytes, end: bool) -> None:
        self.wire.send_data(self.stream, data, end=end)

    def reset(self, code: int) -> None:
        if self.begun:
            trailers = [(b"grpc-status", str(grpc.UNAVAILABLE).encode()), (b"grpc-message", b"the provider ended")]
            self.wire.send_headers(self.stream, trailers, end=True)
        else:
            grpc.refuse(self.wire, self.stream, grpc.UNAVAILABLE, "the provider exited")
