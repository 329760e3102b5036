"""Deployments, environments and approvals in the words that every surface uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from terrace.gates.model import Witness
from terrace.ledger.deployment import Deployment
from terrace.ledger.holds import Hold
from terrace.stacks.model import Destruction

ResultWord = Literal[
    "succeeded",
    "waiting",
    "blocked",
    "failed",
    "unknown",
    "superseded",
    "deploying",
    "rolled_back",
    "settled",
]
"""The result of a deployment in the JSON contract."""

StateWord = Literal[
    "never", "deployed", "deploying", "waiting", "failed", "unknown", "held", "destroyed", "rolled_back"
]
"""The state of an environment in the JSON contract."""


_STATES: Mapping[ResultWord, StateWord] = {
    "succeeded": "deployed",
    "settled": "deployed",
    "waiting": "waiting",
    "superseded": "waiting",
    "deploying": "deploying",
    "failed": "failed",
    "blocked": "failed",
    "unknown": "unknown",
    "rolled_back": "rolled_back",
}


def result_word(deployment: Deployment) -> ResultWord:
    """Returns the result of a deployment in one word of the JSON contract."""
    if deployment.undone_by:
        return "rolled_back"
    if deployment.result is not None:
        return deployment.result
    if deployment.in_doubt and deployment.lease is None:
        return "unknown"
    return "waiting" if deployment.waiting else "deploying"


def state_word(latest: Deployment | None, hold: Hold | None) -> StateWord:
    """Returns the state of an environment in one word of the JSON contract: `never`, `deployed`, `held` and others."""
    if hold is not None:
        return "held"
    if latest is None:
        return "never"
    word = result_word(latest)
    if isinstance(latest.origin, Destruction) and word == "succeeded" and not latest.partial:
        return "destroyed"
    return _STATES[word]


def witness_words(witness: Witness) -> str:
    """Returns where on a forge a person approved or rejected."""
    if witness.kind == "environment":
        return f"review by {witness.login} of run {witness.number}"
    how = {"comment": "comment by", "review": "review by", "box": "box ticked by"}[witness.kind]
    return f"{how} {witness.login} on {witness.number}"


def last_deployment_words(environment: str, latest: Deployment | None) -> str:
    """Returns how the newest deployment of an environment without a pending one ended, and what to do now."""
    if latest is None:
        return f"nothing was deployed to {environment} yet: `terrace deploy {environment}`"
    if latest.result == "succeeded":
        return f"the last deployment there succeeded: `terrace show {environment}`"
    if latest.result == "unknown":
        return f"the outcome of the last deployment there is unknown: `terrace resume {environment}`"
    if latest.result is None:
        return f"deployment {latest.id} there needs no approval now: `terrace show {environment}`"
    ended = {"failed": "failed", "blocked": "was blocked", "superseded": "was replaced by another one"}[latest.result]
    return (
        f"the last deployment there {ended}: `terrace show {environment}` shows why. "
        f"Fix the cause, merge it, and run `terrace deploy {environment}`"
    )
