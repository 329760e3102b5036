"""Terraform with and without the fast lane over the same stack, and what must be equal of what they make."""

from __future__ import annotations

import atexit
import json
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from support.attempts import begin
from terrace.adapters.runner.applier import LocalApplier
from terrace.adapters.terraform.client import LocalTerraform
from terrace.adapters.terraform.data_folder import state_file
from terrace.config.model import TerraformSettings
from terrace.plans.digest import DigestKey
from terrace.plans.model import Plan
from terrace.plans.ports import Goal, MadePlan, RunOutcome, Site
from terrace.plans.read import read_plan
from terrace.stacks.model import Stack

KEY = DigestKey(id="test", secret=b"0" * 32)

VOLATILE = re.compile(
    rb'"(?:timestamp|lineage)": ?"[^"]*"'  # when the plan was made; which state it is, of two that began empty
    rb'|"serial": ?\d+'  # how often Terraform wrote a state on its way, which is a matter of time
    rb'|"process": ?\d+'  # what our own provider tells of its process
)
"""What differs between two plans, or two states, that Terraform makes of the same."""

Fast = Literal["auto", "plan-only", "off"]


def steady(document: bytes) -> bytes:
    """A plan or a state without what is volatile, as the order is of two lists that Terraform makes from maps."""
    content = json.loads(VOLATILE.sub(b'"volatile": 0', document))
    unordered = [content.get("relevant_attributes", [])]
    for resource in content.get("resources", []):
        unordered += [instance.get("sensitive_attributes", []) for instance in resource["instances"]]
    for entries in unordered:
        entries.sort(key=json.dumps)
    return json.dumps(content, indent=1).encode()


@dataclass(frozen=True, slots=True)
class Ground:
    """One stack in a folder of its own, with a place for caches and one for states."""

    folder: Path
    binary: str = "terraform"
    variables: tuple[tuple[str, str], ...] = ()
    backend: str = ""

    @property
    def stack(self) -> Path:
        return self.folder / "root" / "environments" / "dev"

    @property
    def site(self) -> Site:
        stack = Stack.conventional("dev", "environments/dev")
        return Site(stack, self.folder / "root", "one", backend=self.backend, variables=dict(self.variables))

    def lay(self, files: Path, main: str) -> None:
        """Make the stack what a folder of a scenario says; `main` names the one file of its root module."""
        shutil.rmtree(self.stack, ignore_errors=True)
        shutil.copytree(files, self.stack)
        for path in self.stack.glob("*.tf"):
            if path.name != main:
                path.unlink()

    def write(self, text: str) -> None:
        """Make it that one file."""
        shutil.rmtree(self.stack, ignore_errors=True)
        self.stack.mkdir(parents=True)
        (self.stack / "main.tf").write_text(text)

    def terraform(self, fast: Fast) -> LocalTerraform:
        settings = TerraformSettings(binary=self.binary, fast=fast)
        return LocalTerraform(settings, cache=self.folder / "cache", states=self.folder / "states")

    def plan(self, fast: Fast, goal: Goal = Goal.CONVERGED) -> MadePlan:
        """Plan; the saved plan is there until this process ends."""
        plan = self.terraform(fast).plan(self.site, goal=goal, lock=False)
        atexit.register(plan.discard)
        return plan

    def apply(self, fast: Fast, plan: MadePlan) -> RunOutcome:
        """Apply a plan, and expect that it goes well."""
        applier = LocalApplier(self.folder / "runs", self.terraform(fast))
        attempt = f"attempt-{len(list(self.folder.glob('runs/attempt-*')))}"
        outcome = applier.wait(begin(applier, attempt, self.site, plan))
        assert outcome is not None and outcome.code == 0, outcome
        return outcome

    @property
    def state(self) -> Path:
        path = state_file(self.folder / "states", self.site)
        assert path is not None
        return path

    def read_plan_of(self, plan: MadePlan) -> Plan:
        site = self.site
        return read_plan(
            plan.document,
            stack=site.stack,
            commit="0" * 40,
            key=KEY,
            root=str(site.root),
            lock=plan.lock,
            sources=plan.sources,
            unsettable=plan.unsettable,
        )

    def copy_as(self, name: str) -> Ground:
        """The same stack with a copy of its state, for doing the same in another way."""
        folder = self.folder.with_name(name)
        shutil.copytree(self.folder / "states", folder / "states")
        return replace(self, folder=folder)
