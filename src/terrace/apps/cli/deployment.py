"""`deploy`, `promote`, `approve`, `resume` and `hold`: what changes an environment."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from terrace.apps.cli import actions, recovering
from terrace.apps.cli.actions import ended
from terrace.apps.cli.console import confirmed, emit, note, show, show_lines
from terrace.apps.cli.watching import Lines, LiveTree, Silent
from terrace.apps.wiring.mirroring import show_deployments
from terrace.apps.wiring.project import Workshop
from terrace.config.model import Environment
from terrace.errors import BadInput
from terrace.gates.model import Outcome
from terrace.ledger import folds, kinds
from terrace.ledger.model import History
from terrace.operations.reaction import Pause
from terrace.pipelines import holding
from terrace.pipelines.approvals import approve as approving
from terrace.pipelines.crew import Crew, Reach
from terrace.pipelines.deploy import deploy as deploying
from terrace.pipelines.deploy.asking import HANDED_OVER
from terrace.pipelines.deploy.opening import Refused
from terrace.pipelines.react import react
from terrace.pipelines.recovery.witnesses import answers, in_good_faith, needed
from terrace.report import machine, terminal
from terrace.report.refusals import refusal_lines, refusals_json
from terrace.rollout.model import Deployment, Step
from terrace.rollout.ports import Watcher
from terrace.rollout.recovery import Told
from terrace.stacks.model import Destruction, Manual, Notice, Origin, Promotion, Remediation, Undoing
from terrace.text import visible

Reacted = Deployment | Refused | Pause | None
"""What `react` did about the end of a deployment."""


@contextmanager
def watcher(*, as_json: bool) -> Iterator[Watcher]:
    """Whoever tells what happens, fit for where stderr goes."""
    if as_json:
        yield Silent()
    elif sys.stderr.isatty():
        with LiveTree() as tree:
            yield tree
    else:
        yield Lines()


def note_uncommitted(missing: Iterable[Notice]) -> None:
    """Say on stderr which files of the checkout plans are made without."""
    for one in missing:
        note(f"note: {one.message}")
        note(f"hint: {one.hint}")


def deploy(folder: str, environment: str, ref: str | None, *, wait: bool, as_json: bool, reach: Reach = "apply") -> int:
    """Take a commit into an environment."""
    shop = Workshop(Path(folder))
    shop.named(environment)
    commit = shop.trust.commit if ref is None else shop.repository.resolve(ref)
    if ref is None and (dirty := shop.repository.dirty):
        raise BadInput(
            f"the working tree differs from its commit ({visible(dirty[0])}"
            + (f" and {len(dirty) - 1} more" if len(dirty) > 1 else "")
            + "), and only commits are deployed",
            hint="commit and merge it, or say which commit you mean: --ref REF",
        )
    return _run(shop, "deploy", environment, commit, Manual(shop.actor), wait=wait, as_json=as_json, reach=reach)


def promote(folder: str, environment: str, *, wait: bool, as_json: bool, reach: Reach = "apply") -> int:
    """Take into an environment what succeeded in the one before."""
    shop = Workshop(Path(folder))
    source = shop.named(environment).after
    if source is None:
        raise BadInput(
            f"{environment} is the first step: nothing comes before it", hint=f"`terrace deploy {environment}`"
        )
    good = folds.last_good(shop.ledger.read(), source)
    if good is None:
        raise BadInput(f"nothing has succeeded in {source} yet", hint=f"`terrace deploy {source}` first")
    origin = Promotion(source, shop.actor)
    return _run(shop, "promote", environment, good.commit, origin, wait=wait, as_json=as_json, reach=reach)


def _run(
    shop: Workshop,
    command: str,
    environment: str,
    commit: str,
    origin: Origin,
    *,
    wait: bool,
    as_json: bool,
    reach: Reach,
) -> int:
    landscape = shop.survey(commit)
    note_uncommitted(shop.uncommitted(landscape, {stack.key for stack in landscape.of(environment)}))

    def run(crew: Crew) -> Deployment | Refused:
        return deploying.deploy(crew, environment, commit, origin)

    is_first = not shop.ledger.read().events
    code = tell(shop, command, run, wait=wait, as_json=as_json, reach=reach)
    if is_first:
        _propose_ledger_id(shop)
    return code


def _propose_ledger_id(shop: Workshop) -> None:
    """Say how to name the ledger that this command began, so that no clone takes another one for it."""
    history = shop.ledger.read()
    if history.events and not shop.trust.config.ledger_id:
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
    shop = Workshop(Path(folder))
    if environment is not None:
        shop.environment(environment)
    crew = shop.onlookers(Silent())
    history = crew.ledger.read()
    current = [
        d
        for e in (*shop.trust.config.environments, *shop.trust.config.former)
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
        return recovering.settle(shop, current[0], settled, reason, told.dead, yes=yes, as_json=as_json)
    if not current[0].open:
        return recovering.recover(shop, current[0], told, yes=yes, wait=wait, as_json=as_json)
    return tell(shop, "resume", lambda crew: deploying.resume(crew, current[0], told.dead), wait=wait, as_json=as_json)


def _unfinished(crew: Crew, history: History, environment: Environment) -> Deployment | None:
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
    shop = Workshop(Path(folder), actor=actor, key=Path(key) if key else None)
    shop.environment(environment)
    crew = shop.crew(Silent())
    role = role or _only_role(shop, environment)
    question = f"{said} what waits in {environment} as {shop.actor}" + (f" for {role}" if role else "") + "?"
    if not as_json and sys.stdin.isatty() and not yes:
        _show_waiting(crew, environment)
    if not confirmed(question, yes=yes):
        note("nothing was written")
        return 1
    word = approving.Word(said, role, comment, crew.vouch, handle=handle)
    deployment, verdict = approving.answer(crew, environment, word)
    if not deployment.open:
        show_deployments(shop, [environment])
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

    shop = Workshop(Path(folder), actor=actor, key=Path(key) if key else None)
    shop.environment(environment)
    crew = shop.crew(Silent())
    whose = f"the no {of}" if of else f"every no of {shop.actor}"
    if not confirmed(f"withdraw {whose} in {environment} as {shop.actor}?", yes=yes):
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


def _show_waiting(crew: Crew, environment: str) -> None:
    deployment = folds.latest(crew.ledger.read(), environment)
    if deployment is not None and deployment.open:
        show(terminal.deployment(deployment))


def _only_role(shop: Workshop, environment: str) -> str:
    """The one role of this environment's gates that the actor can fill; "" when there is none or a choice."""
    config = shop.trust.config
    asked = config.environment(environment).approvals.roles
    mine = [role for role in asked if shop.actor in config.teams.get(role, ())]
    if len(mine) > 1:
        raise BadInput(f"{shop.actor} is in several teams that are asked: {', '.join(mine)}", hint="say --role TEAM")
    return mine[0] if mine else ""


