"""The Protocols of a rollout. Each Protocol has one real adapter and a small class in the tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from terrace.config.model import Probe
    from terrace.ledger.deployment import Deployment, Holder, StepRecord
    from terrace.ledger.model import History
    from terrace.plans.ports import Progress
    from terrace.rollout.health import Reading


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The result of one probe. `message` describes the observation in a sentence. `unclear`: it could not be made."""

    name: str
    reading: Reading
    message: str


class Probes(Protocol):
    """Checks whether the deployed release works."""

    def run(self, probe: Probe, *, folder: Path, variables: Mapping[str, str]) -> ProbeResult:
        """Try as often as the probe says. `variables` are the outputs, for commands and `${NAME}` in addresses."""
        ...


class Leases(Protocol):
    """The lease of an environment on this machine, provable by the operating system."""

    def holder(self, who: str, environment: str = "") -> Holder:
        """This process; with an environment, as the holder of its local lock."""
        ...

    def hold(self, environment: str) -> AbstractContextManager[bool]:
        """Hold the environment's local lock; False when a living process of this machine has it."""
        ...

    def is_dead(self, holder: Holder, environment: str) -> bool:
        """Returns whether that holder has certainly terminated, if this process has the local lock. Doubt is False."""
        ...


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that Terraform printed. `at` is its time in ISO 8601, as Terraform or this machine wrote it."""

    at: str
    text: str


@dataclass(frozen=True, slots=True)
class StepLog:
    """The output of Terraform in one step, as far as it was stored. `problem` is why a part is missing, or ""."""

    stack: str
    step: str
    attempt: str
    lines: tuple[LogLine, ...] = ()
    problem: str = ""


class StepLogs(Protocol):
    """Keeps what Terraform prints during the steps of deployments. A log that cannot be kept never fails a step."""

    def keep(
        self, deployment: Deployment, record: StepRecord, hide: Callable[[str], str]
    ) -> AbstractContextManager[None]:
        """Keeps the output for the stack of the step while the context lasts. `hide` removes secrets from a text."""
        ...

    def read(self, deployment: Deployment) -> tuple[StepLog, ...]:
        """Returns the kept logs of a deployment in the order of its steps. Raises NotReady where the store cannot be
        reached."""
        ...

    def remove_expired(self, environment: str) -> None:
        """Removes the logs of an environment that are older than terrace.yaml allows."""
        ...


class NoStepLogs:
    """Keeps nothing: for runs without a backup key."""

    def keep(
        self, deployment: Deployment, record: StepRecord, hide: Callable[[str], str]
    ) -> AbstractContextManager[None]:
        """Returns a context without effect."""
        return nullcontext()

    def read(self, deployment: Deployment) -> tuple[StepLog, ...]:
        """Returns nothing."""
        return ()

    def remove_expired(self, environment: str) -> None:
        """Removes nothing."""


class Watcher(Protocol):
    """Is called with what happens, while it happens. It only displays progress, and may do nothing."""

    def opened(self, deployment: Deployment, history: History) -> None:
        """A deployment was opened or resumed, according to this history."""
        ...

    def step(self, deployment: Deployment, record: StepRecord) -> None:
        """A step began (it has no result) or ended."""
        ...

    def progress(self, progress: Progress) -> None:
        """Terraform said something."""
        ...
