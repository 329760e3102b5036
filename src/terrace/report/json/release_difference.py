"""Output of `terrace diff`: what a promotion would bring."""

from __future__ import annotations

from terrace.report.json.record import JsonRecord
from terrace.rollout.release_difference import ReleaseDifference


class DifferenceCommit(JsonRecord):
    """A commit of a difference."""

    commit: str
    """Id of the commit."""
    message: str
    """Message of the commit."""
    merge: bool
    """True if it has several parents."""


class DifferencePerson(JsonRecord):
    """An author, committer or co-author."""

    name: str
    """Name."""
    email: str
    """E-mail address."""


class DifferenceValues(JsonRecord):
    """A file of variables that changes."""

    path: str
    """File in the repository."""
    diff: tuple[str, ...]
    """Changed lines, each with `+` or `-`, masked."""


class DifferencePlan(JsonRecord):
    """A pending plan of the target."""

    stack: str
    """Key of the stack."""
    create: int
    """Number of resources to create."""
    update: int
    """Number of resources to update."""
    replace: int
    """Number of resources to replace."""
    delete: int
    """Number of resources to delete."""


class DiffJson(JsonRecord, tag_field="schema", tag="terrace/diff@1"):
    """Output of `terrace diff`."""

    source: str
    """Environment whose release is compared."""
    target: str
    """Environment that would get it."""
    brings: str | None
    """Commit that the source runs, or null."""
    replaces: str | None
    """Commit that the target runs, or null."""
    backwards: bool
    """True if the target runs the newer commit."""
    commits: tuple[DifferenceCommit, ...]
    """Commits between the two, the newest first."""
    people: tuple[DifferencePerson, ...]
    """People who wrote the commits."""
    tickets: tuple[str, ...]
    """Tickets that the messages of the commits name."""
    stacks: tuple[str, ...]
    """Keys of the stacks of the target that change."""
    values: tuple[DifferenceValues, ...]
    """Files of variables of the target that change."""
    deployment: str | None
    """Id of the open deployment of that commit in the target, or null."""
    plans: tuple[DifferencePlan, ...]
    """Plans of that deployment."""
    unknown: str | None
    """Reason why the commits are unknown, or null."""


def difference_json(difference: ReleaseDifference) -> DiffJson:
    """Returns the output of `terrace diff`."""
    brings, replaces, pending = difference.brings, difference.replaces, difference.pending
    return DiffJson(
        source=difference.source,
        target=difference.target,
        brings=brings.commit if brings is not None else None,
        replaces=replaces.commit if replaces is not None else None,
        backwards=difference.backwards,
        commits=tuple(
            DifferenceCommit(commit=commit.id, message=commit.message.strip(), merge=commit.merge)
            for commit in difference.commits
        ),
        people=tuple(DifferencePerson(name=person.name, email=person.email) for person in difference.people),
        tickets=difference.tickets,
        stacks=difference.stacks,
        values=tuple(DifferenceValues(path=change.path, diff=change.diff) for change in difference.values),
        deployment=pending.id if pending is not None else None,
        plans=tuple(
            DifferencePlan(
                stack=plan.stack,
                create=plan.detail.create or 0,
                update=plan.detail.update or 0,
                replace=plan.detail.replace or 0,
                delete=plan.detail.delete or 0,
            )
            for plan in difference.plans
        ),
        unknown=difference.unknown or None,
    )
