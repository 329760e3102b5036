"""One HTTP/2 connection on an event loop: streams in, streams out, flow control in between. gRPC is in `grpc`."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RequestReceived,
    ResponseReceived,
    StreamReset,
    TrailersReceived,
    WindowUpdated,
)
from h2.exceptions import H2Error, ProtocolError, StreamClosedError
from h2.settings import SettingCodes, Settings

WINDOW = 2**31 - 1
"""The largest window of HTTP/2 (RFC 9113, 6.9.1): messages are held in memory anyway, and nobody needs to wait."""

STREAMS = 100_000
"""How many calls may be under way at once: as many as somebody's `-parallelism` asks for."""

Headers = list[tuple[bytes, bytes]]


class Ear(Protocol):
    """Whoever is told what comes in on one stream, up to its `end`, or until it is `reset`."""

    def headers(self, headers: Headers, end: bool) -> None: ...
    def data(self, data: bytes, end: bool) -> None: ...
    def reset(self, code: int) -> None: ...


@dataclass(frozen=True, slots=True)
class _Piece:
    """What is to be sent on a stream: headers (a first or a last block), or data."""

    headers: Headers | None
    data: bytes
    end: bool


class Wire(asyncio.Protocol):
    """A connection. As a server it asks `accept` for the ear of every new stream; as a client `open` makes streams.

    `lost` is called once, when the connection is gone; every open stream is reset first.
    """

    def __init__(
        self, accept: Callable[[Wire, int], Ear] | None = None, lost: Callable[[], None] = lambda: None
    ) -> None:
        self._accept = accept
        self._lost = lost
        client = accept is None
        self._h2 = H2Connection(
            H2Configuration(
                client_side=client,
                header_encoding=None,
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
                validate_inbound_headers=False,
                normalize_inbound_headers=False,
            )
        )
        room = {SettingCodes.INITIAL_WINDOW_SIZE: WINDOW, SettingCodes.MAX_CONCURRENT_STREAMS: STREAMS}
        self._h2.local_settings = Settings(client=client, initial_values=room)
        self._ears: dict[int, Ear] = {}
        self._unsent: dict[int, deque[_Piece]] = {}
        self._transport: asyncio.Transport | None = None

    # --- asyncio's side ----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(WINDOW - self._h2.inbound_flow_control_window)
        self._flush()

    def data_received(self, data: bytes) -> None:
        try:
            events = self._h2.receive_data(data)
        except ProtocolError:
            self._flush()
            self.close()
            return
        for event in events:
            self._heard(event)
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        ears, self._ears = self._ears, {}
        self._unsent.clear()
        for ear in ears.values():
            ear.reset(ErrorCodes.CONNECT_ERROR)
        self._lost()

    # --- our side ----------------------------------------------------------------------------------------------

    @property
    def open(self) -> bool:
        """Whether something can still be sent."""
        return self._transport is not None

    def call(self, headers: Headers, ear: Ear) -> int:
        """Begin a stream as a client."""
        stream = self._h2.get_next_available_stream_id()
        self._ears[stream] = ear
        self.send_headers(stream, headers)
        return stream

    def send_headers(self, stream: int, headers: Headers, *, end: bool = False) -> None:
        """Send headers or trailers, after all that waits to be sent on the stream."""
        self._send(stream, _Piece(headers, b"", end))

    def send_data(self, stream: int, data: bytes, *, end: bool = False) -> None:
        """Send data as soon as the other side has room for it."""
        self._send(stream, _Piece(None, data, end))

    def reset(self, stream: int, code: int = ErrorCodes.CANCEL) -> None:
        """End a stream before its end, whatever waits to be sent on it."""
        self._ears.pop(stream, None)
        self._unsent.pop(stream, None)
        with contextlib.suppress(H2Error):
            self._h2.reset_stream(stream, code)
        self._flush()

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()

    def _send(self, stream: int, piece: _Piece) -> None:
        self._unsent.setdefault(stream, deque()).append(piece)
        self._pump(stream)
        self._flush()

    def _pump(self, stream: int) -> None:
        """Send of a stream what the other side has room for."""
        waiting = self._unsent.get(stream, deque())
        try:
            while waiting and self._transport is not None:
                rest = self._part(stream, waiting[0])
                if rest is waiting[0]:
                    return
                waiting.popleft()
                if rest is not None:
                    waiting.appendleft(rest)
        except StreamClosedError:
            # It ended on the other side in between, and takes nothing any more.
            pass
        except H2Error:
            # Whoever waits for the rest of it would wait forever.
            self.close()
        self._unsent.pop(stream, None)

    def _part(self, stream: int, piece: _Piece) -> _Piece | None:
        """Send a piece, or the part of it that there is room for; what is left, which is itself when there is none."""
        if piece.headers is not None:
            self._h2.send_headers(stream, piece.headers, end_stream=piece.end)
            self._said(stream, piece)
            return None
        room = min(self._h2.local_flow_control_window(stream), self._h2.max_outbound_frame_size)
        if piece.data and room <= 0:
            return piece
        rest = piece.data[room:]
        self._h2.send_data(stream, piece.data[:room], end_stream=piece.end and not rest)
        if rest:
            return _Piece(None, rest, piece.end)
        self._said(stream, piece)
        return None

    def _said(self, stream: int, piece: _Piece) -> None:
        """A server that has said its last word listens no longer."""
        if piece.end and self._accept is not None:
            self._ears.pop(stream, None)

    def _heard(self, event: Event) -> None:
        if isinstance(event, DataReceived):
            assert event.stream_id is not None
            self._h2.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id)
            end = event.stream_ended is not None
            ear = self._listening(event.stream_id, end)
            if ear is not None:
                ear.data(event.data or b"", end)
        elif isinstance(event, RequestReceived):
            assert event.stream_id is not None and self._accept is not None
            ear = self._ears[event.stream_id] = self._accept(self, event.stream_id)
            ear.headers(event.headers or [], event.stream_ended is not None)
        elif isinstance(event, ResponseReceived | TrailersReceived):
            assert event.stream_id is not None
            end = event.stream_ended is not None
            ear = self._listening(event.stream_id, end)
            if ear is not None:
                ear.headers(event.headers or [], end)
        elif isinstance(event, StreamReset):
            assert event.stream_id is not None
            self._unsent.pop(event.stream_id, None)
            ear = self._ears.pop(event.stream_id, None)
            if ear is not None:
                ear.reset(int(event.error_code or 0))
        elif isinstance(event, WindowUpdated):
            for stream in [event.stream_id] if event.stream_id else list(self._unsent):
                self._pump(stream)
        elif isinstance(event, ConnectionTerminated):
            self.close()

    def _listening(self, stream: int, end: bool) -> Ear | None:
        """Who listens to a stream. After the end a client does so no longer; a server still has to answer."""
        return self._ears.pop(stream, None) if end and self._accept is None else self._ears.get(stream)

    def _flush(self) -> None:
        if self._transport is not None:
            data = self._h2.data_to_send()
            if data:
                self._transport.write(data)
