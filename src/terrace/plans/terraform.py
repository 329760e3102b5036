"""What the corridor needs of Terraform or OpenTofu. `terrace.adapters.terraform` is the real one.

Nothing here names a flag or a file name of Terraform: those are the adapter's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Protocol

from terrace.config.before_plan import BeforePlan
from terrace.config.model import DEFAULT_WORKSPACE
from terrace.errors import Diagnostic, StateLock
from terrace.hcl.tree import Tree
from terrace.plans.before_plan_outputs import Prepared
from terrace.plans.differences import Computed
from terrace.plans.schemas import Unsettable
from terrace.plans.sources import UNREADABLE, Sources
from terrace.stacks.backends import Address
from terrace.stacks.model import Stack


@dataclass(frozen=True, slots=True)
class Recorded:
    """An object of a state: its id in the cloud, "" where it has none, and whether the next plan replaces it."""

    id: str
    tainted: bool = False


@dataclass(frozen=True, slots=True)
class RecordedBackend:
    """The backend that `terraform init` of a user configured in a stack's folder, and the workspace that was selected
    there. Its settings may be secrets."""

    type: str
    config: Mapping[str, Any] = field(repr=False)
    workspace: str = DEFAULT_WORKSPACE


Purpose = Literal["plan", "apply"]
"""Which credentials of the environment the child gets."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where one stack is worked on: its tree is checked out at `root` (never the user's checkout).

    `backend` is the type of its backend block, "" without one: a stack without a remote backend keeps its state in
    a durable place of Terrace's own. `addresses` are where its state is, as it was judged: one, or one for each product
    where the two read different files. `variables` is what the child's environment holds beyond the allow-list: the
    environment's credentials for the purpose at hand, resolved. They are secrets: never printed, never stored.
    `lock_file` is a dependency lock file to use in the place of the committed one; empty: the committed one.
    `scratch` is a private folder that its state lies in instead, for trying something out: `Terraform.scratch`.
    `kept` are the local states of other stacks that the configuration may read: the path in the repository where a
    plain Terraform would keep each, with the path below the folder in which Terrace keeps local states.
    `commands` of the trust root run before a plan is made; they see files of `tree`, the commit that is checked out.
    """

    stack: Stack
    root: Path
    init_key: str
    backend: str = ""
    addresses: tuple[Address, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    lock_file: bytes = field(default=b"", repr=False)
    scratch: Path | None = None
    kept: Mapping[str, str] = field(default_factory=dict)
    commands: tuple[BeforePlan, ...] = ()
    tree: Tree | None = field(default=None, repr=False, compare=False)

    @property
    def folder(self) -> Path:
        return self.root / self.stack.path


class Goal(Enum):
    """What a plan is to lead to: what the configuration says, or nothing at all."""

    CONVERGED = "converged"
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True)
class Progress:
    """One thing that Terraform said while it worked. `phase`: refresh, plan, start, progress, done, failed.

    `aside` is our own word: with `text` it says why the stack is planned anew the plain way.
    """

    stack: str
    phase: str
    address: str = ""
    action: str = ""
    seconds: float = 0.0
    text: str = ""


Listener = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class MadePlan:
    """A plan as Terraform made it. `document` is `show -json`: it holds secrets in clear, keep it in memory.

    `file` is the saved plan (secrets too; its folder is private), `sha256` its hash: apply takes exactly it.
    `lock` is the dependency lock file that it was made with. `discard` removes the saved plan; call it when done.
    `computed` is what the plan's objects have that no configuration can set, as far as Terrace asked the providers.
    `unsettable` is what only the providers set, as far as that is known without asking them; no digest depends on it.
    `way` says whether it was made through the fast lane, where Terraform sees only a part of its providers' schemas.
    `sources` are the files of the configuration that was planned.
    `prepared` is what the commands before the plan wrote: the plan may read it.
    """

    document: bytes = field(repr=False)
    file: Path
    sha256: str
    lock: bytes = field(repr=False)
    discard: Callable[[], None] = field(repr=False)
    diagnostics: tuple[Diagnostic, ...] = ()
    computed: Computed = field(default_factory=dict, repr=False)
    unsettable: Unsettable = field(default_factory=dict, repr=False)
    way: Literal["plain", "fast"] = "plain"
    sources: Sources = field(default=UNREADABLE, repr=False)
    prepared: tuple[Prepared, ...] = ()


@dataclass(frozen=True, slots=True)
class StateSnapshot:
    """The state as the backend gave it: secrets in clear, keep it in memory. Empty `content`: there is none yet."""

    content: bytes = field(repr=False)
    lineage: str = ""
    serial: int = -1
    terraform_version: str = ""
    outputs: Mapping[str, Output] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Output:
    """One output of a state; `value` is JSON data."""

    value: object
    sensitive: bool


class Terraform(Protocol):
    """Plans, reads state and formats. Every method may raise TerraformFailed or NotReady."""

    @property
    def version(self) -> str:
        """The version in use, "1.11.4"."""
        ...

    @property
    def product(self) -> str:
        """ "terraform" or "tofu"."""
        ...

    def plan(
        self, site: Site, *, goal: Goal = Goal.CONVERGED, lock: bool = True, listener: Listener | None = None
    ) -> MadePlan:
        """Initialise where needed, plan towards the goal, and show. The saved plan is the caller's to discard.

        Without `lock` nobody else is disturbed: for plans that are only looked at. With it a state that somebody
        else has locked raises StateLocked.

        In a workspace that does not exist a plan to look at is made on an empty state elsewhere, and says so; with
        `lock` it raises BadInput. Only `create_workspace` and `push_state` make the workspace.
        """
        ...

    def create_workspace(self, site: Site) -> None:
        """Make the workspace of the stack with an empty state, where its backend has none of that name."""
        ...

    def pull_state(self, site: Site) -> StateSnapshot:
        """The current state of the stack, initialising where needed; an empty one where it has no workspace yet."""
        ...

    def pull_from(self, stack: Stack, backend: RecordedBackend, variables: Mapping[str, str]) -> StateSnapshot:
        """The state that another backend than the stack's own holds for it; `variables` are for Terraform."""
        ...

    def push_state(self, site: Site, content: bytes) -> None:
        """Put a state in the place of the current one, under the backend's lock.

        Another lineage, or a serial that is not ahead, is refused: TerraformFailed, and nothing was written. The
        backend may count one serial further than the content says.
        """
        ...

    def forget(self, site: Site, address: str) -> None:
        """Take an object out of the state and leave it alone otherwise: for one that is gone."""
        ...

    def lock_of(self, site: Site) -> StateLock | None:
        """Who holds the lock of the state at this moment; None when nobody does."""
        ...

    def unlock(self, site: Site, lock: StateLock) -> None:
        """Take that lock away. For whoever has proven that its holder is dead and was ours; another one stays."""
        ...

    def scratch(self, site: Site) -> AbstractContextManager[Site]:
        """The same site with an empty state of its own, which is gone afterwards; its real state is out of reach."""
        ...

    def unformatted(self, root: Path, paths: tuple[str, ...]) -> Mapping[str, str]:
        """Of these files the ones that `fmt` would change: path -> unified diff. Nothing is written."""
        ...


