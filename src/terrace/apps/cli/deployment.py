"""`deploy`, `promote`, `approve`, `resume`, `hold` and `tick`: what changes an environment."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from terrace.apps.cli.console import confirmed, emit, note, show
from terrace.apps.cli.watching import Lines, LiveTree, Silent
from terrace.apps.wiring import Workshop, now
from terrace.errors import BadInput
from terrace.gates.model import Outcome
from terrace.ledger import folds, kinds
from terrace.ledger.model import Draft, History
from terrace.pipelines import approve as approving
from terrace.pipelines import deploy as deploying
from terrace.pipelines import drift as looking
from terrace.pipelines.crew import Crew
from terrace.pipelines.deploy import Refused
from terrace.pipelines.journal import append
from terrace.pipelines.tick import due
from terrace.report import drift, machine, terminal
from terrace.rollout.model import Deployment
from terrace.rollout.ports import Watcher
from terrace.stacks.model import Manual, Origin, Promotion
from terrace.watch.review import Review, review


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


def deploy(folder: str, environment: str, ref: str | None, *, as_json: bool) -> int:
    """Take a commit into an environment."""
    shop = Workshop(Path(folder))
    shop.trust.config.environment(environment)
    commit = shop.trust.commit if ref is None else shop.repository.resolve(ref)
    if ref is None and (dirty := shop.repository.dirty):
        raise BadInput(
            f"the working tree differs from its commit ({terminal.visible(dirty[0])}"
            + (f" and {len(dirty) - 1} more" if len(dirty) > 1 else "")
            + "), and only commits are deployed",
            hint="commit and merge it, or say which commit you mean: --ref REF",
        )
    return _run(shop, "deploy", environment, commit, Manual(shop.actor), as_json=as_json)


def promote(folder: str, environment: str, *, as_json: bool) -> int:
    """Take into an environment what succeeded in the one before."""
    shop = Workshop(Path(folder))
    source = shop.trust.config.environment(environment).after
    if source is None:
        raise BadInput(
            f"{environment} is the first step: nothing comes before it", hint=f"`terrace deploy {environment}`"
        )
    good = folds.last_good(shop.ledger.read(), source)
    if good is None:
        raise BadInput(f"nothing has succeeded in {source} yet", hint=f"`terrace deploy {source}` first")
    return _run(shop, "promote", environment, good.commit, Promotion(source, shop.actor), as_json=as_json)


def _run(shop: Workshop, command: str, environment: str, commit: str, origin: Origin, *, as_json: bool) -> int:
    return _tell(shop, command, lambda crew: deploying.deploy(crew, environment, commit, origin), as_json=as_json)


def resume(folder: str, environment: str | None, *, as_json: bool) -> int:
    """Go on with the open deployment of an environment, or with the only one there is."""
    shop = Workshop(Path(folder))
    current = [
        d
        for e in shop.trust.config.environments
        if environment in (None, e.name) and (d := folds.latest(shop.ledger.read(), e.name)) is not None and d.open
    ]
    if environment is not None:
        shop.trust.config.environment(environment)
    if not current:
        note(f"nothing is open{f' in {environment}' if environment else ''}")
        return 0
    if len(current) > 1:
        names = ", ".join(d.environment for d in current)
        raise BadInput(f"several environments have an open deployment: {names}", hint="say which: terrace resume ENV")
    return _tell(shop, "resume", lambda crew: deploying.resume(crew, current[0]), as_json=as_json)


def answer(
    folder: str,
    environment: str,
    said: approving.Answer,
    role: str,
    comment: str,
    actor: str | None,
    key: str | None,
    *,
    yes: bool,
    as_json: bool,
) -> int:
    """Approve or reject what waits."""
    from terrace.adapters.signatures import signer

    shop = Workshop(Path(folder), actor=actor)
    crew = shop.crew(Silent())
    role = role or _only_role(shop, environment)
    question = f"{said} what waits in {environment} as {shop.actor}" + (f" for {role}" if role else "") + "?"
    if not as_json and sys.stdin.isatty() and not yes:
        _show_waiting(crew, environment)
    if not confirmed(question, yes=yes):
        note("nothing was written")
        return 1
    sign = signer(shop.repository, Path(key) if key else None)
    deployment, verdict = approving.answer(crew, environment, answer=said, role=role, comment=comment, sign=sign)
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
        if verdict.outcome is Outcome.PASS:
            show(f"next: terrace resume {environment}")
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
    shop.trust.config.environment(environment)
    kind = kinds.ENVIRONMENT_HELD if held else kinds.ENVIRONMENT_UNHELD
    ledger = shop.open_ledger()

    def decide(history: History) -> tuple[Draft, ...]:
        already = folds.hold(history, environment) is not None
        return () if already == held else (Draft(kind, environment, shop.actor, {"reason": reason}),)

    history = append(ledger, ledger.read(), decide)
    now = folds.hold(history, environment)
    if as_json:
        emit({"schema": "terrace/hold@1", "environment": environment, "held": now is not None})
    else:
        show(f"{environment} is held: {now.reason}" if now else f"{environment} takes deployments")
    return 0


def tick(folder: str, *, as_json: bool) -> int:
    """Do all that is due."""
    shop = Workshop(Path(folder))
    codes = []
    results = []
    with watcher(as_json=as_json) as told:
        crew = shop.crew(told)
        for action in due(crew):
            done = action.run(crew)
            results.append(_as_json("tick", done))
            codes.append(_code(done))
        names = looking.due(crew)
        if names:
            looking.look(crew, names)
            looking.note_overdue(crew, names)
    reviews = reviews_of(shop, names)
    codes += [1 for one in reviews if one.check is not None and one.check.status != "clean"]
    if as_json:
        emit({"schema": "terrace/tick@1", "done": results, "drift": drift.as_json(reviews)["environments"]})
    elif reviews:
        show(drift.as_terminal(reviews))
    elif not results:
        show("nothing is due")
    return max(codes, default=0)


def reviews_of(shop: Workshop, names: Iterable[str]) -> tuple[Review, ...]:
    """What the ledger knows of the drift of these environments now."""
    history = shop.ledger.read()
    every = {environment.name: environment.drift.every for environment in shop.trust.config.environments}
    return tuple(review(history, name, now(), every[name]) for name in names)


def _tell(shop: Workshop, command: str, run: Callable[[Crew], Deployment | Refused], *, as_json: bool) -> int:
    with watcher(as_json=as_json) as told:
        done = run(shop.crew(told))
    if as_json:
        emit(_as_json(command, done))
    elif isinstance(done, Refused):
        show(terminal.gates(done.verdict))
    else:
        show(terminal.deployment(done))
        _next(shop, done)
    return _code(done)


def _as_json(command: str, done: Deployment | Refused) -> machine.Json:
    if isinstance(done, Refused):
        return machine.refused(command, done.commit, done.verdict)
    return machine.deployed(command, done)


def _code(done: Deployment | Refused) -> int:
    return 0 if isinstance(done, Deployment) and done.result == "succeeded" else 1


def _next(shop: Workshop, done: Deployment) -> None:
    """What people usually do next."""
    if done.waiting:
        show(f"next: terrace approve {done.environment}, then terrace resume {done.environment}")
    elif done.result == "succeeded":
        above = next((e for e in shop.trust.config.environments if e.after == done.environment), None)
        if above is not None:
            show(f"next: terrace promote {above.name}")
    elif done.result == "unknown":
        show(f"{done.environment} is held: nothing more is deployed there until somebody has looked")
        show(f"next: compare the cloud with `terrace plan {done.stacks[0]}`, import what the state lacks, then")
        show(f"      terrace unhold {done.environment} --reason WHAT-YOU-FOUND")
    elif done.result == "failed" and done.touched:
        applied = [r.stack for r in done.steps if r.step.value == "apply" and r.result == "succeeded"]
        left = [key for key in done.stacks if key not in applied]
        show(f"applied: {', '.join(applied) or 'nothing in full'}; not applied in full: {', '.join(left)}")
        show(f"next: mend the cause, merge it, and `terrace deploy {done.environment}`: it plans what is left")
