"""Audits: runs all checks on the deployed configuration, environment by environment, at the deployed commits.

Changes nothing. The results are recorded in the ledger, as evidence with a date.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from terrace.assess.model import Assessment, Finding
from terrace.checks.policy.catalogue import PolicyRule
from terrace.compliance import recorded_audits
from terrace.compliance.audit import Audited, Basis, Scope, audit_results, not_audited
from terrace.errors import Interrupted, TerraceError
from terrace.ledger import folds
from terrace.ledger.deployed_revisions import baseline, find_abandoned, find_running
from terrace.ledger.model import Draft, History
from terrace.pipelines.context import Context
from terrace.pipelines.journal import append
from terrace.plans.model import Plan
from terrace.stacks.impact import all_as_change
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import ChangeSet

Judge = Callable[[ChangeSet, Inventory], Assessment]
"""Plans what a change set impacts, and runs every check on it."""


@dataclass(frozen=True, slots=True)
class Target:
    """An environment to audit, with the stacks that are known not to be auditable and the reasons."""

    scope: Scope
    unclear: Mapping[str, str] = field(default_factory=dict)


def targets(context: Context, history: History, names: Iterable[str]) -> tuple[Target, ...]:
    """Returns the environments at their deployed commits, stack by stack; at the protected branch where nothing was
    deployed."""
    targets_found = []
    for name in names:
        context.config.environment(name)
        deployed, busy = baseline(history, name), find_running(history, name)
        if busy is not None:
            why = f"deployment {busy.id} is in progress there"
            targets_found.append(
                Target(Scope(name, "deployed", {}), dict.fromkeys((*deployed.commits, *deployed.unclear), why))
            )
        elif deployed.commits or deployed.unclear:
            at: dict[str, list[str]] = {}
            for key, commit in sorted(deployed.commits.items()):
                at.setdefault(commit, []).append(key)
            commits = {commit: tuple(keys) for commit, keys in at.items()}
            targets_found.append(Target(Scope(name, "deployed", commits), deployed.unclear))
        else:
            targets_found.append(
                Target(at_commit(context, context.repository.protected_tip(), name, "protected branch"))
            )
    return tuple(targets_found)


def abandoned_targets(context: Context, history: History) -> tuple[Target, ...]:
    """Returns the deployed environments that terrace.yaml no longer names: they cannot be audited."""
    targets_of_abandoned = []
    for name in find_abandoned(history, (environment.name for environment in context.config.environments)):
        deployed = baseline(history, name)
        why = f"it is deployed, and terrace.yaml no longer names {name}"
        targets_of_abandoned.append(
            Target(Scope(name, "deployed", {}), dict.fromkeys((*deployed.commits, *deployed.unclear), why))
        )
    return tuple(targets_of_abandoned)


def at_commit(context: Context, commit: str, environment: str, basis: Basis) -> Scope:
    """Returns all stacks that an environment has at one commit."""
    keys = tuple(stack.key for stack in context.survey(commit).of(environment))
    return Scope(environment, basis, {commit: keys} if keys else {})


def find_due(context: Context) -> tuple[str, ...]:
    """Returns the environments for which an audit is due by terrace.yaml: those in which something is deployed."""
    every = context.config.audit.every
    if not every:
        return ()
    history, now = context.ledger.read(), context.clock()
    due_now = []
    for environment in context.config.environments:
        last = recorded_audits.newest(history, environment.name)
        if baseline(history, environment.name).commits and (last is None or now - last.at >= every):
            due_now.append(environment.name)
    return tuple(due_now)


def audit(
    context: Context, requested: Iterable[Target], judge: Judge, checks: Iterable[str], rules: Iterable[PolicyRule]
) -> tuple[Audited, ...]:
    """Plans everything that the targets name and evaluates it; each commit is checked once for all environments.

    `checks` are the names of the checks, `rules` those of the policies. A stack that cannot be checked becomes a
    finding and hides no other; its rules are not evaluated.
    """
    scopes, every_rule = tuple(requested), tuple(rules)
    judging = [name for name in checks if name != "policy" and context.config.level(name) != "off"]
    policies = every_rule if context.config.level("policy") != "off" else ()
    looks = {commit: _look(context, commit, scopes, judge) for commit in _commits(scopes)}
    audits = []
    for target in scopes:
        findings: list[Finding] = [not_audited(key, why) for key, why in target.unclear.items()]
        plans: dict[str, Plan] = {}
        for commit, keys in target.scope.commits.items():
            look = looks[commit]
            plans |= look.plans(keys)
            findings += look.findings(keys)
        # A stack that was not evaluated belongs to the environment as much as one that was.
        stacks = {**target.scope.commits, **({"": tuple(target.unclear)} if target.unclear else {})}
        done = audit_results(replace(target.scope, commits=stacks), findings, plans, policies, judging)
        audits.append(replace(done, scope=target.scope))
    return tuple(audits)


def record(
    context: Context, history: History, looks: Iterable[Audited], rules: Iterable[PolicyRule]
) -> tuple[History, tuple[str, ...]]:
    """Records the audits, and returns the environments recorded. `history` is the one from which the targets were
    derived.

    Records nothing for an environment that was not audited, or in which a deployment started since.
    """
    audits, every_rule = tuple(looks), tuple(rules)
    names: list[str] = []

    def decide(now: History) -> tuple[Draft, ...]:
        steady = [
            audited for audited in audits if audited.scope.commits and _still(history, now, audited.scope.environment)
        ]
        names[:] = [audited.scope.environment for audited in steady]
        return recorded_audits.drafts(now, steady, every_rule, context.policy, context.actor) if steady else ()

    after = append(context.ledger, history, decide)
    return after, tuple(names)


def _still(before: History, now: History, environment: str) -> bool:
    return folds.latest(before, environment) == folds.latest(now, environment)


def _commits(requested: Iterable[Target]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(commit for target in requested for commit in target.scope.commits))


class _Look:
    """The results for one commit, for all environments at it."""

    def __init__(self, inventory: Inventory, assessment: Assessment) -> None:
        self._assessment = assessment
        self._commit = inventory.commit
        self._stacks = {stack.key for stack in inventory.stacks}
        self._owners: dict[str, set[str]] = {}
        for stack in inventory.stacks:
            for folder in inventory.graph.find_reached(stack):
                self._owners.setdefault(folder, set()).add(stack.key)

    def plans(self, keys: tuple[str, ...]) -> Mapping[str, Plan]:
        """Returns the plans of these stacks, as far as they were made."""
        return {key: plan for key, plan in self._assessment.plans.items() if key in keys}

    def findings(self, keys: tuple[str, ...]) -> tuple[Finding, ...]:
        """Returns the findings about these stacks."""
        why = f"commit {self._commit[:7]} is deployed, but has no such stack under the current terrace.yaml"
        lost = (not_audited(key, why) for key in keys if key not in self._stacks)
        stacks = set(keys)
        return (*lost, *(finding for finding in self._assessment.findings if self._concerns(finding, stacks)))

    def _concerns(self, finding: Finding, keys: set[str]) -> bool:
        """Returns whether a finding concerns these stacks: it names one of them or is in one of their folders, or names
        none."""
        if finding.stack is not None:
            return finding.stack in keys
        if finding.path is None:
            return True
        owners = self._owners.get(finding.path.rpartition("/")[0])
        return owners is None or not owners.isdisjoint(keys)


@dataclass(frozen=True, slots=True)
class _Unread:
    """A commit that could not be checked, with the reason."""

    why: str
    fix: str | None

    def plans(self, keys: tuple[str, ...]) -> Mapping[str, Plan]:
        """Returns no plans."""
        return {}

    def findings(self, keys: tuple[str, ...]) -> tuple[Finding, ...]:
        """Returns a finding for each stack that it was not evaluated."""
        return tuple(not_audited(key, self.why, self.fix) for key in keys)


def _look(
    context: Context,
    commit: str,
    requested: Iterable[Target],
    judge: Judge,
) -> _Look | _Unread:
    keys = {key for target in requested for key in target.scope.commits.get(commit, ())}
    try:
        inventory = context.survey(commit)
        change_set = _all_of(context, inventory, keys)
        return _Look(inventory, judge(change_set, inventory))
    except Interrupted:
        raise
    except TerraceError as error:
        return _Unread(str(error), error.hint)


def _all_of(context: Context, inventory: Inventory, keys: set[str]) -> ChangeSet:
    """Returns the change set with everything that these stacks consist of, and what belongs to no stack."""
    whole = all_as_change(inventory, context.repository.tree(inventory.commit))
    others = {f for s in inventory.stacks if s.key not in keys for f in inventory.graph.find_reached(s)}
    own_folders = {f for s in inventory.stacks if s.key in keys for f in inventory.graph.find_reached(s)}
    return replace(
        whole,
        changed=tuple(path for path in whole.changed if path.rpartition("/")[0] not in others - own_folders),
        impacts=tuple(impact for impact in whole.impacts if impact.stack.key in keys),
    )
