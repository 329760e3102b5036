"""Every JSON object that a command prints or writes to a file, by its schema."""

from __future__ import annotations

from collections.abc import Mapping

from terrace.report.json import (
    adoption,
    checks,
    compliance,
    deployments,
    drift,
    environments,
    ledger,
    release_difference,
    setup,
    states,
    steps,
    tick,
    waivers,
)
from terrace.report.json.record import JsonRecord

SECTIONS: Mapping[str, tuple[type[JsonRecord], ...]] = {
    "Changes and checks": (
        checks.ImpactJson,
        checks.PlansJson,
        checks.PlanJson,
        checks.CheckJson,
        checks.CheckAllJson,
        checks.ExplainJson,
        checks.LintJson,
        checks.ScanSecretsJson,
        checks.DocsJson,
        waivers.WaiveJson,
        waivers.WaiversJson,
        waivers.BaselineJson,
    ),
    "Deployments": (
        deployments.DeployJson,
        deployments.PromoteJson,
        deployments.ResumeJson,
        deployments.RollbackJson,
        deployments.RollbackPlanJson,
        deployments.DestroyJson,
        deployments.ApproveJson,
        deployments.RejectJson,
        deployments.WithdrawJson,
        environments.HoldJson,
        environments.StatusJson,
        deployments.HistoryJson,
        deployments.ShowJson,
        steps.ShowLogJson,
        release_difference.DiffJson,
        deployments.ExplainDeploymentJson,
        tick.TickJson,
        tick.TickDueJson,
    ),
    "States": (
        states.StateBackupJson,
        states.StateListJson,
        states.StateDiffJson,
        states.StateRestoreJson,
        states.StateDrillJson,
        states.StateRekeyJson,
        states.StatePruneJson,
        adoption.StateAdoptJson,
        adoption.AdoptJson,
    ),
    "Drift and compliance": (
        drift.DriftJson,
        drift.DriftAckJson,
        drift.DriftAdoptJson,
        compliance.ComplianceJson,
    ),
    "Ledger": (
        ledger.LedgerVerifyJson,
        ledger.LedgerDismissJson,
        ledger.LedgerRekeyJson,
        ledger.LedgerBeginJson,
    ),
    "Setup and operation": (
        setup.ErrorJson,
        setup.ConfigCheckJson,
        setup.PolicyTestJson,
        setup.PolicyTryJson,
        setup.ToolsJson,
        setup.DoctorJson,
        setup.DoctorLaneJson,
        setup.InitGithubJson,
        setup.GithubLock,
        setup.InitGitlabJson,
        setup.InboxJson,
        setup.ChatopsJson,
        setup.ReviewedJson,
    ),
}
"""The records by subject, in the order of the reference page."""

RECORDS: tuple[type[JsonRecord], ...] = tuple(record for records in SECTIONS.values() for record in records)


def schema_name(record: type[JsonRecord]) -> str:
    """Returns the schema that a record is tagged with: `terrace/status@1`."""
    return str(record.__struct_config__.tag)
