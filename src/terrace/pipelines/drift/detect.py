"""Drift checks: compares live resources with the deployed configuration. Changes nothing, and records the result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from terrace.checks.secrets.masking import SecretMask, concealed_value, hiding_of, mask_plan, without_secrets
from terrace.drift.causes import add_causes, has_cause, window_of
from terrace.drift.checks import Check, drift_status, newest, newest_first, with_values
from terrace.drift.detection import find_drift
from terrace.drift.ignore import apply_ignore_rules
from terrace.drift.model import Observation, ResourceDrift
from terrace.drift.own_changes import always_recreated, recorded_own_changes, without_own_changes
from terrace.drift.records import observation_record
from terrace.errors import BadInput, Interrupted, TerraceError
from terrace.ledger import folds
from terrace.ledger.deployed_revisions import Baseline, baseline, find_running
from terrace.ledger.events.drift import DriftChecked, DriftOverdue
from terrace.ledger.model import Draft, History, draft
from terrace.pipelines.context import Context, readable
from terrace.pipelines.journal import append
from terrace.pipelines.planning import plan_of, site_in
from terrace.pipelines.states.known_states import wrong_state
from terrace.plans.model import Plan
from terrace.plans.ports import Site
from terrace.plans.summaries import notices
from terrace.report.diagnostics import error_text
from terrace.stacks.impact import change_set_between
from terrace.stacks.inventory import Inventory

MOST_NOTICES = 20
"""Maximum number of Terraform's notices that one check keeps."""


@dataclass(frozen=True, slots=True)
class Target:
    """One stack to check, at its deployed commit. `undeployed` are the commits that it lacks, `echoes` the differences
    that its own newest apply left, `history` what the ledger knows of its state."""

    environment: str
    key: str
    commit: str
    inventory: Inventory
    root: Path
    undeployed: tuple[str, ...]
    echoes: tuple[ResourceDrift, ...]
    history: History


def look(context: Context, environments: Iterable[str], every: timedelta = timedelta(0)) -> tuple[Check, ...]:
    """Checks every stack of these environments and records the results, all in one append.

    `every` is the interval of the caller's checks; 0: just now. An environment without deployments has no check. Stacks
    that changed during the check are recorded as unknown.
    """
    names = tuple(dict.fromkeys(environments))
    history = context.ledger.read()
    with ExitStack() as stack:
        observed = _observe_all(context, history, names, stack)
    observed = {name: _add_causes(context, history, name, observations) for name, observations in observed.items()}
    span = int(every.total_seconds())

    def decide(now: History) -> tuple[Draft, ...]:
        drafts = []
        for name in names:
            observations = observed[name]
            if folds.latest(now, name) != folds.latest(history, name):
                observations = tuple(
                    _as_unknown(observation, "discarded: a deployment started during the check")
                    for observation in observations
                )
            if observations:
                checked = DriftChecked(span, tuple(observation_record(observation) for observation in observations))
                drafts.append(draft(checked, name, context.actor))
        return tuple(drafts)

    after = append(context.ledger, history, decide)
    checks = (check for name in names if observed[name] and (check := newest(after, name)) is not None)
    return tuple(with_values(check, observed[check.environment]) for check in checks)


def _add_causes(
    context: Context, history: History, environment: str, observations: tuple[Observation, ...]
) -> tuple[Observation, ...]:
    """Returns the results with the causes that the change logs of terrace.yaml show. They are read once for all
    stacks."""
    places, now = context.config.environment(environment).drift.logs, context.clock()
    windows = {
        (resource.stack, resource.fingerprint): window
        for observation in observations
        for resource in observation.resources
        if has_cause(resource) and (window := window_of(history, environment, resource, now)) is not None
    }
    if not places or not windows:
        return observations
    since, until = min(window.since for window in windows.values()), max(window.until for window in windows.values())
    logged = context.logs.read(places, since, until)
    return tuple(add_causes(observation, windows, logged, now) for observation in observations)


