"""Objections to the plan of a rollback, a remediation, a recovery or a destruction, raised on the plan to apply."""

from __future__ import annotations

from msgspec import UNSET

from terrace.assess.model import Objection, Weight
from terrace.assess.reversal import Undone, destruction, recovery, reversal
from terrace.config.model import Remediate
from terrace.drift import remediation
from terrace.drift.checks import checks
from terrace.errors import TerraformFailed
from terrace.hcl.layout import LOCK_FILE
from terrace.ledger import folds
from terrace.ledger.deployment import Deployment, Step
from terrace.ledger.model import History
from terrace.ledger.undone import find_created, find_undone
from terrace.pipelines.context import Context
from terrace.pipelines.deploy.run import DeploymentRun, FreshPlan
from terrace.plans.model import Plan
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import Destruction, Recovery, Remediation, Undoing
from terrace.stacks.order import readers_of
from terrace.stacks.refactoring import find_forgotten
from terrace.states.restore_rules import is_newer


def objections(run: DeploymentRun, fresh: FreshPlan) -> tuple[Objection, ...]:
    """Returns the objections to a plan that this deployment made; none for a release."""
    deployment = run.deployment
    if isinstance(deployment.origin, Destruction):
        return destruction(fresh.plan)
    if isinstance(deployment.origin, Remediation):
        rule = run.environment.drift.remediate or Remediate(allow={})
        looks = checks(run.history, deployment.environment)
        return remediation.objections(fresh.plan, looks, deployment.origin.of, rule)
    if isinstance(deployment.origin, Recovery):
        key = fresh.plan.stack.key
        return recovery(
            fresh.plan, {addition.address for addition in deployment.additions.imports if addition.stack == key}
        )
    if not isinstance(deployment.origin, Undoing):
        return ()
    history = run.history
    target = target_of(history, deployment.environment, deployment.commit)
    between = () if target is None else find_undone(history, target)
    kept_lock = fresh.plan.stack.key in run.kept_locks
    undone = describe_undone(run.context, run.inventory, between, deployment.live, fresh.plan, kept_lock=kept_lock)
    return (*_of_the_state(run, fresh, target), *reversal(fresh.plan, undone))


def _of_the_state(run: DeploymentRun, fresh: FreshPlan, target: Deployment | None) -> tuple[Objection, ...]:
    """Returns the objections to planning an old configuration on this very state: Terraform itself does not refuse
    it."""
    key, state, ours = fresh.plan.stack.key, fresh.state, run.context.terraform.version
    objections_found = []
    writer = _last_writer(run.history, run.deployment.environment, key)
    if writer and is_newer(writer, ours):
        why = f"was written by version {writer}, but the version in use is {ours}"
        objections_found.append(Objection("version", key, f"state of {key}", why, Weight.NAME))
    saved = target.last(Step.SNAPSHOT, key) if target is not None else None
    if saved is not None and saved.detail.lineage not in (UNSET, state.lineage):
        why = "is not the one of that release: it was recreated or moved since"
        objections_found.append(Objection("lineage", key, f"state of {key}", why, Weight.NAME))
    return tuple(objections_found)


def _last_writer(history: History, environment: str, key: str) -> str:
    """Returns the version that last applied to a stack; "" when it is unknown. A pulled state names the version that
    pulled it."""
    for deployment in reversed(folds.deployments(history)):
        applied = deployment.last(Step.APPLY, key) if deployment.environment == environment else None
        if applied is not None:
            return applied.detail.terraform or ""
    return ""


def target_of(history: History, environment: str, commit: str) -> Deployment | None:
    """Returns the newest successful release of a commit in an environment."""
    good = [d for d in folds.releases(history, environment) if d.commit == commit]
    return good[-1] if good else None


def describe_undone(
    context: Context, inventory: Inventory, between: tuple[Deployment, ...], live: str, plan: Plan, *, kept_lock: bool
) -> Undone:
    """Returns what is known about the releases that a plan undoes. `live` is the deployed commit."""
    stack = plan.stack
    commits = dict.fromkeys(d.commit for d in between)
    gone: frozenset[str] = frozenset()
    for commit in commits:
        inventory_then = context.survey(commit)
        own_stacks = [s for s in inventory_then.stacks if s.key == stack.key]
        gone |= find_forgotten(inventory_then, context.repository.tree(commit), own_stacks)
    return Undone(
        created=find_created(between, stack.key),
        readers=readers_of(stack, inventory.of(stack.environment), inventory.graph),
        providers=_providers(context, inventory.commit, live, stack.path, kept_lock=kept_lock),
        let_go=gone - find_forgotten(inventory, context.repository.tree(inventory.commit), (stack,)),
    )


def newer_lock_file(context: Context, live: str, folder: str, error: TerraformFailed) -> bytes:
    """Returns the lock file of the deployed commit, where the plan of a rollback failed because a newer provider wrote
    the state; b"" for any other failure, or where there is none."""
    if not any("newer provider version" in f"{d.summary} {d.detail}" for d in error.diagnostics):
        return b""
    tree = context.repository.tree(live)
    path = f"{folder}/{LOCK_FILE}" if folder else LOCK_FILE
    return tree.read(path) if path in tree.entries else b""


def _providers(context: Context, commit: str, live: str, folder: str, *, kept_lock: bool) -> str:
    path = f"{folder}/{LOCK_FILE}" if folder else LOCK_FILE
    old, new = (context.repository.tree(commit_or_live).entries.get(path) for commit_or_live in (commit, live))
    if old == new:
        return ""
    if kept_lock:
        return "stay at their newer versions, because the state requires them"
    return "have other versions than the deployed ones"
