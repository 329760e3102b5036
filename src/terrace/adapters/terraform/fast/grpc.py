"""The part of gRPC over HTTP/2 that a relay needs (PROTOCOL-HTTP2.md of grpc/grpc): unary calls, as bytes."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass, field

from terrace.adapters.terraform.fast.wire import Headers, Wire

UNAVAILABLE = 14
UNIMPLEMENTED = 12
OK = 0


class Refused(Exception):
    """A call returned a status other than OK. `message` is from the other side."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"status {status}: {message}")
        self.status = status


def request(path: str) -> Headers:
    """Returns the headers of a call."""
    return [
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":path", path.encode()),
        (b":authority", b"localhost"),
        (b"content-type", b"application/grpc"),
        (b"te", b"trailers"),
    ]


def frame(message: bytes) -> bytes:
    """Returns an encoded message: no compression, its length, its content."""
    return struct.pack(">BI", 0, len(message)) + message


def answer(wire: Wire, stream: int, message: bytes) -> None:
    """Sends a successful response to a unary call."""
    wire.send_headers(stream, [(b":status", b"200"), (b"content-type", b"application/grpc")])
    wire.send_data(stream, frame(message))
    wire.send_headers(stream, [(b"grpc-status", b"0"), (b"grpc-message", b"")], end=True)


def refuse(wire: Wire, stream: int, status: int, message: str) -> None:
    """Sends a response with only a status. `message` must be printable ASCII without %."""
    trailers = [(b"grpc-status", str(status).encode()), (b"grpc-message", message.encode())]
    wire.send_headers(stream, [(b":status", b"200"), (b"content-type", b"application/grpc"), *trailers], end=True)


async def call(wire: Wire, path: str) -> bytes:
    """Makes a unary call without content and returns its response. Raises Refused."""
    reply = _Reply()
    stream = wire.call(request(path), reply)
    wire.send_data(stream, frame(b""), end=True)
    return await reply.message


@dataclass(slots=True)
class _Reply:
    """Listens to the response to one call."""

    message: asyncio.Future[bytes] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    status: int = UNAVAILABLE
    message_text: str = ""
    parts: list[bytes] = field(default_factory=list)

    def headers(self, headers: Headers, end: bool) -> None:
        by_name = dict(headers)
        if b"grpc-status" in by_name:
            self.status = int(by_name[b"grpc-status"])
            self.message_text = by_name.get(b"grpc-message", b"").decode("ascii", "replace")
        if end:
            self._over()

    def data(self, data: bytes, end: bool) -> None:
        self.parts.append(data)
        if end:
            self._over()

    def _over(self) -> None:
        content = b"".join(self.parts)
        if self.message.done():
            return
        if self.status != OK:
            self.message.set_exception(Refused(self.status, self.message_text))
        elif len(content) < 5 or content[0] != 0 or len(content) - 5 != struct.unpack_from(">I", content, 1)[0]:
            self.message.set_exception(Refused(UNAVAILABLE, "its response is not a message"))
        else:
            self.message.set_result(content[5:])

    def reset(self, code: int) -> None:
        if not self.message.done():
            self.message.set_exception(Refused(UNAVAILABLE, "it exited during the call"))
