"""Shows a deployment while it is driven, and how it ended."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from terrace.apps.cli import actions
from terrace.apps.cli.actions import ended
from terrace.apps.cli.console import emit, show, show_lines
from terrace.apps.cli.watching import Lines, LiveTree, Silent
from terrace.apps.wiring.mirroring import show_deployments
from terrace.apps.wiring.project import Project
from terrace.ledger.deployment import Deployment, Step
from terrace.operations.reaction import Pause
from terrace.pipelines.approvals import approve as approving
from terrace.pipelines.context import Context, Reach
from terrace.pipelines.deploy import deploy as deploying
from terrace.pipelines.deploy.gates import HANDED_OVER
from terrace.pipelines.deploy.lifecycle import Refused
from terrace.pipelines.rollback.rollback import react
from terrace.report import machine, terminal
from terrace.report.refusals import refusal_lines, refusals_json
from terrace.rollout.ports import Watcher
from terrace.stacks.model import Destruction, Remediation, Undoing

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


def tell(
    project: Project,
    command: str,
    run: Callable[[Context], Deployment | Refused],
    *,
    wait: bool,
    as_json: bool,
    reach: Reach = "apply",
) -> int:
    """Run something that changes an environment, react to its end, and tell both. With `wait` sit through mere time."""
    with watcher(as_json=as_json) as told:
        crew = project.deployment_context(told, reach)
        done = _patiently(crew, run(crew)) if wait else run(crew)
        reacted = react(crew, done)
        if wait and isinstance(reacted, Deployment):
            reacted = _patiently(crew, reacted)
    show_deployments(project, [done.environment if isinstance(done, Deployment) else done.verdict.environment])
    environment = done.environment if isinstance(done, Deployment) else done.verdict.environment
    left_out = project.left_out([environment], done.commit)
    record = {**as_record(command, done, reacted), "refused": refusals_json(left_out)}
    if as_json:
        emit(record)
    else:
        show_end(project, done, reacted)
        if left_out:
            show_lines(refusal_lines(left_out))
    return ended(actions.deployed(record, waits_as(crew, done)), _code(done))


def waits_as(crew: Context, done: Deployment | Refused) -> str:
    """What names the plans that wait for people; "" where none do."""
    if isinstance(done, Refused) or set(done.waiting) <= {HANDED_OVER}:
        return ""
    return approving.handle_of(crew.policy, crew.ledger.read(), done.environment)


def _patiently(crew: Context, done: Deployment | Refused) -> Deployment | Refused:
    """Sit through what mere time will do."""
    while isinstance(done, Deployment) and (until := deploying.goes_on_at(crew, done)) is not None:
        time.sleep(max(0.0, (until - crew.clock()).total_seconds()))
        done = deploying.resume(crew, done)
    return done


def show_end(project: Project, done: Deployment | Refused, reacted: Reacted) -> None:
    if isinstance(done, Refused):
        show(terminal.gates(done.verdict))
        return None
    show(terminal.deployment(done))
    if isinstance(reacted, Pause):
        show(f"nothing is rolled back by itself: {'; '.join(reacted.reasons)}")
    elif reacted is not None:
        show(f"{done.environment} failed, and terrace.yaml says `on_failure: rollback`:")
        return show_end(project, reacted, None)
    _next(project, done)
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


def _next(project: Project, done: Deployment) -> None:
    """What people usually do next."""
    if done.waiting and done.last(Step.SMOKE) is not None:
        show(f"next: terrace tick, again and again, or terrace resume {done.environment} --wait")
    elif done.waiting == (HANDED_OVER,):
        show(f"next: terrace resume {done.environment}, where it may be applied")
    elif done.waiting:
        show(f"next: terrace approve {done.environment}, then terrace resume {done.environment}")
    elif done.result == "succeeded" and isinstance(done.origin, Undoing):
        branch = next((r.detail.branch for r in done.steps if r.step is Step.REVERT and r.detail.branch), "")
        show(f"{done.environment} is held until Git says the same" + (f": merge {branch}" if branch else ""))
        show(f"next: terrace tick (once that is merged), or terrace unhold {done.environment} --reason WHY")
    elif done.result == "succeeded" and not isinstance(done.origin, Destruction | Remediation):
        above = next((e for e in project.trust.config.environments if e.after == done.environment), None)
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
