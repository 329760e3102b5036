"""Output of `impact`, `plan`, `check`, `check --all`, `explain`, `scan` and `docs`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from terrace.assess.model import Finding, Status
from terrace.compliance.audit import Audited, Basis
from terrace.config.model import RiskLevel
from terrace.gates.model import Outcome
from terrace.plans.model import Plan
from terrace.plans.summaries import notices
from terrace.report.check_outcome import CheckOutcome, worst_first
from terrace.report.json.parts import (
    FindingPart,
    GatePart,
    NoticePart,
    PlanSummary,
    RefusedStack,
    finding_part,
    gate_parts,
    notice_parts,
    plan_summary,
    refused_stacks,
)
from terrace.report.json.plan_changes import ChangePart, change_part
from terrace.report.json.record import JsonRecord
from terrace.stacks.model import ChangeSet, Impact, Notice, ReasonKind
from terrace.stacks.refusals import Refusal

CheckVerdict = Literal["pass", "block"]

DocsState = Literal["current", "written", "missing", "differs", "unknown"]
"""The state of the docs of a module. `unknown`: its files or its README cannot be read."""


class ReasonPart(JsonRecord):
    """A reason why a stack is impacted."""

    kind: ReasonKind
    """Relation of the path to the stack."""
    path: str
    """File or folder that changed."""
    chain: tuple[str, ...]
    """Folders from the change to the stack."""
    place: str
    """`file:line` of the expression that reads the path; empty where there is none."""
    text: str
    """That expression as it is written; empty where there is none."""


class ImpactedStack(JsonRecord):
    """A stack that the change impacts."""

    environment: str
    """Environment of the stack."""
    path: str
    """Folder of the stack."""
    stack: str
    """Key of the stack."""
    workspace: str
    """Terraform workspace."""
    unsure: bool
    """True if the impact is uncertain; the stack is treated as impacted."""
    reasons: tuple[ReasonPart, ...]
    """Reasons for the impact."""


class RemovedStack(JsonRecord):
    """A stack that no longer exists after the change."""

    environment: str
    """Environment of the stack."""
    path: str
    """Folder of the stack."""


class RenamedStack(JsonRecord):
    """A stack that gets another key and keeps its state."""

    old: str
    """Key before the change."""
    new: str
    """Key after the change."""


class DependentStack(JsonRecord):
    """A stack that reads outputs of an impacted stack."""

    stack: str
    """Key of the stack that reads."""
    of: str
    """Key of the stack whose outputs it reads."""
    certain: bool
    """True if it certainly reads them; false if it may."""
    path: str
    """File of the data source."""
    line: int
    """Line of the data source."""


class ImpactJson(JsonRecord, tag_field="schema", tag="terrace/impact@1"):
    """Output of `terrace impact`: the stacks that a change impacts."""

    base: str
    """Commit that the change is compared with."""
    head: str
    """Commit of the change."""
    stacks: tuple[ImpactedStack, ...]
    """Impacted stacks."""
    removed: tuple[RemovedStack, ...]
    """Stacks that no longer exist."""
    notices: tuple[NoticePart, ...]
    """Remarks about files."""
    renamed: tuple[RenamedStack, ...]
    """Stacks that get another key."""
    dependents: tuple[DependentStack, ...]
    """Stacks that read outputs of impacted stacks."""
    refused: tuple[RefusedStack, ...]
    """Impacted stacks that Terrace refuses."""


def impact_json(change_set: ChangeSet, refusals: Mapping[str, Refusal]) -> ImpactJson:
    """Returns the output of `terrace impact`."""
    return ImpactJson(
        base=change_set.base,
        head=change_set.head,
        stacks=tuple(map(_impacted_stack, change_set.impacts)),
        removed=tuple(RemovedStack(environment=s.environment, path=s.shown_path) for s in change_set.removed),
        notices=notice_parts(change_set.notices),
        renamed=tuple(RenamedStack(old=r.old, new=r.new) for r in change_set.renamed),
        dependents=tuple(
            DependentStack(stack=d.stack, of=d.of, certain=d.certain, path=d.path, line=d.line)
            for d in change_set.dependents
        ),
        refused=refused_stacks(refusals),
    )


def _impacted_stack(impact: Impact) -> ImpactedStack:
    return ImpactedStack(
        environment=impact.stack.environment,
        path=impact.stack.shown_path,
        stack=impact.stack.key,
        workspace=impact.stack.workspace,
        unsure=impact.unsure,
        reasons=tuple(
            ReasonPart(
                kind=reason.kind,
                path=reason.path or ".",
                chain=tuple(path or "." for path in reason.chain),
                place=reason.place,
                text=reason.text,
            )
            for reason in impact.reasons
        ),
    )


class UnknownPart(JsonRecord):
    """Something that the check could not determine."""

    what: str
    """Stack, file or rule."""
    why: str
    """Reason."""


class EnvironmentAhead(JsonRecord):
    """Verdict of the gates of an environment that the change would be deployed to."""

    environment: str
    """Name of the environment."""
    verdict: Outcome
    """Verdict of all gates."""
    gates: tuple[GatePart, ...]
    """Gates of the environment."""


class RiskReason(JsonRecord):
    """A factor that contributes to the risk."""

    factor: str
    """Name of the factor."""
    points: int
    """Points that it adds."""
    what: str
    """Part of the change that the factor is about."""


class RiskPart(JsonRecord):
    """Risk of the change."""

    level: RiskLevel
    """Level of the score."""
    score: int
    """Score from 0 to 100."""
    reasons: tuple[RiskReason, ...]
    """Factors that contribute, the largest first."""


class CheckJson(JsonRecord, tag_field="schema", tag="terrace/check@1"):
    """Output of `terrace check`: the verdict about a change, with its reasons."""

    verdict: CheckVerdict
    """Verdict about the change itself."""
    base: str
    """Commit that the change is compared with."""
    head: str
    """Commit of the change."""
    findings: tuple[FindingPart, ...]
    """All findings."""
    plans: tuple[PlanSummary, ...]
    """Plans of the impacted stacks."""
    unknown: tuple[UnknownPart, ...]
    """Stacks, files and rules that the check could not determine."""
    ahead: tuple[EnvironmentAhead, ...]
    """Environments that the change would be deployed to."""
    risk: RiskPart
    """Risk of the change."""


def check_json(record: CheckOutcome) -> CheckJson:
    """Returns the output of `terrace check`."""
    assessment, risk = record.assessment, record.risk
    return CheckJson(
        verdict="pass" if record.passed else "block",
        base=assessment.change_set.base,
        head=assessment.change_set.head,
        findings=tuple(map(finding_part, assessment.findings)),
        plans=tuple(map(plan_summary, assessment.plans.values())),
        unknown=tuple(
            UnknownPart(what=f.stack or f.path or f.rule, why=f.message)
            for f in assessment.findings
            if f.status is Status.UNKNOWN
        ),
        ahead=tuple(
            EnvironmentAhead(environment=v.environment, verdict=v.outcome, gates=gate_parts(v)) for v in record.ahead
        ),
        risk=RiskPart(
            level=risk.level,
            score=risk.score,
            reasons=tuple(RiskReason(factor=r.factor, points=r.points, what=r.what) for r in risk.reasons),
        ),
    )


class PlanJson(JsonRecord, tag_field="schema", tag="terrace/plan@1"):
    """Plan of one stack."""

    environment: str
    """Environment of the stack."""
    path: str
    """Folder of the stack."""
    workspace: str
    """Terraform workspace."""
    commit: str
    """Planned commit."""
    digest: str
    """Plan digest: a keyed hash of the changes."""
    changes: tuple[ChangePart, ...]
    """Changes of resources."""
    notices: tuple[str, ...]
    """Facts that approvers need besides the changes."""


class UnplannedStack(JsonRecord):
    """A stack that could not be planned."""

    stack: str
    """Key of the stack."""
    why: str
    """Reason."""


class PlansJson(JsonRecord, tag_field="schema", tag="terrace/plans@1"):
    """Output of `terrace plan`."""

    plans: tuple[PlanJson, ...]
    """Plans, one for each stack."""
    unplanned: tuple[UnplannedStack, ...]
    """Stacks that could not be planned."""
    notices: tuple[NoticePart, ...]
    """Files of the checkout that the plans do not include."""


def plans_json(plans: Iterable[Plan], unplanned: Mapping[str, str], missing: Iterable[Notice]) -> PlansJson:
    """Returns the output of `terrace plan`; `missing` are remarks about uncommitted files."""
    return PlansJson(
        plans=tuple(map(plan_json, plans)),
        unplanned=tuple(UnplannedStack(stack=key, why=why) for key, why in sorted(unplanned.items())),
        notices=notice_parts(missing),
    )


def plan_json(plan: Plan) -> PlanJson:
    """Returns the plan of one stack."""
    return PlanJson(
        environment=plan.stack.environment,
        path=plan.stack.shown_path,
        workspace=plan.stack.workspace,
        commit=plan.commit,
        digest=plan.digest.value,
        changes=tuple(map(change_part, plan.effective)),
        notices=tuple(notices(plan)),
    )


class AuditedCommit(JsonRecord):
    """A commit that an audit evaluated."""

    commit: str
    """Commit."""
    stacks: tuple[str, ...]
    """Keys of the stacks that were evaluated at it."""


class AuditedRule(JsonRecord):
    """Result of one rule in an environment."""

    rule: str
    """Name of the rule."""
    looked: int
    """Number of plans or files that the rule was evaluated on."""
    failed: int
    """Number of failures."""
    unknown: int
    """Number of unknown results."""
    waived: int
    """Number of waived failures."""
    places: tuple[str, ...]
    """Places of the failures."""


class AuditedEnvironment(JsonRecord):
    """Result of `check --all` for one environment."""

    name: str
    """Name of the environment."""
    basis: Basis
    """Configuration that was checked."""
    commits: tuple[AuditedCommit, ...]
    """Commits that were evaluated."""
    verdict: CheckVerdict
    """`block` if a finding would block a change."""
    plans: int
    """Number of plans that were evaluated."""
    objects: int
    """Number of resources that exist."""
    findings: tuple[FindingPart, ...]
    """Findings, the worst first."""
    rules: tuple[AuditedRule, ...]
    """Results by rule."""


class CheckAllJson(JsonRecord, tag_field="schema", tag="terrace/check-all@1"):
    """Output of `terrace check --all`."""

    verdict: CheckVerdict
    """`block` if one of the environments is."""
    environments: tuple[AuditedEnvironment, ...]
    """Results by environment."""


def check_all_json(audits: Iterable[Audited]) -> CheckAllJson:
    """Returns the output of `terrace check --all`."""
    environments = audited_environments(audits)
    blocked = any(environment.verdict == "block" for environment in environments)
    return CheckAllJson(verdict="block" if blocked else "pass", environments=environments)


def audited_environments(audits: Iterable[Audited]) -> tuple[AuditedEnvironment, ...]:
    """Returns audits by environment."""
    return tuple(
        AuditedEnvironment(
            name=audit.scope.environment,
            basis=audit.scope.basis,
            commits=tuple(AuditedCommit(commit=c, stacks=tuple(keys)) for c, keys in audit.scope.commits.items()),
            verdict="block" if audit.blocking else "pass",
            plans=audit.planned,
            objects=audit.objects,
            findings=tuple(map(finding_part, worst_first(audit.findings))),
            rules=tuple(
                AuditedRule(
                    rule=result.rule,
                    looked=result.looked,
                    failed=result.failed,
                    unknown=result.unknown,
                    waived=result.waived,
                    places=tuple(result.places),
                )
                for result in audit.rules.values()
            ),
        )
        for audit in audits
    )


class ExplainJson(JsonRecord, tag_field="schema", tag="terrace/explain@1"):
    """Output of `terrace explain`: one rule in sentences."""

    name: str
    """Name of the rule."""
    means: str
    """Requirement of the rule."""
    why: str
    """Reason for the rule."""
    fix: str
    """How to fix a finding."""
    waive: str
    """How to waive a finding."""


class ScanSecretsJson(JsonRecord, tag_field="schema", tag="terrace/scan-secrets@1"):
    """Output of `terrace scan secrets`."""

    findings: tuple[FindingPart, ...]
    """Secrets that were found."""


def scan_secrets_json(findings: Iterable[Finding]) -> ScanSecretsJson:
    """Returns the output of `terrace scan secrets`."""
    return ScanSecretsJson(findings=tuple(map(finding_part, findings)))


class LintJson(JsonRecord, tag_field="schema", tag="terrace/lint@1"):
    """Output of `terrace lint`."""

    base: str
    """Commit to which the change is compared."""
    head: str
    """Commit of the change."""
    findings: tuple[FindingPart, ...]
    """Findings of the checks that read files only."""


def lint_json(change_set: ChangeSet, findings: Iterable[Finding]) -> LintJson:
    """Returns the output of `terrace lint`."""
    return LintJson(base=change_set.base, head=change_set.head, findings=tuple(map(finding_part, findings)))


class DocumentedModule(JsonRecord):
    """The docs of one module."""

    folder: str
    """Folder of the module."""
    state: DocsState
    """State of its docs."""
    path: str
    """README of the module, or the file that cannot be read."""
    line: int
    """Line of the docs in that file."""
    message: str
    """Reason why the docs are unknown; empty otherwise."""
    diff: str
    """Difference between the file and the generated docs."""


class DocsJson(JsonRecord, tag_field="schema", tag="terrace/docs@1"):
    """Output of `terrace docs`."""

    command: Literal["generate", "check"]
    """Subcommand of `terrace docs`."""
    modules: tuple[DocumentedModule, ...]
    """Modules of the repository."""
