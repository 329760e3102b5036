"""The parts of a check, and the Protocols of the adapters that checks use.

`terrace.checks.all` is the dict of checks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from terrace.assess.model import Finding
from terrace.config.checks import DeclaredCheck
from terrace.waivers.judging import NONE, Waivers

if TYPE_CHECKING:
    from terrace.checks.scanners.scanner import CommitScan, PlanScan, Scanner, SourceScan
    from terrace.checks.secrets.search import SecretSearch
    from terrace.config.model import Config
    from terrace.plans.model import Plan
    from terrace.plans.ports import Terraform
    from terrace.stacks.inventory import Inventory
    from terrace.stacks.model import ChangeSet
    from terrace.stacks.repository import Repository

Findings = tuple[Finding, ...]


class Policies(Protocol):
    """The policies of a repository, evaluated by a policy engine."""

    def evaluate_change(self, context: CheckContext) -> Findings:
        """Returns what the policies of the trust root, and those that the change proposes, find in its plans."""
        ...

    def evaluate(self, rules: Config, plans: Mapping[str, Plan]) -> Findings:
        """Returns what the policies of the trust root that `rules` names find in plans."""
        ...


class Scanners(Protocol):
    """Third-party scanners, run on copies of the files that they scan."""

    def scan_sources(self, scanner: Scanner, scan: SourceScan, context: CheckContext) -> Findings:
        """Returns what a scanner finds in the sources that the change touches."""
        ...

    def scan_plans(self, scanner: Scanner, scan: PlanScan, context: CheckContext) -> Findings:
        """Returns what a scanner finds in the plans."""
        ...

    def scan_commits(self, scanner: Scanner, scan: CommitScan, context: CheckContext) -> Findings:
        """Returns the secrets that a scanner finds in the commits of the change."""
        ...

    def find_missing(self, config: Config) -> tuple[str, ...]:
        """Returns the scanners that are not installed and that terrace.yaml does not mention."""
        ...


@dataclass(frozen=True, slots=True)
class CheckAdapters:
    """The adapters that checks use. `survey` reads the inventory of a commit."""

    terraform: Terraform
    repository: Repository
    policies: Policies
    secrets: SecretSearch
    scanners: Scanners
    survey: Callable[[str], Inventory]


@dataclass(frozen=True, slots=True)
class CheckContext:
    """The change that is checked, and the adapters to check it with.

    `root` holds the tree of the change set's head; nothing there may be run or changed. `inventory` is the inventory of
    that head. `trusted` is the configuration of the protected branch, which is enforced, `proposed` the candidate's
    own. `waivers` are of both. `plans` are the plans of the impacted stacks by stack, empty until they exist.
    """

    change_set: ChangeSet
    root: Path
    trusted: Config
    proposed: Config
    inventory: Inventory
    adapters: CheckAdapters
    waivers: Waivers = NONE
    plans: Mapping[str, Plan] = field(default_factory=dict)


Run = Callable[[CheckContext], Findings]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, or one factor of the risk, in sentences for `terrace explain`.

    `waive` says how a team accepts what the rule finds, or turns it off, where that is possible.
    """

    name: str
    means: str
    why: str
    fix: str
    waive: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Check(DeclaredCheck):
    """A named check of a change: what it declares, the texts of its rules, and the function that runs it.

    `run_in_audit` runs instead of `run` when everything that is deployed is checked. A check `of_changes_only` has
    nothing to say there.
    """

    run: Run
    rules: tuple[Rule, ...]
    run_in_audit: Run | None = None
    of_changes_only: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class SourceCheck(Check):
    """A check of sources, which runs while the plans are being made. It never runs code of the repository."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PlanCheck(Check):
    """A check of the plans of the impacted stacks, which runs once they are made."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ScannerCheck(Check):
    """A check by a third-party tool. It takes seconds, so that it starts first and is waited for last.

    `run_on_plans` runs once the plans are made; None: the tool scans no plans.
    """

    run_on_plans: Run | None = None


def optional(name: str, more: str = "") -> str:
    """Returns how to require an advisory check or to turn it off, in a sentence, followed by `more`."""
    return f"Advisory unless terrace.yaml has `checks: {{{name}: required}}`; `off` turns it off.{more and f' {more}'}"


def how_to_lower(name: str, more: str = "") -> str:
    """Returns how to make a required check advisory or to turn it off, in a sentence, followed by `more`."""
    return f"`checks: {{{name}: advisory}}` in terrace.yaml makes it advisory, `off` turns it off.{more and f' {more}'}"


ONE_PLACE = "`terrace waive` accepts one finding."


def audit_checks(checks: Mapping[str, Check]) -> Mapping[str, Check]:
    """Returns the checks that an audit runs: those that say something about what is deployed, without a change."""
    return {
        name: replace(check, run=check.run_in_audit or check.run)
        for name, check in checks.items()
        if not check.of_changes_only
    }
