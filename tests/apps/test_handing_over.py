"""One run plans and another goes on: a deployment goes from the run that may only read to the one that applies, and the
plans of a change from the jobs of its environments to the one that judges them."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import cast

import pytest

from support.cli import World, three_environments, world
from support.git import commit, git
from terrace.apps.wiring.handover import hand_over, take_over
from terrace.config.model import Config
from terrace.errors import BadInput, NotReady
from terrace.pipelines.context import Context
from terrace.plans.digest import DigestKey
from terrace.plans.handover import AwaitsMerge, Failure, Handed
from terrace.plans.model import Digest, Plan
from terrace.stacks.graph import Graph
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import Stack

pytestmark = pytest.mark.slow

STRANGER = {"TERRACE_BACKUP_KEY": "", "TERRACE_DIGEST_KEY": ""}
READER = {"TERRACE_BACKUP_KEY": "", "TERRACE_DIGEST_KEY": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}
OF_THE_LEDGER = {"TERRACE_LEDGER_KEY": base64.b64encode(b"l" * 32).decode()}
WRITER = {"TERRACE_DIGEST_KEY": READER["TERRACE_DIGEST_KEY"], **OF_THE_LEDGER}

KEY = DigestKey("k", b"a key of plans")
DEV, PROD = (Stack.conventional(name, f"environments/{name}") for name in ("dev", "prod"))


@pytest.fixture
def here(tmp_path: Path) -> World:
    files = three_environments()
    automatic = files["terrace.yaml"].replace("dev: {}", "dev: {deploy: automatic}")
    return world(tmp_path, {**files, "terrace.yaml": automatic})


def test_a_deployment_is_handed_from_run_to_run(here: World) -> None:
    """Each with no more than its part needs: to ask what is due nobody needs a key."""

    def due() -> tuple[list[str], list[str]]:
        told = here.ok("tick", "--due", "--json", **STRANGER).json
        return told["enters"], told["goes_on"]

    assert due() == (["dev"], [])
    refused = here.run("tick", "dev", "--no-apply", **READER)
    assert (refused.code, "export TERRACE_LEDGER_KEY" in refused.err) == (2, True), refused.err
    (planned,) = here.run("tick", "dev", "--no-apply", "--json", **READER, **OF_THE_LEDGER).json["done"]
    assert (planned["result"], planned["reasons"]) == ("waiting", ["planned by a run that does not apply"])
    assert due() == ([], ["dev"])
    applied = here.ok("resume", "dev", "--json", **WRITER).json
    assert (applied["result"], applied["deployment"]) == ("succeeded", planned["deployment"])


def test_plans_are_judged_where_nobody_could_make_them(here: World, tmp_path: Path) -> None:
    git(here.work, "checkout", "--quiet", "-b", "change")
    dev, prod = ((here.work / f"environments/{name}/main.tf").read_text() for name in ("dev", "prod"))
    change = {
        "environments/dev/main.tf": dev.replace('"dev"', '"dev2"'),
        "environments/prod/main.tf": f'{prod}resource "nothing" {{}}\n',
    }
    commit(here.work, change, "feat: change one and break the other")
    plans = tmp_path / "plans"
    plans.mkdir()
    for name in ("dev", "prod"):
        here.ok("plan", "--touched", name, "--seal", str(plans / f"{name}.plans"), **READER)

    def judged(*options: str) -> tuple[list[str], dict[str, str]]:
        told = here.run("check", *options, "--json", **READER).json
        found = {f["stack"]: f["message"] for f in told["findings"] if f["rule"] == "plan"}
        return [one["environment"] for one in told["plans"]], found

    made, failed = judged("--plans", str(plans))
    assert made == ["dev"]
    assert failed.keys() == {"prod"}
    assert "All resource blocks must have 2 labels" in failed["prod"]

    made, failed = judged("--static")
    assert made == []
    assert failed.keys() == {"dev", "prod"}
    assert all("was not planned" in why for why in failed.values())


def test_a_job_that_receives_plans_reports_why_a_stack_was_not_planned(here: World, tmp_path: Path) -> None:
    """Its state is gone: that is found before Terraform is asked, and is no reason to look for a job that ended."""
    here.ok("deploy", "dev")
    (state,) = Path(os.environ["TERRACE_HOME"]).glob("data/*/states/dev/dev/terraform.tfstate")
    state.unlink()
    git(here.work, "checkout", "--quiet", "-b", "change")
    dev = (here.work / "environments/dev/main.tf").read_text()
    commit(here.work, {"environments/dev/main.tf": dev.replace('"dev"', '"dev2"')}, "feat: change it")
    plans = tmp_path / "plans"
    plans.mkdir()
    here.ok("plan", "--touched", "dev", "--seal", str(plans / "dev.plans"), **WRITER)
    told = here.run("check", "--plans", str(plans), "--json", **WRITER).json
    (why,) = [f["message"] for f in told["findings"] if f["rule"] == "plan"]
    assert "the backend holds no state, and there was one" in why
    assert "terrace state restore dev" in why


def test_what_awaits_the_merge_does_so_where_it_is_judged_too() -> None:
    waits = Failure.of(AwaitsMerge("its address changed", hint="adopt it once it is merged"))
    assert isinstance(waits.again(), AwaitsMerge)
    assert isinstance(Failure.of(BadInput("no")).again(), NotReady)


# --- what is taken over ------------------------------------------------------------------------------------------


def taken(folder: Path, stack: Stack, at: str = "c1") -> Plan:
    inventory = Inventory(at, Config(), (DEV, PROD), Graph({}, {}))
    return take_over(folder, KEY).plan(cast(Context, None), inventory, stack, folder)


def plan(stack: Stack) -> Plan:
    return Plan(stack, "c1", Digest("d", "k"), ())


def test_a_plan_counts_for_the_commit_that_it_was_made_of(tmp_path: Path) -> None:
    hand_over(tmp_path / "dev.plans", KEY, "dev", Handed("c1", (plan(DEV),)))
    assert taken(tmp_path, DEV) == plan(DEV)
    with pytest.raises(NotReady, match="another commit"):
        taken(tmp_path, DEV, at="c2")
    with pytest.raises(NotReady, match="no plan of prod was handed over"):
        taken(tmp_path, PROD)
    with pytest.raises(NotReady, match="no plan"):
        taken(tmp_path / "nowhere", DEV)


def test_a_plan_of_another_environment_is_not_taken_from_a_job(tmp_path: Path) -> None:
    """What runs in it was written by whoever opened the pull request, and may write any file."""
    hand_over(tmp_path / "dev.plans", KEY, "dev", Handed("c1", (plan(DEV), plan(PROD))))
    with pytest.raises(NotReady, match="no plan of prod was handed over"):
        taken(tmp_path, PROD)


def test_plans_with_another_key_or_changed_bytes_are_refused(tmp_path: Path) -> None:
    hand_over(tmp_path / "dev.plans", DigestKey("o", b"another"), "dev", Handed("c1", (plan(DEV),)))
    with pytest.raises(NotReady):
        taken(tmp_path, DEV)
    hand_over(tmp_path / "dev.plans", KEY, "dev", Handed("c1", (plan(DEV),)))
    sealed = (tmp_path / "dev.plans").read_bytes()
    assert b"environments/dev" not in sealed
    (tmp_path / "dev.plans").write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with pytest.raises(NotReady, match="was changed after it was handed over"):
        taken(tmp_path, DEV)