def hold(folder: str, environment: str, reason: str, *, held: bool, as_json: bool) -> int:
    """Hold an environment, or let it go."""
    shop = Workshop(Path(folder))
    settings = shop.environment(environment)
    shop.open_ledger()
    crew = shop.auditors(Silent())
    history = holding.hold(
        crew,
        environment,
        reason,
        kinds.ENVIRONMENT_HELD if held else kinds.ENVIRONMENT_UNHELD,
        needed(settings),
    )
    now = folds.hold(history, environment, holding.releases(history, crew.proof))
    if as_json:
        emit({"schema": "terrace/hold@1", "environment": environment, "held": now is not None})
    else:
        show(f"{environment} is held: {now.reason}" if now else f"{environment} takes deployments")
        if faith := in_good_faith(crew):
            note(f"{crew.actor} said so{faith}")
    return 0


def tell(
    shop: Workshop,
    command: str,
    run: Callable[[Crew], Deployment | Refused],
    *,
    wait: bool,
    as_json: bool,
    reach: Reach = "apply",
) -> int:
    """Run something that changes an environment, react to its end, and tell both. With `wait` sit through mere time."""
    with watcher(as_json=as_json) as told:
        crew = shop.crew(told, reach)
        done = _patiently(crew, run(crew)) if wait else run(crew)
        reacted = react(crew, done)
        if wait and isinstance(reacted, Deployment):
            reacted = _patiently(crew, reacted)
    show_deployments(shop, [done.environment if isinstance(done, Deployment) else done.verdict.environment])
    environment = done.environment if isinstance(done, Deployment) else done.verdict.environment
    left_out = shop.left_out([environment], done.commit)
    record = {**as_record(command, done, reacted), "refused": refusals_json(left_out)}
    if as_json:
        emit(record)
    else:
        show_end(shop, done, reacted)
        if left_out:
            show_lines(refusal_lines(left_out))
    return ended(actions.deployed(record, waits_as(crew, done)), _code(done))


