"""Terraform, its applies and the probes of the simulation, behind the real Protocols."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from simulation.choices import Choices
from simulation.cloud import Change, Cloud, Estate, Run, SavedPlan
from simulation.process import Process
from simulation.site import Branch, Wanted
from terrace.config.model import CommandProbe, Probe
from terrace.errors import StateLock, StateLocked, TerraceError, TerraformFailed
from terrace.plans.ports import (
    Attempt,
    Evidence,
    Fate,
    Goal,
    Listener,
    LoggedLeftovers,
    MadePlan,
    NotStarted,
    Preparation,
    RecordedBackend,
    RunOutcome,
    Site,
    StateSnapshot,
)
from terrace.rollout.ports import ProbeResult
from terrace.stacks.model import Stack

FAILED = Evidence.TERRAFORM_FAILED

LATE = timedelta(minutes=5)
"""How long something takes to fall ill that does so late."""


@dataclass
class Shared:
    """What all processes of a history share, beyond the ledger and the branch."""

    cloud: Cloud
    branch: Branch
    choices: Choices
    clock: Callable[[], datetime]
    plans: dict[str, SavedPlan]
    runs: dict[tuple[str, str], Run]
    began: Callable[[Process, Run], None]
    """Told when an apply really begins."""


class MemoryTerraform:
    """Plans what leads from the state and the cloud to what a checkout says."""

    version = "1.11.4"
    product = "terraform"

    def __init__(self, shared: Shared, process: Process) -> None:
        self._shared = shared
        self._process = process

    def plan(
        self, site: Site, *, goal: Goal = Goal.CONVERGED, lock: bool = True, listener: Listener | None = None
    ) -> MadePlan:
        """A plan; its saved file is in memory."""
        with self._process.touching("terraform.plan"):
            key = site.stack.key
            estate = self._shared.cloud.estates[key]
            if lock and estate.lock is not None:
                raise StateLocked(f"the state of {key} is locked by {estate.lock.who}", lock=estate.lock)
            commit, added = self._shared.branch.checkouts[site.root]
            wanted = commit.wanted(key) if goal is Goal.CONVERGED else Wanted({})
            if wanted.ailment == "plan":
                raise TerraformFailed(f"{key} cannot be planned")
            if key.endswith("/app") and wanted.things and not self._network(key).known:
                raise TerraformFailed(f"{key} reads an output of the network that is not there yet")
            changes = tuple(_changes(estate, wanted, _imports(added, site.stack.path)))
            document = json.dumps(_document(changes)).encode()
            number = f"{len(self._shared.plans)}".encode()
            saved = SavedPlan(
                hashlib.sha256(number + document).hexdigest(),
                key,
                estate.lineage,
                estate.serial,
                changes,
                document,
                wanted.ailment == "apply",
            )
            self._shared.plans[saved.sha256] = saved
            return MadePlan(document, Path("/plans") / saved.sha256, saved.sha256, b"", lambda: None)

    def _network(self, key: str) -> Estate:
        return self._shared.cloud.estates[key.replace("/app", "/network")]

    def pull_state(self, site: Site) -> StateSnapshot:
        """The state as it is."""
        with self._process.touching("terraform.pull"):
            return self._shared.cloud.estates[site.stack.key].state()

    def pull_from(self, stack: Stack, backend: RecordedBackend, variables: Mapping[str, str]) -> StateSnapshot:
        """Nothing is anywhere else."""
        return StateSnapshot(b"")

    def create_workspace(self, site: Site) -> None:
        """Every stack is in the workspace that is always there."""

    def push_state(self, site: Site, content: bytes) -> None:
        """A later state of the same lineage."""
        with self._process.touching("terraform.push"):
            estate = self._shared.cloud.estates[site.stack.key]
            given = json.loads(content)
            if estate.lineage and (given["lineage"] != estate.lineage or given["serial"] <= estate.serial):
                raise TerraformFailed("the state is not a later one of what is there")
            estate.put(content)

    def lock_of(self, site: Site) -> StateLock | None:
        """Who holds the state."""
        with self._process.touching("terraform.lock"):
            return self._shared.cloud.estates[site.stack.key].lock

    def unlock(self, site: Site, lock: StateLock) -> None:
        """Take exactly that lock away."""
        with self._process.touching("terraform.unlock"):
            estate = self._shared.cloud.estates[site.stack.key]
            if estate.lock == lock:
                estate.lock = None

    def forget(self, site: Site, address: str) -> None:
        """Take an object out of the state."""
        with self._process.touching("terraform.forget"):
            estate = self._shared.cloud.estates[site.stack.key]
            del estate.known[address]
            estate.serial += 1

    def scratch(self, site: Site) -> AbstractContextManager[Site]:
        """Nothing is drilled here."""
        raise NotImplementedError

    def find_unformatted(self, root: Path, paths: tuple[str, ...]) -> Mapping[str, str]:
        """Comments have any form."""
        return {}


def _changes(estate: Estate, wanted: Wanted, imports: Mapping[str, str]) -> Iterator[Change]:
    for address in sorted(wanted.things.keys() | estate.known.keys()):
        # Terraform looks at what is really there before it plans.
        there = estate.things.get(address) if address in estate.known else None
        after = wanted.things.get(address)
        if there is None and address in imports and after is not None:
            found = estate.things.get(address)
            if found is None or found.id != imports[address]:
                raise TerraformFailed(f"cannot import {imports[address]}: it does not exist")
            yield Change("import", address, found.value, after, found.id)
        elif there is None and after is not None:
            yield Change("create", address, None, after)
        elif there is not None and after is None:
            yield Change("delete", address, there.value, None)
        elif there is not None and after is not None:
            yield Change("update" if after != there.value else "no-op", address, there.value, after)


def _imports(added: Mapping[str, str], folder: str) -> dict[str, str]:
    """Address -> id of every import block that was added to a folder."""
    lines = [line.strip() for path, text in added.items() if path.startswith(f"{folder}/") for line in text.split("\n")]
    targets = [line.removeprefix("to = ") for line in lines if line.startswith("to = ")]
    ids = [json.loads(line.removeprefix("id = ")) for line in lines if line.startswith("id = ")]
    return dict(zip(targets, ids, strict=True))


def _document(changes: tuple[Change, ...]) -> dict[str, object]:
    def one(change: Change) -> dict[str, object]:
        kind, _, name = change.address.partition(".")
        action = change.action
        if action == "import":
            action = "update" if change.before != change.after else "no-op"
        values = {"before": change.before, "after": change.after}
        told: dict[str, object] = {name: {"input": v} if v is not None else None for name, v in values.items()}
        told["actions"] = [action]
        if change.action == "import":
            told["importing"] = {"id": change.id}
        return {"address": change.address, "type": kind, "name": name, "change": told}

    return {"format_version": "1.2", "complete": True, "resource_changes": [one(c) for c in changes]}


class MemoryApplier:
    """Runs of one machine. They go on without the process that started them."""

    def __init__(self, shared: Shared, process: Process) -> None:
        self._shared = shared
        self._process = process

    def look(self, attempt: Attempt) -> Fate:
        """What became of it."""
        with self._process.touching("applier.look"):
            run = self._run(attempt)
            if run is None:
                return Fate.UNKNOWN
            if run.phase in ("folder", "withdrawn"):
                return Fate.NOT_STARTED if run.phase == "withdrawn" and self._same_boot(run) else Fate.UNKNOWN
            if run.phase == "dead":
                return Fate.DIED if self._same_boot(run) else Fate.UNKNOWN
            return Fate.RUNNING if run.phase == "running" else Fate.ENDED

    def withdraw(self, attempt: Attempt) -> bool:
        """See to it that it never starts, if it has not."""
        with self._process.touching("applier.withdraw"):
            run = self._run(attempt)
            if run is None or not self._same_boot(run) or run.phase not in ("folder", "withdrawn"):
                return False
            run.phase = "withdrawn"
            return True

    def _same_boot(self, run: Run) -> bool:
        return run.boot == self._process.machine.boot

    def autopsy(self, attempt: Attempt) -> LoggedLeftovers | None:
        """What it left, as its log tells."""
        run = self._run(attempt)
        if run is None:
            return None
        return LoggedLeftovers(
            created=tuple(run.made),
            in_flight=tuple(run.in_flight),
            destroyed=tuple(run.destroyed),
            unsaved=run.unsaved,
            who=f"sim@{run.machine}",
            began=run.began,
            whole=run.phase == "ended" or self._same_boot(run),
        )

    def prepare(self, attempt: Attempt, site: Site, made: MadePlan) -> Preparation:
        """Make it ready."""
        with self._process.touching("applier.prepare"):
            if (self._process.machine.name, attempt.id) in self._shared.runs:
                raise TerraceError(f"attempt {attempt.id} was already prepared; an attempt is prepared only once")
            machine, plan = self._process.machine, self._shared.plans[made.sha256]
            run = Run(attempt.id, machine.name, plan, self._shared.clock(), machine.boot)
            self._shared.runs[run.machine, attempt.id] = run
            return Preparation(nonce=attempt.id, host=machine.name, boot=f"{machine.boot}")

    def discard(self, attempt: str) -> None:
        """Forget it."""
        self._shared.runs.pop((self._process.machine.name, attempt), None)

    def release(self, attempt: str) -> None:
        """It is not started any more by this process."""
        run = self._shared.runs.get((self._process.machine.name, attempt))
        if run is not None and run.phase == "folder" and self._process.alive:
            run.phase = "withdrawn"

    def start(self, attempt: Attempt, objection: Callable[[], str]) -> NotStarted | None:
        """Start it once."""
        with self._process.touching("applier.start"):
            run = self._run(attempt)
            assert run is not None, "it was prepared"
            try:
                reason = objection()
            except TerraceError as error:
                reason = str(error)
            if reason or run.phase != "folder" or not self._same_boot(run):
                run.phase = "withdrawn" if run.phase == "folder" else run.phase
                return NotStarted(reason or "it was withdrawn", Evidence.NO_WORD)
            with self._process.touching("applier.spawn"):
                if run.phase == "folder" and self._same_boot(run):
                    self._begin(run)
            return None

    def wait(self, attempt: Attempt, listener: Listener | None = None) -> RunOutcome | None:
        """See it to its end."""
        with self._process.touching("applier.wait"):
            run = self._run(attempt)
            if run is None or run.phase in ("folder", "withdrawn"):
                return None
            finish(self._shared, run)
            return run.outcome if run.phase == "ended" else None

    def _run(self, attempt: Attempt) -> Run | None:
        if not attempt.prepared.nonce:
            return None
        return self._shared.runs.get((attempt.prepared.host, attempt.id)) if self._is_here(attempt) else None

    def _is_here(self, attempt: Attempt) -> bool:
        return attempt.prepared.host == self._process.machine.name

    def _begin(self, run: Run) -> None:
        estate = self._shared.cloud.estates[run.plan.stack]
        run.phase = "ended"
        if estate.lock is not None:
            run.outcome = RunOutcome(1, f"the state is locked by {estate.lock.who}", evidence=FAILED)
            return
        if (estate.lineage, estate.serial) != (run.plan.lineage, run.plan.serial):
            run.outcome = RunOutcome(1, "Saved plan is stale", evidence=FAILED)
            return
        run.phase = "running"
        created = run.began.isoformat()
        estate.lock = StateLock(f"lock of {run.attempt}", f"sim@{run.machine}", "Apply", created)
        self._shared.began(self._process, run)


def finish(shared: Shared, run: Run) -> None:
    """Let an apply come to its end: mostly the one that its configuration deserves."""
    if run.phase != "running":
        return
    ending = shared.choices.number(256)
    if ending >= 240:
        die(shared, run)
        return
    doing = [c for c in run.plan.changes if c.action != "no-op"]
    done = doing[:-1] if run.plan.fails else doing
    for change in done:
        _do(shared, run, change)
    estate = shared.cloud.estates[run.plan.stack]
    estate.lock = None
    known = shared.cloud.record(run.plan.stack, done)
    estate.lineage = estate.lineage or f"lineage of {run.attempt}"
    run.phase = "ended"
    if ending >= 232:
        run.unsaved = estate.written(estate.serial + 1, known)
        run.outcome = RunOutcome(1, "the state could not be written", unsaved_state=Path("errored.tfstate"))
        if estate.serial < 0:
            estate.lineage = ""
        return
    estate.known, estate.serial = known, estate.serial + 1
    if not run.plan.fails:
        estate.tampered = False
    run.outcome = RunOutcome(1, "it failed", evidence=FAILED) if run.plan.fails else RunOutcome(0, "it is done")


def die(shared: Shared, run: Run) -> None:
    """Kill an apply: some of it was done, some of that was written down, and its lock may stay."""
    doing = [c for c in run.plan.changes if c.action != "no-op"]
    done = doing[: shared.choices.number(len(doing) + 1)]
    recorded = done[: shared.choices.number(len(done) + 1)]
    for change in done:
        _do(shared, run, change)
    under_way = doing[len(done) : len(done) + 1]
    run.in_flight += [c.address for c in under_way if c.action == "create"]
    for change in under_way:
        if shared.choices.rarely(128):
            shared.cloud.perform(run.plan.stack, change, shared.clock())
    estate = shared.cloud.estates[run.plan.stack]
    if recorded:
        estate.known = shared.cloud.record(run.plan.stack, recorded)
        estate.lineage = estate.lineage or f"lineage of {run.attempt}"
        estate.serial += 1
    if shared.choices.rarely(128):
        estate.lock = None
    run.phase = "dead"


def _do(shared: Shared, run: Run, change: Change) -> None:
    made = shared.cloud.perform(run.plan.stack, change, shared.clock())
    if made:
        run.made.append((change.address, made))
    if change.action == "delete":
        run.destroyed.append(change.address)


class MemoryProbes:
    """Looks at the values of what is there: some are sick, some become so."""

    def __init__(self, shared: Shared, process: Process) -> None:
        self._shared = shared
        self._process = process

    def run(self, probe: Probe, *, folder: Path, variables: Mapping[str, str]) -> ProbeResult:
        """What is there in the environment of that checkout."""
        assert isinstance(probe, CommandProbe)
        with self._process.touching("probes.run"):
            environment = folder.name.removesuffix("-look")
            if self._shared.choices.rarely(12):
                return ProbeResult(probe.argv[0], "unclear", "no answer")
            ill = any(
                self._ill(one.value, one.since)
                for key, estate in self._shared.cloud.estates.items()
                if key.startswith(f"{environment}/")
                for one in estate.things.values()
            )
            return ProbeResult(probe.argv[0], "failed" if ill else "passed", "sick" if ill else "well")

    def _ill(self, value: str, since: datetime) -> bool:
        return value.endswith("sick") or (value.endswith("late") and self._shared.clock() >= since + LATE)
