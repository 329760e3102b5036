"""Separates the valid events of a history, in an order that Terrace writes, from the invalid ones.

Nothing follows from an event that is not readable. It holds the environment that it speaks of until a person has looked
at it, and stops nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate
from types import MappingProxyType

import msgspec

from terrace import typed_json
from terrace.ledger.authenticity import EventKey, LedgerKey, demands_code
from terrace.ledger.event import Event
from terrace.ledger.events.codec import RECORDS
from terrace.ledger.events.deployments import (
    DeploymentEnded,
    DeploymentOpened,
    DeploymentWaiting,
    LeaseReleased,
    LeaseTaken,
    RecoveryAttested,
    RecoveryBegun,
    RecoverySettled,
)
from terrace.ledger.events.grammar import EnvironmentName, StackKey, is_of
from terrace.ledger.events.people import ApprovalGiven, LedgerOpened, LedgerRekeyed
from terrace.ledger.events.record import Malformed, Record, Unknown
from terrace.ledger.events.states import (
    StackAdopted,
    StateBackedUp,
    StateDrilled,
    StatePruned,
    StateRekeyed,
    StateRestoreBegun,
    StateRestoreEnded,
)
from terrace.ledger.events.steps import StepBegun, StepEnded, StepListed, StepName, lacks
from terrace.ledger.reader_state import CodesState, DatesState, DeploymentState, FaultState, OrderState, ReaderState
from terrace.ledger.sequences import append_lazily

_OF_A_DEPLOYMENT = (
    DeploymentEnded
    | DeploymentWaiting
    | LeaseReleased
    | LeaseTaken
    | RecoveryAttested
    | RecoveryBegun
    | RecoverySettled
    | StepBegun
    | StepEnded
    | StepListed
    | ApprovalGiven
)
_OfAState = (
    StackAdopted | StateBackedUp | StateRestoreBegun | StateRestoreEnded | StateDrilled | StateRekeyed | StatePruned
)
_NOT_AFTER_THE_END = (
    DeploymentEnded | DeploymentWaiting | LeaseReleased | LeaseTaken | StepBegun | StepEnded | StepListed
)
"""Kinds of events that never follow the end of a deployment."""


@dataclass(frozen=True, slots=True)
class Fault:
    """An invalid event. `environment` is the one that it is about, "" when that is unknown and it can be any.

    `found` is the problem.
    """

    event: Event
    found: Malformed | Unknown
    environment: str

    @property
    def reason(self) -> str:
        """Returns the problem in a sentence without the position."""
        if isinstance(self.found, Unknown):
            return f"its kind {self.found.kind[:60]!a} is unknown to this version of Terrace"
        return f"{self.found.field}: {self.found.why}"

    @property
    def is_forged(self) -> bool:
        """Returns whether it would be valid if a process with the ledger key had written it."""
        return isinstance(self.found, Malformed) and self.found.field == "code"

    def holds(self, environment: str) -> bool:
        """Returns whether it is about this environment, or may be."""
        return self.environment in ("", environment)


@dataclass(frozen=True, slots=True)
class Reading:
    """The valid events of a history, oldest first, and its invalid events.

    An event with a date before the previous event has the time of the previous event: time never goes back. An event
    with a dismissed date has the latest possible time: that of the next event with a valid date, and not earlier than
    that of the dismissal, because the next event can have an early date.
    `foreign` is the id of the key that authenticates the events, when it is not the key of the reader: then no MAC is
    verified. `coded` is whether any event has a MAC, valid or not.
    """

    events: Sequence[Event]
    faults: tuple[Fault, ...]
    foreign: str = ""
    coded: bool = False


def read(
    events: Sequence[Event],
    undated: Mapping[int, datetime] = MappingProxyType({}),
    absent: frozenset[int] = frozenset(),
    *,
    key: LedgerKey,
) -> Reading:
    """Returns the reading of a history.

    `undated` are the positions of events with a dismissed date, with the times of the dismissals. With the `key` of the
    ledger, an event that requires a MAC and has none or a wrong one is invalid. Without the key, the events at the
    positions `absent` are.
    """
    return Reader.of(events, undated, absent, key=key).reading


class Reader:
    """A reading that can be continued with later events: it then reads only these."""

    def __init__(self, order: _Order, codes: _Codes, dates: _Dates, reading: Reading) -> None:
        self._order = order
        self._codes = codes
        self._dates = dates
        self.reading = reading

    @classmethod
    def of(
        cls,
        events: Sequence[Event],
        undated: Mapping[int, datetime] = MappingProxyType({}),
        absent: frozenset[int] = frozenset(),
        *,
        key: LedgerKey,
    ) -> Reader:
        """The reader that has read these events, the first ones of a ledger."""
        order, codes, dates = _Order(), _Codes(events, key, absent), _Dates(undated)
        readable, faults = order.all(events, codes)
        return cls(order, codes, dates, Reading(dates.of(readable), faults, codes.foreign, codes.any))

    def continue_with(self, events: Sequence[Event]) -> Reader | None:
        """Returns the reader that has also read these events; None if they change the reading of earlier events.

        They do when they change the key or are the first with one, and when the time of the last event depends on the
        event after it.
        """
        codes = self._codes.continue_with(events)
        if codes is None or not self._dates.is_settled:
            return None
        order, dates = self._order.copy(), self._dates.copy()
        readable, faults = order.all(events, codes)
        known = self.reading
        reading = Reading(
            append_lazily(known.events, dates.of(readable)), (*known.faults, *faults), codes.foreign, codes.any
        )
        return Reader(order, codes, dates, reading)

    def state(self, events: Sequence[Event], known: ReaderState | None) -> ReaderState:
        """Returns the data that the reader of these events needs to continue.

        `known` is the state with which it started, None if it has read all of them itself.
        """
        count, invalid, times = (known.count, known.invalid, known.times) if known is not None else (0, [], {})
        readable = self.reading.events[count - len(invalid) :]
        valid = {event.position: event.time for event in readable}
        new = events[count:]
        moved = (event for event in new if valid.get(event.position, event.time) != event.time)
        return ReaderState(
            count=len(events),
            invalid=[*invalid, *(event.position for event in new if event.position not in valid)],
            times=times | {event.position: valid[event.position] for event in moved},
            faults=[_fault_state(fault) for fault in self.reading.faults],
            codes=self._codes.state(),
            dates=self._dates.state(),
            order=self._order.state(),
        )

    @classmethod
    def of_state(cls, state: ReaderState, events: Sequence[Event], readable: Sequence[Event], key: LedgerKey) -> Reader:
        """Returns the reader with this state, which has read these events, of which the `readable` ones are valid."""
        codes = _Codes.of_state(state.codes, key)
        faults = tuple(_fault_of(fault, events) for fault in state.faults)
        reading = Reading(readable, faults, codes.foreign, codes.any)
        return cls(_Order.of_state(state.order), codes, _Dates.of_state(state.dates), reading)


def _fault_state(fault: Fault) -> FaultState:
    problem = fault.found
    field, why = (problem.field, problem.why) if isinstance(problem, Malformed) else ("", "")
    return FaultState(fault.event.position, fault.environment, field, why)


def _fault_of(state: FaultState, events: Sequence[Event]) -> Fault:
    event = events[state.position]
    unknown = Unknown(state.position, event.kind)
    return Fault(
        event, Malformed(state.position, state.field, state.why) if state.field else unknown, state.environment
    )


class _Dates:
    """The times that events are taken to have. `is_settled`: no event that follows changes one of those so far."""

    def __init__(self, undated: Mapping[int, datetime]) -> None:
        self._undated = undated
        self._latest: datetime | None = None
        self._last: datetime | None = None
        self.is_settled = True

    def copy(self) -> _Dates:
        copied = _Dates(self._undated)
        copied._latest, copied._last, copied.is_settled = self._latest, self._last, self.is_settled
        return copied

    def state(self) -> DatesState:
        """Returns the data that is needed to continue. No date is dismissed in a snapshot."""
        assert not self._undated, "a snapshot has nothing that depends on dismissals"
        return DatesState(self._latest, self._last)

    @classmethod
    def of_state(cls, state: DatesState) -> _Dates:
        """Returns the times with this state."""
        dates = cls(MappingProxyType({}))
        dates._latest, dates._last = state.latest, state.last
        return dates

    def of(self, events: Sequence[Event]) -> tuple[Event, ...]:
        """The next events, with the times that they are taken to have."""
        if not events:
            return ()
        times: list[datetime] = []
        latest = self._latest
        for event in events:
            if event.position not in self._undated:
                latest = event.time if latest is None else max(latest, event.time)
            times.append(latest if latest is not None else event.time)
        following: datetime | None = None
        for index in range(len(events) - 1, -1, -1) if self._undated else ():
            if events[index].position not in self._undated:
                following = times[index]
            else:
                # Later than the true time, never earlier: a waiting time from then on is too long, not too short.
                by = following if following is not None else max(times[index], events[index].time)
                times[index] = max(by, self._undated[events[index].position])
        if self._last is not None:
            times[0] = max(times[0], self._last)
        times = list(accumulate(times, max))
        self._latest, self._last = latest, times[-1]
        self.is_settled = events[-1].position not in self._undated
        return tuple(
            event if event.time == time else replace(event, time=time)
            for event, time in zip(events, times, strict=True)
        )


class _Deployment:
    """The state of a deployment so far, as needed to decide whether an event may follow. Only `owner` changes it."""

    def __init__(self, environment: str, stacks: Iterable[str], owner: _Order) -> None:
        self.owner = owner
        self.environment = environment
        self.stacks = {"", *stacks}
        self.epoch = 0
        self.over = False
        self.begun: dict[str, tuple[StepName, str]] = {}
        self.ended: set[str] = set()
        self.listed: set[tuple[str, str, int]] = set()

    def state(self) -> DeploymentState:
        """Returns the data that is needed to continue."""
        ended, listed = ([], []) if self.over else (sorted(self.ended), sorted(self.listed))
        return DeploymentState(self.environment, sorted(self.stacks), self.epoch, self.over, self.begun, ended, listed)

    @classmethod
    def of_state(cls, state: DeploymentState, owner: _Order) -> _Deployment:
        """Returns the deployment with this state."""
        deployment = cls(state.environment, state.stacks, owner)
        deployment.epoch, deployment.over, deployment.begun = state.epoch, state.over, state.begun
        deployment.ended, deployment.listed = set(state.ended), set(state.listed)
        return deployment

    def copy(self, owner: _Order) -> _Deployment:
        """The same for another owner."""
        copied = copy(self)
        copied.owner = owner
        copied.begun, copied.ended, copied.listed = dict(self.begun), set(self.ended), set(self.listed)
        return copied


class _Codes:
    """The MACs of a history, as one reader verifies them. Without a key, or with a foreign one, all are trusted except
    the dismissed ones."""

    def __init__(self, events: Sequence[Event], key: LedgerKey, dismissed: frozenset[int]) -> None:
        wrote, others = _codes_of(events, key)
        self.foreign = others[-1][:_LONGEST_ID] if others and not wrote else ""
        self.any = any(event.code for event in events)
        self._given = key
        self._key = key if isinstance(key, EventKey) and not self.foreign else None
        self._dismissed = dismissed
        self._wrote = {event.position for event in wrote}
        self._is_ours = bool(wrote)
        changes = [(event.position, event.record) for event in wrote if isinstance(event.record, LedgerRekeyed)]
        self._from, last = changes[-1] if changes else (0, None)
        self._absent = frozenset(last.absent) if isinstance(last, LedgerRekeyed) else frozenset()

    def state(self) -> CodesState:
        """Returns the data that is needed to continue. No event is dismissed in a snapshot."""
        assert not self._dismissed, "a snapshot has nothing that depends on dismissals"
        return CodesState(self.foreign, self.any, self._is_ours, self._from, sorted(self._absent))

    @classmethod
    def of_state(cls, state: CodesState, key: LedgerKey) -> _Codes:
        """Returns the MACs with this state, for a reader with the same key."""
        codes = cls((), key, frozenset())
        codes.foreign, codes.any, codes._is_ours = state.foreign, state.any, state.is_ours
        codes._key = key if isinstance(key, EventKey) and not state.foreign else None
        codes._from, codes._absent = state.since, frozenset(state.absent)
        return codes

    def continue_with(self, events: Sequence[Event]) -> _Codes | None:
        """Returns the MACs of the next events; None if these change which earlier events are trusted."""
        wrote, others = _codes_of(events, self._given)
        is_first = (wrote and not self._is_ours) or (others and not self._is_ours and not self.foreign)
        if is_first or any(isinstance(event.record, LedgerRekeyed) for event in wrote):
            return None
        following = copy(self)
        following.any = self.any or any(event.code for event in events)
        following._wrote = {event.position for event in wrote}
        following.foreign = others[-1][:_LONGEST_ID] if others and self.foreign else self.foreign
        return following

    def why_wrong(self, event: Event) -> str:
        """Returns why an event that requires a MAC is not authentic; "" if it is, or if that is not verified."""
        if self._key is None:
            return "a person dismissed it" if event.position in self._dismissed else ""
        if event.position in self._wrote:
            return ""
        if event.position < self._from:
            return "it was not authentic when the key was changed" if event.position in self._absent else ""
        if not event.code:
            return "a process without the key of the ledger wrote it"
        named = event.code.partition(":")[0][:_LONGEST_ID]
        if named != self._key.id:
            return f"it names the key {named!a}, and the key of this process is {self._key.id}"
        return "its authentication code is not that of its content and place"


_LONGEST_ID = 32


def _codes_of(events: Sequence[Event], key: LedgerKey) -> tuple[list[Event], list[str]]:
    """The events that a process with the key wrote, and the ids of the keys that codes name."""
    if not isinstance(key, EventKey):
        return [], []
    coded = [e for e in events if e.code]
    return [e for e in coded if key.wrote(e.hash, e.code)], [e.code.partition(":")[0] for e in coded]


_FAMILIES: Mapping[str, frozenset[str]] = {
    family: frozenset(record.ABOUT for kind, record in RECORDS.items() if kind.partition(".")[0] == family)
    for family in {kind.partition(".")[0] for kind in RECORDS}
}
"""The meaning of the subjects of kinds with the same prefix."""


def _subject_meaning(kind: str) -> str:
    """Returns the meaning of the subject of a kind, "" if it is unknown. A kind of a later version is as its family."""
    if kind in RECORDS:
        return RECORDS[kind].ABOUT
    family = _FAMILIES.get(kind.partition(".")[0], frozenset())
    return next(iter(family)) if len(family) == 1 else ""


def _environment_of(subject: str, about: str) -> str:
    """The environment that a subject names, "" where it names none."""
    if about == "environment" and is_of(EnvironmentName, subject):
        return subject
    if (about == "stack" or (not about and "/" in subject)) and is_of(StackKey, subject):
        return subject.partition("/")[0]
    return ""


def _environments_in(payload: Mapping[str, object]) -> set[str]:
    """The environments that the payload of an unknown event names by the fields that other events have."""
    environment, stack = payload.get("environment"), payload.get("stack")
    environments = {environment} if isinstance(environment, str) and is_of(EnvironmentName, environment) else set[str]()
    if isinstance(stack, str) and stack and is_of(StackKey, stack):
        environments.add(stack.partition("/")[0])
    return environments


def _raw(deployment: _Deployment | msgspec.Raw) -> msgspec.Raw:
    if isinstance(deployment, msgspec.Raw):
        return deployment
    return msgspec.Raw(msgspec.msgpack.encode(deployment.state()))


class _Order:
    """The state so far, as needed to decide whether an event may follow."""

    def __init__(self) -> None:
        # Those of a snapshot are decoded when an event of them follows.
        self._deployments: dict[str, _Deployment | msgspec.Raw] = {}
        self._lost: dict[str, str] = {}
        self._environments: set[str] = set()
        self._attempts: set[str] = set()
        self._old_attempts: frozenset[str] = frozenset()
        self._restores: dict[str, bool] = {}

    def copy(self) -> _Order:
        """Returns a copy that can be continued separately."""
        copied = _Order()
        copied._deployments = dict(self._deployments)
        copied._lost = dict(self._lost)
        copied._environments = set(self._environments)
        copied._attempts, copied._old_attempts = set(self._attempts), self._old_attempts
        copied._restores = dict(self._restores)
        return copied

    def state(self) -> OrderState:
        """Returns the data that is needed to continue."""
        return OrderState(
            {name: _raw(deployment) for name, deployment in self._deployments.items()},
            self._lost,
            sorted(self._environments),
            self._old_attempts | self._attempts,
            self._restores,
        )

    @classmethod
    def of_state(cls, state: OrderState) -> _Order:
        """Returns the order with this state."""
        order = cls()
        order._deployments = dict(state.deployments)
        order._lost, order._environments, order._restores = state.lost, set(state.environments), state.restores
        order._old_attempts = state.attempts
        return order

    def _find_deployment(self, name: str) -> _Deployment | None:
        """Returns the deployment with an id; None where none was opened."""
        known = self._deployments.get(name)
        if isinstance(known, msgspec.Raw):
            known = _Deployment.of_state(typed_json.unpack(known, DeploymentState), self)
            self._deployments[name] = known
        return known

    def all(self, events: Iterable[Event], codes: _Codes) -> tuple[tuple[Event, ...], tuple[Fault, ...]]:
        """The next events that can be read, and those that cannot."""
        readable: list[Event] = []
        faults: list[Fault] = []
        for event in events:
            record = event.record
            if isinstance(record, Malformed | Unknown):
                faults.append(self._fault(event, record))
                continue
            if isinstance(record, _OF_A_DEPLOYMENT) and event.subject in self._lost:
                # Its opening is invalid, and reported already: later events of it are ignored.
                continue
            forged = codes.why_wrong(event) if demands_code(record) else ""
            # Events that are not authentic do not affect the others.
            wrong = ("code", forged) if forged else self._why_wrong(event, record)
            if wrong is not None:
                faults.append(self._fault(event, Malformed(event.position, *wrong)))
                continue
            self._environments.add(_environment_of(event.subject, record.ABOUT))
            readable.append(event)
        return tuple(readable), tuple(faults)

    def _fault(self, event: Event, problem: Malformed | Unknown) -> Fault:
        environment = self._environment(event)
        is_opening = event.kind == DeploymentOpened.KIND or (
            isinstance(problem, Unknown) and environment and _subject_meaning(event.kind) == "deployment"
        )
        if is_opening and event.subject not in self._deployments:
            self._lost.setdefault(event.subject, environment)
        return Fault(event, problem, environment)

    def _environment(self, event: Event) -> str:
        """Returns the environment of an invalid event, "" if it is unknown."""
        known = self._find_deployment(event.subject)
        if known is not None:
            return known.environment
        if event.subject in self._lost:
            return self._lost[event.subject]
        environment = event.payload.get("environment")
        about = _subject_meaning(event.kind)
        named = _environment_of(event.subject, about)
        if event.kind not in RECORDS:
            # Of a later version: it speaks of what its subject or its payload names.
            candidates = {named, *_environments_in(event.payload)} - {""}
            if not candidates and event.subject in self._environments:
                return event.subject
            return candidates.pop() if len(candidates) == 1 else ""
        if named:
            return named
        if event.kind == DeploymentOpened.KIND and isinstance(environment, str):
            return environment if is_of(EnvironmentName, environment) else ""
        return ""

    def _why_wrong(self, event: Event, record: Record) -> tuple[str, str] | None:
        """Returns where and why an event does not follow the earlier ones; records it if it does."""
        match record:
            case DeploymentOpened():
                return self._check_opened(event, record)
            case _ if isinstance(record, _OF_A_DEPLOYMENT):
                return self._of_a_deployment(event, record)
            case LedgerOpened() if event.position != 0:
                return "position", "a ledger is opened by its first event"
            case StateBackedUp() | StateRestoreBegun() | StateRestoreEnded():
                return self._of_a_state(event, record) or self._restore(record)
            case StackAdopted() | StateDrilled() | StateRekeyed() | StatePruned():
                return self._of_a_state(event, record)
        return None

    def _check_opened(self, event: Event, record: DeploymentOpened) -> tuple[str, str] | None:
        if event.subject in self._deployments or event.subject in self._lost:
            return "subject", f"deployment {event.subject} was opened before"
        stacks = (key for wave in record.waves for key in wave)
        self._deployments[event.subject] = _Deployment(record.environment, stacks, self)
        self._environments.add(record.environment)
        return None

    def _of_a_deployment(self, event: Event, record: Record) -> tuple[str, str] | None:
        known = self._find_deployment(event.subject)
        if known is None:
            return "subject", f"no deployment {event.subject} was opened before it"
        if known.owner is not self:
            known = self._deployments[event.subject] = known.copy(self)
        if known.over and isinstance(record, _NOT_AFTER_THE_END):
            return "subject", f"deployment {event.subject} had ended"
        match record:
            case DeploymentEnded():
                known.over = True
            case LeaseTaken() if record.epoch <= known.epoch:
                return "epoch", f"{record.epoch} follows {known.epoch}"
            case LeaseTaken():
                known.epoch = record.epoch
            case StepBegun():
                return self._check_begun(known, record)
            case StepListed():
                return self._check_listed(known, record)
            case StepEnded():
                return self._check_ended(known, record)
            case RecoverySettled() if record.stack not in known.stacks or record.attempt not in known.begun:
                return "attempt", f"{record.attempt} was not begun in this deployment"
        return None

    def _check_begun(self, known: _Deployment, record: StepBegun) -> tuple[str, str] | None:
        if record.attempt in self._attempts or record.attempt in self._old_attempts:
            return "attempt", f"{record.attempt} was begun before"
        if record.stack not in known.stacks:
            return "stack", f"{record.stack} is not of this deployment"
        self._attempts.add(record.attempt)
        known.begun[record.attempt] = (record.step, record.stack)
        return None

    def _check_listed(self, known: _Deployment, record: StepListed) -> tuple[str, str] | None:
        if record.attempt not in known.begun:
            return "attempt", f"{record.attempt} was not begun in this deployment"
        if record.attempt in known.ended:
            return "attempt", f"{record.attempt} had ended"
        part = (record.attempt, record.list, record.part)
        if part in known.listed:
            return "part", f"part {record.part} of its {record.list} was there before"
        known.listed.add(part)
        return None

    def _check_ended(self, known: _Deployment, record: StepEnded) -> tuple[str, str] | None:
        begun = known.begun.get(record.attempt)
        if begun is None:
            return "attempt", f"{record.attempt} was not begun in this deployment"
        if record.attempt in known.ended:
            return "attempt", f"{record.attempt} had ended"
        step, stack = begun
        if record.step not in ("", step) or record.stack not in ("", stack):
            return "step", f"{record.attempt} was begun as {step} {stack}"
        if record.result == "succeeded" and (missing := lacks(step, record.detail)):
            return f"detail.{missing}", f"a {step} that succeeded says it"
        known.ended.add(record.attempt)
        return None

    def _of_a_state(self, event: Event, record: _OfAState) -> tuple[str, str] | None:
        if event.subject.partition("/")[0] != record.environment:
            return "environment", f"{event.subject} is not a stack of {record.environment}"
        return None

    def _restore(self, record: StateBackedUp | StateRestoreBegun | StateRestoreEnded) -> tuple[str, str] | None:
        if isinstance(record, StateBackedUp) and not record.restore:
            return None
        over = self._restores.get(record.restore)
        if isinstance(record, StateRestoreBegun):
            if over is not None:
                return "restore", f"{record.restore} was begun before"
            self._restores[record.restore] = False
            return None
        if over is not False:
            return "restore", f"{record.restore} {'had ended' if over else 'was not begun before'}"
        self._restores[record.restore] = isinstance(record, StateRestoreEnded)
        return None
