"""Records of a forge: people, changes, comments, reviews and runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Permission = Literal["none", "read", "triage", "write", "maintain", "admin"]
"""Permission of an account in the repository, in ascending order."""


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as the forge's API returns it; the content of notifications is never trusted.

    `number` is the change or issue of the comment. `edited` says whether its text was edited, `machine` whether a bot
    wrote it. `url` is its address.
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
    """A pull request or merge request. `merged` is its commit on the protected branch, "" while it is not merged.

    `pushers` are the logins of the authors and committers of its commits, None where they are unknown; `author` is the
    login that opened it; `foreign` says whether it comes from another repository.
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
    """A review of a CI run that waits for an environment, where the forge itself requires reviewers."""

    run: str
    environment: str
    login: str
    machine: bool
    approves: bool
    comment: str


@dataclass(frozen=True, slots=True)
class Review:
    """A review of a change at the commit `head`. `approves` says whether it approves; `text` is its comment."""

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
    """An edit of the text of an issue: before and after."""

    number: int
    login: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class PendingRun:
    """A CI run that waits for the protection rule of an environment, with the commit that it would deploy.

    `event` started it. `of_branch` says whether its workflow is that of `branch`, and not of a change or a fork.
    """

    run: str
    environment: str
    commit: str
    event: str
    branch: str
    of_branch: bool
