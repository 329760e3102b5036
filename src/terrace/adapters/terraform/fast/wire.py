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
"""The largest window of HTTP/2 (RFC 9113, 6.9.1): messages are in memory anyway, so that no sender needs to wait."""

STREAMS = 100_000
"""Maximum number of concurrent calls: enough for any `-parallelism`."""

Headers = list[tuple[bytes, bytes]]


class StreamListener(Protocol):
    """Receives the events of one stream, up to its `end`, or until it is `reset`."""

    def headers(self, headers: Headers, end: bool) -> None: ...
    def data(self, data: bytes, end: bool) -> None: ...
    def reset(self, code: int) -> None: ...


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part to send on a stream: headers (a first or last block), or data."""

    headers: Headers | None
    data: bytes
    end: bool


class Wire(asyncio.Protocol):
    """A connection. A server calls `accept` for the listener of every new stream; a client creates streams with `open`.
    `lost` is called once, when the connection is closed; all open streams are reset before.
    """

    def __init__(
        self, accept: Callable[[Wire, int], StreamListener] | None = None, lost: Callable[[], None] = lambda: None
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
        self._listeners: dict[int, StreamListener] = {}
        self._unsent: dict[int, deque[_Piece]] = {}
        self._transport: asyncio.Transport | None = None

    # --- called by asyncio ----------------------------------------------------------------------------------------

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
            self._on_event(event)
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        ears, self._listeners = self._listeners, {}
        self._unsent.clear()
        for listener in ears.values():
            listener.reset(ErrorCodes.CONNECT_ERROR)
        self._lost()

    # --- called by users ----------------------------------------------------------------------------------------------

    @property
    def open(self) -> bool:
        """Returns whether the connection is open for sending."""
        return self._transport is not None

    def call(self, headers: Headers, listener: StreamListener) -> int:
        """Opens a stream as a client."""
        stream = self._h2.get_next_available_stream_id()
        self._listeners[stream] = listener
        self.send_headers(stream, headers)
        return stream

    def send_headers(self, stream: int, headers: Headers, *, end: bool = False) -> None:
        """Sends headers or trailers, after everything that is queued on the stream."""
        self._send(stream, _Piece(headers, b"", end))

    def send_data(self, stream: int, data: bytes, *, end: bool = False) -> None:
        """Sends data as soon as flow control allows it."""
        self._send(stream, _Piece(None, data, end))

    def reset(self, stream: int, code: int = ErrorCodes.CANCEL) -> None:
        """Resets a stream, and drops everything that is queued on it."""
        self._listeners.pop(stream, None)
        self._unsent.pop(stream, None)
        with contextlib.suppress(H2Error):
            self._h2.reset_stream(stream, code)
        self._flush()

    def close(self) -> None:
        """Closes the connection."""
        if self._transport is not None:
            self._transport.close()

    def _send(self, stream: int, piece: _Piece) -> None:
        self._unsent.setdefault(stream, deque()).append(piece)
        self._pump(stream)
        self._flush()

    def _pump(self, stream: int) -> None:
        """Sends as much of a stream as flow control allows."""
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
            # The other side closed the stream in between.
            pass
        except H2Error:
            # Otherwise the receiver would wait forever for the rest.
            self.close()
        self._unsent.pop(stream, None)

    def _part(self, stream: int, piece: _Piece) -> _Piece | None:
        """Sends a piece, or as much of it as flow control allows; returns the rest."""
        if piece.headers is not None:
            self._h2.send_headers(stream, piece.headers, end_stream=piece.end)
            self._after_send(stream, piece)
            return None
        room = min(self._h2.local_flow_control_window(stream), self._h2.max_outbound_frame_size)
        if piece.data and room <= 0:
            return piece
        rest = piece.data[room:]
        self._h2.send_data(stream, piece.data[:room], end_stream=piece.end and not rest)
        if rest:
            return _Piece(None, rest, piece.end)
        self._after_send(stream, piece)
        return None

    def _after_send(self, stream: int, piece: _Piece) -> None:
        """A server stops listening after its last message."""
        if piece.end and self._accept is not None:
            self._listeners.pop(stream, None)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, DataReceived):
            assert event.stream_id is not None
            self._h2.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id)
            end = event.stream_ended is not None
            listener = self._listener_of(event.stream_id, end)
            if listener is not None:
                listener.data(event.data or b"", end)
        elif isinstance(event, RequestReceived):
            assert event.stream_id is not None and self._accept is not None
            listener = self._listeners[event.stream_id] = self._accept(self, event.stream_id)
            listener.headers(event.headers or [], event.stream_ended is not None)
        elif isinstance(event, ResponseReceived | TrailersReceived):
            assert event.stream_id is not None
            end = event.stream_ended is not None
            listener = self._listener_of(event.stream_id, end)
            if listener is not None:
                listener.headers(event.headers or [], end)
        elif isinstance(event, StreamReset):
            assert event.stream_id is not None
            self._unsent.pop(event.stream_id, None)
            listener = self._listeners.pop(event.stream_id, None)
            if listener is not None:
                listener.reset(int(event.error_code or 0))
        elif isinstance(event, WindowUpdated):
            for stream in [event.stream_id] if event.stream_id else list(self._unsent):
                self._pump(stream)
        elif isinstance(event, ConnectionTerminated):
            self.close()

    def _listener_of(self, stream: int, end: bool) -> StreamListener | None:
        """Returns the listener of a stream. A client stops listening at the end; a server still has to respond."""
        return self._listeners.pop(stream, None) if end and self._accept is None else self._listeners.get(stream)

    def _flush(self) -> None:
        if self._transport is not None:
            data = self._h2.data_to_send()
            if data:
                self._transport.write(data)
