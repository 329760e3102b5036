"""A deployment as shown on the forge: its commit and its status, in a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from terrace.ledger.deployment import Deployment
from terrace.stacks.model import Destruction

State = Literal["waiting", "working", "succeeded", "failed", "unknown", "gone"]
"""The status of a deployment. `gone` means that it is no longer deployed: replaced by another deployment, or destroyed.
"""

SHOWN = 3
"""Deployments of one environment that are kept up to date: the newest."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """The published data of one deployment. `key` is its id in the ledger; `description` may hold text from outside."""

    key: str
    environment: str
    commit: str
    state: State
    description: str


def announcements(deployments: Sequence[Deployment], environment: str) -> tuple[Announcement, ...]:
    """Returns the latest deployments of an environment, oldest first, each with its current status."""
    mine = [one for one in deployments if one.environment == environment][-SHOWN:]
    return tuple(_announcement(one, mine[number + 1 :]) for number, one in enumerate(mine))


def _announcement(one: Deployment, later: Sequence[Deployment]) -> Announcement:
    over = one.result == "superseded" or any(after.touched and after.result == "succeeded" for after in later)
    if isinstance(one.origin, Destruction) and one.result == "succeeded":
        return Announcement(one.id, one.environment, one.commit, "gone", "destroyed")
    if one.result == "succeeded" and not over:
        return Announcement(one.id, one.environment, one.commit, "succeeded", "deployed")
    if one.result in ("succeeded", "superseded"):
        return Announcement(one.id, one.environment, one.commit, "gone", "replaced by another deployment")
    if one.result == "unknown" or (one.in_doubt and one.lease is None):
        return Announcement(one.id, one.environment, one.commit, "unknown", "the outcome of its apply is unknown")
    if one.result is not None:
        why = next(iter(one.reasons), one.result)
        return Announcement(one.id, one.environment, one.commit, "failed", why)
    if one.waiting:
        return Announcement(one.id, one.environment, one.commit, "waiting", "; ".join(one.waiting))
    return Announcement(one.id, one.environment, one.commit, "working", "in progress")
