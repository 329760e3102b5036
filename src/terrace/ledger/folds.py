"""Views of the ledger. Each is a fold over its events; none keeps anything of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from terrace.gates.model import Subject, Witness
from terrace.ledger import kinds
from terrace.ledger.model import Event, History
from terrace.ledger.origins import origin_from_payload
from terrace.ledger.parts import joined
from terrace.rollout.model import Deployment, Holder, Lease, Step, StepRecord
from terrace.stacks.additions import additions_of
from terrace.stacks.model import Destruction, Remediation, Undoing


@dataclass(frozen=True, slots=True)
class SignedApproval:
    """An approval as it was written down. Whether its signature or witness holds is told each time anew."""

    deployment: str
    actor: str
    role: str
    answer: str
    subjects: tuple[Subject, ...]
    at: datetime
    comment: str
    statement: str
    signature: str | None
    witness: Witness | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Why an environment takes nothing new, who said so and since when. `deployment` is what it came with, if any."""

    reason: str
    by: str
    since: datetime
    deployment: str = ""


def deployments(history: History) -> tuple[Deployment, ...]:
    """Every deployment, oldest first, as it stands now."""
    telling: dict[str, _Telling] = {}
    for event in history.events:
        if event.kind == kinds.DEPLOYMENT_OPENED:
            telling[event.subject] = _Telling(event)
        elif event.subject in telling:
            telling[event.subject].hear(event)
    found: dict[str, Deployment] = {}
    for told in telling.values():
        one = told.deployment()
        found[one.id] = one
        if one.result == "succeeded" and isinstance(one.origin, Undoing):
            undone = _taken_back(tuple(found.values()), one, one.origin.of)
            found |= {d.id: replace(d, undone_by=one.id) for d in undone}
    return tuple(found.values())


def _taken_back(known: tuple[Deployment, ...], back: Deployment, of: str) -> Iterator[Deployment]:
    """What a way back undid: all that changed something since the release that it went back to, not only the last."""
    mine = [d for d in known if d.environment == back.environment and d.id != back.id]
    goals = [i for i, d in enumerate(mine) if d.commit == back.commit and _is_release(d)]
    for deployment in mine[goals[-1] + 1 :] if goals else mine:
        changed = deployment.touched or deployment.result == "succeeded"
        # A way back that did not end well was no release: what it left was taken back with the rest.
        halfway = isinstance(deployment.origin, Undoing) and deployment.result != "succeeded"
        if deployment.id == of or (goals and changed and not halfway and not deployment.undone_by):
            yield deployment


def _is_release(deployment: Deployment) -> bool:
    """Whether it ended well, released something, and was not undone since."""
    gone = isinstance(deployment.origin, Destruction | Remediation) or bool(deployment.undone_by)
    return deployment.result == "succeeded" and not gone


def releases(history: History, environment: str) -> tuple[Deployment, ...]:
    """The good releases of an environment, oldest first: every stack of it succeeded, and it baked.

    What was undone since is good no more, what was destroyed is gone, and taking drift back releases nothing.
    """
    found: list[Deployment] = []
    for deployment in deployments(history):
        if deployment.environment != environment or deployment.result != "succeeded":
            continue
        if isinstance(deployment.origin, Destruction):
            found = found if deployment.partial else []
        elif _is_release(deployment):
            found.append(deployment)
    return tuple(found)


def live(history: History, environment: str) -> dict[str, Deployment]:
    """For every stack the deployment whose release it has, by key: the newest in which it was done.

    A stack whose newest apply did not succeed is at no release, and absent.
    """
    found: dict[str, Deployment] = {}
    for deployment in deployments(history):
        if deployment.environment != environment:
            continue
        for key in deployment.stacks:
            done = deployment.done(key)
            if done is True and not isinstance(deployment.origin, Destruction):
                found[key] = deployment
            elif done is not None:
                found.pop(key, None)
    return found


