"""`status`, `history`, `show` and `ledger`: folds over the ledger, told."""

from __future__ import annotations

import sys
from pathlib import Path

from terrace.apps.cli import actions
from terrace.apps.cli.actions import ended
from terrace.apps.cli.console import emit
from terrace.apps.cli.console import show as print_record
from terrace.apps.wiring import Workshop, now
from terrace.errors import BadInput
from terrace.gates.model import Approval
from terrace.ledger import folds
from terrace.ledger.chain import export, verify
from terrace.ledger.model import History
from terrace.pipelines.approve import handle_of
from terrace.report import machine, run_page, state_terminal, terminal
from terrace.report.machine import witness_word
from terrace.report.text import json_text, visible
from terrace.rollout.model import Deployment
from terrace.watch.checks import newest_first, standing
from terrace.watch.states import problems


def status(folder: str, *, as_json: bool) -> int:
    """What is deployed where."""
    shop = Workshop(Path(folder))
    history = shop.ledger.read()
    rows = [
        (e.name, folds.latest(history, e.name), folds.last_good(history, e.name), folds.hold(history, e.name))
        for e in shop.trust.config.environments
    ]
    alarms = problems(history, shop.trust.config, now())
    drift = {
        e.name: how
        for e in shop.trust.config.environments
        if (how := standing(newest_first(history, e.name), now(), e.drift.every)) is not None
    }
    handles = {e.name: handle_of(shop.trust.policy, history, e.name) for e in shop.trust.config.environments}
    told = machine.status(rows, alarms, drift, handles)
    if as_json:
        emit(told)
    else:
        print_record(terminal.status(rows, drift, handles, now()))
        if alarms:
            print_record(state_terminal.problems(alarms))
    return ended(actions.environments((name for name, *_ in rows), lambda: run_page.status(told)), 0)


def history(folder: str, environment: str | None, limit: int, *, as_json: bool) -> int:
    """Deployments, newest first."""
    shop = Workshop(Path(folder))
    if environment is not None:
        shop.trust.config.environment(environment)
    seen = shop.ledger.read()
    found = [d for d in folds.deployments(seen) if environment in (None, d.environment)]
    newest = found[::-1][:limit]
    if as_json:
        emit(machine.history((d, _answers(shop, seen, d)) for d in newest))
    elif newest:
        print_record(terminal.history(newest))
    else:
        print_record("nothing was deployed yet")
    return 0


def show(folder: str, wanted: str, *, as_json: bool) -> int:
    """One deployment."""
    shop = Workshop(Path(folder))
    seen = shop.ledger.read()
    every = folds.deployments(seen)
    found = next((d for d in every if d.id == wanted), None) or folds.latest(seen, wanted)
    if found is None:
        raise BadInput(f"there is no deployment {wanted!r}", hint="`terrace history` lists them")
    answers = _answers(shop, seen, found)
    if as_json:
        emit({**machine.deployed("show", found), "approvals": [machine.approval(a) for a in answers]})
        return 0
    print_record(terminal.deployment(found))
    for given in answers:
        role = f" for {given.role}" if given.role else ""
        said = f": {visible(given.comment)}" if given.comment else ""
        known = f"{given.proof}, {visible(witness_word(given.witness))}" if given.witness else given.proof
        print_record(f"  {given.answer} by {visible(given.actor)}{role} ({known}){said}")
    return 0


def ledger_verify(folder: str, head: str | None, *, as_json: bool) -> int:
    """Whether the chain holds: exit 0, else 1."""
    shop = Workshop(Path(folder))
    result = verify(shop.ledger.read_unchecked(), expected_head=head)
    if as_json:
        bad = {"position": result.first_bad.position, "why": result.first_bad.why} if result.first_bad else None
        emit(
            {
                "schema": "terrace/ledger-verify@1",
                "ok": result.ok,
                "events": result.events,
                "head": result.head,
                "first_bad": bad,
            }
        )
    elif result.first_bad is None:
        print_record(f"{result.events} events, unbroken; head {result.head}")
    else:
        print_record(f"event {result.first_bad.position} is bad: {result.first_bad.why}")
    return 0 if result.ok else 1


def ledger_export(folder: str) -> int:
    """Every event as a line of JSON."""
    for line in export(Workshop(Path(folder)).ledger.read().events):
        sys.stdout.write(json_text(line) + "\n")
    return 0


def _answers(shop: Workshop, seen: History, deployment: Deployment) -> tuple[Approval, ...]:
    return tuple(
        Approval(
            actor=signed.actor,
            role=signed.role,
            answer="approve" if signed.answer == "approve" else "reject",
            subjects=signed.subjects,
            at=signed.at,
            proof=shop.proof(signed),
            comment=signed.comment,
            witness=signed.witness,
        )
        for signed in folds.approvals(seen, deployment.id)
    )
