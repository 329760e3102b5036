"""JSON of the commands that do not use `terrace.report.json` yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import msgspec

from terrace.assess.model import Assessment, Finding
from terrace.assess.risk import Risk
from terrace.assess.waiver import Waiver
from terrace.checks.secrets.baseline import Accepted
from terrace.drift.checks import Standing
from terrace.gates.model import Approval, Verdict
from terrace.ledger.deployment import Deployment
from terrace.ledger.folds import Hold
from terrace.plans.model import Plan
from terrace.report.checked import Checked
from terrace.report.json.checks import check_json, impact_json, plan_json
from terrace.report.json.deployments import (
    approval_part,
    blocked_json,
    deployment_json,
    environment_statuses,
    history_json,
)
from terrace.report.json.parts import finding_part, gate_parts, notice_parts, waiver_part
from terrace.report.json.record import Json
from terrace.report.json.waivers import waivers_json
from terrace.report.words import result_word, state_word
from terrace.report.words import witness_words as witness_word
from terrace.stacks.model import ChangeSet, Notice
from terrace.waivers.judging import Waivers

__all__ = ["Json", "result_word", "state_word", "witness_word"]


def data(record: Any) -> Any:
    return msgspec.to_builtins(record)


def notices_json(found: Iterable[Notice]) -> Any:
    return data(notice_parts(found))


def impact(change_set: ChangeSet) -> Json:
    found: Json = data(impact_json(change_set, {}))
    del found["refused"]
    return found


def check(
    change_set: ChangeSet,
    plans: Mapping[str, Plan],
    findings: Iterable[Finding],
    ahead: Iterable[Verdict],
    *,
    passed: bool,
    risk: Risk,
) -> Json:
    assessment = Assessment(change_set, plans=plans, findings=tuple(findings))
    found: Json = data(check_json(Checked(assessment, tuple(ahead), passed, risk)))
    return found


def plan(record: Plan) -> Json:
    found: Json = data(plan_json(record))
    return found


def deployed(command: str, deployment: Deployment) -> Json:
    known = command if command not in ("tick", "show") else "deploy"
    return {**data(deployment_json(known, deployment)), "schema": f"terrace/{command}@1"}


def refused(command: str, commit: str, verdict: Verdict) -> Json:
    known = command if command != "tick" else "deploy"
    return {**data(blocked_json(known, commit, verdict)), "schema": f"terrace/{command}@1"}


def status(
    rows: Iterable[tuple[str, Deployment | None, Deployment | None, Hold | None]],
    alarms: Mapping[str, tuple[str, ...]],
    drift: Mapping[str, Standing],
    handles: Mapping[str, str],
) -> Json:
    return {
        "schema": "terrace/status@1",
        "environments": data(environment_statuses(rows, alarms, drift, handles)),
    }


def history(rows: Iterable[tuple[Deployment, tuple[Approval, ...]]]) -> Json:
    found: Json = data(history_json(rows))
    return found


def approval(record: Approval) -> Json:
    found: Json = data(approval_part(record))
    return found


def gates(verdict: Verdict) -> Any:
    return data(gate_parts(verdict))


def finding(record: Finding) -> Json:
    found: Json = data(finding_part(record))
    return found


def waiver(record: Waiver) -> Json:
    found: Json = data(waiver_part(record))
    return found


def waivers(found: Waivers, secrets: Iterable[Accepted], today: date) -> Json:
    made: Json = data(waivers_json(found, secrets, today))
    return made