def latest(history: History, environment: str) -> Deployment | None:
    """The newest deployment of an environment, whatever became of it."""
    mine = [d for d in deployments(history) if d.environment == environment]
    return mine[-1] if mine else None


def changes(history: History, environment: str) -> tuple[Deployment, ...]:
    """The deployments that may have changed something in an environment, oldest first."""
    return tuple(d for d in deployments(history) if d.environment == environment and d.touched)


@dataclass(frozen=True, slots=True)
class Settlement:
    """What one person said about one stack of a deployment of unknown outcome: they looked, and answer for it as it is.

    `addresses` are all that the attempt was to make, as the person was shown them; `reason` is what was found.
    """

    deployment: str
    stack: str
    attempt: str
    by: str
    reason: str
    addresses: tuple[str, ...]


def settlements(history: History, deployment: str) -> tuple[Settlement, ...]:
    """Everything that was said about the stacks of a deployment of unknown outcome, oldest first."""
    found = []
    for event in history.events:
        if event.kind == kinds.RECOVERY_SETTLED and event.subject == deployment:
            told = event.payload
            stack, attempt, reason = (str(told.get(name, "")) for name in ("stack", "attempt", "reason"))
            addresses = told.get("addresses")
            named = tuple(map(str, addresses)) if isinstance(addresses, list | tuple) else ()
            found.append(Settlement(deployment, stack, attempt, event.actor, reason, named))
    return tuple(found)


def is_settled(history: History, deployment: Deployment, people: int) -> bool:
    """Whether enough people answered for each apply of a deployment whose outcome is not known."""
    said = settlements(history, deployment.id)
    return bool(deployment.in_doubt) and all(
        len({one.by for one in said if (one.stack, one.attempt) == (record.stack, record.attempt)}) >= people
        for record in deployment.in_doubt
    )


def unsettled(history: History, environment: str, people: int) -> Deployment | None:
    """The newest deployment of an environment that ended without anybody knowing what it did.

    That ends when one that brings it in order has succeeded, or when so many `people` answered for each stack. Letting
    the environment go does not end it: that says nothing about what was made.
    """
    mine = {d.id: d for d in deployments(history) if d.environment == environment}
    left: dict[str, Deployment] = {}
    for event in history.events:
        if event.kind != kinds.DEPLOYMENT_ENDED or event.subject not in mine:
            continue
        ended = mine[event.subject]
        # An apply whose end nobody knows makes its deployment one of unknown outcome, whatever the end of that says.
        unknown = ended.result == "unknown" or bool(ended.in_doubt)
        if unknown:
            left[ended.id] = ended
        if ended.settles in left and (unknown or ended.result == "succeeded"):
            # What brings it in order goes on from what it left; now that one has to be brought in order.
            del left[ended.settles]
    open_ = [one for one in left.values() if not is_settled(history, one, people)]
    return open_[-1] if open_ else None


def last_good(history: History, environment: str) -> Deployment | None:
    """The newest good release of an environment: what should be live there."""
    good = releases(history, environment)
    return good[-1] if good else None


def approvals(history: History, deployment: str) -> tuple[SignedApproval, ...]:
    """Every answer that was given to a deployment, oldest first."""
    return tuple(
        SignedApproval(
            deployment=event.subject,
            actor=event.payload["actor"],
            role=event.payload["role"],
            answer=event.payload["answer"],
            subjects=tuple(Subject(**s) for s in event.payload["subjects"]),
            at=datetime.fromisoformat(event.payload["at"]),
            comment=event.payload.get("comment", ""),
            statement=event.payload["statement"],
            signature=event.payload.get("signature"),
            witness=Witness(**event.payload["witness"]) if event.payload.get("witness") else None,
        )
        for event in history.events
        if event.kind == kinds.APPROVAL_GIVEN and event.subject == deployment
    )