class Fate(Enum):
    """What became of an attempt to apply, as this machine can prove it. UNKNOWN proves nothing, not even its death."""

    NOT_STARTED = "not started"
    RUNNING = "running"
    ENDED = "ended"
    DIED = "died"
    UNKNOWN = "unknown"


class Evidence(Enum):
    """What proves that an apply did nothing, or failed. Without one of these an apply that did not succeed is unknown.

    docs/survival.md lists what each demands, and a test compares the list with the code.
    """

    NO_WORD = "the runner starts Terraform only on a word of the process that drives, which never gave it"
    PERMIT_WITHDRAWN = "the permit to start was in the memory of this boot, and was withdrawn before a runner took it"
    RUNNER_DECLINED = "the runner recorded that it ended without starting Terraform"
    TERRAFORM_FAILED = "Terraform ended by itself with an error, and its log is whole"


@dataclass(frozen=True, slots=True)
class Preparation:
    """What the intent in the ledger says of the run that was prepared for it: it tells the original from a copy.

    `nonce` is in every file of the run. `host`, `machine` and `boot` name where it was prepared; `permit` and `lock`
    are the identities of its permit to start (a file in memory; "" where there is no such place) and of its lock.
    Without a `nonce` (an older Terrace wrote the intent) nothing about the attempt can be proven.
    """

    nonce: str = ""
    host: str = ""
    machine: str = ""
    boot: str = ""
    permit: str = ""
    lock: str = ""

    def payload(self) -> dict[str, str]:
        """Returns it as JSON data for the ledger."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @staticmethod
    def of(told: object) -> Preparation:
        """Reads it from the ledger. Anything that is not what `payload` writes proves nothing."""
        if not isinstance(told, Mapping):
            return Preparation()
        found = {field.name: told.get(field.name, "") for field in fields(Preparation)}
        if not all(isinstance(value, str) for value in found.values()):
            return Preparation()
        return Preparation(**found)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to apply one saved plan, as its intent in the ledger names it."""

    id: str
    ledger: str
    deployment: str
    stack: str
    sha256: str
    prepared: Preparation = Preparation()


