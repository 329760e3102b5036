"""JSON and MessagePack as the types that are expected, in any thread.

msgspec 0.22 builds what it knows of a class when the class is first used, and other threads see that half built: two
first uses at the same time end the process with a segmentation fault. Here one thread at a time makes a type ready.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_building = threading.Lock()
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}
_unpackers: dict[Any, msgspec.msgpack.Decoder[Any]] = {}


def decode(content: bytes | str | msgspec.Raw, kind: type[T]) -> T:
    """JSON as a type. Raises what msgspec raises: ValidationError, DecodeError, and UnicodeDecodeError."""
    value: T = _decoder(kind).decode(content)
    return value


def unpack(content: bytes | memoryview | msgspec.Raw, kind: type[T]) -> T:
    """MessagePack as a type. Raises what msgspec raises: ValidationError, DecodeError, and UnicodeDecodeError."""
    unpacker = _unpackers.get(kind)
    if unpacker is None:
        with _building:
            unpacker = _unpackers.setdefault(kind, msgspec.msgpack.Decoder(kind))
    unpacked: T = unpacker.decode(content)
    return unpacked


def convert(value: object, kind: type[T]) -> T:
    """JSON data as a type. Raises ValidationError."""
    _decoder(kind)
    return msgspec.convert(value, kind)


def decoder(kind: type[T], float_hook: Callable[[str], Any]) -> msgspec.json.Decoder[T]:
    """Returns a decoder of a type of its own, for a caller that keeps it. `float_hook` takes numbers with a point."""
    with _building:
        return msgspec.json.Decoder(kind, float_hook=float_hook)


def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    decoder = _decoders.get(kind)
    if decoder is None:
        with _building:
            decoder = _decoders.setdefault(kind, msgspec.json.Decoder(kind))
    return decoder
