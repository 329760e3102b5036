"""Output of `drift ...`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import UNSET, UnsetType

from terrace import words
from terrace.config.model import Grade
from terrace.drift.acknowledgements import Acknowledgement, answers, find_acknowledgement
from terrace.drift.adopt import Adoption
from terrace.drift.adopted_drift import Absorption
from terrace.drift.differences import drift_differences
from terrace.drift.issues import StackDrift, Word
from terrace.drift.model import Cause, DriftKind, Observation, ResourceDrift
from terrace.drift.model import Status as DriftState
from terrace.drift.review import Review
from terrace.plans.attribute_diff import Difference
from terrace.report.drift_words import remedy, shown_value
from terrace.report.json.deployments import DriftDeployment
from terrace.report.json.parts import RefusedStack, refused_stacks
from terrace.report.json.plan_changes import DifferencePart, difference_part
from terrace.report.json.record import JsonRecord, format_optional_time, format_time
from terrace.stacks.refusals import Refusal


class AcknowledgementPart(JsonRecord):
    """An acknowledgement of drift."""

    by: str
    """Person who acknowledged it."""
    reason: str
    """Reason."""
    at: str
    """Time."""


class DriftedAttribute(JsonRecord):
    """An attribute that differs."""

    path: str
    """Path of the attribute."""
    quadrant: str
    """Kind of the difference, as of the resource."""
    managed: bool | UnsetType = UNSET
    """True if a deployment would change it back; only where it was changed outside Terraform."""
    deployed: str | UnsetType = UNSET
    """Deployed value; left out where unknown."""
    there: str | UnsetType = UNSET
    """Live value; left out where unknown."""
    acknowledged: AcknowledgementPart | UnsetType = UNSET
    """Acknowledgement of the attribute."""
    differences: tuple[DifferencePart, ...] = ()
    """Differences within the value, by path from the value on (empty for the value itself): `before` is deployed,
    `after` is live. Empty where the values are unknown."""


class CausePart(JsonRecord):
    """A log entry of the cloud that hints at the cause."""

    source: str
    """Kind of the log."""
    at: str
    """Time of the entry."""
    who: str
    """Identity that made the change."""
    what: str
    """Operation."""
    origin: str
    """Address that the request came from."""
    client: str
    """Program that sent the request."""
    event: str
    """Id of the entry."""


class DriftedResource(JsonRecord):
    """A resource that differs from the deployed configuration."""

    address: str
    """Address of the resource."""
    type: str
    """Type of the resource."""
    quadrant: DriftKind
    """Relation of the difference to a deployment."""
    severity: Grade
    """Severity."""
    paths: tuple[str, ...]
    """Paths of the attributes that differ."""
    undo: str
    """Action of a plan that would undo the drift."""
    attributes: tuple[DriftedAttribute, ...]
    """Attributes that differ."""
    remedy: str
    """How to resolve the drift, in a sentence."""
    seen: int
    """Number of consecutive checks that found the drift."""
    fingerprint: str
    """Fingerprint of the difference."""
    causes: tuple[CausePart, ...]
    """Possible causes, the newest first."""
    more_causes: int = 0
    """Number of possible causes that are left out."""
    cause_unknown: str = ""
    """Reason why the logs show no cause."""
    replace_reasons: tuple[str, ...] = ()
    """Paths of the attributes that force a replacement where a deployment undoes the drift; empty where unknown."""
    exposes: tuple[str, ...] = ()
    """Everything that the drift opens, for example `open to everyone`; empty where the values are unknown."""
    acknowledged: AcknowledgementPart | UnsetType = UNSET
    """Acknowledgement of the whole difference."""


class IgnoredDrift(JsonRecord):
    """Drift that terrace.yaml ignores."""

    address: str
    """Address of the resource."""
    paths: tuple[str, ...]
    """Ignored attributes."""
    owner: str
    """Owner of the entry."""
    reason: str
    """Reason."""
    until: str
    """Last date on which the entry is valid."""


class IssueEvent(JsonRecord):
    """A change in the life of a drift issue."""

    word: Word
    """The event."""
    at: str
    """Time."""


class DriftIssue(JsonRecord):
    """Drift of one stack over time."""

    id: str
    """Id of the check that first found it."""
    open: bool
    """True if the drift still exists."""
    opened_at: str
    """Time at which it was first found."""
    clean_checks: int
    """Number of consecutive clean checks."""
    blind: int | bool
    """True if the newest check could not determine the drift."""
    flapping: bool
    """True if the drift comes and goes."""
    turns: tuple[IssueEvent, ...]
    """Changes, the oldest first."""


class DriftedStack(JsonRecord):
    """Drift of one stack."""

    path: str
    """Folder of the stack."""
    stack: str
    """Key of the stack."""
    status: DriftState
    """Result of the check."""
    commit: str
    """Deployed commit."""
    undeployed_commits: tuple[str, ...]
    """Newer commits that are not deployed."""
    resources: tuple[DriftedResource, ...]
    """Resources that differ."""
    ignored: tuple[IgnoredDrift, ...]
    """Drift that terrace.yaml ignores."""
    notices: tuple[str, ...]
    """Remarks."""
    record: DriftIssue | UnsetType = UNSET
    """Drift over time; left out where the stack never drifted."""
    severity: Grade | UnsetType = UNSET
    """Worst severity; left out where nothing drifted."""
    why: str = ""
    """Reason why the status is unknown."""


class AbsorbedDrift(JsonRecord):
    """Drift that a deployment made part of the state."""

    stack: str
    """Key of the stack."""
    address: str
    """Address of the resource."""
    severity: Grade
    """Severity."""
    paths: tuple[str, ...]
    """Paths of the attributes."""
    deployment: str
    """Id of the deployment."""
    at: str
    """Time."""
    acknowledged: AcknowledgementPart | UnsetType = UNSET
    """Acknowledgement."""


class DriftedEnvironment(JsonRecord):
    """Drift of one environment."""

    name: str
    """Name of the environment."""
    check: str | None
    """Id of the check, or null."""
    status: DriftState | None
    """Result of the check; null where nothing is deployed."""
    checked_at: str | None
    """Time of the check, or null."""
    last_good_at: str | None
    """Time of the last complete check, or null."""
    stacks: tuple[DriftedStack, ...]
    """Stacks."""
    absorbed: tuple[AbsorbedDrift, ...]
    """Drift that deployments made part of the state."""
    overdue: str = ""
    """Reason why a check is overdue; left out otherwise."""


class RefusedRemediation(JsonRecord):
    """A remediation that Terrace refused."""

    stack: str | None
    """Key of the stack; null for the whole environment."""
    reason: str
    """Reason."""


class RemediationPart(JsonRecord):
    """Remediation of drift in one environment."""

    environment: str
    """Environment."""
    deployments: tuple[DriftDeployment, ...]
    """Deployments that remediate drift."""
    refused: tuple[RefusedRemediation, ...]
    """Remediations that Terrace refused."""


class DriftJson(JsonRecord, tag_field="schema", tag="terrace/drift@1"):
    """Output of `terrace drift`."""

    environments: tuple[DriftedEnvironment, ...]
    """Drift by environment."""
    remediation: tuple[RemediationPart, ...]
    """Remediations of this command."""
    refused: tuple[RefusedStack, ...]
    """Stacks that Terrace refuses."""


def drift_json(
    reviews: Iterable[Review], remediation: Iterable[RemediationPart], refusals: Mapping[str, Refusal]
) -> DriftJson:
    """Returns the output of `terrace drift`."""
    return DriftJson(
        environments=drifted_environments(reviews),
        remediation=tuple(remediation),
        refused=refused_stacks(refusals),
    )


def drifted_environments(reviews: Iterable[Review]) -> tuple[DriftedEnvironment, ...]:
    """Returns the drift of each environment."""
    return tuple(map(_drifted_environment, reviews))


def _drifted_environment(review: Review) -> DriftedEnvironment:
    check, status = review.check, review.status
    return DriftedEnvironment(
        name=review.environment,
        check=check.id if check else None,
        status=check.status if check else None,
        checked_at=format_time(check.at) if check else None,
        last_good_at=format_optional_time(status.checked_at) if status else None,
        stacks=tuple(_drifted_stack(review, check.at, observation) for observation in check.observations)
        if check
        else (),
        absorbed=tuple(map(_absorbed_drift, review.absorbed)),
        overdue=status.overdue if status else "",
    )


def _drifted_stack(review: Review, at: datetime, observation: Observation) -> DriftedStack:
    issue = review.record(observation.stack)
    return DriftedStack(
        path=observation.path,
        stack=observation.stack,
        status=observation.status,
        commit=observation.commit,
        undeployed_commits=tuple(observation.undeployed),
        resources=tuple(_drifted_resource(review, observation, resource) for resource in observation.resources),
        ignored=tuple(
            IgnoredDrift(address=i.address, paths=tuple(i.paths), owner=i.owner, reason=i.reason, until=i.until)
            for i in observation.ignored
        ),
        notices=tuple(observation.notices),
        record=_drift_issue(issue, at) if issue is not None else UNSET,
        severity=observation.severity.word if observation.severity is not None else UNSET,
        why=observation.why,
    )


def _drift_issue(issue: StackDrift, at: datetime) -> DriftIssue:
    return DriftIssue(
        id=issue.id,
        open=issue.open,
        opened_at=format_time(issue.opened_at),
        clean_checks=issue.clean,
        blind=issue.blind,
        flapping=issue.flapping(at),
        turns=tuple(IssueEvent(word=turn.word, at=format_time(turn.at)) for turn in issue.turns),
    )


def _drifted_resource(review: Review, observation: Observation, resource: ResourceDrift) -> DriftedResource:
    acknowledged = answers(review.acknowledged, resource)
    differences = drift_differences(resource).attributes
    return DriftedResource(
        address=resource.address,
        type=resource.type,
        quadrant=resource.kind,
        severity=resource.severity.word,
        paths=tuple(resource.paths),
        undo=resource.undo.value,
        attributes=tuple(
            _drifted_attribute(resource, path, acknowledged.get(path), differences.get(path, ()))
            for path in resource.paths
        ),
        remedy=remedy(review.environment, resource, observation.commit),
        seen=review.in_a_row(resource),
        fingerprint=resource.fingerprint,
        causes=tuple(map(_cause_part, resource.causes)),
        more_causes=resource.more_causes,
        cause_unknown=resource.cause_unknown,
        replace_reasons=tuple(map(words.attribute_path, resource.details.forcing)),
        exposes=tuple(dict.fromkeys(exposure.reason for exposure in resource.details.opened)),
        acknowledged=_acknowledgement_part(find_acknowledgement(review.acknowledged, resource, resource.paths)),
    )


def _cause_part(cause: Cause) -> CausePart:
    return CausePart(
        source=cause.source,
        at=format_time(cause.at),
        who=cause.who,
        what=cause.what,
        origin=cause.origin,
        client=cause.client,
        event=cause.event,
    )


def _drifted_attribute(
    resource: ResourceDrift, path: str, acknowledgement: Acknowledgement | None, differences: Iterable[Difference]
) -> DriftedAttribute:
    kind = resource.kind_of(path)
    is_changed_outside = resource.kind in (DriftKind.ACTIONABLE, DriftKind.UNMANAGED)
    deployed, live = resource.values.get(path, (UNSET, UNSET))
    return DriftedAttribute(
        path=path,
        quadrant=kind.value,
        managed=kind is DriftKind.ACTIONABLE if is_changed_outside else UNSET,
        deployed=shown_value(deployed) if path in resource.values else UNSET,
        there=shown_value(live) if path in resource.values else UNSET,
        acknowledged=_acknowledgement_part(acknowledgement),
        differences=tuple(map(difference_part, differences)),
    )


def _absorbed_drift(absorption: Absorption) -> AbsorbedDrift:
    return AbsorbedDrift(
        stack=absorption.resource.stack,
        address=absorption.resource.address,
        severity=absorption.resource.severity.word,
        paths=tuple(absorption.resource.kept),
        deployment=absorption.deployment,
        at=format_time(absorption.at),
        acknowledged=_acknowledgement_part(absorption.acknowledged),
    )


def _acknowledgement_part(acknowledgement: Acknowledgement | None) -> AcknowledgementPart | UnsetType:
    if acknowledgement is None:
        return UNSET
    return AcknowledgementPart(by=acknowledgement.by, reason=acknowledgement.reason, at=format_time(acknowledgement.at))


class DriftAckJson(JsonRecord, tag_field="schema", tag="terrace/drift-ack@1"):
    """Output of `terrace drift ack`."""

    environment: str
    """Environment."""
    stack: str
    """Key of the stack."""
    address: str
    """Address of the resource."""
    paths: tuple[str, ...]
    """Acknowledged attributes."""
    by: str
    """Person who acknowledged them."""
    reason: str
    """Reason."""


class WrittenAttribute(JsonRecord):
    """An attribute that was written into the configuration."""

    attribute: str
    """Name of the attribute."""
    line: int
    """Line in the file."""
    old: str
    """Expression before."""
    new: str
    """Expression now."""


class ManualAttribute(JsonRecord):
    """An attribute that a person has to write."""

    attribute: str
    """Name of the attribute."""
    line: int
    """Line in the file; 0 for a block in JSON syntax."""
    old: str
    """Deployed value."""
    new: str
    """Live value."""
    why: str
    """Reason why Terrace did not write it."""


class DriftAdoptJson(JsonRecord, tag_field="schema", tag="terrace/drift-adopt@1"):
    """Output of `terrace drift adopt`."""

    environment: str
    """Environment."""
    stack: str
    """Key of the stack."""
    address: str
    """Address of the resource."""
    file: str
    """File of the resource."""
    written: tuple[WrittenAttribute, ...]
    """Attributes that were written."""
    left: tuple[ManualAttribute, ...]
    """Attributes that a person has to write."""


def drift_adopt_json(environment: str, address: str, stack: str, path: str, adoption: Adoption) -> DriftAdoptJson:
    """Returns the output of `terrace drift adopt`; `path` is the file of the resource."""
    return DriftAdoptJson(
        environment=environment,
        stack=stack,
        address=address,
        file=path,
        written=tuple(
            WrittenAttribute(attribute=w.attribute, line=w.line, old=w.old, new=w.new) for w in adoption.written
        ),
        left=tuple(
            ManualAttribute(attribute=m.attribute, line=m.line, old=m.old, new=m.new, why=m.why) for m in adoption.left
        ),
    )
