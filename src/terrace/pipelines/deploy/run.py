"""The run of one deployment in this process: its checkout, its fresh plans, and the results of its steps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from terrace.checks.secrets.masking import SecretMask, without_secrets
from terrace.checks.secrets.names import says_secret
from terrace.config.model import Environment
from terrace.ledger.deployment import Deployment, Step, StepRecord
from terrace.ledger.model import History
from terrace.pipelines.context import Context
from terrace.pipelines.planning import site_in
from terrace.plans.model import Plan
from terrace.plans.ports import MadePlan, Purpose, Site, StateSnapshot
from terrace.stacks.inventory import Inventory


@dataclass(frozen=True, slots=True)
class FreshPlan:
    """A plan that this process made, with the state that it was made on. Only such a plan can be applied."""

    made: MadePlan
    plan: Plan
    state: StateSnapshot


class DeploymentRun:
    """The run of one deployment. Its commit is checked out once, for the first step that needs it.

    Steps of several stacks use it concurrently. `history` is the ledger when the process started the run. `objection`
    returns why, according to the ledger now, an apply must not start any more; "" where it may. `prepared` are the
    attempts that this process prepared and has not started.
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
        self._inventory: Inventory | None = None
        self.fresh_plans: dict[str, FreshPlan] = {}
        self.outputs: dict[str, StateSnapshot] = {}
        self.kept_locks: dict[str, bytes] = {}
        self.prepared: set[str] = set()
        self._known_variables: dict[str, Mapping[str, str]] = {}
        self._objection = objection
        self._ended: dict[str, StepRecord] = {}
        self._creations: dict[str, tuple[str, ...]] = {}

    @property
    def attempts(self) -> frozenset[str]:
        """The attempts that only this process can confirm: its fresh plans, and the backups that it made."""
        backups = {
            a for a, record in self._ended.items() if record.step is Step.BACKUP and record.result == "succeeded"
        }
        return frozenset({*self.fresh_plans, *backups})

    def see(self, deployment: Deployment) -> None:
        """Takes the deployment as the ledger has it; results of this process's own steps come from memory.

        Another writer may have recorded a result for the same attempt. It has no effect here.
        """
        steps = tuple(self._ended.get(record.attempt, record) for record in deployment.steps)
        self.deployment = replace(deployment, steps=steps)

    def end(self, records: Iterable[StepRecord]) -> None:
        """Takes the results of this process's steps. They apply immediately, and are recorded with the next intent."""
        self._ended.update({record.attempt: record for record in records if not record.open})
        self.see(self.deployment)

    @property
    def root(self) -> Path:
        """The private checkout, with the files that the deployment adds.

        Never used while an apply of an earlier process may still run in it.
        """
        with self._lock:
            if self._root is None:
                deployment = self.deployment
                folders = {key: self.inventory.stack(key).path for key in deployment.stacks}
                added = deployment.additions.files(folders, self.inventory.graph.folders)
                checkout = self.context.repository.checkout(deployment.commit, deployment.environment, added)
                self._root = self._stack.enter_context(checkout)
            return self._root

    @property
    def inventory(self) -> Inventory:
        with self._lock:
            if self._inventory is None:
                self._inventory = self.context.survey(self.deployment.commit)
            return self._inventory

    def site(self, key: str, purpose: Purpose) -> Site:
        """Returns the place where Terraform works on a stack, with the credentials for the purpose."""
        stack = self.inventory.stack(key)
        site = site_in(self.context, self.inventory, stack, self.root, purpose, self.kept_locks.get(key, b""))
        with self._lock:
            self._known_variables[key] = {**self._known_variables.get(key, {}), **site.variables}
        return site

    def mask(self, key: str) -> SecretMask:
        """Returns a mask for the secrets of a stack that this process knows: credentials, and those in its plans."""
        with self._lock:
            variables = {} if not key else self._known_variables.get(key, {})
            plans = [fresh.plan for fresh in self.fresh_plans.values() if fresh.plan.stack.key == key]
        hidden = [value for name, value in variables.items() if says_secret(name)]
        return SecretMask((*hidden, *(secret for plan in plans for secret in plan.secrets)))

    def hide(self, key: str, text: str) -> str:
        """Returns what Terraform printed for a stack, without secrets."""
        return self.mask(key).hide(without_secrets(text, bare=True))

    def objection(self, record: StepRecord) -> str:
        """Reads the ledger again and returns why an apply must not start any more; "" where it may."""
        with self._lock:
            return self._objection(self.context.ledger.read(), record)

    def creations(self, key: str, addresses: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
        """Keeps the addresses that the plan of a stack creates; returns those of all stacks so far."""
        with self._lock:
            self._creations[key] = addresses
            earlier = {}
            for other in self.deployment.stacks:
                record = self.deployment.last(Step.PLAN, other)
                changes = (record.detail.changes or ()) if record is not None else ()
                earlier[other] = tuple(address for action, address in changes if action == "create")
            return {**earlier, **self._creations}

    def on_leaving(self, clean: Callable[[], None]) -> None:
        """Registers a cleanup for the end of this run."""
        with self._lock:
            self._stack.callback(clean)

    def fresh_plan(self, key: str) -> FreshPlan | None:
        """Returns the fresh plan of a stack, if this process made its newest plan."""
        record = self.deployment.last(Step.PLAN, key)
        return self.fresh_plans.get(record.attempt) if record else None
