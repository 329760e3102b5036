"""What a change would do and whether it may: discover, plan, assess, decide. Nothing is changed anywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from terrace.assess.model import Assessment, Finding, Severity, Status
from terrace.assess.risk import Risk, risk
from terrace.checks.base import Check, Examined, PlanCheck, Scan, StaticCheck
from terrace.checks.scanners.together import Places, together
from terrace.checks.secrets.masking import masked, masked_findings
from terrace.config.model import Environment
from terrace.errors import BadInput, Interrupted, TerraceError, TerraformFailed
from terrace.gates.decide import admission, consent
from terrace.gates.model import GateResult, Outcome, Subject, Verdict
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.model import History
from terrace.pipelines.check.surroundings import surroundings
from terrace.pipelines.check.weighing import weighed
from terrace.pipelines.crew import Crew
from terrace.pipelines.deploy.asking import facts
from terrace.pipelines.deploy.ground import site_in
from terrace.pipelines.plan_only import Planned, plan_in
from terrace.pipelines.states.known_states import creations_of, moved_state, recreated, wrong_state
from terrace.pipelines.states.left_states import never_had_state, unadopted
from terrace.plans.addresses import block_of
from terrace.plans.handed import AwaitsMerge
from terrace.plans.model import Plan
from terrace.plans.prepared import CommandFailed
from terrace.stacks.backends import shared
from terrace.stacks.before_plan import commands_of
from terrace.stacks.blocks import Blocks
from terrace.stacks.landscape import Landscape
from terrace.stacks.model import ChangeSet, Impact, Manual, Stack
from terrace.stacks.order import waves
from terrace.states.removed_stacks import explanation
from terrace.states.state_file import holds_nothing
from terrace.waivers.content import contents
from terrace.waivers.judging import NONE, Waivers, waive
from terrace.waivers.proposals import Terms, proposed
from terrace.waivers.telling import dated

SCANS_AT_ONCE = 2
"""How many scanners run beside the plans; each takes a core."""


@dataclass(frozen=True, slots=True)
class Validation:
    """Everything a pull request is checked for. `ahead` are the verdicts of the environments that would change,
    as they stand now; `passed` says whether the change itself may be merged; `risk` how much is at stake."""

    assessment: Assessment
    ahead: tuple[Verdict, ...]
    risk: Risk

    @property
    def passed(self) -> bool:
        return not self.assessment.blocking


def validate(
    crew: Crew,
    change_set: ChangeSet,
    landscape: Landscape,
    checks: Mapping[str, Check],
    planned: Callable[[Plan], None] = lambda plan: None,
    waivers: Waivers = NONE,
    by: Planned = plan_in,
    *,
    states: bool = True,
    failed: Callable[[str, TerraceError], None] = lambda key, error: None,
) -> Validation:
    """Plan every impacted stack, as many at once as memory allows, and run every check that is not off.

    One stack that cannot be planned hides no other: it becomes a finding of its own. `waivers` are applied to what is
    found, and told about. `by` plans a stack: here and now, unless another process did. `states` is whether states can
    be read here; then none is planned on a state that is not the one that the last deployment left. `failed` is told
    why a stack has no plan, whatever kept it from one.
    """
    # Where no stack is impacted nothing of the past decides anything.
    history = crew.ledger.read() if change_set.impacts else History(key=NO_KEY)
    known = history if states else None
    wanted = [check for check in checks.values() if crew.config.level(check.name) != "off"]
    with crew.repository.checkout(landscape.commit, "check") as root:
        examined = Examined(change_set, root, trusted=crew.config, proposed=landscape.config, landscape=landscape)
        with (
            ThreadPoolExecutor(max_workers=max(1, crew.parallel)) as pool,
            ThreadPoolExecutor(max_workers=SCANS_AT_ONCE) as aside,
        ):
            plans = {
                i.stack.key: pool.submit(_planned, crew, landscape, i.stack, root, by, known)
                for i in change_set.impacts
            }
            scans = {
                check.name: aside.submit(weighed, crew.config, check.name, partial(check.examine, examined))
                for check in wanted
                if isinstance(check, Scan)
            }
            static = {
                check.name: weighed(crew.config, check.name, partial(check.examine, examined))
                for check in wanted
                if isinstance(check, StaticCheck)
            }
            made, unplanned, broken = _gather(plans, _goes_before(landscape, change_set.impacts), planned, failed)
            told = {**static, **{name: scan.result() for name, scan in scans.items()}}
        found = [finding for check in wanted if not isinstance(check, PlanCheck) for finding in told[check.name]]
        found += broken
        found += _recreating(history, landscape, made)
        for check in wanted:
            if isinstance(check, PlanCheck):
                found += weighed(crew.config, check.name, partial(check.examine, examined, made))
    content, today = contents(crew.repository.tree(landscape.commit)), crew.clock().date()
    # Before waivers: they copy messages into files and records.
    found = list(masked_findings(found, made))
    left = waive(together(found, _places(crew, landscape)), waivers, today, content)
    left += dated(left, waivers, today, content)
    left += proposed(waivers.skips, left, Terms(today, crew.config.waivers.longest))
    assessment = Assessment(change_set, made, unplanned, left)
    return Validation(masked(assessment), _ahead(crew, history, assessment), _risk(crew, history, assessment))


def _places(crew: Crew, landscape: Landscape) -> Places:
    """Where things are at the head; files are read when somebody asks."""
    blocks = Blocks(crew.repository.tree(landscape.commit), landscape)
    return Places(of=lambda stack, address: blocks.of(stack, block_of(address)), at=blocks.at)


class _AwaitsAdoption(AwaitsMerge):
    """The state of a stack is to move to an empty address. It can only once the change is merged, so that this blocks
    no merge; a deployment refuses the stack until it has moved."""


class _AwaitsRules(AwaitsMerge):
    """The change brings the first terrace.yaml: until it is merged nothing says what may be used to plan the stacks of
    environments that only it names. Nothing is deployed to them before either, so that this blocks no merge."""


class _AwaitsCommands(AwaitsMerge):
    """The change sets commands that run before the plan. They are read on the protected branch, so that a plan may lack
    what they would write. A deployment runs them, plans again and judges that plan, so that this blocks no merge."""


def _planned(crew: Crew, landscape: Landscape, stack: Stack, root: Path, by: Planned, history: History | None) -> Plan:
    """The plan of one stack. What may be used to plan it is on the protected branch, or nowhere.

    With a history, a state that the ledger knows is compared with it first.
    """
    if all(environment.name != stack.environment for environment in crew.config.environments):
        awaits = BadInput if crew.config.source else _AwaitsRules
        raise awaits(
            f"{stack.environment} is a new environment: the protected branch does not say what may be used to plan it",
            hint="have an owner merge the environment first; a change to its stacks is planned from then on",
        )
    landscape.insist_on(stack)
    for one in shared(landscape):
        if stack.key in (one.stack.key, one.other.key):
            raise BadInput(
                f"{one.stack.key} and {one.other.key} have the same state ({one.address}): neither is planned on it",
                hint="give each stack an address of its own",
                place=one.address.place,
            )
    if history is not None and never_had_state(history, stack.key):
        # What Terraform left is looked for first: a state is pulled only where that decides something.
        if unadopted(crew, landscape, stack, b"")[0]:
            state = crew.terraform.pull_state(site_in(crew, landscape, stack, root, "plan"))
            why, hint = unadopted(crew, landscape, stack, state.content)
            if why:
                raise BadInput(why, hint=hint)
    elif history is not None:
        state = crew.terraform.pull_state(site_in(crew, landscape, stack, root, "plan"))
        moved = moved_state(crew, history, landscape, stack)
        wrong = wrong_state(history, stack.environment, stack.key, state, moved)
        if wrong and moved and (not state.content or holds_nothing(state.content)):
            raise _AwaitsAdoption(f"{stack.key} is not planned: {wrong}")
        if wrong:
            raise BadInput(f"{stack.key} is not planned: {wrong}")
    try:
        return by(crew, landscape, stack, root)
    except (TerraformFailed, CommandFailed) as error:
        if commands_of(landscape.config, stack) == commands_of(crew.config, stack):
            raise
        raise _AwaitsCommands(
            f"{stack.key} is not planned: the change has other commands under `before_plan` than the protected branch, "
            f"whose commands run until it is merged: {error}",
            hint="have an owner merge terrace.yaml first; its stacks are planned with the new commands from then on",
            place=error.place,
        ) from error


def _gather(
    futures: Mapping[str, Future[Plan]],
    before: Mapping[str, tuple[str, ...]],
    planned: Callable[[Plan], None],
    unplannable: Callable[[str, TerraceError], None],
) -> tuple[dict[str, Plan], dict[str, str], list[Finding]]:
    """The plans that were made, why the others were not, and a finding for each that is not whole.

    `before` are the stacks that go before each: one that fails while these still change is planned after them.
    """
    made: dict[str, Plan] = {}
    failed: dict[str, TerraceError] = {}
    findings: list[Finding] = []
    for key, future in futures.items():
        try:
            plan = future.result()
        except Interrupted:
            raise
        except TerraceError as error:
            failed[key] = error
            unplannable(key, error)
            continue
        made[key] = plan
        planned(plan)
        if plan.errored or not plan.complete:
            message = f"the plan of {key} is incomplete: what it leaves out was not looked at"
            findings.append(Finding("plan-complete", Severity.HIGH, Status.UNKNOWN, "terrace", message, stack=key))
    unplanned = {}
    for key, failure in failed.items():
        pending = [
            other for other in before.get(key, ()) if other in failed or (other in made and not made[other].is_empty)
        ]
        if pending and isinstance(failure, TerraformFailed):
            unplanned[key] = f"planned after {', '.join(pending)}: {failure}"
            found = _broken(key, failure)
            findings += [replace(finding, advisory=True, message=unplanned[key]) for finding in found[:1]]
        else:
            unplanned[key] = str(failure)
            waits = isinstance(failure, AwaitsMerge)
            findings += [replace(one, advisory=one.advisory or waits) for one in _broken(key, failure)]
    return made, unplanned, findings


def _recreating(history: History, landscape: Landscape, plans: Mapping[str, Plan]) -> list[Finding]:
    """Stacks that create what a stack still holds that the change removes or renames: a deployment refuses them."""
    found = []
    for environment in dict.fromkeys(plan.stack.environment for plan in plans.values()):
        creations = {key: creations_of(plan) for key, plan in plans.items() if plan.stack.environment == environment}
        for key, one in recreated(history, landscape, environment, creations).items():
            message, fix = explanation(environment, key, one)
            found.append(
                Finding("shared-state", Severity.CRITICAL, Status.FAIL, "terrace", message, stack=key, fix=fix)
            )
    return found


def _goes_before(landscape: Landscape, impacts: tuple[Impact, ...]) -> dict[str, tuple[str, ...]]:
    """For every impacted stack the stacks of its environment that go in earlier waves."""
    found: dict[str, tuple[str, ...]] = {}
    for environment in {impact.stack.environment for impact in impacts}:
        earlier: tuple[str, ...] = ()
        stacks = tuple(stack for stack in landscape.of(environment) if stack.key not in landscape.refusals)
        for wave in waves(stacks, landscape.graph):
            found.update({stack.key: earlier for stack in wave})
            earlier = (*earlier, *(stack.key for stack in wave))
    return found


def _broken(key: str, error: TerraceError) -> list[Finding]:
    diagnostics = error.diagnostics if isinstance(error, TerraformFailed) else ()
    errors = [d for d in diagnostics if d.severity == "error"]
    if not errors:
        place = error.place
        return [
            Finding(
                rule="plan",
                severity=Severity.HIGH,
                status=Status.UNKNOWN,
                tool="terraform",
                message=error.message,
                stack=key,
                path=place.path if place else None,
                line=place.line if place else 0,
                fix=error.hint,
            )
        ]
    return [
        Finding(
            rule="plan",
            severity=Severity.HIGH,
            status=Status.UNKNOWN,
            tool="terraform",
            # Details of Terraform have several lines, and a message is one.
            message=" ".join(f"{d.summary}: {d.detail}".split()) if d.detail else d.summary,
            stack=key,
            address=d.address,
            path=d.place.path if d.place else None,
            line=d.place.line if d.place else 0,
            fix=error.hint,
        )
        for d in errors
    ]


def _risk(crew: Crew, history: History, assessment: Assessment) -> Risk:
    """An environment that the trust root does not know has no surroundings that anybody could know."""
    known = {environment.name for environment in crew.config.environments}
    touched = {impact.stack.environment for impact in assessment.change_set.impacts} & known
    return risk(assessment, surroundings(crew.config, history, sorted(touched), crew.clock()))


def _risk_there(crew: Crew, history: History, assessment: Assessment, environment: str) -> Risk:
    """How risky the part of the change is that goes into one environment."""
    impacts = tuple(i for i in assessment.change_set.impacts if i.stack.environment == environment)
    keys = {impact.stack.key for impact in impacts}
    there = Assessment(
        replace(assessment.change_set, impacts=impacts, removed=()),
        {key: plan for key, plan in assessment.plans.items() if key in keys},
        {key: why for key, why in assessment.unplanned.items() if key in keys},
        tuple(finding for finding in assessment.findings if finding.stack in keys),
    )
    return risk(there, surroundings(crew.config, history, (environment,), crew.clock()))


def _ahead(crew: Crew, history: History, assessment: Assessment) -> tuple[Verdict, ...]:
    """What the gates of each environment that would change say to this change, were it asked for now."""
    verdicts = []
    for environment in crew.config.environments:
        touched = [i for i in assessment.change_set.impacts if i.stack.environment == environment.name]
        if not touched:
            continue
        seen = facts(crew, history, environment.name, assessment.change_set.head, Manual(crew.actor))
        now = crew.clock()
        subjects = _subjects(crew, history, assessment, touched)
        at_stake = _risk_there(crew, history, assessment, environment.name) if subjects else None
        keys = (impact.stack.key for impact in touched)
        unknown = tuple(key for key in keys if not _is_told(assessment.plans.get(key)))
        asked = consent(crew.config, environment, subjects, (), seen, now, risk=at_stake, unplanned=unknown)
        entry = (_once_merged(result, environment) for result in admission(environment, seen, now).results)
        mine = (result for result in asked.results if result.gate in ("approvals", "risk"))
        verdicts.append(Verdict(environment.name, (*(result for result in entry if result is not None), *mine)))
    return tuple(verdicts)


def _once_merged(result: GateResult, environment: Environment) -> GateResult | None:
    """A gate's answer for a change that is not merged yet: what merging and the steps below settle is no refusal."""
    if result.gate == "protected-branch":
        return None
    if result.gate == "promotion" and result.outcome is Outcome.BLOCK:
        reason = f"it must succeed in {environment.after} first"
        return GateResult("promotion", Outcome.WAIT, reason, f"`terrace promote {environment.name}` once it did")
    return result


def _is_told(plan: Plan | None) -> bool:
    """Whether a plan says what would happen: planning that failed or was put off says nothing of the rest."""
    return plan is not None and not plan.errored and plan.complete


def _subjects(crew: Crew, history: History, assessment: Assessment, impacts: list[Impact]) -> tuple[Subject, ...]:
    found = []
    for impact in impacts:
        plan = assessment.plans.get(impact.stack.key)
        if plan is not None and not plan.is_empty:
            found.append(
                Subject(
                    ledger=history.ledger_id,
                    environment=impact.stack.environment,
                    stack=impact.stack.key,
                    commit=plan.commit,
                    digest=plan.digest.value,
                    policy=crew.policy,
                    lineage="",
                )
            )
    return tuple(found)
