"""`deploy`, `promote`, `approve`, `resume` and `hold`: what changes an environment."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from terrace.apps.cli import recovering
from terrace.apps.cli.console import confirmed, emit, note, show
from terrace.apps.cli.deployment_output import tell
from terrace.apps.cli.watching import Silent
from terrace.apps.wiring.mirroring import show_deployments
from terrace.apps.wiring.project import Project
from terrace.config.model import Environment
from terrace.errors import BadInput
from terrace.gates.model import Outcome
from terrace.ledger import folds, kinds
from terrace.ledger.deployment import Deployment
from terrace.ledger.model import History
from terrace.pipelines import holds
from terrace.pipelines.approvals import approve as approving
from terrace.pipelines.context import Context, Reach
from terrace.pipelines.deploy import deploy as deploying
from terrace.pipelines.deploy.lifecycle import Refused
from terrace.pipelines.recovery.attestations import answers, in_good_faith, needed
from terrace.report import machine, terminal
from terrace.rollout.recovery import Told
from terrace.stacks.model import Manual, Notice, Origin, Promotion
from terrace.text import visible


def note_uncommitted(missing: Iterable[Notice]) -> None:
    """Say on stderr which files of the checkout plans are made without."""
    for one in missing:
        note(f"note: {one.message}")
        note(f"hint: {one.hint}")


def deploy(folder: str, environment: str, ref: str | None, *, wait: bool, as_json: bool, reach: Reach = "apply") -> int:
    """Take a commit into an environment."""
    project = Project(Path(folder))
    project.named(environment)
    commit = project.trust.commit if ref is None else project.repository.resolve(ref)
    if ref is None and (dirty := project.repository.dirty):
        raise BadInput(
            f"the working tree differs from its commit ({visible(dirty[0])}"
            + (f" and {len(dirty) - 1} more" if len(dirty) > 1 else "")
            + "), and only commits are deployed",
            hint="commit and merge it, or say which commit you mean: --ref REF",
        )
    return _run(project, "deploy", environment, commit, Manual(project.actor), wait=wait, as_json=as_json, reach=reach)


def promote(folder: str, environment: str, *, wait: bool, as_json: bool, reach: Reach = "apply") -> int:
    """Take into an environment what succeeded in the one before."""
    project = Project(Path(folder))
    source = project.named(environment).after
    if source is None:
        raise BadInput(
            f"{environment} is the first step: nothing comes before it", hint=f"`terrace deploy {environment}`"
        )
    good = folds.last_good(project.ledger.read(), source)
    if good is None:
        raise BadInput(f"nothing has succeeded in {source} yet", hint=f"`terrace deploy {source}` first")
    origin = Promotion(source, project.actor)
    return _run(project, "promote", environment, good.commit, origin, wait=wait, as_json=as_json, reach=reach)


def _run(
    project: Project,
    command: str,
    environment: str,
    commit: str,
    origin: Origin,
    *,
    wait: bool,
    as_json: bool,
    reach: Reach,
) -> int:
    inventory = project.survey(commit)
    note_uncommitted(project.uncommitted(inventory, {stack.key for stack in inventory.of(environment)}))

    def run(crew: Context) -> Deployment | Refused:
        return deploying.deploy(crew, environment, commit, origin)

    is_first = not project.ledger.read().events
    code = tell(project, command, run, wait=wait, as_json=as_json, reach=reach)
    if is_first:
        _propose_ledger_id(project)
    return code


def _propose_ledger_id(project: Project) -> None:
    """Say how to name the ledger that this command began, so that no clone takes another one for it."""
    history = project.ledger.read()
    if history.events and not project.trust.config.ledger_id:
        note(f"note: this deployment began the ledger {history.ledger_id}, and terrace.yaml does not name it")
        note(f'hint: merge `ledger_id: "{history.ledger_id}"` into terrace.yaml, so that no clone takes another one')


def resume(
    folder: str,
    environment: str | None,
    *,
    told: Told,
    yes: bool,
    wait: bool,
    as_json: bool,
    settled: tuple[str, ...] = (),
    reason: str = "",
) -> int:
    """Go on with the open deployment of an environment, or with the only one there is.

    Where the newest one ended and nobody knows how, look at what it left and bring that in order.
    """
    project = Project(Path(folder))
    if environment is not None:
        project.environment(environment)
    crew = project.read_only_context(Silent())
    history = crew.ledger.read()
    current = [
        d
        for e in (*project.trust.config.environments, *project.trust.config.former)
        if environment in (None, e.name) and (d := _unfinished(crew, history, e)) is not None
    ]
    if not current:
        note(f"nothing is open{f' in {environment}' if environment else ''}")
        return 0
    if len(current) > 1:
        names = ", ".join(d.environment for d in current)
        raise BadInput(f"several environments have an open deployment: {names}", hint="say which: terrace resume ENV")
    if settled:
        if current[0].open:
            raise BadInput(f"deployment {current[0].id} is open", hint="`terrace resume` first, without --settled")
        return recovering.settle(project, current[0], settled, reason, told.dead, yes=yes, as_json=as_json)
    if not current[0].open:
        return recovering.recover(project, current[0], told, yes=yes, wait=wait, as_json=as_json)
    return tell(
        project, "resume", lambda crew: deploying.resume(crew, current[0], told.dead), wait=wait, as_json=as_json
    )


def _unfinished(crew: Context, history: History, environment: Environment) -> Deployment | None:
    """What is open there, or else what ended and nobody knows how."""
    latest = folds.latest(history, environment.name)
    if latest is not None and latest.open:
        return latest
    return folds.unsettled(history, environment.name, needed(environment), answers(crew))


def answer(
    folder: str,
    environment: str,
    said: approving.Answer,
    role: str,
    comment: str,
    actor: str | None,
    key: str | None,
    *,
    handle: str = "",
    yes: bool,
    as_json: bool,
) -> int:
    """Approve or reject what waits; with a handle, only if exactly that does."""
    project = Project(Path(folder), actor=actor, key=Path(key) if key else None)
    project.environment(environment)
    crew = project.deployment_context(Silent())
    role = role or _only_role(project, environment)
    question = f"{said} what waits in {environment} as {project.actor}" + (f" for {role}" if role else "") + "?"
    if not as_json and sys.stdin.isatty() and not yes:
        _show_waiting(crew, environment)
    if not confirmed(question, yes=yes):
        note("nothing was written")
        return 1
    word = approving.Word(said, role, comment, crew.vouch, handle=handle)
    deployment, verdict = approving.answer(crew, environment, word)
    if not deployment.open:
        show_deployments(project, [environment])
    if as_json:
        emit(
            {
                "schema": f"terrace/{said}@1",
                "deployment": deployment.id,
                "environment": environment,
                "verdict": verdict.outcome.value,
                "gates": machine.gates(verdict),
            }
        )
    else:
        show(terminal.gates(verdict))
        if not deployment.open:
            show(f"deployment {deployment.id} ended: {'; '.join(deployment.reasons)}")
        elif verdict.outcome is Outcome.PASS:
            show(f"next: terrace resume {environment}")
    return 0


def withdraw(
    folder: str, environment: str, reason: str, of: str, actor: str | None, key: str | None, *, yes: bool, as_json: bool
) -> int:
    """Take back the noes of the actor in an environment, or the one with an id."""
    from terrace.pipelines.approvals.withdraw import withdraw

    project = Project(Path(folder), actor=actor, key=Path(key) if key else None)
    project.environment(environment)
    crew = project.deployment_context(Silent())
    whose = f"the no {of}" if of else f"every no of {project.actor}"
    if not confirmed(f"withdraw {whose} in {environment} as {project.actor}?", yes=yes):
        note("nothing was written")
        return 1
    done = withdraw(crew, environment, reason, of=of)
    left = [no.id for no in done.standing]
    if as_json:
        told = {"withdrawn": [no.id for no in done.noes if no.id not in left], "standing": left}
        emit({"schema": "terrace/withdraw@1", "environment": environment, **told})
        return 0
    for no in done.noes:
        if no.id in left:
            show(f"the no of {visible(no.actor)} ({no.id}) stands until another person withdraws it too")
        else:
            show(f"the no of {visible(no.actor)} ({no.id}) is withdrawn")
    if not left:
        show(f"next: terrace deploy {environment}, or terrace promote {environment}: it asks people again")
    return 0


def _show_waiting(crew: Context, environment: str) -> None:
    deployment = folds.latest(crew.ledger.read(), environment)
    if deployment is not None and deployment.open:
        show(terminal.deployment(deployment))


def _only_role(project: Project, environment: str) -> str:
    """The one role of this environment's gates that the actor can fill; "" when there is none or a choice."""
    config = project.trust.config
    asked = config.environment(environment).approvals.roles
    mine = [role for role in asked if project.actor in config.teams.get(role, ())]
    if len(mine) > 1:
        raise BadInput(f"{project.actor} is in several teams that are asked: {', '.join(mine)}", hint="say --role TEAM")
    return mine[0] if mine else ""


def hold(folder: str, environment: str, reason: str, *, held: bool, as_json: bool) -> int:
    """Hold an environment, or let it go."""
    project = Project(Path(folder))
    settings = project.environment(environment)
    project.open_ledger()
    crew = project.audit_context(Silent())
    history = holds.hold(
        crew,
        environment,
        reason,
        kinds.ENVIRONMENT_HELD if held else kinds.ENVIRONMENT_UNHELD,
        needed(settings),
    )
    now = folds.hold(history, environment, holds.releases(history, crew.proof))
    if as_json:
        emit({"schema": "terrace/hold@1", "environment": environment, "held": now is not None})
    else:
        show(f"{environment} is held: {now.reason}" if now else f"{environment} takes deployments")
        if faith := in_good_faith(crew):
            note(f"{crew.actor} said so{faith}")
    return 0
