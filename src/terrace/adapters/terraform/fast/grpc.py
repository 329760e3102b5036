"""gRPC over HTTP/2, as much as a relay needs (PROTOCOL-HTTP2.md of grpc/grpc): unary calls and answers, as bytes."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass, field

from terrace.adapters.terraform.fast.wire import Headers, Wire

UNAVAILABLE = 14
UNIMPLEMENTED = 12
OK = 0


class Refused(Exception):
    """A call that ended with another status than OK. `message` is whatever the other side said."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"status {status}: {message}")
        self.status = status


def request(path: str) -> Headers:
    """The headers of a call."""
    return [
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":path", path.encode()),
        (b":authority", b"localhost"),
        (b"content-type", b"application/grpc"),
        (b"te", b"trailers"),
    ]


def framed(message: bytes) -> bytes:
    """A message as it lies in the stream: not compressed, its length, itself."""
    return struct.pack(">BI", 0, len(message)) + message


def answer(wire: Wire, stream: int, message: bytes) -> None:
    """Answer a unary call well."""
    wire.send_headers(stream, [(b":status", b"200"), (b"content-type", b"application/grpc")])
    wire.send_data(stream, framed(message))
    wire.send_headers(stream, [(b"grpc-status", b"0"), (b"grpc-message", b"")], end=True)


def refuse(wire: Wire, stream: int, status: int, message: str) -> None:
    """Answer a call with a status alone. `message` is ours: printable ASCII without %."""
    trailers = [(b"grpc-status", str(status).encode()), (b"grpc-message", message.encode())]
    wire.send_headers(stream, [(b":status", b"200"), (b"content-type", b"application/grpc"), *trailers], end=True)


async def call(wire: Wire, path: str) -> bytes:
    """Make a unary call without content, and wait for its answer. Raises Refused."""
    reply = _Reply()
    stream = wire.call(request(path), reply)
    wire.send_data(stream, framed(b""), end=True)
    return await reply.message


@dataclass(slots=True)
class _Reply:
    """The ear of one call of ours."""

    message: asyncio.Future[bytes] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    status: int = UNAVAILABLE
    said: str = ""
    parts: list[bytes] = field(default_factory=list)

    def headers(self, headers: Headers, end: bool) -> None:
        found = dict(headers)
        if b"grpc-status" in found:
            self.status = int(found[b"grpc-status"])
            self.said = found.get(b"grpc-message", b"").decode("ascii", "replace")
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
            self.message.set_exception(Refused(self.status, self.said))
        elif len(content) < 5 or content[0] != 0 or len(content) - 5 != struct.unpack_from(">I", content, 1)[0]:
            self.message.set_exception(Refused(UNAVAILABLE, "its answer is no message"))
        else:
            self.message.set_result(content[5:])

    def reset(self, code: int) -> None:
        if not self.message.done():
            self.message.set_exception(Refused(UNAVAILABLE, "it ended in the middle of the call"))