def record_overdue(context: Context, environments: Iterable[str]) -> None:
    """Records, once for each environment, that its last successful check is too old to rely on."""
    names = tuple(environments)

    def decide(history: History) -> tuple[Draft, ...]:
        drafts = []
        for name in names:
            every = context.config.environment(name).drift.every
            how = drift_status(newest_first(history, name), context.clock(), every)
            if how is None or not how.overdue:
                continue
            since = how.checked_at
            reminders = [event for event, _ in history.of(DriftOverdue) if event.subject == name]
            if not reminders or (since is not None and reminders[-1].time < since):
                drafts.append(draft(DriftOverdue(how.overdue), name, context.actor))
        return tuple(drafts)

    append(context.ledger, context.ledger.read(), decide)


def find_due(context: Context) -> tuple[str, ...]:
    """Returns the environments for which a drift check is due by terrace.yaml."""
    history, now = context.ledger.read(), context.clock()
    due_now = []
    for environment in (*context.config.environments, *context.config.former):
        every = environment.drift.every
        if not every or not baseline(history, environment.name).commits:
            continue
        last = newest(history, environment.name)
        if last is None or now - last.at >= every:
            due_now.append(environment.name)
    return tuple(due_now)


def _observe_all(
    context: Context, history: History, names: tuple[str, ...], stack: ExitStack
) -> Mapping[str, tuple[Observation, ...]]:
    """Returns the result for every stack, by environment; stacks are checked concurrently."""
    by_environment: dict[str, list[Observation]] = {name: [] for name in names}
    targets: list[Target] = []
    for name in names:
        deployed = baseline(history, name)
        busy = find_running(history, name)
        observations = [_untold(key, deployed, why) for key, why in deployed.unclear.items()]
        if busy is not None:
            why = f"skipped: deployment {busy.id} is in progress there"
            observations = [_untold(key, deployed, why) for key in (*deployed.commits, *deployed.unclear)]
        else:
            ready, broken = _targets(context, history, name, deployed, stack)
            targets += ready
            observations += broken
        by_environment[name] += observations
    with ThreadPoolExecutor(max_workers=max(1, context.parallel)) as pool:
        for target, observed in zip(targets, pool.map(lambda target: _observe(context, target), targets), strict=True):
            by_environment[target.environment].append(observed)
    return {name: tuple(sorted(observations, key=lambda o: o.stack)) for name, observations in by_environment.items()}


def _targets(
    context: Context, history: History, environment: str, deployed: Baseline, stack: ExitStack
) -> tuple[list[Target], list[Observation]]:
    """Returns the stacks that can be checked, each in a checkout of its commit, and the results for those that
    cannot."""
    ready: list[Target] = []
    broken: list[Observation] = []
    for number, commit in enumerate(sorted(set(deployed.commits.values()))):
        keys = sorted(key for key, at in deployed.commits.items() if at == commit)
        try:
            inventory = context.survey(commit)
            ahead = _find_undeployed(context, inventory, keys)
            root = stack.enter_context(context.repository.checkout(commit, f"{environment}-drift-{number}"))
        except Interrupted:
            raise
        except TerraceError as error:
            broken += [_untold(key, deployed, str(error)) for key in keys]
            continue
        known_keys = {stack.key for stack in inventory.stacks}
        ready += [
            Target(
                environment,
                key,
                commit,
                inventory,
                root,
                ahead[key],
                recorded_own_changes(history, environment, key),
                history,
            )
            for key in keys
            if key in known_keys
        ]
        why = f"commit {commit[:7]} is deployed, but has no such stack under the current terrace.yaml"
        broken += [_untold(key, deployed, why) for key in keys if key not in known_keys]
    return ready, broken


def _observe(context: Context, target: Target) -> Observation:
    """Returns the result for one stack. An error is the result of this stack, and hides no other."""
    stack = target.inventory.stack(target.key)
    bare = Observation(target.key, stack.shown_path, "clean", target.commit, undeployed=target.undeployed)
    try:
        site = site_in(context, target.inventory, stack, target.root, "plan")
        return _compare(context, target, site, bare)
    except Interrupted:
        raise
    except TerraceError as error:
        return _as_unknown(bare, without_secrets(error_text(error), bare=True))


