"""Finds the difference between what two environments run."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from terrace.checks.secrets.masking import without_secrets
from terrace.errors import Interrupted, TerraceError
from terrace.hcl.tree import Tree
from terrace.ledger import folds
from terrace.ledger.deployment import Deployment
from terrace.ledger.model import History
from terrace.pipelines.context import Context
from terrace.rollout.release_difference import ChangedValues, ReleaseDifference
from terrace.stacks.impact import change_set_between

MOST_LINES = 200
"""Maximum number of changed lines that are shown of one file of variables."""


def release_difference(context: Context, history: History, source: str, target: str) -> ReleaseDifference:
    """Returns what the target would get by a promotion of the release of the source."""
    brings, replaces = folds.last_good(history, source), folds.last_good(history, target)
    latest = folds.latest(history, target)
    commit = brings.commit if brings is not None else ""
    pending = latest if latest is not None and latest.open and latest.commit == commit else None
    return _compare_releases(context, ReleaseDifference(source, target, brings, replaces, pending=pending))


def difference_of(context: Context, history: History, deployment: Deployment) -> ReleaseDifference:
    """Returns what an open deployment brings to its environment."""
    settings = context.config.environment(deployment.environment)
    replaces = folds.last_good(history, deployment.environment)
    source = settings.after or deployment.commit[:7]
    difference = ReleaseDifference(source, deployment.environment, deployment, replaces, pending=deployment)
    return _compare_releases(context, difference)


def _compare_releases(context: Context, known: ReleaseDifference) -> ReleaseDifference:
    """Returns the difference with its commits, stacks and values. A clone that lacks a commit makes them unknown."""
    if known.brings is None or known.replaces is None or known.is_empty:
        return known
    old_commit, new_commit = known.replaces.commit, known.brings.commit
    repository = context.repository
    try:
        backwards = not repository.contains(new_commit, old_commit)
        base, head = (new_commit, old_commit) if backwards else (old_commit, new_commit)
        old, new = context.survey(old_commit), context.survey(new_commit)
        changes = change_set_between(old, new, repository.tree(old_commit), repository.tree(new_commit), context.config)
        stacks = [impact.stack for impact in changes.impacts if impact.stack.environment == known.target]
        files = dict.fromkeys(path for stack in stacks for path in _variable_files(stack.path, stack.var_files))
        return ReleaseDifference(
            known.source,
            known.target,
            known.brings,
            known.replaces,
            commits=repository.commits(base, head),
            people=repository.authors(base, head),
            stacks=tuple(stack.key for stack in stacks),
            values=tuple(_values(repository.tree(old_commit), repository.tree(new_commit), tuple(files))),
            backwards=backwards,
            pending=known.pending,
        )
    except Interrupted:
        raise
    except TerraceError as error:
        return ReleaseDifference(
            known.source,
            known.target,
            known.brings,
            known.replaces,
            pending=known.pending,
            unknown=str(error),
        )


def _variable_files(folder: str, listed: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the paths of the files of variables of a stack: those that it names, and the one that is always read."""
    return (*listed, f"{folder}/terraform.tfvars" if folder else "terraform.tfvars")


def _values(old: Tree, new: Tree, paths: tuple[str, ...]) -> Iterator[ChangedValues]:
    for path in paths:
        before, after = (_lines(tree, path) for tree in (old, new))
        if before != after:
            changed = [
                line
                for line in difflib.unified_diff(before, after, n=0, lineterm="")
                if line[:1] in ("+", "-") and line[:3] not in ("+++", "---")
            ]
            shown = without_secrets("\n".join(changed), bare=True, path=path).split("\n")
            yield ChangedValues(path, tuple(shown[:MOST_LINES]))


def _lines(tree: Tree, path: str) -> list[str]:
    return tree.read(path).decode("utf-8", "replace").splitlines() if path in tree.entries else []
