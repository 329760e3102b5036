"""The facts about a deployment that gates decide on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from terrace.stacks.model import Origin
from terrace.stacks.repository import Author


@dataclass(frozen=True, slots=True)
class Upstream:
    """The newest success in the previous environment. `commit` is None when nothing succeeded there."""

    environment: str
    commit: str | None
    succeeded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The result of the search for reviews of the new commits.

    `lacking` has a reason for each commit without a review; `unknown` is why Terrace cannot determine it, "" when it
    can.
    """

    lacking: tuple[str, ...] = ()
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts about a commit on its way to an environment.

    The commit:
    `on_protected_branch` is None when history is too shallow to determine it. `upstream` is the newest success in the
    previous environment. `ahead` is the deployed commit when it is newer than this one. `reviewed` is None when reviews
    are not required.

    The environment:
    `held` is the reason for its hold, and `busy` the work in progress there; None when there is none. `unread` has the
    invalid ledger events that may be about the environment, and the fix. `unsettled` is the deployment there with an
    unknown outcome: no hold is released before it is resolved. `clock` is why the clock of this machine is not trusted,
    and the fix.

    The people:
    `authors` wrote the new commits; `whole` is whether this clone has all of these commits. `opened_by` are the
    accounts that opened the changes of these commits; `openers_unknown` is why the forge did not report them.
    `requested_by` is the key or the account that proves the requester, "" when nothing does. `requester_unproven` is
    whether people have keys and none proves the requester, who can then be one of the approvers. `run_unproven` is why
    the CI run that the opening event names does not prove the requester.

    The deployment:
    `deployment` is its id, "" before it is opened. `unfounded` are claims of its opening event that do not follow from
    facts. `proven` is whether signed approvals prove that people accepted this commit in the environment before.
    `foreign_states` are stacks whose state belongs to another stack; `owner_unknown` is why Terrace cannot determine
    that. `overtaken_by` is a deployment that was opened while this one was prepared. `may_apply` is whether this run is
    allowed to apply, and not only to plan.
    """

    commit: str
    authors: tuple[Author, ...]
    requester: str
    branch: str
    on_protected_branch: bool | None
    upstream: Upstream | None
    held: str | None
    busy: str | None
    origin: Origin
    ahead: str | None = None
    reviewed: Reviewed | None = None
    unread: tuple[str, str] | None = None
    deployment: str = ""
    requested_by: str = ""
    requester_unproven: bool = False
    run_unproven: str = ""
    unfounded: tuple[str, ...] = ()
    proven: bool = True
    clock: tuple[str, str] | None = None
    unsettled: str = ""
    whole: bool = True
    opened_by: tuple[str, ...] = ()
    openers_unknown: str = ""
    foreign_states: tuple[str, ...] = ()
    owner_unknown: str = ""
    overtaken_by: str = ""
    may_apply: bool = True
