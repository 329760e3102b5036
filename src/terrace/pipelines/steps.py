"""How each step of a deployment is performed. One function a step; each returns how it ended and records nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from terrace.errors import TerraceError, TerraformFailed
from terrace.pipelines.crew import Crew
from terrace.plans.compare import differing
from terrace.plans.model import Action, Plan
from terrace.plans.read import read_plan
from terrace.plans.terraform import Fate, MadePlan, Purpose, Site, StateSnapshot
from terrace.rollout.model import Deployment, Step, StepRecord, StepResult
from terrace.rollout.next_step import is_ahead
from terrace.stacks.config import Environment
from terrace.stacks.landscape import Landscape
from terrace.stacks.model import Stack

SHOWN = 500
"""How many changes of a plan its record names, for those who are asked about it; the digest covers all."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a step ended: what its record will say."""

    result: StepResult
    message: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InHand:
    """A plan that this process made, with the state it was made on. Only it may be applied."""

    made: MadePlan
    plan: Plan
    state: StateSnapshot


class Ground:
    """Where one deployment stands: its commit checked out once, at the first step that needs it.

    Steps of several stacks use it at once.
    """

    def __init__(self, crew: Crew, deployment: Deployment, stack: ExitStack) -> None:
        self.crew = crew
        self.deployment = deployment
        self.environment: Environment = crew.config.environment(deployment.environment)
        self._stack = stack
        self._lock = threading.RLock()
        self._root: Path | None = None
        self._landscape: Landscape | None = None
        self.in_hand: dict[str, InHand] = {}
        self.outputs: dict[str, StateSnapshot] = {}

    @property
    def root(self) -> Path:
        """The private checkout. Never asked for while an apply of an earlier process may still run in it."""
        with self._lock:
            if self._root is None:
                name = self.deployment.environment
                self._root = self._stack.enter_context(self.crew.repository.checkout(self.deployment.commit, name))
            return self._root

    @property
    def landscape(self) -> Landscape:
        with self._lock:
            if self._landscape is None:
                self._landscape = self.crew.survey(self.deployment.commit)
            return self._landscape

    def site(self, key: str, purpose: Purpose) -> Site:
        """Where the stack of that key is worked on, with the credentials for the purpose."""
        return site_in(self.crew, self.landscape, self.landscape.stack(key), self.root, purpose)

    def on_leaving(self, clean: Callable[[], None]) -> None:
        """Clean something up when this process is done with the deployment."""
        with self._lock:
            self._stack.callback(clean)

    def hand_for(self, key: str) -> InHand | None:
        """The plan in hand of a stack, if its newest plan step is ours."""
        record = self.deployment.last(Step.PLAN, key)
        return self.in_hand.get(record.attempt) if record else None


def site_in(crew: Crew, landscape: Landscape, stack: Stack, root: Path, purpose: Purpose) -> Site:
    """Where a stack of a checkout is worked on, with its environment's credentials for the purpose."""
    return Site(
        stack=stack,
        root=root,
        init_key=landscape.graph.init_key(stack),
        backend=landscape.graph.backend(stack),
        variables=crew.variables(crew.config.environment(stack.environment), purpose),
    )


def plan(ground: Ground, key: str, attempt: str) -> Ended:
    """Plan a stack and read the state it was planned on.

    A plan that comes out differently on the same state each time it is made can never be the one that was approved:
    it is volatile, and fails here with the names of what differs.
    """
    try:
        hand = _made(ground, key)
    except TerraformFailed as error:
        if not is_ahead(ground.deployment, key):
            raise
        return Ended("succeeded", f"planned when its turn comes: {error.message}", {"later": True})
    if hand.plan.errored or not hand.plan.complete:
        return Ended("failed", "Terraform could not plan everything: an incomplete plan is never applied", _facts(hand))
    if _differs_from_before(ground.deployment, key, hand):
        again = _made(ground, key)
        if again.plan.digest != hand.plan.digest and again.state.serial == hand.state.serial:
            names = ", ".join(differing(hand.plan, again.plan)[:5])
            return Ended("failed", f"volatile: each time it is planned, this differs: {names}", _facts(again))
        hand = again
    ground.in_hand[attempt] = hand
    return Ended("succeeded", _summary(hand.plan), _facts(hand))


def _made(ground: Ground, key: str) -> InHand:
    crew = ground.crew
    site = ground.site(key, "plan")
    made = crew.terraform.plan(site, listener=crew.watcher.progress)
    ground.on_leaving(made.discard)
    # After the plan, not before: should the state move in between, applying this plan is refused as stale.
    state = crew.terraform.pull_state(site)
    record = read_plan(
        made.document,
        stack=site.stack,
        commit=ground.deployment.commit,
        key=crew.digest_key,
        root=str(site.root),
        lock=made.lock,
    )
    return InHand(made, record, state)


def _differs_from_before(deployment: Deployment, key: str, hand: InHand) -> bool:
    """Whether the last plan of this stack was made on the very same state and is another one."""
    ended = [r for r in deployment.steps if r.step is Step.PLAN and r.stack == key and "digest" in r.detail]
    if not ended:
        return False
    last = ended[-1].detail
    same_state = (last["lineage"], last["serial"]) == (hand.state.lineage, hand.state.serial)
    return same_state and last["digest"] != hand.plan.digest.value


def _facts(hand: InHand) -> dict[str, Any]:
    return {**_counts(hand.plan), **_bearings(hand.state), "sha256": hand.made.sha256}


