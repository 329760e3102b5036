"""The deployed commit of each stack, or the reason why it is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from terrace.ledger import folds
from terrace.ledger.adoptions import adoptions, newest_adoptions
from terrace.ledger.deployment import Deployment
from terrace.ledger.model import History
from terrace.stacks.model import Destruction


@dataclass(frozen=True, slots=True)
class Baseline:
    """By key: the stacks at a known commit, and those at none, each with why. Stacks that were never deployed are in
    neither.
    """

    commits: Mapping[str, str]
    unclear: Mapping[str, str]


def baseline(history: History, environment: str) -> Baseline:
    """The deployed commits of an environment, stack by stack."""
    commits = {key: deployment.commit for key, deployment in folds.live_deployments(history, environment).items()}
    unclear: dict[str, str] = {}
    for deployment in folds.of_environment(history, environment):
        for key in deployment.stacks:
            done = deployment.is_done(key)
            if done is False:
                how = "has an unknown result" if deployment.in_doubt else "failed"
                unclear[key] = f"its newest apply {how} (deployment {deployment.id}): it has no deployed release"
            elif done or isinstance(deployment.origin, Destruction):
                unclear.pop(key, None)
    for key, adopted in newest_adoptions(history, environment).items():
        commits.pop(key, None)
        unclear.pop(key, None)
        if adopted.record.same:
            commits[key] = adopted.commit
        else:
            unclear[key] = (
                f"it was adopted at {adopted.commit[:7]}, and its resources differed from that commit: it has no "
                f"deployed release until it is deployed (`terrace deploy {environment}`), or adopted again without "
                "a difference"
            )
    return Baseline(commits, unclear)


def find_abandoned(history: History, names: Iterable[str]) -> tuple[str, ...]:
    """Returns the environments with deployments that are not among these: there are no rules for them any more."""
    named = set(names)
    deployed = [d.environment for d in folds.deployments(history)]
    adopted = [adoption.environment for adoption in adoptions(history).values()]
    others = dict.fromkeys(name for name in (*deployed, *adopted) if name not in named)
    return tuple(name for name in others if (state := baseline(history, name)).commits or state.unclear)


def find_running(history: History, environment: str) -> Deployment | None:
    """The deployment that changes an environment just now; one that only waits for people changes nothing."""
    latest = folds.latest(history, environment)
    if latest is None or not latest.open:
        return None
    return latest if latest.lease is not None or latest.in_doubt else None
