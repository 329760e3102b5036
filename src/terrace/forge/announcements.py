"""A deployment as shown on the forge: its commit and its status, in a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
    """The published data of one deployment. `key` is its id in the ledger; `description` may hold text from outside.
    `url` is the address of the environment once this is deployed there; "" otherwise."""

    key: str
    environment: str
    commit: str
    state: State
    description: str
    url: str = ""


def announcements(deployments: Sequence[Deployment], environment: str, url: str = "") -> tuple[Announcement, ...]:
    """Returns the latest deployments of an environment, oldest first, each with its current status. `url` is the
    address of the environment."""
    shown = [deployment for deployment in deployments if deployment.environment == environment][-SHOWN:]
    every = (_announcement(deployment, shown[number + 1 :]) for number, deployment in enumerate(shown))
    return tuple(replace(one, url=url) if one.state == "succeeded" else one for one in every)


def _announcement(deployment: Deployment, later: Sequence[Deployment]) -> Announcement:
    over = deployment.result == "superseded" or any(after.touched and after.result == "succeeded" for after in later)
    if isinstance(deployment.origin, Destruction) and deployment.result == "succeeded":
        return Announcement(deployment.id, deployment.environment, deployment.commit, "gone", "destroyed")
    if deployment.result == "succeeded" and not over:
        return Announcement(deployment.id, deployment.environment, deployment.commit, "succeeded", "deployed")
    if deployment.result in ("succeeded", "superseded"):
        return Announcement(
            deployment.id, deployment.environment, deployment.commit, "gone", "replaced by another deployment"
        )
    if deployment.result == "unknown" or (deployment.in_doubt and deployment.lease is None):
        return Announcement(
            deployment.id, deployment.environment, deployment.commit, "unknown", "the outcome of its apply is unknown"
        )
    if deployment.result is not None:
        why = next(iter(deployment.reasons), deployment.result)
        return Announcement(deployment.id, deployment.environment, deployment.commit, "failed", why)
    if deployment.waiting:
        return Announcement(
            deployment.id, deployment.environment, deployment.commit, "waiting", "; ".join(deployment.waiting)
        )
    return Announcement(deployment.id, deployment.environment, deployment.commit, "working", "in progress")
