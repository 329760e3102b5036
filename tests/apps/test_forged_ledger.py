"""Somebody who can push to the ledger branch, and has no other right, opens deployments that let more through."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from support.cli import KEY, World, root, three_environments, world
from terrace.apps.wiring.project import Project
from terrace.ledger import kinds
from terrace.ledger.model import Draft

pytestmark = pytest.mark.slow

RULES = """\
version: 1
environments:
  prod: {approvals: 1, rollback: 0, on_failure: pause, protected: false}
people: {ann: {emails: [ann@example.com]}, bob: {emails: [bob@example.com]}}
"""

ORIGINS: tuple[tuple[dict[str, str], dict[str, Any]], ...] = (
    ({"kind": "automatic-rollback", "of": "LATEST", "reason": "sick"}, {}),
    (
        {"kind": "rollback", "of": "LATEST", "by": "bob", "reason": "sick"},
        {"agreed": ["module.thing.terraform_data.it"]},
    ),
    ({"kind": "remediation", "of": "aaaaaaaaaaaa", "by": "bob"}, {"partial": True}),
    ({"kind": "recovery", "of": "LATEST", "by": "bob"}, {"settles": "LATEST"}),
    ({"kind": "destruction", "by": "bob", "reason": "over"}, {}),
    ({"kind": "automatic"}, {}),
    ({"kind": "promotion", "source": "staging", "by": "bob"}, {}),
)


def test_a_ledger_writer_opens_the_waiting_deployment_again_with_more_rights_and_tick_applies_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {**three_environments(), "terrace.yaml": RULES, "environments/prod/main.tf": root("prod")}
    shop = world(tmp_path, {p: t for p, t in files.items() if "dev/" not in p and "staging/" not in p})
    waiting = shop.run("deploy", "prod", "--json").json
    assert waiting["result"] == "waiting"
    monkeypatch.setenv("TERRACE_BACKUP_KEY", KEY)
    latest = waiting["deployment"]
    for number, (origin, more) in enumerate(ORIGINS):
        forged = f"f0{number:010d}"
        position = _forge(shop, latest, forged, waiting["commit"], origin, more)
        told = shop.run(*(("resume", "prod", "--json") if number % 2 else ("tick", "--json")))
        assert told.code == 1, (origin, told.out, told.err)
        newest = shop.ok("history", "--json").json["deployments"][0]
        assert (newest["id"], newest["result"]) == (forged, "blocked"), (origin, newest)
        assert f"event {position} of the ledger opens deployment {forged}" in newest["reasons"][0], newest["reasons"]
        events = Project(shop.work).ledger.read().events
        begun = [e for e in events if e.kind == kinds.STEP_BEGUN and e.subject == forged]
        assert not begun, "it is not even planned"
        latest = forged
    assert not list(Path(os.environ["TERRACE_HOME"]).glob("data/*/states/prod/**/terraform.tfstate"))


def _forge(shop: World, latest: str, forged: str, commit: str, origin: dict[str, str], more: dict[str, Any]) -> int:
    """End what is open and open another one; returns the position of its opening event."""
    ledger = Project(shop.work).ledger
    history = ledger.read()
    named = {key: latest if value == "LATEST" else value for key, value in origin.items()}
    opening: dict[str, Any] = {
        "environment": "prod",
        "commit": commit,
        "origin": named,
        "waves": [["prod"]],
        "policy": "p",
        "live": "",
        "additions": {"moves": [], "imports": []},
        "agreed": [],
        "partial": False,
        "settles": "",
        **{key: latest if value == "LATEST" else value for key, value in more.items()},
    }
    drafts = [Draft(kinds.DEPLOYMENT_OPENED, forged, "bob", opening)]
    if any(e.kind == kinds.DEPLOYMENT_WAITING and e.subject == latest for e in history.events):
        ended = {"result": "superseded", "reasons": []}
        drafts.insert(0, Draft(kinds.DEPLOYMENT_ENDED, latest, "bob", ended))
    return ledger.append(drafts, head=history.head).events[-1].position
