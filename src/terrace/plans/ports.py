"""The interface of Terraform or OpenTofu that the pipelines need. `terrace.adapters.terraform` implements it.

Nothing here names a flag or a file name of Terraform: those are the adapter's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from terrace.config.model import DEFAULT_WORKSPACE
from terrace.plans.apply_progress import NO_CHANGES, LoggedChanges
from terrace.plans.sources import UNREADABLE, Sources

if TYPE_CHECKING:
    from terrace.config.before_plan import BeforePlan
    from terrace.errors import Diagnostic, StateLock
    from terrace.hcl.tree import Tree
    from terrace.plans.before_plan_outputs import Prepared
    from terrace.plans.differences import Computed
    from terrace.plans.schemas import Unsettable
    from terrace.stacks.backends import BackendLocation
    from terrace.stacks.model import Stack


@dataclass(frozen=True, slots=True)
class Recorded:
    """A resource in a state: its id in the cloud, "" without one, and whether the next plan replaces it."""

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
"""The purpose that decides which credentials of the environment the child process gets."""


@dataclass(frozen=True, slots=True)
class Site:
    """The checkout in which Terraform runs for one stack: its tree is at `root` (never the user's checkout).

    `backend` is the type of its backend block, "" without one: a stack without a remote backend keeps its state in a
    durable place of Terrace. `addresses` are the checked addresses of its state: one, or one for each product if the
    two read different files. `variables` are the variables of the child process beyond the allow-list: the
    environment's credentials for the purpose, resolved. They are secrets: never printed, never stored. `lock_file` is a
    dependency lock file to use instead of the committed one; empty: the committed one. `scratch` is a private folder
    that has its state instead, for trial plans: `Terraform.scratch`. `kept` are the local states of other stacks that
    the configuration may read: the path in the repository where a plain Terraform would keep each, with the path below
    the folder in which Terrace keeps local states. `commands` of the trust root run before a plan; they can read files
    of `tree`, the checked-out commit.
    """

    stack: Stack
    root: Path
    init_key: str
    backend: str = ""
    addresses: tuple[BackendLocation, ...] = ()
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
    """The goal of a plan: the configuration, or the destruction of everything."""

    CONVERGED = "converged"
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True)
class Progress:
    """One progress message of Terraform. `phase`: refresh, plan, start, progress, done, failed.

    `aside` is Terrace's own phase: `text` is the reason why the stack is planned again without the fast lane.
    """

    stack: str
    phase: str
    address: str = ""
    action: str = ""
    seconds: float = 0.0
    text: str = ""


Listener = Callable[[Progress], None]


class PrintedOutput(Protocol):
    """Takes what Terraform prints for people, in clear text."""

    def __call__(self, stack: str, text: str, at: str = "", /) -> None:
        """Takes one or more lines for the key of a stack. `at` is the time that Terraform wrote, "" for now."""
        ...


def drop_output(stack: str, text: str, at: str = "", /) -> None:
    """Takes what Terraform prints, and drops it."""


@dataclass(frozen=True, slots=True)
class MadePlan:
    """A plan by Terraform. `document` is `show -json`: it contains secrets in clear text, keep it in memory.

    `file` is the saved plan (secrets too; its folder is private), `sha256` its hash: apply takes exactly it. `lock` is
    the dependency lock file in use. `discard` removes the saved plan; call it when done. `computed` are the attributes
    of the plan's resources that no configuration can set, as far as Terrace asked the providers. `unsettable` are the
    attributes that only providers set, as far as known without asking them; no digest depends on it. `way` is "fast" if
    the plan was made through the fast lane, where Terraform gets only a part of its providers' schemas. `sources` are
    the files of the planned configuration. `prepared` are the outputs of the commands before the plan: the plan may
    read them.
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
    """The state from the backend: secrets in clear text, keep it in memory. Empty `content`: there is no state yet."""

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
        """Initializes if needed, plans towards the goal, and shows the plan. The caller discards the saved plan.

        Without `lock` others are not disturbed: for plans that are not applied. With it, a state that another process
        has locked raises StateLocked.

        If the workspace does not exist, a plan without `lock` uses an empty temporary state, and says so; with `lock`
        it raises BadInput. Only `create_workspace` and `push_state` create the workspace.
        """
        ...

    def create_workspace(self, site: Site) -> None:
        """Creates the workspace of the stack with an empty state, if its backend has none of that name."""
        ...

    def pull_state(self, site: Site) -> StateSnapshot:
        """Returns the current state of the stack, after initializing if needed; an empty one if its workspace does not
        exist yet.
        """
        ...

    def pull_from(self, stack: Stack, backend: RecordedBackend, variables: Mapping[str, str]) -> StateSnapshot:
        """Returns the state of the stack in another backend than its own; `variables` are for Terraform."""
        ...

    def push_state(self, site: Site, content: bytes) -> None:
        """Replaces the current state, under the backend's lock.

        Refuses another lineage, or a serial that is not higher, with TerraformFailed, without changing the state. The
        backend may increase the serial by one more.
        """
        ...

    def forget(self, site: Site, address: str) -> None:
        """Removes a resource from the state only: for a resource that no longer exists."""
        ...

    def lock_of(self, site: Site) -> StateLock | None:
        """Returns the current lock of the state; None if it is not locked."""
        ...

    def unlock(self, site: Site, lock: StateLock) -> None:
        """Removes that lock and no other. Only for a lock of Terrace whose holder is proven to have terminated."""
        ...

    def scratch(self, site: Site) -> AbstractContextManager[Site]:
        """Returns the same site with a temporary empty state; its real state is not reachable from it."""
        ...

    def find_unformatted(self, root: Path, paths: tuple[str, ...]) -> Mapping[str, str]:
        """Returns the files that `fmt` would change: path -> unified diff. Writes nothing."""
        ...


class Fate(Enum):
    """The fate of an attempt to apply, as this machine can prove it. UNKNOWN proves nothing, not even that it has
    terminated.
    """

    NOT_STARTED = "not started"
    RUNNING = "running"
    ENDED = "ended"
    DIED = "died"
    UNKNOWN = "unknown"


class Evidence(Enum):
    """The proof that an apply did nothing, or failed. Without one, an apply that did not succeed is unknown.

    docs/survival.md lists the condition of each, and a test compares the list with the code.
    """

    NO_WORD = "the runner needs a start signal of the deployment process, which never sent it"
    PERMIT_WITHDRAWN = "the start permit was in the memory of this boot, and was withdrawn before a runner took it"
    RUNNER_DECLINED = "the runner recorded that it exited without starting Terraform"
    TERRAFORM_FAILED = "Terraform exited with an error, and its log is complete"


@dataclass(frozen=True, slots=True)
class Preparation:
    """The identity of a prepared run, as recorded with its intent in the ledger: it distinguishes the original from a
    copy.

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
        """Returns the record as JSON data for the ledger."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @staticmethod
    def of(record: object) -> Preparation:
        """Reads the record from the ledger. Anything that `payload` does not write proves nothing."""
        if not isinstance(record, Mapping):
            return Preparation()
        texts = {field.name: record.get(field.name, "") for field in fields(Preparation)}
        if not all(isinstance(value, str) for value in texts.values()):
            return Preparation()
        return Preparation(**texts)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to apply one saved plan, as recorded with its intent in the ledger."""

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
    """The outcome of an apply. `code` is Terraform's exit code; `summary` is a sentence about its result or failure.

    `unsaved_state` is the path of a state that Terraform could not write to the backend. `evidence` proves that it
    failed or did nothing; with a nonzero code and no evidence its effect is unknown, and `doubt` is the reason.
    `changes` are those in its log.
    """

    code: int
    summary: str
    diagnostics: tuple[Diagnostic, ...] = ()
    unsaved_state: Path | None = None
    doubt: str = ""
    evidence: Evidence | None = None
    changes: LoggedChanges = NO_CHANGES


@dataclass(frozen=True, slots=True)
class LoggedLeftovers:
    """The leftovers of an attempt according to its own log: created resources (address, id), addresses whose creation
    had started and not finished, and addresses whose resource was destroyed. `changes` has all of them by their state.
    `unsaved` is a state that could not be written: secrets in clear text, keep it in memory.

    The entries of the log are true; only a `whole` log is complete. `who` is Terraform's name in locks (`user@host`),
    `began` its start time.
    """

    created: tuple[tuple[str, str], ...] = ()
    in_flight: tuple[str, ...] = ()
    destroyed: tuple[str, ...] = ()
    changes: LoggedChanges = NO_CHANGES
    unsaved: bytes = field(default=b"", repr=False)
    who: str = ""
    began: datetime | None = None
    whole: bool = False


class Applier(Protocol):
    """Applies saved plans in a process that outlives this one. An attempt is started at most once, ever."""

    def prepare(self, attempt: Attempt, site: Site, plan: MadePlan) -> Preparation:
        """Prepares everything except the start, before the intent is written. If it raises, it leaves nothing."""
        ...

    def discard(self, attempt: str) -> None:
        """Removes the preparation of an attempt whose intent was not written."""
        ...

    def release(self, attempt: str) -> None:
        """Releases a preparation that is not started, if its intent may be in the ledger."""
        ...

    def start(self, attempt: Attempt, objection: Callable[[], str]) -> NotStarted | None:
        """Starts the run that this process prepared, and returns immediately.

        `objection` is called right before; it returns the reason why the start is no longer allowed, or "". An
        exception that it raises is a reason as well.
        """
        ...

    def withdraw(self, attempt: Attempt) -> bool:
        """Prevents an attempt from starting. Returns True only if it is proven that it never started."""
        ...

    def look(self, attempt: Attempt) -> Fate:
        """Returns the fate of an attempt, as far as this machine can prove it. Changes nothing."""
        ...

    def autopsy(self, attempt: Attempt) -> LoggedLeftovers | None:
        """Returns the leftovers of an attempt on this machine; None if there is nothing of it. It must no longer be
        running.
        """
        ...

    def wait(self, attempt: Attempt, listener: Listener | None = None) -> RunOutcome | None:
        """Waits for the end and returns the outcome; None without a record of it, so that its effect is unknown.

        Passes ^C on to Terraform once, and waits until it exits.
        """
        ...
