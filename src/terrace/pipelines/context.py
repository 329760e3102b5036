"""The context of the pipelines: the rules of the trust root, and the adapters that do I/O, each behind a Protocol.

`apps/wiring` creates a `Context` for a command. Pipelines import no adapters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

from terrace.drift.change_logs import ChangeLogs, NoChangeLogs
from terrace.errors import Interrupted, TerraceError
from terrace.ledger.dates import Reference, no_reference
from terrace.plans.kept_plans import KeptPlans, NoKeptPlans
from terrace.rollout.ports import Leases, NoStepLogs, Probes, StepLogs, Watcher
from terrace.states.checkout_states import LeftStates, NoLeftStates

if TYPE_CHECKING:
    from terrace.assess.model import Finding
    from terrace.config.model import Config, Environment
    from terrace.gates.model import Identity, Witness
    from terrace.ledger.approvals import SignedApproval
    from terrace.ledger.declared import Declared
    from terrace.ledger.dismissals import Counts
    from terrace.ledger.model import Ledger
    from terrace.plans.digest import DigestKey
    from terrace.plans.model import Plan
    from terrace.plans.ports import Applier, Purpose, Terraform
    from terrace.stacks.inventory import Inventory
    from terrace.stacks.repository import Repository
    from terrace.states.backups import StateBackups

Reach = Literal["plan", "apply"]
"""How far a run goes: to the plans, which a run that is allowed to apply continues; or through the apply."""


class ReadInventory(Protocol):
    """Reads the stacks of a commit."""

    def __call__(self, commit: str, /) -> Inventory:
        """Returns the stacks that a commit defines. Raises TerraceError where it cannot be read."""


class ResolveVariables(Protocol):
    """Resolves the credentials of an environment."""

    def __call__(self, environment: Environment, purpose: Purpose, /) -> Mapping[str, str]:
        """Returns the environment variables for this purpose. They are secrets."""


class EvaluatePlan(Protocol):
    """Evaluates a plan by the required checks of the trust root."""

    def __call__(self, plan: Plan, /) -> tuple[Finding, ...]:
        """Returns the findings, waivers applied. A check that cannot be run is an unknown finding, never an error."""


class ExplainUnreviewed(Protocol):
    """Checks whether a commit of the protected branch was reviewed."""

    def __call__(self, commit: str, deployed: str, /) -> str | None:
        """Returns why no change with this commit was approved by another person as it is in the commit `deployed`.

        None where one was. Raises NotReady where the forge cannot be asked.
        """


class FindOpeners(Protocol):
    """Finds who opened the changes that brought a commit to the protected branch."""

    def __call__(self, commit: str, /) -> tuple[str, ...]:
        """Returns the accounts; none where no forge is connected. Raises NotReady where the forge cannot be asked."""


class IdentifyAuthor(Protocol):
    """Identifies the author of a decision or a declaration in the ledger."""

    def __call__(self, record: SignedApproval | Declared, /) -> Identity:
        """Returns the identity that can be proven now."""


class ProveAuthor(Protocol):
    """Proves that the actor of a command is the author of a statement."""

    def __call__(self, statement: bytes, /) -> str | Witness | None:
        """Returns a signature, or the place on the forge where the actor wrote it; None where there is neither."""


class ExplainUnprovenRun(Protocol):
    """Checks whether a CI run proves who opened a deployment."""

    def __call__(self, run: str, requester: str, opened_at: datetime, /) -> str:
        """Returns why the run does not prove that the requester opened a deployment then; "" where it does."""


class Clock(Protocol):
    """The clock of this machine."""

    def __call__(self) -> datetime:
        """Returns the current time, in UTC."""


class CreateId(Protocol):
    """Creates the ids of deployments, attempts and restores."""

    def __call__(self) -> str:
        """Returns an id that was never returned before."""


def no_forge(run: str, requester: str, opened_at: datetime) -> str:
    """Returns why no run proves anything where no forge is connected."""
    return "no forge is connected that could confirm it"


def prove_nothing(statement: bytes) -> None:
    """Returns no proof: for an actor without a key who wrote the statement nowhere else."""


def readable(survey: ReadInventory, commit: str) -> Inventory | None:
    """Returns the stacks of a commit; None where this clone lacks the commit, or its configuration is invalid."""
    try:
        return survey(commit)
    except Interrupted:
        raise
    except TerraceError:
        return None


@dataclass(frozen=True, slots=True)
class Context:
    """The rules and adapters of one command, and who gave it.

    `config` and `policy` (the version of the rules) come from the trust root, never from the candidate. `actor` gave
    the command; `vouch` proves that. `signers` is whether the trust root lists keys: then a declaration without proof
    is ignored. `run` identifies this CI run; "" outside of one. `parallel` is the number of Terraform processes that
    run concurrently. `dismissed` returns whether the trust root accepts a dismissal of an invalid event. `reference`
    reads a clock that no user of this machine can set; None where there is none. `left` finds the states that
    Terraform wrote into the user's checkout. `kept_plans` keeps the plans that approvers see. `logs` reads the change
    logs of the clouds. `step_logs` keeps what Terraform prints during the steps of deployments.
    """

    actor: str
    config: Config
    policy: str
    repository: Repository
    ledger: Ledger
    terraform: Terraform
    applier: Applier
    backups: StateBackups
    probes: Probes
    leases: Leases
    watcher: Watcher
    survey: ReadInventory
    variables: ResolveVariables
    proof: IdentifyAuthor
    judge: EvaluatePlan
    unreviewed: ExplainUnreviewed
    openers: FindOpeners
    digest_key: DigestKey
    clock: Clock
    new_id: CreateId
    parallel: int
    reach: Reach = "apply"
    dismissed: Counts = lambda dismissal: False
    vouch: ProveAuthor = prove_nothing
    signers: bool = False
    run: str = ""
    reference: Callable[[], Reference | None] = no_reference
    unproven_run: ExplainUnprovenRun = no_forge
    left: LeftStates = field(default_factory=NoLeftStates)
    kept_plans: KeptPlans = field(default_factory=NoKeptPlans)
    logs: ChangeLogs = field(default_factory=NoChangeLogs)
    step_logs: StepLogs = field(default_factory=NoStepLogs)
