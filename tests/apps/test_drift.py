"""Somebody changes things outside: `terrace drift` says what, and what would undo it. Terraform is real."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.cli import KEY, LADDER, MODULE, World, three_environments, world
from support.payloads import origin_payload
from terrace.adapters.terraform.client import LocalTerraform
from terrace.apps.output.progress import Silent
from terrace.apps.wiring.project import Project
from terrace.ledger import kinds
from terrace.ledger.model import Draft
from terrace.pipelines.context import Context
from terrace.pipelines.drift.detect import look
from terrace.plans.ports import Goal, Listener, MadePlan, Site
from terrace.stacks.model import Manual

pytestmark = pytest.mark.slow


@pytest.fixture
def shop(tmp_path: Path) -> World:
    return world(tmp_path, three_environments())


def state_path(environment: str) -> Path:
    """The local state of an environment's only stack."""
    (path,) = Path(os.environ["TERRACE_HOME"]).glob(f"data/*/states/{environment}/{environment}/terraform.tfstate")
    return path


def looked(shop: World, *arguments: str) -> dict[str, Any]:
    """`terrace drift`, by stack."""
    done = shop.run("drift", *arguments, "--json")
    assert done.code in (0, 1), done.out + done.err
    found = {stack["stack"]: stack for one in done.json["environments"] for stack in one["stacks"]}
    assert done.code == int(any(stack["status"] != "clean" for stack in found.values()))
    return found


def forget(environment: str) -> None:
    """Somebody removes an object from the state of an environment: the next plan would make it."""
    path = state_path(environment)
    state = json.loads(path.read_text())
    state["resources"] = []
    state["serial"] += 1
    path.write_text(json.dumps(state))


def test_the_deployed_commit_is_clean_despite_newer_commits(shop: World) -> None:
    shop.ok("deploy", "dev")
    assert looked(shop, "dev")["dev"]["undeployed_commits"] == []
    newer = shop.push({"modules/thing/main.tf": MODULE.replace("-1", "-2")})
    shop.push({"README.md": "touches no stack"})
    seen = looked(shop, "dev")["dev"]
    assert (seen["status"], seen["undeployed_commits"]) == ("clean", [newer])
    assert "1 newer commit is not deployed yet" in shop.ok("drift", "last", "dev").out


def test_a_stack_that_cannot_be_planned_hides_no_other(shop: World) -> None:
    shop.ok("deploy", "dev")
    shop.run("promote", "staging")
    shop.approve("staging", "bob")
    shop.ok("resume", "staging")
    state_path("dev").write_text("no state")
    forget("staging")
    seen = looked(shop)
    assert seen["dev"]["status"] == "unknown"
    assert seen["dev"]["why"]
    (resource,) = [r for r in seen["staging"]["resources"] if r["type"] != "output"]
    assert (resource["address"], resource["quadrant"], resource["undo"]) == (
        "module.thing.terraform_data.it",
        "input",
        "create",
    )
    assert "prod" not in seen, "nothing is deployed there"
    status = shop.status()
    assert (status["dev"]["drift"], status["staging"]["drift"]["status"]) == (
        {"status": "unknown", "checked_at": None},
        "drifted",
    )


def test_an_attribute_that_changes_in_every_plan_is_no_drift(shop: World) -> None:
    """With it: what Terraform says while it looks."""
    clock = 'resource "terraform_data" "clock" {\n  triggers_replace = timestamp()\n}\n'
    shop.push({"environments/dev/clock.tf": clock, "environments/dev/more.auto.tfvars": 'nowhere = "declared"\n'})
    shop.ok("deploy", "dev")
    seen = looked(shop, "dev")["dev"]
    assert (seen["status"], seen["resources"]) == ("clean", [])
    assert (
        seen["notices"][0]
        == "terraform_data.clock (id, triggers_replace) is recreated by every plan, which is not drift"
    )
    assert "undeclared variable" in seen["notices"][1]
    assert "recreated by every plan" in shop.ok("drift", "last", "dev").out


def test_a_state_that_is_not_the_deployed_one_is_unknown_and_says_why(shop: World) -> None:
    """Lost, older, or of another stack: what differs from such a state is no drift."""
    shop.ok("deploy", "dev")
    path = state_path("dev")
    state = json.loads(path.read_text())
    for content, why in (
        (None, "the backend holds no state"),
        ({**state, "serial": state["serial"] - 1}, "the state went back"),
        ({**state, "lineage": "0b6c0b5e-0000-4000-8000-000000000000"}, "the state was created again"),
    ):
        if content is None:
            path.unlink()
        else:
            path.write_text(json.dumps(content))
        seen = looked(shop, "dev")["dev"]
        assert (seen["status"], seen["resources"]) == ("unknown", [])
        assert why in seen["why"]
        assert "terrace state restore" in seen["why"], "the way out is said"


class Disturbed(LocalTerraform):
    """Terraform, and somebody who does something else while it plans."""

    def __init__(self, shop: Project, meanwhile: Callable[[], None]) -> None:
        super().__init__(shop.trust.config.terraform, cache=shop.home.cache, states=shop.home.states)
        self._meanwhile = meanwhile

    def plan(
        self, site: Site, *, goal: Goal = Goal.CONVERGED, lock: bool = True, listener: Listener | None = None
    ) -> MadePlan:
        assert not lock, "who only looks disturbs nobody"
        made = super().plan(site, goal=goal, lock=lock, listener=listener)
        self._meanwhile()
        return made


