"""Everything together: machines, people, a ledger, a branch, a cloud, and commands that real pipelines carry out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from simulation.choices import Choices
from simulation.cloud import Cloud, Run, SavedPlan
from simulation.process import (
    Calm,
    Killed,
    Machine,
    MemoryLeases,
    Mischief,
    Process,
    ProcessLedger,
    QuickLedger,
)
from simulation.site import KEYS, RULES, Branch, MemoryRepository, Wanted, thing
from simulation.terraform import MemoryApplier, MemoryProbes, MemoryTerraform, Shared, die
from terrace.adapters.artifacts import Artifacts
from terrace.adapters.backup_encryption import BackupCipher
from terrace.adapters.backups import Backups
from terrace.config.model import Config
from terrace.errors import TerraceError
from terrace.gates.approvals.declaration import read_declaration
from terrace.gates.model import Identity
from terrace.ledger import kinds
from terrace.ledger.approvals import SignedApproval
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.declared import Declared
from terrace.ledger.deployment import Deployment, StepRecord
from terrace.ledger.event import Event
from terrace.ledger.model import GENESIS, Draft, History
from terrace.pipelines.context import Context
from terrace.plans.decode import decode
from terrace.plans.digest import DigestKey, plan_digest
from terrace.plans.ports import Progress

T = TypeVar("T")

KEY = DigestKey("k", b"simulation")
START = datetime(2026, 1, 5, 8, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Applied:
    """An apply that really began: what it was of, by which rules, and what the ledger said at that moment."""

    run: Run
    plan: SavedPlan
    digest: str
    events: tuple[Event, ...]
    config: Config
    policy: str


class Silent:
    """A watcher that tells nobody."""

    def opened(self, deployment: Deployment, history: History) -> None:
        """Nothing."""

    def step(self, deployment: Deployment, record: StepRecord) -> None:
        """Nothing."""

    def progress(self, progress: Progress) -> None:
        """Nothing."""


class World:
    """One history. `applied` is the truth about applies; `holds` are environments that people hold right now."""

    def __init__(self, choices: Choices | None = None, mischief: Mischief | None = None) -> None:
        self.choices = choices or Choices(b"")
        self.mischief: Mischief = mischief or Calm()
        self.now = START
        self.machines = (Machine("one"), Machine("two"))
        self.ledger = QuickLedger(clock=lambda: self.now, new_id=self.new_id, key=NO_KEY)
        self.branch = Branch()
        self.applied: list[Applied] = []
        self.holds: set[str] = set()
        self.errors: list[TerraceError] = []
        self._crews: dict[int, Context] = {}
        self._ids = 0
        self._pids = 0
        self.shared = Shared(Cloud(KEYS), self.branch, self.choices, self.clock, {}, {}, self._began)
        self._backups = Backups(Artifacts("memory:///"), BackupCipher(lambda: bytes(32)), self.clock)
        self.ledger.append([Draft(kinds.LEDGER_OPENED, "ledger", "ann")], head=GENESIS)
        self.merge({})

    @property
    def cloud(self) -> Cloud:
        return self.shared.cloud

    def clock(self) -> datetime:
        """A second goes by whenever somebody asks."""
        self.now += timedelta(seconds=1)
        return self.now

    def new_id(self) -> str:
        """The next id."""
        self._ids += 1
        return f"i{self._ids}"

    def merge(self, changed: Mapping[str, Wanted], author: str = "ann", people: int = 1) -> str:
        """Put a commit on the branch: the stacks named get something else, the others stay; the first has them all."""
        number = len(self.branch.commits)
        files = dict(self.branch.tip.files) if self.branch.commits else {}
        for key in KEYS:
            wanted = changed.get(key) or (None if files.get(_path(key)) else Wanted({thing(key): f"v{number}"}))
            if wanted is not None:
                files[_path(key)] = wanted.text()
        files["terrace.yaml"] = RULES.replace("COUNT", str(people))
        return self.branch.add(files, author).id

    def run(self, actor: str, command: Callable[[Context], T], machine: int = 0) -> T | None:
        """Give a command on a machine; None when it broke or was killed."""
        self._pids += 1
        process = Process(self._pids, actor, self.machines[machine], self.mischief)
        process.machine.alive.add(process.pid)
        context = self._crews[process.pid] = self.context(process)
        try:
            return command(context)
        except Killed:
            return None
        except TerraceError as error:
            self.errors.append(error)
            return None
        finally:
            process.alive = False
            process.machine.alive.discard(process.pid)

    def context(self, process: Process) -> Context:
        """A process with all its tools. It reads the rules once, at the tip."""
        tip = self.branch.tip
        return Context(
            actor=process.actor,
            config=tip.config,
            policy=tip.policy,
            repository=MemoryRepository(self.branch),
            ledger=ProcessLedger(self.ledger, process),
            terraform=MemoryTerraform(self.shared, process),
            applier=MemoryApplier(self.shared, process),
            backups=self._backups,
            probes=MemoryProbes(self.shared, process),
            leases=MemoryLeases(process),
            watcher=Silent(),
            survey=self.branch.survey,
            variables=lambda environment, purpose: {},
            proof=proof,
            judge=lambda plan: (),
            unreviewed=lambda commit, tip: None,
            openers=lambda commit: (),
            digest_key=KEY,
            clock=self.clock,
            new_id=self.new_id,
            parallel=1,
            vouch=lambda text: signature(process.actor),
            signers=True,
        )

    def reboot(self, number: int) -> None:
        """A machine goes down with all that runs on it, and comes up again."""
        machine = self.machines[number]
        for run in self.shared.runs.values():
            if run.machine == machine.name and run.phase == "running":
                die(self.shared, run)
        machine.boot += 1

    def _began(self, process: Process, run: Run) -> None:
        digest = plan_digest(decode(run.plan.document), b"", KEY).value
        context = self._crews[process.pid]
        self.applied.append(Applied(run, run.plan, digest, self.ledger.events, context.config, context.policy))


def signature(actor: str) -> str:
    """What somebody signs with."""
    return f"signed by {actor}"


def proof(said: SignedApproval | Declared) -> Identity:
    """How the author of an answer or a declaration is known."""
    actor = said.declaration.actor if isinstance(said, Declared) else said.actor
    if said.signature is None:
        return Identity("unsigned")
    other = isinstance(said, Declared) and read_declaration(said.statement) != said.declaration
    return Identity("invalid") if other or said.signature != signature(actor) else Identity("ssh", f"key of {actor}")


def _path(key: str) -> str:
    return f"environments/{key}/main.tf"
