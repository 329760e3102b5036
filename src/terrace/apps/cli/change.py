"""`check`, `impact` and `plan`: what the working tree would change. Only `check --fix` writes there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from terrace.apps.cli import actions
from terrace.apps.cli.actions import Ending, ended
from terrace.apps.cli.console import emit, note, show, show_lines
from terrace.apps.cli.deployment import note_uncommitted
from terrace.apps.cli.deployment_output import watcher
from terrace.apps.cli.reports import asked_for
from terrace.apps.wiring.checking import change_of, check_adapters, checked
from terrace.apps.wiring.handover import Making, hand_over, take_over, unplanned
from terrace.apps.wiring.mirroring import show_findings
from terrace.apps.wiring.project import Project
from terrace.errors import BadInput
from terrace.pipelines.check.validate import validate
from terrace.pipelines.planning import Planned, plan_in
from terrace.plans.handover import Handed
from terrace.report import machine, terminal
from terrace.report.markdown.comment import comment
from terrace.report.refusals import refusal_lines, refusals_json
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import ChangeSet, Impact, Reason
from terrace.stacks.root_modules import in_no_stack
from terrace.text import visible


def check(
    folder: str,
    base: str | None,
    style: str,
    output: str | None,
    reports: tuple[str, ...],
    *,
    explain: bool = False,
    fix: bool = False,
    publish: bool = False,
    plans: str | None = None,
    static: bool = False,
) -> int:
    """Everything a pull request is checked for; exit 1 when it may not be merged. `fix` mends what it can first.

    With `publish` it is written on the pull request too, whatever the verdict; raises NotReady where it cannot be: what
    stands there may be of an older commit. `plans` is a folder of plans that were handed over; with `static` nothing is
    planned, and what would have to be cannot pass.
    """
    wanted = asked_for(Path(folder), style, output, reports)
    project = Project(Path(folder))
    project.plans_nothing = static
    page = project.page() if publish else None
    change_set, inventory = _change(project, base)
    if fix and _mend(project, change_set):
        change_set, inventory = _change(project, base)
    with watcher(as_json=style == "json") as told:
        by = _planner(project, Path(folder), plans, static=static)
        record = checked(project, project.read_only_context(told), change_set, inventory, by)
    record = replace(record, explain=explain)
    for report in wanted:
        report.tell(record)
    if page is not None:
        from terrace.pipelines.check import publishing

        for address in publishing.publish(page, record):
            note(f"published: {address}")
        if why := show_findings(project, record):
            note(f"note: {why}")
    result = "passed" if record.passed else "blocked"
    return ended(Ending({"result": result}, lambda: comment(record)), 0 if record.passed else 1)


def _planner(project: Project, folder: Path, plans: str | None, *, static: bool) -> Planned:
    if static:
        return unplanned
    return plan_in if plans is None else take_over(folder / plans, project.digest_key).plan


def _mend(project: Project, change_set: ChangeSet) -> bool:
    """Mend, say on stderr what was written and what was not, and tell whether anything was."""
    from terrace.apps.cli.mending import mend

    done = mend(project, change_set)
    for one in done:
        path = visible(one.path)
        note(f"left alone {path}: {one.why_not}" if one.why_not else f"wrote {path} ({one.what})")
    if not done:
        note("nothing to mend")
    return any(not one.why_not for one in done)


def impact(folder: str, base: str | None, *, why: bool, as_json: bool) -> int:
    """Which stacks are touched."""
    project = Project(Path(folder))
    change_set, inventory = _change(project, base)
    touched_keys = {one.stack.key for one in change_set.impacts}
    refused = {key: one for key, one in inventory.refusals.items() if key in touched_keys}
    if as_json:
        emit({**machine.impact(change_set), "refused": refusals_json(refused)})
    else:
        show(terminal.impact(change_set, why=why))
        if refused:
            show_lines(refusal_lines(refused))
    touched = {one.stack.environment for one in change_set.impacts}
    # Only those that the protected branch knows: a job is made of each, with what that environment hands out.
    known = (one.name for one in project.trust.config.environments if one.name in touched)
    return ended(actions.environments(known), 0)


def plan(folder: str, keys: tuple[str, ...], *, as_json: bool) -> int:
    """Plan stacks as they are in the working tree: those of these keys, and all of these environments.

    Exit 1 where there is no stack: nothing was planned, and that is no pass.
    """
    from terrace.config.naming import unknown_name_error

    project = Project(Path(folder))
    inventory = project.survey(project.repository.snapshot())
    known = {stack.key: stack for stack in inventory.stacks}
    environments = {stack.environment for stack in inventory.stacks}
    for key in keys:
        if key not in known and key not in environments:
            if key in {environment.name for environment in inventory.config.environments}:
                raise BadInput(f"{key} has no stack", hint=_ADD_STACKS)
            raise unknown_name_error("stack or environment", key, [*known, *sorted(environments - known.keys())])
    wanted = [key for key in sorted(known) if not keys or key in keys or known[key].environment in keys]
    if not wanted:
        outside = inventory.outside
        message = f"{in_no_stack(outside).message}; " if outside else ""
        note(f"{message}nothing was planned: there is no stack")
        note(f"hint: {_ADD_STACKS}")
    impacts = tuple(Impact(known[key], (Reason("asked", known[key].path),)) for key in wanted)
    change_set = ChangeSet(inventory.commit, inventory.commit, (), impacts)
    missing = project.uncommitted(inventory, wanted)
    note_uncommitted(missing)
    with watcher(as_json=as_json) as told:
        adapters = check_adapters(project, project.policies())
        validation = validate(project.read_only_context(told), change_set, inventory, {}, adapters)
    assessment = validation.assessment
    if as_json:
        plans = [machine.plan(p) for p in assessment.plans.values()]
        left = [{"stack": key, "why": why} for key, why in sorted(assessment.unplanned.items())]
        emit({"schema": "terrace/plans@1", "plans": plans, "unplanned": left, "notices": machine.notices_json(missing)})
    else:
        show(terminal.plans(assessment.plans, assessment.unplanned, assessment.findings))
        if assessment.findings:
            show(terminal.findings_table(assessment.findings))
    return 2 if assessment.unplanned else 0 if wanted else 1


_ADD_STACKS = "`terrace init --print` shows the stacks that it finds, and the entries of `stacks:` for them"


def hand(folder: str, environment: str, file: str) -> int:
    """Plan the stacks of one environment that the working tree touches, and seal what came of it into a file.

    What could not be planned goes along with its reason: whoever judges tells it.
    """
    project = Project(Path(folder))
    project.named(environment)
    change_set, inventory = _change(project, None)
    mine = tuple(one for one in change_set.impacts if one.stack.environment == environment)
    making = Making()
    with watcher(as_json=False) as told:
        crew = project.read_only_context(told)
        adapters = check_adapters(project, project.policies())
        own = replace(change_set, impacts=mine, removed=())
        validate(crew, own, inventory, {}, adapters, by=making.plan, failed=making.failed)
    handed = Handed(inventory.commit, tuple(making.plans.values()), making.failures)
    hand_over(Path(folder) / file, project.digest_key, environment, handed)
    show(terminal.plans(making.plans, {key: why.message for key, why in making.failures.items()}))
    return 0


def _change(project: Project, base: str | None) -> tuple[ChangeSet, Inventory]:
    """The change set of the working tree, with notices of what its commit lacks, and what stands in it."""
    change_set, inventory = change_of(project, project.repository.snapshot(), base)
    missing = project.uncommitted(inventory, {one.stack.key for one in change_set.impacts})
    return replace(change_set, notices=(*change_set.notices, *missing)), inventory