@pytest.fixture
def context(shop: World, monkeypatch: pytest.MonkeyPatch) -> Context:
    """Whoever looks, after a deployment into dev."""
    monkeypatch.setenv("TERRACE_BACKUP_KEY", KEY)
    shop.ok("deploy", "dev")
    return Project(shop.work).drift_context(Silent())


def open_deployment(context: Context, *, driven: bool) -> None:
    """Somebody opens a deployment of dev, and drives it or leaves it waiting."""
    history = context.ledger.read()
    opened = {
        "environment": "dev",
        "commit": context.repository.protected_tip(),
        "origin": origin_payload(Manual("bob")),
        "waves": [["dev"]],
        "policy": context.policy,
    }
    holder = {"host": "elsewhere", "boot": "b", "pid": 1, "who": "bob"}
    drafts = [Draft(kinds.DEPLOYMENT_OPENED, "d1", "bob", opened)]
    if driven:
        drafts.append(Draft(kinds.LEASE_TAKEN, "d1", "bob", {"holder": holder, "epoch": 1}))
    context.ledger.append(drafts, head=history.head)


def why(context: Context) -> str:
    """Why dev could not be told."""
    ((seen,),) = [check.observations for check in look(context, ("dev",))]
    assert seen.status == "unknown"
    return seen.why


def test_drift_observed_while_the_state_changed_is_discarded(shop: World, context: Context) -> None:
    assert why(replace(context, terraform=Disturbed(Project(shop.work), lambda: forget("dev")))) == (
        "discarded: its state changed during the check"
    )


def test_drift_observed_while_a_deployment_began_is_discarded(shop: World, context: Context) -> None:
    terraform = Disturbed(Project(shop.work), lambda: open_deployment(context, driven=True))
    assert why(replace(context, terraform=terraform)) == "discarded: a deployment started during the check"
    assert why(context) == "skipped: deployment d1 is in progress there"


def test_drift_is_checked_while_a_deployment_waits_for_approval(context: Context) -> None:
    open_deployment(context, driven=False)
    ((seen,),) = [check.observations for check in look(context, ("dev", "staging"))]
    assert seen.status == "clean"


def test_a_stack_whose_apply_failed_is_at_no_release(shop: World) -> None:
    shop.ok("deploy", "dev")
    broken = MODULE.replace(
        "output",
        'resource "terraform_data" "no" {\n  provisioner "local-exec" {\n    command = "false"\n  }\n}\n\noutput',
        1,
    )
    shop.push({"modules/thing/main.tf": broken})
    assert shop.run("deploy", "dev").code == 1
    seen = looked(shop, "dev")["dev"]
    assert (seen["status"], "its newest apply failed" in seen["why"]) == ("unknown", True)


def test_tick_checks_drift_when_due_and_status_reports_overdue_checks(shop: World) -> None:
    shop.push({"terrace.yaml": LADDER.replace("dev: {}", "dev: {drift: {every: 1h}}")})
    shop.ok("deploy", "dev")
    (seen,) = shop.ok("tick", "--json").json["drift"]
    assert (seen["name"], seen["status"]) == ("dev", "clean")
    assert shop.ok("tick", "--json").json["drift"] == [], "it is not time yet"
    assert "overdue" not in shop.status()["dev"]["drift"]
    shop.push({"terrace.yaml": LADDER.replace("dev: {}", "dev: {drift: {every: 1s}}")})
    time.sleep(2.1)
    assert "no good check for drift since" in shop.status()["dev"]["drift"]["overdue"]
    due = shop.ok("tick", "--due", "--json").json
    assert (due["enters"], due["goes_on"], due["checks"]) == ([], [], ["dev"])
    ticked = shop.ok("tick", "dev", "--checks", "--json").json
    assert ticked["drift"]
    assert ticked["done"] == []


def test_watch_reports_each_round_until_it_is_interrupted(shop: World) -> None:
    shop.ok("deploy", "dev")
    with shop.start("drift", "dev", "--watch", "--every", "1s", "--json") as child:
        assert child.stderr is not None
        beats = [child.stderr.readline() for _ in range(2)]
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=60)
    assert all(" checked; next check at " in beat for beat in beats)
    assert out.count('"terrace/drift@1"') >= 2
    assert child.returncode == 130
    assert shop.run("drift", "--watch", "--every", "soon").code == 2


def test_drift_that_was_not_observed_cannot_be_acknowledged(shop: World) -> None:
    shop.ok("deploy", "dev")
    assert "no drift is known" in shop.run("drift", "ack", "dev", "a.b", "--reason", "x").err
    assert "no drift is known" in shop.run("drift", "adopt", "dev", "a.b").err
    assert shop.run("drift", "prod").out.startswith("prod nothing is deployed")


def test_a_secret_in_a_warning_or_a_failed_check_is_not_in_the_ledger(shop: World) -> None:
    token = "ghp_" + "a1B2" * 9
    thing = f'resource "terraform_data" "a" {{\n  input = "{token}"\n}}\n'
    failing = (
        'check "up" {\n  assert {\n    condition     = terraform_data.a.input == ""\n'
        '    error_message = "it is ${terraform_data.a.input}"\n  }\n}\n'
    )
    shop.push({"environments/dev/thing.tf": thing + failing, "terrace.yaml": unchecked(shop)})
    deployed = shop.run("deploy", "dev", "--json")
    assert "check.up fails" in deployed.out
    shop.run("drift", "dev")
    for text in (deployed.out, shop.ok("ledger", "export").out, shop.run("drift", "last", "dev").out):
        assert token not in text


def unchecked(shop: World) -> str:
    """The rules, and secrets in plans hold nothing."""
    return (shop.work / "terrace.yaml").read_text() + "checks: {plan-secrets: advisory}\n"