def backup(ground: Ground, key: str) -> Ended:
    """Save the state that the plan in hand was made on, before anything changes."""
    hand = ground.hand_for(key)
    assert hand is not None, "a backup is asked for only with a plan in hand"
    if not hand.state.content:
        return Ended("succeeded", "there is no state yet")
    return _save(ground, key, hand.state, "before")


def apply(ground: Ground, record: StepRecord) -> Ended:
    """Apply exactly the plan in hand through a runner that outlives us, or attach to the one that was started.

    An attempt that may have begun is never begun again: without a recorded end it is unknown.
    """
    applier = ground.crew.applier
    hand = ground.hand_for(record.stack)
    if record.detail.get("place") != applier.place:
        return Ended("unknown", "it was begun on another machine, which alone can tell what became of it")
    if applier.look(record.attempt) is Fate.NOT_STARTED:
        if hand is None or hand.made.sha256 != record.detail["sha256"]:
            return Ended("failed", "interrupted before it was started: nothing was applied")
        applier.start(record.attempt, ground.site(record.stack, "apply"), hand.made)
    outcome = applier.wait(record.attempt, ground.crew.watcher.progress)
    if outcome is None:
        return Ended(
            "unknown", "the apply died without a recorded end: what it did is not known, and it is never run again"
        )
    if outcome.unsaved_state is not None:
        return Ended(
            "unknown",
            f"the state could not be written to the backend; Terraform left it at {outcome.unsaved_state}: "
            "push it with `terraform state push` before anything else",
        )
    return Ended("succeeded" if outcome.code == 0 else "failed", outcome.summary)


def snapshot(ground: Ground, key: str) -> Ended:
    """Save the state as the apply left it, and keep its outputs."""
    state = ground.crew.terraform.pull_state(ground.site(key, "plan"))
    ground.outputs[key] = state
    if not state.content:
        return Ended("failed", "after the apply the backend holds no state")
    ended = _save(ground, key, state, "after")
    outputs = {name: "(sensitive)" if o.sensitive else _plain(o.value) for name, o in state.outputs.items()}
    return Ended(ended.result, ended.message, {**ended.detail, "outputs": outputs})


def smoke(ground: Ground) -> Ended:
    """Run the environment's smoke tests against what is live now."""
    probes = ground.environment.smoke
    if not probes:
        return Ended("succeeded", "no smoke tests are configured")
    variables = dict(ground.crew.variables(ground.environment, "plan"))
    for key in ground.deployment.stacks:
        state = ground.outputs.get(key) or ground.crew.terraform.pull_state(ground.site(key, "plan"))
        for name, output in state.outputs.items():
            text = output.value if isinstance(output.value, str) else str(_plain(output.value))
            variables[f"TERRACE_OUTPUT_{name.upper()}"] = text
    results = [ground.crew.probes.run(p, folder=ground.root, variables=variables) for p in probes]
    failed = [r for r in results if not r.passed]
    detail = {"probes": [{"name": r.name, "passed": r.passed, "message": r.message} for r in results]}
    if failed:
        return Ended("failed", "; ".join(f"{r.name}: {r.message}" for r in failed), detail)
    return Ended("succeeded", f"{len(results)} passed", detail)


def tag(ground: Ground) -> Ended:
    """Mark the commit as deployed, for everybody who reads Git."""
    deployment = ground.deployment
    day = ground.crew.clock().strftime("%Y%m%dT%H%M%SZ")
    name = f"deployed/{deployment.environment}/{day}-{deployment.commit[:7]}"
    message = f"Deployed to {deployment.environment} by {deployment.requester} (deployment {deployment.id})"
    ground.crew.repository.tag(name, deployment.commit, message)
    return Ended("succeeded", name, {"tag": name})


def failure(error: TerraceError) -> Ended:
    """A step that broke, as its record will say it."""
    return Ended("failed", f"{error}" + (f" (hint: {error.hint})" if error.hint else ""))


def _save(ground: Ground, key: str, state: StateSnapshot, moment: str) -> Ended:
    record = ground.crew.backups.save(
        ground.deployment.environment,
        key,
        state,
        commit=ground.deployment.commit,
        deployment=ground.deployment.id,
        moment="before" if moment == "before" else "after",
    )
    detail = {
        **_bearings(state),
        "backup": record.name,
        "state_sha256": record.sha256,
        "key_id": record.key_id,
    }
    return Ended("succeeded", f"serial {state.serial}", detail)


def _bearings(state: StateSnapshot) -> dict[str, Any]:
    return {"lineage": state.lineage, "serial": state.serial}


def _counts(plan: Plan) -> dict[str, Any]:
    return {
        "digest": plan.digest.value,
        "digest_key": plan.digest.key_id,
        "empty": plan.is_empty,
        "create": plan.count(Action.CREATE),
        "update": plan.count(Action.UPDATE),
        "replace": plan.count(Action.REPLACE),
        "delete": plan.count(Action.DELETE),
        "drift": [change.address for change in plan.drift],
        "changes": [[change.action.value, change.address] for change in plan.effective[:SHOWN]],
    }


def _summary(plan: Plan) -> str:
    if plan.is_empty:
        return "nothing to do"
    words = [
        (plan.count(Action.CREATE), "to create"),
        (plan.count(Action.UPDATE), "to update"),
        (plan.count(Action.REPLACE), "to replace"),
        (plan.count(Action.DELETE), "to delete"),
    ]
    return ", ".join(f"{n} {what}" for n, what in words if n) or "outputs change"


def _plain(value: object) -> object:
    """Ledger payloads hold no floats: a number with a fraction is kept as its text."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else repr(value)
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    return value
