"""What a check is, and what checks need of the world. `terrace.checks.all` is the one dict of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from terrace.assess.model import Finding
from terrace.config.model import Config
from terrace.plans.model import Plan
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import ChangeSet


@dataclass(frozen=True, slots=True)
class Examined:
    """What a check looks at. `root` holds the tree of the change set's head; nothing there may be run or changed.

    `inventory` is what stands at that head. `trusted` is the configuration that judges (the protected branch's),
    `proposed` the candidate's own.
    """

    change_set: ChangeSet
    root: Path
    trusted: Config
    proposed: Config
    inventory: Inventory


@dataclass(frozen=True, slots=True)
class StaticCheck:
    """Looks at sources only, while plans are being made. It never runs code of the repository."""

    name: str
    examine: Callable[[Examined], tuple[Finding, ...]]


@dataclass(frozen=True, slots=True)
class Scan:
    """Has another program look at sources; it takes seconds, and is begun first and waited for last."""

    name: str
    examine: Callable[[Examined], tuple[Finding, ...]]


@dataclass(frozen=True, slots=True)
class PlanCheck:
    """Looks at the plans of the impacted stacks, once they are made."""

    name: str
    examine: Callable[[Examined, Mapping[str, Plan]], tuple[Finding, ...]]


Check = StaticCheck | Scan | PlanCheck


class Policies(Protocol):
    """The policies of a repository, run by a policy engine."""

    def examine(self, examined: Examined, plans: Mapping[str, Plan]) -> tuple[Finding, ...]:
        """What the policies of the trust root, and those that the change proposes, say of plans."""
        ...

    def judged(self, rules: Config, plans: Mapping[str, Plan]) -> tuple[Finding, ...]:
        """What the policies of the trust root that `rules` names say of plans."""
        ...


class Scanners(Protocol):
    """Third-party scanners, run on copies of what they look at."""

    def checks(self) -> dict[str, Check]:
        """Every check that a scanner makes, by name."""
        ...

    def reconfigured(self, examined: Examined) -> tuple[Finding, ...]:
        """A finding for every configuration of a scanner that the change edits."""
        ...