def hold(history: History, environment: str) -> Hold | None:
    """The hold on an environment, or None when it takes deployments.

    What people hold stays held until people let it go: no deployment that comes with a hold, or ends one, takes it
    away.
    """
    held: Hold | None = None
    for event in history.events:
        if event.subject != environment:
            continue
        if event.kind == kinds.ENVIRONMENT_HELD:
            payload = event.payload
            new = Hold(payload.get("reason", ""), event.actor, event.time, payload.get("deployment", ""))
            held = new if held is None or held.deployment or not new.deployment else held
        elif event.kind == kinds.ENVIRONMENT_UNHELD and held is not None:
            ended = event.payload.get("deployment", "")
            held = None if ended in ("", held.deployment) else held
    return held


class _Telling:
    """What the events tell of one deployment so far. Its records are made once, at the end: histories are long."""

    def __init__(self, opened: Event) -> None:
        self._opened = opened
        self._begun: dict[str, Event] = {}
        self._ended: dict[str, Event] = {}
        self._parts: dict[str, dict[tuple[str, int], list[Any]]] = {}
        self._lease: Lease | None = None
        self._epoch = 0
        self._waiting: tuple[str, ...] = ()
        self._end: Event | None = None

    def hear(self, event: Event) -> None:
        payload = event.payload
        match event.kind:
            case kinds.LEASE_TAKEN:
                self._lease = Lease(Holder(**payload["holder"]), payload["epoch"], event.time)
                self._epoch, self._waiting = payload["epoch"], ()
            case kinds.LEASE_RELEASED:
                self._lease = None
            # What was written first stands: nobody can make an unknown outcome a known one by writing another.
            case kinds.STEP_BEGUN:
                self._begun.setdefault(payload["attempt"], event)
            case kinds.STEP_LISTED if payload["attempt"] in self._begun and payload["attempt"] not in self._ended:
                parts = self._parts.setdefault(payload["attempt"], {})
                parts.setdefault((payload["list"], payload["part"]), payload["entries"])
            case kinds.STEP_ENDED if payload["attempt"] in self._begun and self._end is None:
                self._ended.setdefault(payload["attempt"], event)
            case kinds.DEPLOYMENT_WAITING:
                self._lease, self._waiting = None, tuple(payload["reasons"])
            case kinds.DEPLOYMENT_ENDED if self._end is None:
                self._lease, self._waiting, self._end = None, (), event

    def deployment(self) -> Deployment:
        opening = self._opened.payload
        end = self._end.payload if self._end is not None else {}
        return Deployment(
            id=self._opened.subject,
            environment=opening["environment"],
            commit=opening["commit"],
            origin=origin_from_payload(opening["origin"]),
            requester=self._opened.actor,
            opened_at=self._opened.time,
            waves=tuple(tuple(wave) for wave in opening["waves"]),
            policy=opening["policy"],
            steps=tuple(
                _record(begun, self._ended.get(attempt), self._parts.get(attempt, {}))
                for attempt, begun in self._begun.items()
            ),
            lease=self._lease,
            epoch=self._epoch,
            waiting=self._waiting,
            result=end.get("result"),
            reasons=tuple(end.get("reasons", ())),
            ended_at=self._end.time if self._end is not None else None,
            tag=end.get("tag"),
            live=opening.get("live", ""),
            additions=additions_of(opening.get("additions", {})),
            agreed=frozenset(opening.get("agreed", ())),
            partial=opening.get("partial", False),
            settles=opening.get("settles", ""),
        )


def _record(begun: Event, ended: Event | None, parts: Mapping[tuple[str, int], list[Any]]) -> StepRecord:
    intent = begun.payload
    outcome = ended.payload if ended is not None else {}
    return StepRecord(
        step=Step(intent["step"]),
        stack=intent.get("stack", ""),
        attempt=intent["attempt"],
        began_at=begun.time,
        ended_at=ended.time if ended is not None else None,
        result=outcome.get("result"),
        message=outcome.get("message", ""),
        detail=joined({**intent.get("detail", {}), **outcome.get("detail", {})}, parts),
    )
