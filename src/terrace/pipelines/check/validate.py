"""The check of a change: plans it, runs the checks, and previews the gates. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from terrace.assess.model import Assessment
from terrace.assess.risk import Risk
from terrace.checks.base import Check, CheckAdapters, CheckContext, PlanCheck, ScannerCheck, SourceCheck
from terrace.checks.scanners.together import Places, together
from terrace.checks.secrets.masking import mask_assessment, masked_findings
from terrace.checks.unread_files import find_unread_files, fold_unread_files
from terrace.errors import TerraceError
from terrace.gates.model import Verdict
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.model import History
from terrace.pipelines.check.enforcement import enforce
from terrace.pipelines.check.gate_preview import change_risk, preview_gates
from terrace.pipelines.check.stack_plans import collect_plans, earlier_stacks, find_recreations, plan_stack
from terrace.pipelines.context import Context
from terrace.pipelines.planning import Planned, plan_in
from terrace.plans.addresses import block_of
from terrace.plans.model import Plan
from terrace.stacks.blocks import Blocks
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import ChangeSet
from terrace.waivers.content import contents
from terrace.waivers.judging import NONE, Waivers, waive
from terrace.waivers.proposals import Terms, propose
from terrace.waivers.telling import find_expiring

SCANS_AT_ONCE = 2
"""Maximum number of scanners that run concurrently with the plans; each uses a core."""


@dataclass(frozen=True, slots=True)
class Validation:
    """The result for a pull request. `ahead` are the verdicts of the impacted environments now; `passed` is whether the
    change can be merged; `risk` is its risk."""

    assessment: Assessment
    ahead: tuple[Verdict, ...]
    risk: Risk

    @property
    def passed(self) -> bool:
        return not self.assessment.blocking


def validate(
    context: Context,
    change_set: ChangeSet,
    inventory: Inventory,
    checks: Mapping[str, Check],
    adapters: CheckAdapters,
    planned: Callable[[Plan], None] = lambda plan: None,
    waivers: Waivers = NONE,
    by: Planned = plan_in,
    *,
    states: bool = True,
    failed: Callable[[str, TerraceError], None] = lambda key, error: None,
) -> Validation:
    """Plans every impacted stack, several concurrently, and runs every check that is not off.

    A stack that cannot be planned becomes a finding and hides no other. `waivers` are applied to the findings. `by`
    plans a stack: in this process by default. `states` is whether states can be read here; then no stack is planned on
    a state other than the one after its last deployment. `planned` and `failed` are called for every stack.
    """
    # Without impacted stacks the history makes no difference.
    history = context.ledger.read() if change_set.impacts else History(key=NO_KEY)
    known = history if states else None
    enabled = [check for check in checks.values() if context.config.level(check.name) != "off"]
    with context.repository.checkout(inventory.commit, "check") as root:
        checked = CheckContext(change_set, root, context.config, inventory.config, inventory, adapters, waivers=waivers)
        with (
            ThreadPoolExecutor(max_workers=max(1, context.parallel)) as pool,
            ThreadPoolExecutor(max_workers=SCANS_AT_ONCE) as aside,
        ):
            plans = {
                i.stack.key: pool.submit(plan_stack, context, inventory, i.stack, root, by, known)
                for i in change_set.impacts
            }
            scans = {
                check.name: aside.submit(enforce, context.config, check.name, partial(check.run, checked))
                for check in enabled
                if isinstance(check, ScannerCheck)
            }
            static = {
                check.name: enforce(context.config, check.name, partial(check.run, checked))
                for check in enabled
                if isinstance(check, SourceCheck)
            }
            stack_plans, unplanned, broken = collect_plans(
                plans, earlier_stacks(inventory, change_set.impacts), planned, failed
            )
            results = {**static, **{name: scan.result() for name, scan in scans.items()}}
        findings = [finding for check in enabled if not isinstance(check, PlanCheck) for finding in results[check.name]]
        findings += broken
        findings += find_recreations(history, inventory, stack_plans)
        checked = replace(checked, plans=stack_plans)
        for check in enabled:
            run = check.run_on_plans if isinstance(check, ScannerCheck) else check.run
            if run is not None and not isinstance(check, SourceCheck):
                findings += enforce(context.config, check.name, partial(run, checked))
    tree = context.repository.tree(inventory.commit)
    findings = list(fold_unread_files(findings, find_unread_files(inventory.graph, tree, findings)))
    content, today = contents(tree), context.clock().date()
    # Before waivers: they copy messages into files and records.
    findings = list(masked_findings(findings, stack_plans))
    known_checks = context.config.known_checks
    counted = waive(together(findings, _places(context, inventory)), waivers, today, known_checks, content)
    counted += find_expiring(counted, waivers, today, content, known_checks)
    counted += propose(waivers.skips, counted, Terms(today, context.config.waivers.longest), known_checks)
    assessment = Assessment(change_set, stack_plans, unplanned, counted)
    return Validation(
        mask_assessment(assessment),
        preview_gates(context, history, assessment),
        change_risk(context, history, assessment),
    )


def _places(context: Context, inventory: Inventory) -> Places:
    """Returns the lookup of places at the head; files are read when needed."""
    blocks = Blocks(context.repository.tree(inventory.commit), inventory)
    return Places(of=lambda stack, address: blocks.of(stack, block_of(address)), at=blocks.at)