def waits_as(crew: Crew, done: Deployment | Refused) -> str:
    """What names the plans that wait for people; "" where none do."""
    if isinstance(done, Refused) or set(done.waiting) <= {HANDED_OVER}:
        return ""
    return approving.handle_of(crew.policy, crew.ledger.read(), done.environment)


def _patiently(crew: Crew, done: Deployment | Refused) -> Deployment | Refused:
    """Sit through what mere time will do."""
    while isinstance(done, Deployment) and (until := deploying.goes_on_at(crew, done)) is not None:
        time.sleep(max(0.0, (until - crew.clock()).total_seconds()))
        done = deploying.resume(crew, done)
    return done


def show_end(shop: Workshop, done: Deployment | Refused, reacted: Reacted) -> None:
    if isinstance(done, Refused):
        show(terminal.gates(done.verdict))
        return None
    show(terminal.deployment(done))
    if isinstance(reacted, Pause):
        show(f"nothing is rolled back by itself: {'; '.join(reacted.reasons)}")
    elif reacted is not None:
        show(f"{done.environment} failed, and terrace.yaml says `on_failure: rollback`:")
        return show_end(shop, reacted, None)
    _next(shop, done)
    return None


def as_record(command: str, done: Deployment | Refused, reacted: Reacted = None) -> machine.Json:
    if isinstance(done, Refused):
        return machine.refused(command, done.commit, done.verdict)
    told = machine.deployed(command, done)
    if isinstance(reacted, Pause):
        return {**told, "rollback": {"result": "paused", "reasons": list(reacted.reasons)}}
    if reacted is None:
        return told
    back = as_record("rollback", reacted)
    return {**told, "result": "rolled_back" if back["result"] == "succeeded" else told["result"], "rollback": back}


def _code(done: Deployment | Refused) -> int:
    return 0 if isinstance(done, Deployment) and done.result == "succeeded" else 1


def _next(shop: Workshop, done: Deployment) -> None:
    """What people usually do next."""
    if done.waiting and done.last(Step.SMOKE) is not None:
        show(f"next: terrace tick, again and again, or terrace resume {done.environment} --wait")
    elif done.waiting == (HANDED_OVER,):
        show(f"next: terrace resume {done.environment}, where it may be applied")
    elif done.waiting:
        show(f"next: terrace approve {done.environment}, then terrace resume {done.environment}")
    elif done.result == "succeeded" and isinstance(done.origin, Undoing):
        branch = next((r.detail["branch"] for r in done.steps if r.step is Step.REVERT and r.detail.get("branch")), "")
        show(f"{done.environment} is held until Git says the same" + (f": merge {branch}" if branch else ""))
        show(f"next: terrace tick (once that is merged), or terrace unhold {done.environment} --reason WHY")
    elif done.result == "succeeded" and not isinstance(done.origin, Destruction | Remediation):
        above = next((e for e in shop.trust.config.environments if e.after == done.environment), None)
        if above is not None:
            show(f"next: terrace promote {above.name}")
    elif done.result == "unknown":
        show(f"{done.environment} is held: nothing more is deployed there until somebody has looked")
        show(f"next: terrace resume {done.environment}   looks at what it left, and brings that in order")
    elif done.result == "failed" and done.touched:
        applied = [r.stack for r in done.steps if r.step.value == "apply" and r.result == "succeeded"]
        left = [key for key in done.stacks if key not in applied]
        show(f"applied: {', '.join(applied) or 'nothing in full'}; not applied in full: {', '.join(left)}")
        show(f"next: mend the cause, merge it, and `terrace deploy {done.environment}`: it plans what is left")
