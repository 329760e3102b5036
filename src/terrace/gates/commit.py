"""Gates about the commit: its branch, its reviews, its success in the previous environment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, timedelta

from terrace.gates.gate import Moment, Request, blocks, passes, waits
from terrace.gates.model import GateResult, Outcome
from terrace.words import duration, join_some

_SHOWN = 3
"""Maximum number of commits without a review that are named."""


def check_protected_branch(request: Request) -> Iterator[GateResult]:
    """The commit is on the first-parent line of the protected branch."""
    facts = request.facts
    commit, branch = facts.commit[:7], facts.branch
    if facts.on_protected_branch:
        yield passes(f"{commit} is on {branch}")
    elif facts.on_protected_branch is None:
        answer = blocks if request.moment is Moment.ENTRY else waits
        yield answer(
            f"this clone is too shallow to determine whether {commit} is on {branch}", "`git fetch --unshallow`"
        )
    else:
        reason = f"{commit} is not on the first-parent line of {branch}"
        yield blocks(reason, f"merge it into {branch}, then deploy the merge commit")


def check_forward(request: Request) -> Iterator[GateResult]:
    """The deployed commit is not newer. An older commit is deployed with `terrace rollback`."""
    name, commit, ahead = request.environment.name, request.facts.commit[:7], request.facts.ahead
    if ahead is None:
        yield passes(f"{name} has no newer commit")
    else:
        reason = (
            f"{name} has {ahead[:7]}, which is newer than {commit}: deploying {commit} would revert it without a check"
            " for data loss"
        )
        yield blocks(reason, f"`terrace rollback {name} --to {commit} --plan-only` previews the rollback")


def check_reviews(request: Request) -> Iterator[GateResult]:
    """Another person approved the change of every new commit, where terrace.yaml requires that."""
    reviewed_commit = request.facts.reviewed
    if reviewed_commit is None:
        return
    if reviewed_commit.unknown:
        yield waits(
            f"Terrace cannot determine whether this was reviewed: {reviewed_commit.unknown}", "run the command again"
        )
    elif not reviewed_commit.lacking:
        yield passes("another person approved every new change")
    else:
        how = (
            f"merge it into {request.facts.branch} with a change that another person approves. To stop requiring"
            " reviews, merge `forge.reviewed: off`"
        )
        yield blocks(join_some(reviewed_commit.lacking, _SHOWN, "; "), how)


def check_promotion(request: Request) -> Iterator[GateResult]:
    """The commit succeeded in the previous environment."""
    after, name = request.environment.after, request.environment.name
    if after is None:
        return
    result = _promotion(request, after, name)
    if request.moment is Moment.CHECK and result.outcome is Outcome.BLOCK:
        # A change that is not merged yet has been nowhere: that does not block it.
        yield waits(f"it must succeed in {after} first", f"then run `terrace promote {name}`")
    else:
        yield result


def _promotion(request: Request, after: str, name: str) -> GateResult:
    commit, above = request.facts.commit[:7], request.facts.upstream
    if above is None or above.environment != after:
        return blocks(
            f"the newest success in {after} is unknown", f"`terrace status` shows the deployed commit of {after}"
        )
    if above.commit is None or above.succeeded_at is None:
        how = f"`terrace deploy {after}`, then `terrace promote {name}`"
        return blocks(f"nothing has succeeded in {after} yet", how)
    if above.commit != request.facts.commit:
        short = above.commit[:7]
        how = (
            f"`terrace promote {name}` deploys {short}. To deploy {commit}, run `terrace deploy {after} --ref {commit}`"
            " first"
        )
        return blocks(f"{after} has {short}, not {commit}", how)
    return passes(f"{commit} succeeded in {after}")


def check_soak(request: Request) -> Iterator[GateResult]:
    """The success in the previous environment is old enough. Asked only of a commit that can be promoted."""
    environment, above = request.environment, request.facts.upstream
    if environment.after is None or environment.soak <= timedelta(0):
        return
    if _promotion(request, environment.after, environment.name).outcome is not Outcome.PASS:
        return
    assert above is not None and above.succeeded_at is not None, "the promotion gate passes"
    until = above.succeeded_at + environment.soak
    if request.now >= until:
        yield passes(f"soaked in {above.environment} for {duration(environment.soak)}")
        return
    remaining = duration(until - request.now)
    reason = f"soaking in {above.environment} for {duration(environment.soak)}; {remaining} left"
    how = f"run `terrace tick` or this command again after {until.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    yield waits(reason, how, until)
