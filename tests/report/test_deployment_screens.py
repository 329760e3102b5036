"""What people see of a failed deployment, of an environment and of a promotion: 80 columns, without color."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from terrace.checks.secrets.masking import SecretMask
from terrace.errors import Diagnostic, Place, Snippet, TerraformFailed
from terrace.gates.model import GateResult, Outcome, Verdict
from terrace.ledger.deployment import Deployment, Step, StepRecord
from terrace.ledger.events.steps import Detail
from terrace.ledger.holds import Hold
from terrace.pipelines.deploy.step_results import failure
from terrace.report.terminal.deployments import deployment_tree, history_report
from terrace.report.terminal.explanation import explanation
from terrace.report.terminal.release_difference import difference_report
from terrace.report.terminal.screen import Group, Record, Screen
from terrace.report.terminal.situation import status_report
from terrace.report.terminal.step_logs import log_lines
from terrace.rollout.next_step import Wait
from terrace.rollout.ports import LogLine, StepLog
from terrace.rollout.release_difference import ChangedValues, ReleaseDifference
from terrace.rollout.situation import Situation
from terrace.stacks.model import Manual, Promotion
from terrace.stacks.repository import Author, Commit

GOLDEN = Path(__file__).parent / "golden"
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
NOW = NOON + timedelta(hours=2)
PLAN = StepRecord(
    Step.PLAN,
    "prod/net",
    "a1",
    NOON,
    NOON + timedelta(seconds=2),
    "succeeded",
    "1 to create, 1 to replace",
    Detail(create=1, replace=1, changes=(("create", "aws_vpc.main"), ("replace", "aws_subnet.a"))),
)
GOOD = Deployment(
    "d0good", "prod", "a" * 40, Manual("ann"), "ann", NOON, (("prod/net",),), "p", result="succeeded", ended_at=NOON
)
WAITING = replace(
    GOOD,
    id="d1wait",
    commit="b" * 40,
    origin=Promotion("dev", "ann"),
    result=None,
    ended_at=None,
    steps=(PLAN,),
    waiting=("0 of 2 people have approved",),
)
SAID = (
    Diagnostic(
        "error",
        "Reference to undeclared input variable",
        'An input variable with the name "regoin" has not been declared. Did you mean "region"?',
        Place("environments/prod/main.tf", 11, 11),
        snippet=Snippet("  input = var.regoin", 11, 'resource "aws_vpc" "main"'),
    ),
    Diagnostic("warning", "Argument is deprecated", "Use `vpc` instead.", Place("environments/prod/main.tf", 3, 1)),
)
OUTCOME = failure(
    TerraformFailed("terraform plan of prod/net failed: Reference to undeclared input variable", diagnostics=SAID)
).mask(SecretMask(()))
BROKEN = replace(PLAN, result="failed", message=OUTCOME.message, detail=OUTCOME.detail)
FAILED = replace(
    WAITING,
    id="d2fail",
    steps=(BROKEN,),
    waiting=(),
    result="failed",
    ended_at=NOON,
    reasons=(f"prod/net: plan failed: {OUTCOME.message}",),
)
GATES = Verdict(
    "prod",
    (
        GateResult("held", Outcome.PASS, "prod accepts deployments"),
        GateResult("soak", Outcome.WAIT, "soaking in dev for 4h", "run `terrace tick`", NOW + timedelta(hours=2)),
        GateResult(
            "approvals", Outcome.WAIT, "1 of 2 people have approved", "`terrace approve prod` by one of: bob, carol"
        ),
    ),
)
HANDLE = "7c2ab0200c1f20eb9d5af85c640d230e"
OPEN = Situation("prod", WAITING, GOOD, None, Wait(GATES), handle=HANDLE, previous="dev")
DEV = Situation("dev", replace(GOOD, environment="dev"), replace(GOOD, environment="dev"), targets=("prod",))
ENDED = Situation("prod", FAILED, GOOD, Hold("a freeze", "ann", NOON), previous="dev")
BRINGS = ReleaseDifference(
    "dev",
    "prod",
    replace(GOOD, environment="dev", commit="b" * 40),
    GOOD,
    commits=(Commit("b" * 40, "SHOP-13: make it bigger (#35)"), Commit("c" * 40, "SHOP-12: add it")),
    people=(Author("ann", "ann@x"), Author("bob", "bob@x")),
    stacks=("prod/net",),
    values=(ChangedValues("environments/prod/terraform.tfvars", ("-size = 1", "+size = 2")),),
    pending=WAITING,
)
LOG = StepLog("prod/net", "plan", "a1", (LogLine("2026-01-05T12:00:01Z", "Terraform 1.11.4"),), "a part is damaged")
SCREENS: dict[str, Record] = {
    "failed_deployment": deployment_tree(FAILED),
    "status": status_report([DEV, OPEN], {}, NOW),
    "explain_waiting": explanation(OPEN, NOW),
    "explain_failed": explanation(ENDED, NOW),
    "history": history_report([FAILED, WAITING, GOOD]),
    "diff": difference_report(BRINGS, NOW),
    "log": Group(*log_lines([LOG])),
}


@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_is_what_its_golden_file_has(name: str) -> None:
    file = io.StringIO()
    Screen(file, width=80).print(SCREENS[name])
    shown = "\n".join(line.rstrip() for line in file.getvalue().split("\n"))
    golden = GOLDEN / f"screen_{name}.txt"
    if os.environ.get("GOLDEN"):
        golden.write_text(shown)
    assert shown == golden.read_text(), "look at it, then GOLDEN=1"
    assert max(map(len, shown.split("\n"))) <= 80
