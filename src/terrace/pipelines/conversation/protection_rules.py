"""Deployment protection rules: the forge asks whether a CI run may enter an environment, and the gates decide.

An approved run applies nothing by that: its commands go through the gates again. No process waits: a run that may not
enter yet is evaluated again the next time.
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.errors import BadInput
from terrace.forge.model import PendingRun
from terrace.forge.ports import Answer, ProtectionRules
from terrace.gates.approvals.ci_runs import why_untrusted
from terrace.gates.model import Outcome, Verdict
from terrace.ledger import folds
from terrace.pipelines.context import Context
from terrace.pipelines.deploy.gates import decide_plans, entry
from terrace.rollout.next_step import plans_awaiting_consent
from terrace.stacks.model import Automatic


def answer_protection_rules(context: Context, rules: ProtectionRules) -> Iterator[str]:
    """Decides on every pending run for which the gates pass or block; yields what happened to each."""
    names = {environment.name for environment in context.config.environments}
    for pending in rules.pending_runs():
        if pending.environment not in names:
            continue
        # The gates evaluate a commit. A run does what its workflow says, and gets the credentials.
        untrusted = why_untrusted(
            context.config.branch, of_branch=pending.of_branch, event=pending.event, ran_on=pending.branch
        )
        if untrusted:
            rules.answer(pending, "rejected", untrusted)
            yield f"run {pending.run} is rejected for {pending.environment}: {untrusted}"
            continue
        try:
            context.repository.resolve(pending.commit)
        except BadInput as error:
            yield f"run {pending.run} is pending for {pending.environment}: {error.message}"
            continue
        verdict = _verdict(context, pending)
        why = "; ".join(result.reason for result in verdict.open) or "every gate passes"
        if verdict.outcome is Outcome.WAIT:
            yield f"run {pending.run} is pending for {pending.environment}: {why}"
            continue
        answer: Answer = "approved" if verdict.outcome is Outcome.PASS else "rejected"
        rules.answer(pending, answer, why)
        yield f"run {pending.run} is {answer} for {pending.environment}: {why}"


def _verdict(context: Context, pending: PendingRun) -> Verdict:
    """Returns the verdict on the pending plans of that commit, or else on the commit itself."""
    history = context.ledger.read()
    latest = folds.latest(history, pending.environment)
    if latest is not None and latest.open and latest.waiting and latest.commit == pending.commit:
        return decide_plans(context, history, latest, plans_awaiting_consent(latest))
    return entry(context, history, pending.environment, pending.commit, Automatic())
