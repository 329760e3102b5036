"""The next steps in an environment, as commands, for every surface that evaluated its situation."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from terrace.config.naming import quote_word
from terrace.gates.all import APPROVALS, HEALTH, is_of
from terrace.gates.deployment import HANDED_OVER
from terrace.report.words import result_word

if TYPE_CHECKING:
    from terrace.gates.model import GateResult
    from terrace.ledger.deployment import Deployment
    from terrace.rollout.situation import Situation


def next_steps(situation: Situation) -> tuple[str, ...]:
    """Returns the next steps of a person, in order, as sentences with a command; empty if nothing has to be done."""
    latest = situation.latest
    if latest is None:
        return _first_steps(situation)
    if latest.open:
        return _steps_of_open(situation, latest)
    return _steps_of_ended(situation, latest)


def _first_steps(situation: Situation) -> tuple[str, ...]:
    name = situation.environment
    held = _release(situation)
    if situation.previous:
        return (*held, f"`terrace promote {name}`, after a success in {situation.previous}")
    return (*held, f"`terrace deploy {name}`")


def _steps_of_open(situation: Situation, latest: Deployment) -> tuple[str, ...]:
    name = situation.environment
    resume = f"`terrace resume {name}`"
    if latest.lease is not None:
        return (f"`terrace show {name} --log --follow` shows its progress; {resume} if its process has died",)
    if situation.problem:
        return (f"{resume} evaluates the gates again",)
    gates = situation.open_gates
    if not gates:
        return (resume,)
    # People first: timers pass on their own meanwhile.
    ordered = sorted(gates, key=lambda gate: gate.until is not None)
    steps = [step for gate in ordered if (step := _step_of_gate(situation, gate))]
    if all(gate.until is not None or is_of(gate, HEALTH) for gate in gates):
        return tuple(dict.fromkeys(steps))
    return tuple(dict.fromkeys((*steps, f"{resume}, once every gate passes")))


def _step_of_gate(situation: Situation, gate: GateResult) -> str:
    """Returns what makes a gate pass; "" where resuming does."""
    name = situation.environment
    if gate.until is not None:
        return f"`terrace tick` after {moment(gate.until)}, or `terrace resume {name} --wait`"
    if gate.reason == HANDED_OVER:
        return f"`terrace resume {name}`, where applies are allowed"
    if is_of(gate, APPROVALS) and situation.handle and "terrace approve" in gate.satisfy:
        return gate.satisfy.replace(f"`terrace approve {name}", f"`terrace approve {name} {situation.handle}")
    return gate.satisfy


def _steps_of_ended(situation: Situation, latest: Deployment) -> tuple[str, ...]:
    name, word = situation.environment, result_word(latest)
    if word == "unknown":
        return (f"`terrace resume {name}` inspects the leftovers and recovers",)
    held = _release(situation)
    if situation.restored_at is not None and situation.restore_checked_at is None:
        # A new check decides, not the result of a deployment from before.
        held = (f"`terrace drift {name}` checks the restored state", *held)
    if word == "failed":
        return (*held, *_after_failure(situation, latest))
    if word in ("blocked", "superseded"):
        return (*held, f"once that is resolved: {_start(situation)}")
    undone = tuple(
        f"{target} rolled this release back: merge a fix, then {_deploy(situation)}" for target in situation.undone_in
    )
    return (*held, *(f"`terrace promote {target}`" for target in situation.targets), *undone)


def _after_failure(situation: Situation, latest: Deployment) -> tuple[str, ...]:
    name = situation.environment
    stacks = dict.fromkeys(r.stack for r in latest.steps if r.result == "failed" and r.stack)
    log = tuple(f"`terrace show {name} --log {quote_word(stack)}` shows what Terraform printed" for stack in stacks)
    again = f"fix the cause and merge it, then {_deploy(situation)}"
    back = (f"or preview the rollback: `terrace rollback {name} --plan-only`",)
    return (*log[:3], again, *(back if latest.touched and situation.released is not None else ()))


def _start(situation: Situation) -> str:
    """Returns how to start the deployment of the same commit again."""
    name = situation.environment
    return f"`terrace promote {name}`" if situation.previous else f"`terrace deploy {name}`"


def _deploy(situation: Situation) -> str:
    """Returns how to deploy a newer commit."""
    name = situation.environment
    if situation.previous:
        return f"`terrace deploy {situation.previous}` and `terrace promote {name}`"
    return f"`terrace deploy {name}`"


def _release(situation: Situation) -> tuple[str, ...]:
    if situation.hold is None:
        return ()
    if situation.revert:
        return (f"merge {situation.revert}, then `terrace tick` releases the hold",)
    return (f"`terrace unhold {situation.environment} --reason WHY`, once the reason is gone",)


def moment(at: datetime) -> str:
    """Returns a time in UTC, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
