"""What all scanners have in common once they have spoken: what cannot be read is an error, never nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from terrace import typed_json
from terrace.errors import NotReady

T = TypeVar("T")

_SHOWN = 200


def decoded(tool: str, said: bytes, type_: type[T]) -> T:
    """Its JSON as that type. Raises NotReady when it is something else: then nothing is known."""
    try:
        return typed_json.decode(said, type_)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        shown = said[:_SHOWN].decode("utf-8", "replace").strip()
        raise NotReady(
            f"what {tool} said cannot be read ({error}): {shown or 'nothing at all'}",
            hint=f"try {tool} by hand; `terrace tools list` shows which one is used, and the version that is known",
        ) from error


def crashed(tool: str, code: int, message: str) -> NotReady:
    """What to raise when it ended otherwise than it does after a look."""
    last = message.strip()[-_SHOWN:]
    return NotReady(f"{tool} ended with {code}: {last or 'it gave no reason'}", hint=f"try {tool} by hand")


Known = Callable[[str], str | None]
"""A path as a scanner names it -> the path in the repository; None when it is not one of the files it was given."""
