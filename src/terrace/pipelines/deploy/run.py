"""Where one deployment stands while a process drives it: its checkout, its plans in fresh, what it has seen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from terrace.config.model import Environment
from terrace.ledger.deployment import Deployment, Step, StepRecord
from terrace.ledger.model import History
from terrace.pipelines.context import Context
from terrace.pipelines.planning import site_in
from terrace.plans.model import Plan
from terrace.plans.terraform import MadePlan, Purpose, Site, StateSnapshot
from terrace.stacks.landscape import Landscape


@dataclass(frozen=True, slots=True)
class FreshPlan:
    """A plan that this process made, with the state it was made on. Only it may be applied."""

    made: MadePlan
    plan: Plan
    state: StateSnapshot


class DeploymentRun:
    """The run of one deployment. Its commit is checked out once, at the first step that needs it.

    Steps of several stacks use it at once. `history` is what the ledger said when the process took it up. `objection`
    says why, by what the ledger says now, an apply may not be started any more; "" when it may. `prepared` are the
    attempts whose runs this process prepared and has not started.
    """

    def __init__(
        self,
        context: Context,
        deployment: Deployment,
        history: History,
        stack: ExitStack,
        objection: Callable[[History, StepRecord], str] = lambda history, record: "",
    ) -> None:
        self.context = context
        self.deployment = deployment
        self.history = history
        self.environment: Environment = context.config.environment(deployment.environment)
        self._stack = stack
        self._lock = threading.RLock()
        self._root: Path | None = None
        self._landscape: Landscape | None = None
        self.fresh_plans: dict[str, FreshPlan] = {}
        self.outputs: dict[str, StateSnapshot] = {}
        self.kept_locks: dict[str, bytes] = {}
        self.prepared: set[str] = set()
        self._objection = objection
        self._ended: dict[str, StepRecord] = {}
        self._creations: dict[str, tuple[str, ...]] = {}

    @property
    def attempts(self) -> frozenset[str]:
        """The attempts that only this process can vouch for: its plans in fresh, and the backups that it made."""
        backups = {a for a, one in self._ended.items() if one.step is Step.BACKUP and one.result == "succeeded"}
        return frozenset({*self.fresh_plans, *backups})

    def see(self, deployment: Deployment) -> None:
        """Take what the ledger says of the deployment; how a step of this process ended is taken from memory.

        Another writer of the ledger may have written an end for the same attempt, and that decides nothing here.
        """
        steps = tuple(self._ended.get(record.attempt, record) for record in deployment.steps)
        self.deployment = replace(deployment, steps=steps)

    def end(self, records: Iterable[StepRecord]) -> None:
        """Take how steps of this process ended. It counts at once; it reaches the ledger with the next intent."""
        self._ended.update({record.attempt: record for record in records if not record.open})
        self.see(self.deployment)

    @property
    def root(self) -> Path:
        """The private checkout, with what the deployment adds to it.

        Never asked for while an apply of an earlier process may still run in it.
        """
        with self._lock:
            if self._root is None:
                deployment = self.deployment
                folders = {key: self.landscape.stack(key).path for key in deployment.stacks}
                added = deployment.additions.files(folders, self.landscape.graph.folders)
                checkout = self.context.repository.checkout(deployment.commit, deployment.environment, added)
                self._root = self._stack.enter_context(checkout)
            return self._root

    @property
    def landscape(self) -> Landscape:
        with self._lock:
            if self._landscape is None:
                self._landscape = self.context.survey(self.deployment.commit)
            return self._landscape

    def site(self, key: str, purpose: Purpose) -> Site:
        """Where the stack of that key is worked on, with the credentials for the purpose."""
        stack = self.landscape.stack(key)
        return site_in(self.context, self.landscape, stack, self.root, purpose, self.kept_locks.get(key, b""))

    def objection(self, record: StepRecord) -> str:
        """Reads the ledger once more: why that apply may not be started any more, "" when it may."""
        with self._lock:
            return self._objection(self.context.ledger.read(), record)

    def creations(self, key: str, addresses: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
        """Note what the plan of a stack creates; what the plans of all stacks of the deployment create so far."""
        with self._lock:
            self._creations[key] = addresses
            earlier = {}
            for other in self.deployment.stacks:
                record = self.deployment.last(Step.PLAN, other)
                changes = (record.detail.changes or ()) if record is not None else ()
                earlier[other] = tuple(address for action, address in changes if action == "create")
            return {**earlier, **self._creations}

    def on_leaving(self, clean: Callable[[], None]) -> None:
        """Clean something up when this process is done with the deployment."""
        with self._lock:
            self._stack.callback(clean)

    def fresh_plan(self, key: str) -> FreshPlan | None:
        """The plan in fresh of a stack, if its newest plan step is ours."""
        record = self.deployment.last(Step.PLAN, key)
        return self.fresh_plans.get(record.attempt) if record else None
