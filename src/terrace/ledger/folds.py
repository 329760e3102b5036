"""Views of the ledger. Each is a fold over its events; none keeps anything of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, Self

from terrace.ledger.approvals import AllAnswers, SignedApproval
from terrace.ledger.deployment import Deployment, Lease, Step, StepRecord
from terrace.ledger.event import Event
from terrace.ledger.events.deployments import (
    DeploymentEnded,
    DeploymentOpened,
    DeploymentWaiting,
    LeaseReleased,
    LeaseTaken,
    RecoverySettled,
)
from terrace.ledger.events.steps import StepBegun, StepEnded, StepListed
from terrace.ledger.long_lists import join_lists
from terrace.ledger.model import History
from terrace.ledger.old_deployments import (
    DeploymentsState,
    EventsByDeployment,
    LaterDeployment,
    closed_deployment,
    closed_state,
)
from terrace.ledger.old_events import OldReadable
from terrace.ledger.origins import origin_of
from terrace.ledger.view import Fold
from terrace.stacks.model import Destruction, Remediation, Undoing


def deployments(history: History) -> tuple[Deployment, ...]:
    """Returns every deployment, oldest first, with its current status."""
    return history.fold(Deployments)


class Deployments(Fold[tuple[Deployment, ...]]):
    """Every deployment. Those before the oldest open one are built once: only a rollback changes them later."""

    STATE = DeploymentsState

    def __init__(self) -> None:
        self._final: dict[str, Deployment] = {}
        self._later: dict[str, _DeploymentFold | _ClosedFold] = {}

    def copy(self) -> Self:
        """Returns a copy that can be continued separately."""
        copied = type(self)()
        copied._final, copied._later = dict(self._final), dict(self._later)
        return copied

    def add(self, event: Event) -> None:
        """Take the next event."""
        record = event.record
        if isinstance(record, DeploymentOpened):
            self._later[event.subject] = _DeploymentFold(event, record, self)
        elif event.subject in self._later:
            fold = self._later[event.subject]
            if isinstance(fold, _ClosedFold) or fold.over:
                # No later event changes it.
                return
            if fold.owner is not self:
                fold = self._later[event.subject] = fold.copy(self)
            fold.apply(event)

    def result(self) -> tuple[Deployment, ...]:
        """Every deployment so far, oldest first."""
        while self._later and (first := next(iter(self._later.values()))).over:
            del self._later[first.id]
            _take(self._final, first.deployment())
        by_id = dict(self._final)
        for fold in self._later.values():
            _take(by_id, fold.deployment())
        return tuple(by_id.values())

    def state(self) -> DeploymentsState:
        """Returns the deployments that have ended, without their steps, and the positions of the events of others."""
        self.result()
        later = [
            LaterDeployment(closed_state(fold.deployment()) if fold.over else None, list(fold.positions))
            for fold in self._later.values()
        ]
        return DeploymentsState([closed_state(deployment) for deployment in self._final.values()], later)

    @classmethod
    def of_state(cls, state: DeploymentsState, readable: OldReadable) -> Self:
        """Returns the fold whose steps of old deployments are read when they are needed."""
        fold = cls()

        def steps(positions: Sequence[int]) -> Sequence[StepRecord]:
            return _replay(positions, readable, None).deployment().steps

        fold._final = {deployment.id: closed_deployment(deployment, steps) for deployment in state.final}
        for unfinished in state.later:
            later: _DeploymentFold | _ClosedFold
            if unfinished.closed is None:
                later = _replay(unfinished.positions, readable, fold)
            else:
                later = _ClosedFold(closed_deployment(unfinished.closed, steps))
            fold._later[later.id] = later
        return fold


def _replay(positions: Sequence[int], readable: OldReadable, owner: object) -> _DeploymentFold:
    first, *others = (readable.at(position) for position in positions)
    assert isinstance(first.record, DeploymentOpened), "the first event of a deployment opens it"
    fold = _DeploymentFold(first, first.record, owner)
    for event in others:
        fold.apply(event)
    return fold


def _take(by_id: dict[str, Deployment], deployment: Deployment) -> None:
    """Add the next deployment, and note what it undid."""
    by_id[deployment.id] = deployment
    if deployment.result == "succeeded" and isinstance(deployment.origin, Undoing):
        undone = tuple(_find_taken_back(tuple(by_id.values()), deployment, deployment.origin.of))
        by_id |= {d.id: replace(d, undone_by=deployment.id) for d in undone}


def of_environment(history: History, environment: str) -> tuple[Deployment, ...]:
    """The deployments of an environment, oldest first."""
    return history.view(_by_environment).get(environment, ())


def _by_environment(history: History) -> Mapping[str, tuple[Deployment, ...]]:
    groups: dict[str, list[Deployment]] = {}
    for deployment in deployments(history):
        groups.setdefault(deployment.environment, []).append(deployment)
    return {environment: tuple(members) for environment, members in groups.items()}


def deployment_of(history: History, deployment: str) -> Deployment | None:
    """The deployment with an id; None where there is none."""
    return history.view(_by_id).get(deployment)


def _by_id(history: History) -> Mapping[str, Deployment]:
    return {deployment.id: deployment for deployment in deployments(history)}


def _find_taken_back(known: tuple[Deployment, ...], back: Deployment, of: str) -> Iterator[Deployment]:
    """The deployments that a rollback undid: all that changed something since its target, not only the last."""
    same_environment = [d for d in known if d.environment == back.environment and d.id != back.id]
    goals = [i for i, d in enumerate(same_environment) if d.commit == back.commit and _is_release(d)]
    for deployment in same_environment[goals[-1] + 1 :] if goals else same_environment:
        changed = deployment.touched or deployment.result == "succeeded"
        # A failed rollback was not a release: its leftovers were undone with the rest.
        halfway = isinstance(deployment.origin, Undoing) and deployment.result != "succeeded"
        if deployment.id == of or (goals and changed and not halfway and not deployment.undone_by):
            yield deployment


def _is_release(deployment: Deployment) -> bool:
    """Returns whether it succeeded, released something, and was not undone since."""
    gone = isinstance(deployment.origin, Destruction | Remediation) or bool(deployment.undone_by)
    return deployment.result == "succeeded" and not gone


def opening(history: History, deployment: str) -> Event | None:
    """The event that opened a deployment, None where there is none."""
    return history.fold(Openings).get(deployment)


class Openings(Fold[Mapping[str, Event]]):
    """The event that opened each deployment, by its id."""

    STATE = dict[str, int]

    def __init__(self) -> None:
        self._old: Mapping[str, int] = {}
        self._readable: OldReadable | None = None
        self._found: dict[str, Event] = {}

    def copy(self) -> Self:
        """Returns a copy that can be continued separately."""
        copied = type(self)()
        copied._old, copied._readable, copied._found = self._old, self._readable, dict(self._found)
        return copied

    def add(self, event: Event) -> None:
        """Take the next event."""
        if isinstance(event.record, DeploymentOpened):
            self._found[event.subject] = event

    def result(self) -> Mapping[str, Event]:
        """The events so far, by deployment."""
        return EventsByDeployment(self._old, dict(self._found), self._readable)

    def state(self) -> dict[str, int]:
        """Returns the positions of the events."""
        return {**self._old} | {name: event.position for name, event in self._found.items()}

    @classmethod
    def of_state(cls, state: dict[str, int], readable: OldReadable) -> Self:
        """Returns the fold whose old events are read when they are needed."""
        fold = cls()
        fold._old, fold._readable = state, readable
        return fold


def releases(history: History, environment: str) -> tuple[Deployment, ...]:
    """The good releases of an environment, oldest first: every stack of it succeeded, and it baked.

    An undone release is no longer good, a destroyed one no longer exists, and a remediation releases nothing.
    """
    releases_since: list[Deployment] = []
    for deployment in of_environment(history, environment):
        if deployment.result != "succeeded":
            continue
        if isinstance(deployment.origin, Destruction):
            releases_since = releases_since if deployment.partial else []
        elif _is_release(deployment):
            releases_since.append(deployment)
    return tuple(releases_since)


def live_deployments(history: History, environment: str) -> dict[str, Deployment]:
    """For every stack the deployment whose release it has, by key: the newest in which it was done.

    A stack whose latest apply did not succeed has no deployed commit, and is absent.
    """
    by_stack: dict[str, Deployment] = {}
    for deployment in of_environment(history, environment):
        for key in deployment.stacks:
            done = deployment.is_done(key)
            if done is True and not isinstance(deployment.origin, Destruction):
                by_stack[key] = deployment
            elif done is not None:
                by_stack.pop(key, None)
    return by_stack


def latest(history: History, environment: str) -> Deployment | None:
    """The newest deployment of an environment, whatever became of it."""
    known = of_environment(history, environment)
    return known[-1] if known else None


def changes(history: History, environment: str) -> tuple[Deployment, ...]:
    """The deployments that may have changed something in an environment, oldest first."""
    return tuple(d for d in of_environment(history, environment) if d.touched)


@dataclass(frozen=True, slots=True)
class Settlement:
    """One person's acceptance of the result of one stack of a deployment with an unknown outcome.

    `addresses` are all resources that the attempt would have created, as shown to the person; `reason` is the finding.
    """

    deployment: str
    stack: str
    attempt: str
    by: str
    reason: str
    addresses: tuple[str, ...]


def settlements(history: History, deployment: str) -> tuple[Settlement, ...]:
    """Everything that was said about the stacks of a deployment of unknown outcome, oldest first."""
    return tuple(
        Settlement(
            deployment,
            record.stack,
            record.attempt,
            event.actor,
            record.reason,
            record.addresses,
        )
        for event, record in history.of(RecoverySettled)
        if event.subject == deployment
    )


Answers = Callable[[History, str], tuple[Settlement, ...]]
"""The valid statements about a deployment of unknown outcome, by the name of the person."""


def is_settled(history: History, deployment: Deployment, people: int, answers: Answers = settlements) -> bool:
    """Returns whether enough people accepted the result of each apply of unknown outcome of a deployment."""
    attestations = answers(history, deployment.id)
    return bool(deployment.in_doubt) and all(
        len({a.by for a in attestations if (a.stack, a.attempt) == (record.stack, record.attempt)}) >= people
        for record in deployment.in_doubt
    )


def find_unsettled(
    history: History, environment: str, people: int, answers: Answers = settlements
) -> Deployment | None:
    """Returns the newest deployment of an environment with an unresolved unknown outcome; None when there is none.

    Its result is unknown, or another deployment was opened while one of its applies had no result. It is resolved once
    a recovery of it has succeeded, or once this number of `people` accepted the result of each stack. The release of
    the hold does not resolve it. `answers` returns the valid acceptances.
    """
    by_id = {d.id: d for d in of_environment(history, environment)}
    if not history.fold(UnknownOutcomes) & by_id.keys():
        return None
    open_by_id: dict[str, Deployment] = {}
    newest: Deployment | None = None
    for event, record in history.of(DeploymentOpened, DeploymentEnded):
        if event.subject not in by_id:
            continue
        ended = by_id[event.subject]
        if isinstance(record, DeploymentOpened):
            if newest is not None and newest.open and newest.in_doubt:
                open_by_id[newest.id] = newest
            newest = ended
            continue
        # An apply without a known result makes the outcome of its deployment unknown, whatever its end says.
        unknown = ended.result == "unknown" or bool(ended.in_doubt)
        if unknown:
            open_by_id[ended.id] = ended
        if ended.settles in open_by_id and (unknown or ended.result == "succeeded"):
            # A recovery continues from the leftovers. If it has an unknown outcome, it has to be recovered itself.
            del open_by_id[ended.settles]
    open_ = [deployment for deployment in open_by_id.values() if not is_settled(history, deployment, people, answers)]
    return open_[-1] if open_ else None


class UnknownOutcomes(Fold[frozenset[str]]):
    """The deployments of unknown outcome: an apply is open or ended as unknown, or they ended so."""

    STATE = tuple[dict[str, str], set[str]]

    def __init__(self) -> None:
        self._open: dict[str, str] = {}
        self._unknown: set[str] = set()

    def copy(self) -> Self:
        """Returns a copy that can be continued separately."""
        copied = type(self)()
        copied._open, copied._unknown = dict(self._open), set(self._unknown)
        return copied

    def add(self, event: Event) -> None:
        """Take the next event."""
        match event.record:
            case StepBegun(step="apply", attempt=attempt):
                self._open[attempt] = event.subject
            case StepEnded(attempt=attempt, result=result) if result != "unknown":
                self._open.pop(attempt, None)
            case DeploymentEnded(result="unknown"):
                self._unknown.add(event.subject)

    def result(self) -> frozenset[str]:
        """The ids so far."""
        return frozenset((*self._open.values(), *self._unknown))

    def state(self) -> Any:
        """Returns the data that is needed to continue."""
        return self._open, self._unknown

    @classmethod
    def of_state(cls, state: Any, readable: OldReadable) -> Self:
        """Returns the fold with this state."""
        fold = cls()
        fold._open, fold._unknown = state
        return fold


def last_good(history: History, environment: str) -> Deployment | None:
    """Returns the latest good release of an environment: the one that should be deployed there."""
    good = releases(history, environment)
    return good[-1] if good else None


def approvals(history: History, deployment: str) -> tuple[SignedApproval, ...]:
    """Every answer that was given to a deployment, oldest first."""
    return history.fold(AllAnswers).of(deployment)


def answers(history: History) -> Sequence[SignedApproval]:
    """Every answer that was given to any deployment, oldest first."""
    return history.fold(AllAnswers).all


def rejections(history: History) -> Sequence[SignedApproval]:
    """Every rejection of any deployment, oldest first."""
    return history.fold(AllAnswers).rejections


class _ClosedFold:
    """A deployment of a snapshot that has ended: no event changes it."""

    over = True

    def __init__(self, deployment: Deployment) -> None:
        self.id = deployment.id
        self.positions = list(deployment.positions)
        self._deployment = deployment

    def deployment(self) -> Deployment:
        return self._deployment


class _DeploymentFold:
    """The fold of the events of one deployment. Its records are built once, at the end: histories are long."""

    def __init__(self, event: Event, opened: DeploymentOpened, owner: object) -> None:
        self.owner = owner
        self.id = event.subject
        self._made: Deployment | None = None
        self._event = event
        self._opened = opened
        self._begun: dict[str, tuple[Event, StepBegun]] = {}
        self._ended: dict[str, tuple[Event, StepEnded]] = {}
        self._parts: dict[str, list[StepListed]] = {}
        self._lease: Lease | None = None
        self._epoch = 0
        self._waiting: tuple[str, ...] = ()
        self.positions = [event.position]
        self._end: tuple[Event, DeploymentEnded] | None = None

    @property
    def over(self) -> bool:
        """Returns whether it has ended: no valid event changes it after that."""
        return self._end is not None

    def copy(self, owner: object) -> _DeploymentFold:
        """Returns a copy for another owner: only that owner changes it."""
        copied = copy(self)
        copied.owner = owner
        copied._begun, copied._ended = dict(self._begun), dict(self._ended)
        copied.positions = list(self.positions)
        copied._parts = {attempt: list(parts) for attempt, parts in self._parts.items()}
        return copied

    def apply(self, event: Event) -> None:
        """Updates the deployment with the next event."""
        self._made = None
        self.positions.append(event.position)
        record = event.record
        match record:
            case LeaseTaken():
                self._lease = Lease(record.holder.holder(), record.epoch, event.time)
                self._epoch, self._waiting = record.epoch, ()
            case LeaseReleased():
                self._lease = None
            # Each is recorded once: no later event can turn an unknown outcome into a known one.
            case StepBegun():
                self._begun[record.attempt] = (event, record)
            case StepListed():
                self._parts.setdefault(record.attempt, []).append(record)
            case StepEnded():
                self._ended[record.attempt] = (event, record)
            case DeploymentWaiting():
                self._lease, self._waiting = None, record.reasons
            case DeploymentEnded():
                self._lease, self._waiting, self._end = None, (), (event, record)

    def deployment(self) -> Deployment:
        if self._made is None:
            self._made = self._deployment()
        return self._made

    def _deployment(self) -> Deployment:
        opened = self._opened
        at, end = self._end if self._end is not None else (None, None)
        return Deployment(
            id=self._event.subject,
            environment=opened.environment,
            commit=opened.commit,
            origin=origin_of(opened.origin),
            requester=self._event.actor,
            opened_at=self._event.time,
            waves=opened.waves,
            policy=opened.policy,
            steps=tuple(
                _record(*begun, self._ended.get(attempt), self._parts.get(attempt, []))
                for attempt, begun in self._begun.items()
            ),
            lease=self._lease,
            epoch=self._epoch,
            waiting=self._waiting,
            result=end.result if end is not None else None,
            reasons=end.reasons if end is not None else (),
            ended_at=at.time if at is not None else None,
            tag=end.tag if end is not None else None,
            live=opened.live,
            additions=opened.additions.additions(),
            agreed=frozenset(opened.agreed),
            partial=opened.partial,
            settles=opened.settles,
            positions=tuple(self.positions),
        )


def _record(
    event: Event,
    begun: StepBegun,
    end: tuple[Event, StepEnded] | None,
    parts: Sequence[StepListed],
) -> StepRecord:
    at, ended = end if end is not None else (None, None)
    detail, incomplete = join_lists(begun.detail.merge(ended.detail) if ended is not None else begun.detail, parts)
    return StepRecord(
        step=Step(begun.step),
        stack=begun.stack,
        attempt=begun.attempt,
        began_at=event.time,
        ended_at=at.time if at is not None else None,
        result=ended.result if ended is not None else None,
        message=ended.message if ended is not None else "",
        detail=detail,
        incomplete=incomplete,
    )