def plan_deployed(context: Context, environment: str, key: str) -> Plan:
    """Returns the plan of one stack against its deployed commit. Raises BadInput when that cannot be determined."""
    history = context.ledger.read()
    deployed = baseline(history, environment)
    if key not in deployed.commits:
        raise BadInput(f"the deployed commit of {key} is unknown: {deployed.unclear.get(key, 'it was never deployed')}")
    with ExitStack() as stack:
        ready, broken = _targets(context, history, environment, Baseline({key: deployed.commits[key]}, {}), stack)
        if broken:
            raise BadInput(broken[0].why)
        (target,) = ready
        site = site_in(context, target.inventory, target.inventory.stack(key), target.root, "plan")
        return plan_of(context, site, target.commit)


def _compare(context: Context, target: Target, site: Site, bare: Observation) -> Observation:
    before = context.terraform.pull_state(site)
    wrong = wrong_state(target.history, target.environment, target.key, before)
    if wrong:
        return _as_unknown(bare, wrong)
    plan = plan_of(context, site, target.commit)
    after = context.terraform.pull_state(site)
    if (before.lineage, before.serial) != (after.lineage, after.serial):
        return _as_unknown(bare, "discarded: its state changed during the check")
    if plan.errored or not plan.complete:
        return _as_unknown(bare, "Terraform could not plan everything")
    rules = context.config.environment(target.environment).drift.ignore
    differing = find_drift(plan)
    resources = without_own_changes(differing, target.echoes)
    anew = [
        f"{_describe(resource)} is recreated by every plan, which is not drift"
        for resource in always_recreated(differing, target.echoes)
    ]
    hiding = hiding_of({target.key: plan})
    looked = apply_ignore_rules((_conceal(resource, hiding) for resource in resources), rules, context.clock().date())
    return replace(
        bare,
        status="drifted" if looked.resources else "clean",
        resources=looked.resources,
        ignored=looked.ignored,
        notices=(*looked.notices, *anew, *notices(mask_plan(plan))[:MOST_NOTICES]),
        objects=sum(1 for change in plan.changes if change.mode == "managed"),
    )


def _conceal(resource: ResourceDrift, hiding: SecretMask) -> ResourceDrift:
    """Returns the drift without secrets in its values, and without copies of secrets from elsewhere in the plan."""
    hidden = {
        path: (concealed_value(was, _name(path), hiding), concealed_value(is_, _name(path), hiding))
        for path, (was, is_) in resource.values.items()
    }
    return replace(resource, values=hidden)


def _name(path: str) -> str:
    return path.rpartition(".")[2]


def _describe(resource: ResourceDrift) -> str:
    return f"{resource.address} ({', '.join(resource.paths)})" if resource.paths else resource.address


def _find_undeployed(context: Context, inventory: Inventory, keys: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Returns, by stack, the newer commits of the protected branch that impact it."""
    repository, commit = context.repository, inventory.commit
    tip = repository.protected_tip()
    if tip == commit:
        return dict.fromkeys(keys, ())
    after = readable(context.survey, tip)
    if after is None:
        # A configuration that cannot be read may impact anything.
        return dict.fromkeys(keys, repository.commits_touching(commit, tip, (".",)))
    changes = change_set_between(inventory, after, repository.tree(commit), repository.tree(tip), context.config)
    paths = {impact.stack.key: tuple(dict.fromkeys(r.path for r in impact.reasons)) for impact in changes.impacts}
    paths |= {stack.key: (stack.shown_path,) for stack in changes.removed}
    return {key: repository.commits_touching(commit, tip, paths.get(key, ())) for key in keys}


def _untold(key: str, deployed: Baseline, why: str) -> Observation:
    """Returns the result for a stack that was not checked."""
    return Observation(key, "", "unknown", deployed.commits.get(key, ""), why)


def _as_unknown(observation: Observation, why: str) -> Observation:
    return replace(observation, status="unknown", why=why, resources=(), ignored=(), notices=())
