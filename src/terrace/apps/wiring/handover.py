"""Hands plans over between jobs: each environment is planned in a job with its account, and all plans are checked in a
job without one."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from terrace.adapters.backup_encryption import BackupCipher
from terrace.errors import Corrupt, NotReady, TerraceError
from terrace.pipelines.context import Context
from terrace.pipelines.planning import plan_in
from terrace.plans.digest import DigestKey
from terrace.plans.handover import Failure, Handed, decode, encode
from terrace.plans.model import Plan
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import Stack

SUFFIX = ".plans"


@dataclass
class PlanCollector:
    """Plans stacks, and collects the plans and failures."""

    plans: dict[str, Plan] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)

    def plan(self, context: Context, inventory: Inventory, stack: Stack, root: Path) -> Plan:
        """Plans one stack."""
        self.plans[stack.key] = plan_in(context, inventory, stack, root)
        return self.plans[stack.key]

    def failed(self, key: str, error: TerraceError) -> None:
        """Records why a stack has no plan: an error of Terraform, or one that Terrace found before."""
        self.failures[key] = Failure.of(error)


@dataclass(frozen=True, slots=True)
class HandedOverPlans:
    """Plans from other jobs, by the stack's key. Only those of the checked commit are used."""

    by_stack: Mapping[str, tuple[str, Plan | Failure]]

    def plan(self, context: Context, inventory: Inventory, stack: Stack, root: Path) -> Plan:
        """Returns the plan of a stack. Raises the error of its planning, and NotReady where none was handed over."""
        commit, outcome = self.by_stack.get(stack.key, ("", Failure("")))
        if not commit:
            raise NotReady(
                f"no plan of {stack.key} was handed over",
                hint="see the job that plans it: it stopped before it planned this stack",
            )
        if commit != inventory.commit:
            raise NotReady(
                f"the plan of {stack.key} that was handed over is for another commit",
                hint="run that job again",
            )
        if isinstance(outcome, Failure):
            raise outcome.again()
        return outcome


def refuse_to_plan(context: Context, inventory: Inventory, stack: Stack, root: Path) -> Plan:
    """Raises NotReady, for changes that must not be planned."""
    raise NotReady(
        f"{stack.key} was not planned: a plan runs code of the change, which no maintainer has reviewed yet",
        hint="review the change, then push its commits to a branch of this repository",
    )


def hand_over(file: Path, key: DigestKey, environment: str, handed: Handed) -> None:
    """Encrypts plans into a file. Raises NotReady where it cannot be written."""
    sealed = _seals(key).seal({"kind": "plans", "environment": environment, "commit": handed.commit}, encode(handed))
    try:
        file.write_bytes(sealed)
    except OSError as error:
        raise NotReady(f"the plans cannot be written to {file}: {error.strerror}", hint="use another file") from error


def take_over(folder: Path, key: DigestKey) -> HandedOverPlans:
    """Returns the plans in a folder; none where it does not exist. Raises NotReady for files that were not encrypted
    with this key."""
    plans: dict[str, tuple[str, Plan | Failure]] = {}
    for file in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            header, content = _seals(key).open(file.name, file.read_bytes())
            handed = decode(content)
        except Corrupt as error:
            raise NotReady(f"{file.name} was changed after it was handed over", hint="run the checks again") from error
        # A job can hand over only plans of its own environment.
        environment = header["environment"]
        plans |= {p.stack.key: (handed.commit, p) for p in handed.plans if p.stack.environment == environment}
        plans |= {k: (handed.commit, why) for k, why in handed.failures.items() if k.partition("/")[0] == environment}
    return HandedOverPlans(plans)


def _seals(key: DigestKey) -> BackupCipher:
    return BackupCipher(key=lambda: hmac.digest(key.secret, b"terrace plans handed over", "sha256"))
