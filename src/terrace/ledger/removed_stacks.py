"""What stacks that a commit does not have any more still hold: a stack that was renamed would create it again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from terrace.ledger import folds
from terrace.ledger.model import History
from terrace.ledger.states import standings
from terrace.rollout.model import Step
from terrace.stacks.model import Destruction


def removed_stacks(history: History, environment: str, present: Collection[str]) -> Mapping[str, frozenset[str]]:
    """Returns the addresses that applies left in each stack of an environment that is not among the present ones.

    A stack that was destroyed holds nothing, and neither does one of whose empty state a person said that it is right.
    What an apply of unknown or failed outcome was to create counts as held.
    """
    held: dict[str, set[str]] = {}
    for deployment in folds.deployments(history):
        for key in deployment.stacks if deployment.environment == environment else ():
            if key in present:
                continue
            if isinstance(deployment.origin, Destruction) and deployment.done(key):
                held.pop(key, None)
                continue
            planned, applied = deployment.last(Step.PLAN, key), deployment.last(Step.APPLY, key)
            if planned is None or applied is None:
                continue
            mine = held.setdefault(key, set())
            for action, address in planned.detail.get("changes", ()):
                if action in ("delete", "forget") and applied.result == "succeeded":
                    mine.discard(address)
                else:
                    mine.add(address)
    known = standings(history)
    empty = {
        key for key in held if (one := known.get(key)) is not None and one.checked_at is not None and not one.backup
    }
    return {key: frozenset(addresses) for key, addresses in held.items() if addresses and key not in empty}


def recreated_stack(creations: Iterable[str], removed: Mapping[str, frozenset[str]]) -> str:
    """Returns the removed stack whose objects a plan creates again, "" where there is none.

    It is one that holds at least half of what is created, or of which at least half is created.
    """
    created = frozenset(creations)
    for key, held in sorted(removed.items()):
        both = len(created & held)
        if both and (2 * both >= len(created) or 2 * both >= len(held)):
            return key
    return ""


def explanation(environment: str, key: str, removed: str) -> tuple[str, str]:
    """Returns what is wrong where a stack creates the objects of a removed one again, and the ways out."""
    return (
        f"{key} creates what {removed} holds, which is gone at this commit and was not destroyed: everything would be "
        "there twice",
        f"where {removed} was renamed, move its state to {key} first: for a state that Terrace keeps, move the folder "
        f"of {removed} among the states of the data folder (`terrace doctor` shows it); else keep the old address in "
        "the backend block or in `backend_config`, or `terraform state pull` at the old commit and "
        f"`terraform state push` at the new one. Where {removed} has to go: `terrace destroy {environment} {removed}` "
        "first",
    )
