"""Records as the JSON objects that machines read: design of the contracts in docs/reference/json.md.

Each object names its schema, `terrace/<command>@1`. Fields are only ever added.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from msgspec import UNSET

from terrace.assess.model import Finding, Status
from terrace.assess.risk import Risk
from terrace.assess.waiver import Waiver
from terrace.checks.secrets.baseline import Accepted
from terrace.drift.checks import Standing
from terrace.gates.model import Approval, GateResult, Outcome, Verdict, Witness
from terrace.ledger.deployment import Deployment, StepRecord
from terrace.ledger.folds import Hold
from terrace.ledger.origins import origin_word
from terrace.plans.model import Action, Plan, ResourceChange
from terrace.plans.summaries import notices
from terrace.stacks.model import ChangeSet, Destruction, Impact, Notice
from terrace.waivers.judging import Waivers

Json = dict[str, Any]


def when(moment: datetime | None) -> str | None:
    """A moment as ISO 8601 in UTC."""
    return moment.isoformat().replace("+00:00", "Z") if moment is not None else None


def notices_json(found: Iterable[Notice]) -> list[Json]:
    """Notices about a repository."""
    return [{"message": n.message, "path": n.path, "line": n.line, "hint": n.hint} for n in found]


def impact(change_set: ChangeSet) -> Json:
    """`terrace impact`."""
    return {
        "schema": "terrace/impact@1",
        "base": change_set.base,
        "head": change_set.head,
        "stacks": [_impact(one) for one in change_set.impacts],
        "removed": [{"environment": s.environment, "path": s.shown_path} for s in change_set.removed],
        "notices": notices_json(change_set.notices),
        "renamed": [{"old": one.old, "new": one.new} for one in change_set.renamed],
        "dependents": [
            {"stack": d.stack, "of": d.of, "certain": d.certain, "path": d.path, "line": d.line}
            for d in change_set.dependents
        ],
    }


def check(
    change_set: ChangeSet,
    plans: Mapping[str, Plan],
    findings: Iterable[Finding],
    ahead: Iterable[Verdict],
    *,
    passed: bool,
    risk: Risk,
) -> Json:
    """`terrace check`. `verdict` is about the change itself; `ahead` about each environment it would enter."""
    found = list(findings)
    return {
        "schema": "terrace/check@1",
        "verdict": "pass" if passed else "block",
        "base": change_set.base,
        "head": change_set.head,
        "findings": [finding(one) for one in found],
        "plans": [planned(plan) for plan in plans.values()],
        "unknown": [
            {"what": f.stack or f.path or f.rule, "why": f.message} for f in found if f.status is Status.UNKNOWN
        ],
        "ahead": [{"environment": v.environment, "verdict": v.outcome.value, "gates": gates(v)} for v in ahead],
        "risk": {
            "level": risk.level,
            "score": risk.score,
            "reasons": [{"factor": r.factor, "points": r.points, "what": r.what} for r in risk.reasons],
        },
    }


def plan(record: Plan) -> Json:
    """`terrace plan`, one object a stack."""
    return {
        "schema": "terrace/plan@1",
        "environment": record.stack.environment,
        "path": record.stack.shown_path,
        "workspace": record.stack.workspace,
        "commit": record.commit,
        "digest": record.digest.value,
        "changes": [_change(change) for change in record.effective],
        "notices": list(notices(record)),
    }


def deployed(command: str, deployment: Deployment) -> Json:
    """`terrace deploy`, `promote`, `resume`: how far a deployment got."""
    return {
        "schema": f"terrace/{command}@1",
        "deployment": deployment.id,
        "environment": deployment.environment,
        "commit": deployment.commit,
        "result": result_word(deployment),
        "reasons": list(deployment.reasons or deployment.waiting),
        "steps": [_step(record) for record in deployment.steps],
        "tag": deployment.tag,
    }


def refused(command: str, commit: str, verdict: Verdict) -> Json:
    """The same commands when the environment did not take the release."""
    waits = verdict.outcome is Outcome.WAIT
    return {
        "schema": f"terrace/{command}@1",
        "deployment": None,
        "environment": verdict.environment,
        "commit": commit,
        "result": "waiting" if waits else "blocked",
        "reasons": [r.reason for r in verdict.open],
        "steps": [],
        "gates": gates(verdict),
    }


def status(
    rows: Iterable[tuple[str, Deployment | None, Deployment | None, Hold | None]],
    alarms: Mapping[str, tuple[str, ...]],
    drift: Mapping[str, Standing],
    handles: Mapping[str, str],
) -> Json:
    """`terrace status`: how each environment stands, and the handle of what waits for an answer there."""
    environments = []
    for name, latest, good, held in rows:
        row: Json = {"name": name, "state": state_word(latest, held)}
        if good is not None:
            row["commit"] = good.commit
            row["since"] = when(good.ended_at)
        if latest is not None:
            row["deployment"] = latest.id
        row["waiting_for"] = list(latest.waiting) if latest is not None else []
        if latest is not None and latest.result is None:
            row["running"] = [
                {"step": one.step.value, "stack": one.stack, "attempt": one.attempt, "since": when(one.began_at)}
                for one in latest.steps
                if one.open
            ]
        if latest is not None and latest.result not in (None, "succeeded"):
            row["reasons"] = list(latest.reasons)
        if handles.get(name):
            row["handle"] = handles[name]
        if held is not None:
            row["held"] = {"reason": held.reason, "by": held.by, "since": when(held.since)}
        row["alarms"] = list(alarms.get(name, ()))
        if name in drift:
            row["drift"] = _drift(drift[name])
        environments.append(row)
    return {"schema": "terrace/status@1", "environments": environments}


def history(rows: Iterable[tuple[Deployment, tuple[Approval, ...]]]) -> Json:
    """`terrace history`: every deployment with the answers it got."""
    return {
        "schema": "terrace/history@1",
        "deployments": [
            {
                "id": d.id,
                "environment": d.environment,
                "commit": d.commit,
                "origin": origin_word(d.origin),
                "result": result_word(d),
                "reasons": list(d.reasons),
                "started_at": when(d.opened_at),
                "ended_at": when(d.ended_at),
                "approvals": [approval(a) for a in answers],
                "tag": d.tag,
            }
            for d, answers in rows
        ],
    }


def approval(record: Approval) -> Json:
    """One answer; `proof` is how its author is known, `witness` where on a forge it was said."""
    told: Json = {
        "actor": record.actor,
        "role": record.role,
        "answer": record.answer,
        "proof": record.proof,
        "at": when(record.at),
        "comment": record.comment,
    }
    if record.witness is not None:
        told["witness"] = asdict(record.witness)
    return told


def gates(verdict: Verdict) -> list[Json]:
    """Every gate that was asked."""
    return [_gate(result) for result in verdict.results]


def result_word(deployment: Deployment) -> str:
    """How a deployment stands, in the word of the contract."""
    if deployment.undone_by:
        return "rolled_back"
    if deployment.result is not None:
        return deployment.result
    if deployment.in_doubt and deployment.lease is None:
        return "unknown"
    return "waiting" if deployment.waiting else "deploying"


def state_word(latest: Deployment | None, held: Hold | None) -> str:
    """How an environment stands: never | deployed | deploying | waiting | failed | unknown | held | destroyed."""
    if held is not None:
        return "held"
    if latest is None:
        return "never"
    word = result_word(latest)
    if isinstance(latest.origin, Destruction) and word == "succeeded" and not latest.partial:
        return "destroyed"
    return {"succeeded": "deployed", "blocked": "failed", "superseded": "waiting"}.get(word, word)


def witness_word(witness: Witness) -> str:
    """Where somebody said it, as a person would look for it."""
    if witness.kind == "environment":
        return f"an answer of {witness.login} to run {witness.number}"
    how = {"comment": "a comment of", "review": "a review of", "box": "a box ticked by"}[witness.kind]
    return f"{how} {witness.login} at {witness.number}"


def _impact(record: Impact) -> Json:
    return {
        "environment": record.stack.environment,
        "path": record.stack.shown_path,
        "stack": record.stack.key,
        "workspace": record.stack.workspace,
        "unsure": record.unsure,
        "reasons": [
            {
                "kind": r.kind,
                "path": r.path or ".",
                "chain": [path or "." for path in r.chain],
                "place": r.place,
                "text": r.text,
            }
            for r in record.reasons
        ],
    }


def finding(record: Finding) -> Json:
    """One finding, as every command tells it."""
    found: Json = {
        "rule": record.rule,
        "severity": record.severity.word,
        "status": record.status.value,
        "tool": record.tool,
        "message": record.message,
        "advisory": record.advisory,
    }
    optional = {"stack": record.stack, "address": record.address, "file": record.path, "fix": record.fix}
    found.update({name: value for name, value in optional.items() if value})
    if record.line:
        found["line"] = record.line
    if record.detail:
        found["detail"] = record.detail
    if record.note:
        found["note"] = record.note
    if record.waiver is not None:
        found["waiver"] = waiver(record.waiver)
    if record.also:
        found["also"] = list(record.also)
    return found


def waiver(record: Waiver) -> Json:
    """One waiver, or record of the baseline; `file` and `line` are where it stands."""
    found: Json = {
        "rule": record.rule,
        "owner": record.owner,
        "reason": record.reason,
        "granted": record.granted.isoformat(),
        "expires": record.expires.isoformat(),
        "status": "unknown" if record.unknown else "fail",
        "file": record.source,
        "line": record.line,
    }
    optional = {"stack": record.stack, "address": record.address, "path": record.path, "ticket": record.ticket}
    found.update({name: value for name, value in optional.items() if value})
    if record.since is not None:
        found |= {"since": record.since.isoformat(), "count": record.count}
    return found


def waivers(found: Waivers, secrets: Iterable[Accepted], today: date) -> Json:
    """`terrace waivers`: every record of the working tree. `counts`: whether it waives what a check finds today."""
    judging = {(w.key, w.expires) for w in found.judging}
    return {
        "schema": "terrace/waivers@1",
        "waivers": [
            {
                **waiver(one),
                "days_left": (one.expires - today).days,
                "counts": one.holds(today) and (one.key, one.expires) in judging,
            }
            for one in found.offered
        ],
        "secrets": [
            {
                "fingerprint": one.fingerprint,
                "owner": one.owner,
                "reason": one.reason,
                "expires": one.until.isoformat(),
                "days_left": (one.until - today).days,
            }
            for one in secrets
        ],
    }


def planned(record: Plan) -> Json:
    """One plan in numbers."""
    return {
        "environment": record.stack.environment,
        "path": record.stack.shown_path,
        "stack": record.stack.key,
        "digest": record.digest.value,
        "create": record.count(Action.CREATE),
        "update": record.count(Action.UPDATE),
        "replace": record.count(Action.REPLACE),
        "delete": record.count(Action.DELETE),
        "import": sum(1 for change in record.changes if change.importing),
        "move": sum(1 for change in record.changes if change.previous_address),
        "forget": record.count(Action.FORGET),
        "unknown": sum(len(change.unknown) for change in record.effective),
        "notices": list(notices(record)),
    }


def _change(record: ResourceChange) -> Json:
    found: Json = {
        "address": record.address,
        "type": record.type,
        "actions": record.action.value,
        "replace_reasons": [_path(p) for p in record.replace_paths],
        "unknown": [_path(p) for p in record.unknown],
        "sensitive": [_path(p) for p in record.sensitive],
    }
    if record.deposed:
        found["deposed"] = record.deposed
    if record.importing:
        found["imported"] = True
    if record.previous_address:
        found["moved_from"] = record.previous_address
    return found


def _path(parts: tuple[str | int, ...]) -> str:
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in parts).lstrip(".")


def _step(record: StepRecord) -> Json:
    told: Json = {
        "name": record.step.value,
        "stack": record.stack or None,
        "result": record.result,
        "message": record.message,
        "started_at": when(record.began_at),
        "ended_at": when(record.ended_at),
    }
    detail = record.detail
    if detail.changes is not UNSET:
        told["digest"] = detail.digest or ""
        told["changes"] = [{"action": action, "address": address} for action, address in detail.changes]
    if detail.notices is not UNSET:
        told["notices"] = list(detail.notices)
    if detail.backup is not UNSET:
        told["backup"] = {
            "backup": detail.backup,
            "lineage": detail.lineage,
            "serial": detail.serial,
            "state_sha256": detail.state_sha256,
            "key_id": detail.key_id or "",
        }
    return told


def _drift(record: Standing) -> Json:
    found: Json = {"status": record.status, "checked_at": when(record.checked_at)}
    return {**found, "overdue": record.overdue} if record.overdue else found


def _gate(record: GateResult) -> Json:
    found: Json = {"gate": record.gate, "outcome": record.outcome.value, "reason": record.reason}
    if record.satisfy:
        found["satisfy"] = record.satisfy
    if record.until is not None:
        found["until"] = when(record.until)
    return found
