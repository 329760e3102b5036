"""Plans go from job to job: an environment is planned where its account is, and all are judged where none is."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from terrace.adapters.sealing import Seals
from terrace.errors import Corrupt, NotReady, TerraceError
from terrace.pipelines.context import Context
from terrace.pipelines.planning import plan_in
from terrace.plans.digest import DigestKey
from terrace.plans.handover import Failure, Handed, decoded, encoded
from terrace.plans.model import Plan
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import Stack

SUFFIX = ".plans"


@dataclass
class Making:
    """Plans stacks here, and keeps what came of it."""

    plans: dict[str, Plan] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)

    def plan(self, crew: Context, inventory: Inventory, stack: Stack, root: Path) -> Plan:
        """Plan one."""
        self.plans[stack.key] = plan_in(crew, inventory, stack, root)
        return self.plans[stack.key]

    def failed(self, key: str, error: TerraceError) -> None:
        """Keep why one has no plan: what Terraform said, or what Terrace found before it was asked."""
        self.failures[key] = Failure.of(error)


@dataclass(frozen=True, slots=True)
class Taken:
    """Plans that were made elsewhere, by the stack's key; only those of the commit that is judged count."""

    found: Mapping[str, tuple[str, Plan | Failure]]

    def plan(self, crew: Context, inventory: Inventory, stack: Stack, root: Path) -> Plan:
        """The plan of one. Raises what its making raised, and NotReady where none was handed over."""
        commit, made = self.found.get(stack.key, ("", Failure("")))
        if not commit:
            raise NotReady(
                f"no plan of {stack.key} was handed over",
                hint="look at the job that plans it: it ended before it could",
            )
        if commit != inventory.commit:
            raise NotReady(f"the plan of {stack.key} that was handed over is of another commit", hint="run it again")
        if isinstance(made, Failure):
            raise made.again()
        return made


def unplanned(crew: Context, inventory: Inventory, stack: Stack, root: Path) -> Plan:
    """Where nothing may be planned. Raises NotReady."""
    raise NotReady(
        f"{stack.key} was not planned: a plan runs what the change says, and nobody of this repository has read it yet",
        hint="read it, and push its commits to a branch of this repository",
    )


def hand_over(file: Path, key: DigestKey, environment: str, handed: Handed) -> None:
    """Seal plans into a file. Raises NotReady where it cannot be written."""
    sealed = _seals(key).seal({"kind": "plans", "environment": environment, "commit": handed.commit}, encoded(handed))
    try:
        file.write_bytes(sealed)
    except OSError as error:
        raise NotReady(f"the plans cannot be written to {file}: {error.strerror}", hint="name another file") from error


def take_over(folder: Path, key: DigestKey) -> Taken:
    """What lies in a folder, if there is one. Raises NotReady for what was not sealed with this key."""
    found: dict[str, tuple[str, Plan | Failure]] = {}
    for file in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            header, content = _seals(key).open(file.name, file.read_bytes())
            handed = decoded(content)
        except Corrupt as error:
            raise NotReady(f"{file.name} is not what was handed over", hint="run the checks again") from error
        # A job speaks for its environment alone.
        mine = header["environment"]
        found |= {p.stack.key: (handed.commit, p) for p in handed.plans if p.stack.environment == mine}
        found |= {k: (handed.commit, why) for k, why in handed.failures.items() if k.partition("/")[0] == mine}
    return Taken(found)


def _seals(key: DigestKey) -> Seals:
    return Seals(key=lambda: hmac.digest(key.secret, b"terrace plans handed over", "sha256"))
