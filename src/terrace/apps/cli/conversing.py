"""`chatops`: the comment that a run of CI is about is answered where it stands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from terrace.adapters.environ import ENVIRON
from terrace.adapters.github.actions import event, output
from terrace.apps.cli.console import emit, show
from terrace.apps.cli.deployment_output import watcher
from terrace.apps.wiring.chatops import Turn, work_off
from terrace.apps.wiring.conversation import conversation
from terrace.apps.wiring.project import Project
from terrace.errors import BadInput
from terrace.pipelines.context import Context
from terrace.report.machine import Json
from terrace.text import clipped

if TYPE_CHECKING:
    from terrace.pipelines.conversation.run_reviews import Recorded


def chatops(folder: str, turn: Turn, *, as_json: bool) -> int:
    """Answer it. Exit 0 where it was done or nothing was meant for us, 1 where it was refused or does not go on yet."""
    name, payload = event(ENVIRON)
    with watcher(as_json=as_json) as told:
        heard = work_off(Path(folder), name, payload, turn, told)
    output(ENVIRON, "environment", heard.left if heard is not None and turn == "hear" else "")
    if as_json:
        reply = heard.reply if heard is not None else None
        emit(
            {
                "schema": "terrace/chatops@1",
                "answered": heard is not None,
                "done": heard.done if heard is not None else None,
                "environment": heard.left if heard is not None else "",
                "happened": reply.happened if reply is not None else "",
                "reasons": list(reply.reasons) if reply is not None else [],
            }
        )
    elif heard is None:
        show("nothing here was meant for Terrace")
    else:
        show(clipped(heard.reply.happened, 500))
    return 0 if heard is None or heard.done else 1


def reviewed(folder: str, environment: str, handle: str, *, as_json: bool) -> int:
    """Write down what reviewers of an environment answered to this run; exit 0 where nobody was asked, or where it
    cannot be told what they were shown, since the run was started again.

    Raises BadInput where something else waits than what they were shown.
    """
    from terrace.adapters.github.actions import is_again, run_id
    from terrace.pipelines.conversation.run_reviews import record

    run = run_id(ENVIRON)
    if not handle:
        raise BadInput(
            "it must be said what the reviewers were shown",
            hint=f"terrace approve {environment} HASH --from-run: the output `digest` of the job that planned",
        )
    with watcher(as_json=as_json) as told:
        project = Project(Path(folder))
        project.named(environment)

        def clerks(actor: str) -> Context:
            return Project(Path(folder), actor=actor).audit_context(told)

        # They were shown the plans of another attempt, and GitHub does not tell which attempt they answered to.
        again = is_again(ENVIRON)
        found = (
            ()
            if again
            else record(
                conversation(project.connected, project.trust.config.branch),
                project.trust.config,
                clerks,
                run,
                environment,
                handle,
            )
        )
    if as_json:
        emit(_reviews_as_json(environment, found))
        return 0
    for one in found:
        known = "" if one.verdict is not None else f", which does not count: {clipped(one.why)}"
        show(f"{clipped(one.login)} said {one.answer}{known}")
    if again:
        show("this run was started before, so nothing that was answered to it is written down (hint: start a new one)")
    elif not found:
        show(f"GitHub asked nobody about {environment}: what Terrace asks is the only gate")
    return 0


def _reviews_as_json(environment: str, found: tuple[Recorded, ...]) -> Json:
    return {
        "schema": "terrace/reviewed@1",
        "environment": environment,
        "reviews": [{"login": one.login, "answer": one.answer, "counts": one.verdict is not None} for one in found],
        "verdict": next((one.verdict.outcome.value for one in reversed(found) if one.verdict), None),
    }
