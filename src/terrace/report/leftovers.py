"""Leftovers of applies whose result is unknown."""

from __future__ import annotations

from dataclasses import dataclass

from terrace.errors import StateLock


@dataclass(frozen=True, slots=True)
class ApplyLeftovers:
    """Leftovers of an apply with an unknown result in one stack.

    `dead` says that the process of the attempt is proven to be no longer running. `imports` are addresses and ids of
    resources that exist and that the state lacks, `forgets` addresses that the state has and that no longer exist,
    `stale` resources that were created a second time (address, id in the state, new id). For `open` addresses it is
    unknown whether the resource exists, for `unfinished` ones whether it is complete. `ours` says that the attempt
    holds the `lock`. `unsaved` is the serial of a state that could not be written and that recovery pushes.
    """

    stack: str
    attempt: str
    dead: bool
    serial: int
    imports: tuple[tuple[str, str], ...]
    open: tuple[str, ...]
    unfinished: tuple[str, ...]
    forgets: tuple[str, ...]
    stale: tuple[tuple[str, str, str], ...]
    lock: StateLock | None
    ours: bool
    unsaved: int | None
