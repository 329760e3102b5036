"""People and changes of a forge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Permission = Literal["none", "read", "triage", "write", "maintain", "admin"]
"""Permissions in the repository, from lowest to highest."""


@dataclass(frozen=True, slots=True)
class Said:
    """One comment, as the forge tells it by itself: what a notification says of it is never trusted.

    `number` is the change or issue that it stands at. `edited` is whether it is still what was written first; `machine`
    whether a program wrote it. `url` leads to it.
    """

    id: str
    number: int
    login: str
    machine: bool
    text: str
    at: datetime
    edited: bool
    url: str


@dataclass(frozen=True, slots=True)
class Change:
    """A pull or merge request. `merged` is the commit that it became on the protected branch, "" while it is none.

    `pushers` are the logins of whoever wrote or committed what is in it, None where that cannot be told; `author` is
    whoever opened it; `foreign` is whether it comes from another repository.
    """

    number: int
    author: str
    head: str
    base: str
    open: bool
    merged: str
    foreign: bool
    pushers: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class RunReview:
    """A person's review of a CI run for an environment, given on the forge itself."""

    run: str
    environment: str
    login: str
    machine: bool
    approves: bool
    comment: str


@dataclass(frozen=True, slots=True)
class Review:
    """A review of a change. `approves` is whether it does, at the commit `head`; `text` is what was written with it."""

    id: str
    number: int
    login: str
    machine: bool
    approves: bool
    head: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Ticked:
    """An edit of an issue by a person: the old and the new text."""

    number: int
    login: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Knock:
    """A run of CI that waits at the door of an environment, with the commit that it brings.

    `event` is what it ran for. `of_branch` is whether its workflow is the one of `branch`, not of a change or a fork.
    """

    run: str
    environment: str
    commit: str
    event: str
    branch: str
    of_branch: bool
