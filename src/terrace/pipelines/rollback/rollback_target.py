"""The target of a rollback: the earlier release, and everything that follows from it."""

from __future__ import annotations

from dataclasses import dataclass

from terrace.errors import BadInput
from terrace.ledger import folds
from terrace.ledger.deployment import Deployment
from terrace.ledger.model import History
from terrace.ledger.undone import find_undone
from terrace.pipelines.context import Context
from terrace.pipelines.deploy.lifecycle import deployment_waves
from terrace.stacks.additions import Additions, Move
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import Undoing
from terrace.stacks.refactoring import find_moves, reverse_moves


@dataclass(frozen=True, slots=True)
class RollbackTarget:
    """A rollback from the deployed release to an earlier one. `left` are stacks that the earlier one does not define:
    they stay.

    `undone` are the deployments in between, oldest first.
    """

    environment: str
    target: Deployment
    undone: tuple[Deployment, ...]
    live: str
    waves: tuple[tuple[str, ...], ...]
    additions: Additions
    left: tuple[str, ...]

    @property
    def of(self) -> str:
        """The deployment that is undone: the last one that was not a rollback itself."""
        last = next((d for d in reversed(self.undone) if not isinstance(d.origin, Undoing)), self.undone[-1])
        return last.id


def newest_change(history: History, environment: str) -> Deployment:
    """Returns the newest deployment that changed an environment. Raises BadInput where there is none."""
    changed = folds.changes(history, environment)
    if not changed:
        raise BadInput(
            f"nothing was ever deployed to {environment}, so there is nothing to roll back",
            hint="`terrace status` shows what is deployed where",
        )
    return changed[-1]


def find_rollback_target(context: Context, history: History, environment: str, to: str | None) -> RollbackTarget:
    """Returns the rollback to the last good release before the deployed one, or to the one of the commit `to`.

    Raises BadInput where there is none, with a list of the releases that there are.
    """
    context.config.environment(environment)
    newest = newest_change(history, environment)
    # A rollback that did not succeed can be repeated, to the same release: what it rolls back is still deployed.
    halfway = isinstance(newest.origin, Undoing) and newest.result != "succeeded"
    live = newest.live if halfway else newest.commit
    good = [d for d in folds.releases(history, environment) if d.commit != live and find_undone(history, d)]
    candidates = [d for d in good if to in (None, d.commit)]
    if not candidates:
        releases = ", ".join(dict.fromkeys(d.commit[:7] for d in reversed(good))) or "none"
        fix = f"fix the cause, merge it, and run `terrace deploy {environment}`"
        if to:
            raise BadInput(
                f"{to[:7]} is not a good release of {environment} from before the deployed one",
                hint=f"good releases before this one: {releases}" if good else f"there are none: {fix}",
            )
        raise BadInput(
            f"{environment} has no earlier good release to roll back to: {live[:7]} is deployed",
            hint=fix,
        )
    target = candidates[-1]
    undone = find_undone(history, target)
    inventory = context.survey(target.commit)
    forward = deployment_waves(inventory, environment)
    ahead = [context.survey(commit) for commit in dict.fromkeys(d.commit for d in undone)]
    keys = {key for wave in forward for key in wave}
    return RollbackTarget(
        environment,
        target,
        undone,
        live,
        # Stacks that depend on others are rolled back first.
        tuple(reversed(forward)),
        Additions(moves=_moves_back(context, inventory, ahead, environment)),
        tuple(sorted({s.key for inventory in ahead for s in inventory.of(environment)} - keys)),
    )


def _moves_back(context: Context, inventory: Inventory, ahead: list[Inventory], environment: str) -> tuple[Move, ...]:
    def moves_in(inventory: Inventory) -> frozenset[Move]:
        return find_moves(inventory, context.repository.tree(inventory.commit), inventory.of(environment))

    return reverse_moves(
        frozenset(move for inventory in ahead for move in moves_in(inventory)), moves_in(inventory), inventory
    )
