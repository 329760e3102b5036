"""The output of scanners: output that cannot be read is an error, never no findings."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from terrace import typed_json
from terrace.errors import NotReady

T = TypeVar("T")

_SHOWN = 200


def decode(tool: str, output: bytes, type_: type[T]) -> T:
    """Returns a scanner's JSON as that type. Raises NotReady when it is something else: then the result is unknown."""
    try:
        return typed_json.decode(output, type_)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        shown = output[:_SHOWN].decode("utf-8", "replace").strip()
        raise NotReady(
            f"the output of {tool} cannot be read ({error}): {shown or 'it is empty'}",
            hint=f"run {tool} yourself; `terrace tools list` shows which one is used, and the version that is known",
        ) from error


def crash_error(tool: str, code: int, message: str) -> NotReady:
    """Returns the error for an exit code that is not one of a completed scan."""
    last = message.strip()[-_SHOWN:]
    return NotReady(f"{tool} exited with {code}: {last or 'it printed no reason'}", hint=f"run {tool} yourself")


def describe_excuse(reason: str | None) -> str:
    """Returns the addition to the message of a finding that a comment skips."""
    return f"; a comment of the protected branch skips it: {reason or 'no reason given'}"
