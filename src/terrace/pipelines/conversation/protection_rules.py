"""A forge asks before it lets a run of CI into an environment: the gates answer, as they answer a deployment.

A door that is opened applies nothing: whoever goes through meets the gates again. Nobody waits here either: a run that
may not go in yet is looked at again at the next round.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.errors import BadInput
from terrace.forge.model import Knock
from terrace.forge.ports import Answer, Doors
from terrace.gates.approvals.ci_runs import why_untrusted
from terrace.gates.model import Outcome, Verdict
from terrace.ledger import folds
from terrace.pipelines.context import Context
from terrace.pipelines.deploy.gates import entry, gates_say
from terrace.rollout.next_step import awaiting
from terrace.stacks.model import Automatic


def answer_doors(context: Context, doors: Doors) -> Iterator[str]:
    """Answer whoever can be answered now; says of each what came of it."""
    known = {environment.name for environment in context.config.environments}
    for knock in doors.knocks():
        if knock.environment not in known:
            continue
        # The gates judge a commit. What a run does is what its workflow says, and it gets the credentials.
        untrusted = why_untrusted(context.config.branch, own=knock.own, event=knock.event, ran_on=knock.branch)
        if untrusted:
            doors.answer(knock, "rejected", untrusted)
            yield f"run {knock.run} is rejected at {knock.environment}: {untrusted}"
            continue
        try:
            context.repository.resolve(knock.commit)
        except BadInput as error:
            yield f"run {knock.run} waits at {knock.environment}: {error.message}"
            continue
        verdict = _verdict(context, knock)
        why = "; ".join(result.reason for result in verdict.open) or "every gate passes"
        if verdict.outcome is Outcome.WAIT:
            yield f"run {knock.run} waits at {knock.environment}: {why}"
            continue
        answer: Answer = "approved" if verdict.outcome is Outcome.PASS else "rejected"
        doors.answer(knock, answer, why)
        yield f"run {knock.run} is {answer} at {knock.environment}: {why}"


def _verdict(context: Context, knock: Knock) -> Verdict:
    """What the gates say to the plans of that commit that wait there, or else to the commit itself."""
    history = context.ledger.read()
    latest = folds.latest(history, knock.environment)
    if latest is not None and latest.open and latest.waiting and latest.commit == knock.commit:
        return gates_say(context, history, latest, awaiting(latest))
    return entry(context, history, knock.environment, knock.commit, Automatic())
