"""Verification of opening events: derives what the event claims again from Git, the trust root and earlier events."""

from __future__ import annotations

from collections.abc import Iterator

from terrace.drift.remediation import proposals
from terrace.errors import Interrupted, TerraceError
from terrace.ledger import folds
from terrace.ledger.deployment import Deployment
from terrace.ledger.event import Event
from terrace.ledger.model import History
from terrace.pipelines.context import Context
from terrace.pipelines.deploy.lifecycle import deployment_waves, select_waves
from terrace.pipelines.recovery.attestations import required_people
from terrace.pipelines.rollback.destruction_target import find_destruction
from terrace.pipelines.rollback.rollback_target import find_rollback_target
from terrace.rollout.automatic_rollback import GoBack, Pause, reaction
from terrace.rollout.opening_claims import Claims, WrongClaim, find_wrong_claims
from terrace.stacks.additions import Additions, Import
from terrace.stacks.model import (
    Automatic,
    AutomaticRollback,
    Destruction,
    Promotion,
    Recovery,
    Remediation,
    Rollback,
    Undoing,
)


class _Unfounded(Exception):
    """A field of the event has no basis in the facts."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field
        self.why = why


def find_false_claims(context: Context, history: History, deployment: Deployment) -> tuple[WrongClaim, ...]:
    """Returns the fields of a deployment's opening event that do not follow from the facts; () where all of them do.

    A deployment that recovers another one is verified together with that one.
    """
    event = folds.opening(history, deployment.id)
    if event is None:
        return (WrongClaim(-1, "id", f"no event opens deployment {deployment.id}"),)
    before = history.before(event.position)
    try:
        claims = [*_origin(context, before, event, deployment)]
        if not claims:
            claims += find_wrong_claims(event.position, deployment, _claims(context, before, deployment))
    except Interrupted:
        raise
    except _Unfounded as error:
        return (WrongClaim(event.position, error.field, error.why),)
    except TerraceError as error:
        return (WrongClaim(event.position, "commit", error.message),)
    if not claims and deployment.settles:
        settled = _deployment(before, deployment.settles)
        return find_false_claims(context, before, settled) if settled is not None else ()
    return tuple(claims)


def root_of(history: History, deployment: Deployment) -> Deployment:
    """Returns the deployment with the unknown outcome at the start of a chain of recoveries that ends with this one."""
    seen = {deployment.id}
    while deployment.settles and (settled := _deployment(history, deployment.settles)) is not None:
        if settled.id in seen:
            break
        seen.add(settled.id)
        deployment = settled
    return deployment


def _deployment(history: History, deployment: str) -> Deployment | None:
    return folds.deployment_of(history, deployment)


def _origin(context: Context, before: History, event: Event, claimed: Deployment) -> Iterator[WrongClaim]:
    """Yields where the origin contradicts what the trust root allows."""
    environment = context.config.environment(claimed.environment)
    busy = folds.latest(before, claimed.environment)
    if busy is not None and busy.open:
        yield WrongClaim(event.position, "environment", f"deployment {busy.id} was open in {claimed.environment}")
    match claimed.origin:
        case Automatic() if environment.deploy != "automatic":
            yield WrongClaim(event.position, "origin", f"{claimed.environment} has no automatic deployments")
        case Promotion(source=source) if source != environment.after:
            yield WrongClaim(event.position, "origin", f"{claimed.environment} accepts no promotions from {source}")
        case AutomaticRollback(of=of) if not claimed.settles:
            failed = _deployment(before, of)
            answer = None
            if failed is not None and failed.environment == claimed.environment:
                answer = reaction(environment, failed, before)
            if not isinstance(answer, GoBack):
                reasons = answer.reasons if isinstance(answer, Pause) else ()
                why = "; ".join(reasons) or (
                    f"{of} is not a failed deployment of {claimed.environment} that `on_failure: rollback` rolls back"
                )
                yield WrongClaim(event.position, "origin", f"no automatic rollback is due: {why}")


def _claims(context: Context, before: History, claimed: Deployment) -> Claims:
    """Returns what the event has to claim. Raises _Unfounded and TerraceError where no such deployment is possible."""
    if claimed.settles:
        return _recovery_claims(context, before, claimed)
    name = claimed.environment
    match claimed.origin:
        case Rollback() | AutomaticRollback():
            by_itself = isinstance(claimed.origin, AutomaticRollback)
            way = find_rollback_target(context, before, name, None if by_itself else claimed.commit)
            # After two failures in a row the automatic rollback names the newest one, and so does the rollback target.
            of = claimed.origin.of if by_itself else way.of
            return Claims(way.target.commit, way.waves, way.live, of, way.additions, agreeable=not by_itself)
        case Remediation(of=of):
            answer = proposals(context.config.environment(name), before, claimed.opened_at)
            fitting = [p for p in answer.proposals if p.check == of and p.commit == claimed.commit]
            if not fitting:
                why = "; ".join(dict.fromkeys(r.reason for r in answer.refusals)) or "no check detected such drift"
                raise _Unfounded("origin", f"this drift is not allowed to be reverted: {why}")
            order = deployment_waves(context.survey(claimed.commit), name)
            return Claims(claimed.commit, select_waves(order, fitting[0].stacks), "", of, partial=True)
        case Destruction():
            stack = claimed.stacks[0] if claimed.partial and claimed.stacks else None
            commit, waves = find_destruction(context, before, name, stack)
            return Claims(commit, waves, commit, partial=stack is not None)
        case Recovery(of=of):
            raise _Unfounded("settles", f"it recovers deployment {of} but names no deployment in `settles`")
    good = folds.last_good(before, name)
    order = deployment_waves(context.survey(claimed.commit), name)
    return Claims(claimed.commit, order, good.commit if good is not None else "")


def _recovery_claims(context: Context, before: History, claimed: Deployment) -> Claims:
    """Returns what a recovery has to claim: the deployment with the unknown outcome again, with imports."""
    unsettled = folds.find_unsettled(
        before, claimed.environment, required_people(context.config.environment(claimed.environment))
    )
    if unsettled is None or unsettled.id != claimed.settles:
        raise _Unfounded(
            "settles", f"deployment {claimed.settles} of {claimed.environment} does not have an unknown outcome"
        )
    expected: type[object] = Recovery
    of = unsettled.id
    if isinstance(unsettled.origin, Destruction):
        expected, of = Destruction, ""
    elif isinstance(unsettled.origin, Undoing):
        expected, of = Rollback, unsettled.origin.of
    if type(claimed.origin) is not expected:
        raise _Unfounded("origin", f"its origin cannot recover deployment {unsettled.id}")
    destroys = expected is Destruction
    additions = Additions(unsettled.additions.moves, () if destroys else _kept_imports(unsettled, claimed))
    if unsettled.agreed - claimed.agreed:
        raise _Unfounded("agreed", "it leaves out what was accepted before")
    return Claims(
        unsettled.commit,
        unsettled.waves,
        unsettled.live,
        of,
        additions,
        unsettled.partial,
        unsettled.id,
        agreeable=True,
        open_imports=not destroys,
    )


def _kept_imports(unsettled: Deployment, claimed: Deployment) -> tuple[Import, ...]:
    """Returns the imports of the recovered deployment, except those that the recovery repeats with another id."""
    named = {(addition.stack, addition.address) for addition in claimed.additions.imports}
    renamed = {(i.stack, i.address) for i in unsettled.additions.imports if i not in claimed.additions.imports} & named
    return tuple(i for i in unsettled.additions.imports if (i.stack, i.address) not in renamed)