@dataclass(frozen=True, slots=True)
class NotStarted:
    """An attempt that was not started, and never will be, because of `reason`."""

    reason: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How an apply ended. `code` is Terraform's exit code; `summary` is in a sentence what it did or why it failed.

    `unsaved_state` is where Terraform left a state that it could not write to the backend. `evidence` proves that it
    failed or did nothing; with another code than 0 and no evidence nobody knows all that it did, and `doubt` says why.
    """

    code: int
    summary: str
    diagnostics: tuple[Diagnostic, ...] = ()
    unsaved_state: Path | None = None
    doubt: str = ""
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Autopsy:
    """What an attempt left behind, as its own log tells: objects that were made (address, id), those whose making had
    begun and not ended, and the addresses whose object was destroyed. `unsaved` is a state that could not be written:
    secrets in clear, keep it in memory.

    What the log says is true; only a `whole` log says everything. `who` is how Terraform called itself in locks
    (`user@host`), `began` when it was started.
    """

    created: tuple[tuple[str, str], ...] = ()
    in_flight: tuple[str, ...] = ()
    destroyed: tuple[str, ...] = ()
    unsaved: bytes = field(default=b"", repr=False)
    who: str = ""
    began: datetime | None = None
    whole: bool = False


class Applier(Protocol):
    """Applies saved plans in a process that outlives ours. An attempt is started at most once, ever."""

    def prepare(self, attempt: Attempt, site: Site, made: MadePlan) -> Preparation:
        """Makes everything ready but the start, before the intent is written. Where it raises, nothing is left."""
        ...

    def discard(self, attempt: str) -> None:
        """Takes away what was prepared here for an attempt whose intent was not written."""
        ...

    def release(self, attempt: str) -> None:
        """Lets go of what was prepared here and is not started, where its intent may be in the ledger."""
        ...

    def start(self, attempt: Attempt, objection: Callable[[], str]) -> NotStarted | None:
        """Starts what this process prepared, and returns at once.

        `objection` is asked right before; it says why the start is not allowed any more, "" when it is. Whatever it
        raises is a reason as well.
        """
        ...

    def withdraw(self, attempt: Attempt) -> bool:
        """Makes sure that an attempt never starts. True only if it is proven that it never did."""
        ...

    def look(self, attempt: Attempt) -> Fate:
        """What became of an attempt, as far as this machine can prove it. Nothing is changed."""
        ...

    def autopsy(self, attempt: Attempt) -> Autopsy | None:
        """What an attempt left behind here; None when nothing here belongs to it. It must not be running any more."""
        ...

    def wait(self, attempt: Attempt, listener: Listener | None = None) -> RunOutcome | None:
        """Waits for the end; None when there is no record of one, so that nobody knows what it did.

        ^C is passed on to Terraform once, and its end is waited for.
        """
        ...
