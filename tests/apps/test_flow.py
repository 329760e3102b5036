"""From a commit to production, as people do it: every command a process, Terraform real, state local, remote bare."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.cli import MODULE, World, root, three_environments, world
from support.git import clone, commit, git
from terrace.hcl.facts import FORMAT

FACTS = f"facts-{FORMAT}.db"

pytestmark = pytest.mark.slow


@pytest.fixture
def shop(tmp_path: Path) -> World:
    return world(tmp_path, three_environments())


def test_a_commit_goes_from_check_to_production(shop: World) -> None:
    git(shop.work, "switch", "--quiet", "--create", "change")
    commit(shop.work, {"modules/thing/main.tf": MODULE.replace("-1", "-2")})
    checked = shop.ok("check", "--json").json
    assert checked["verdict"] == "pass"
    assert [plan["stack"] for plan in checked["plans"]] == ["dev", "staging", "prod"]
    assert all(plan["create"] == 1 for plan in checked["plans"])
    why = {reason["factor"]: reason["what"] for reason in checked["risk"]["reasons"]}
    assert checked["risk"]["level"] == "high"
    assert why["production"] == "prod"
    assert "dev" in why["first"]
    assert {one["environment"]: one["verdict"] for one in checked["ahead"]} == {
        "dev": "pass",
        "staging": "wait",
        "prod": "wait",
    }
    git(shop.work, "switch", "--quiet", "main")
    git(shop.work, "merge", "--quiet", "--no-ff", "change")
    git(shop.work, "push", "--quiet", "origin", "main")

    deployed = shop.ok("deploy", "dev", "--json").json
    assert deployed["result"] == "succeeded"
    assert [s["name"] for s in deployed["steps"]] == ["plan", "backup", "apply", "snapshot", "smoke", "tag"]
    assert shop.state("dev")["outputs"]["it"]["value"] == "dev-2"
    assert deployed["tag"] in git(shop.remote, "tag", "--list")

    asked = shop.run("promote", "staging")
    assert (asked.code, "+ module.thing.terraform_data.it" in asked.out) == (1, True), "whoever is asked sees the plan"
    assert '+ input = "staging-2"' in asked.out
    assert shop.status()["staging"]["waiting_for"] == ["0 of 1 people have approved"]
    given = shop.approve("staging", "bob", "-m", "fine")
    assert (given.code, '+ input = "staging-2"' in given.out) == (0, True), "nobody signs blindly"
    approved = shop.status()["staging"]
    assert (approved["waiting_for"], approved["next"]) == ([], ["`terrace resume staging`"]), "by the gates now"
    shop.ok("resume", "staging")

    waiting = shop.run("promote", "prod", "--json")
    assert (waiting.code, waiting.json["result"]) == (1, "waiting")
    (kept,) = shop.ok("show", "prod", "--json").json["plans"]
    assert kept["changes"][0]["differences"][0] == {"path": "input", "action": "add", "after": "prod-2"}
    assert shop.run("resume", "prod", "--json").json["result"] == "waiting"
    signed = shop.approve("prod", "bob", "--json").json
    assert signed["plans"] == [kept], "also who approves with --json can see the plans"
    explained = shop.ok("explain", "prod", "--json").json
    assert [gate["gate"] for gate in explained["gates"] if gate["outcome"] == "wait"] == ["approvals"]
    assert any("--role security" in step and "by carol" in step for step in explained["next"])
    brought = shop.ok("diff", "staging", "prod", "--json").json
    assert (brought["replaces"], [plan["create"] for plan in brought["plans"]]) == (None, [1])
    assert shop.run("resume", "prod").code == 1, "one role is missing"
    shop.approve("prod", "carol")
    done = shop.ok("resume", "prod", "--json").json
    assert done["result"] == "succeeded"
    assert shop.state("prod")["outputs"]["it"]["value"] == "prod-2"

    history = shop.ok("history", "--json").json["deployments"]
    assert [d["environment"] for d in history] == ["prod", "staging", "dev"]
    assert [(a["actor"], a["role"], a["proof"]) for a in history[0]["approvals"]] == [
        ("bob", "owners", "ssh"),
        ("carol", "security", "ssh"),
    ]
    assert shop.ok("ledger", "verify", "--json").json["ok"]
    assert all(row["state"] == "deployed" for row in shop.status().values())


def test_no_files_are_left_in_the_checkout_of_the_user(shop: World) -> None:
    (shop.work / "notes.txt").write_text("mine")
    before = git(shop.work, "status", "--porcelain", "--ignored"), git(shop.work, "stash", "list")
    shop.ok("check")
    shop.ok("deploy", "dev", "--ref", "main")
    assert (git(shop.work, "status", "--porcelain", "--ignored"), git(shop.work, "stash", "list")) == before
    assert git(shop.work, "worktree", "list").count("\n") == 0


def test_waiting_writes_nothing_more_into_the_ledger(shop: World) -> None:
    shop.ok("deploy", "dev")
    shop.run("promote", "staging")
    events = shop.ok("ledger", "verify", "--json").json["events"]
    for command in (("resume", "staging"), ("tick",), ("promote", "staging"), ("status",)):
        shop.run(*command)
    assert shop.ok("ledger", "verify", "--json").json["events"] == events


def test_a_second_deployment_with_nothing_to_do_applies_nothing(shop: World) -> None:
    shop.ok("deploy", "dev")
    again = shop.ok("deploy", "dev", "--json").json
    assert [s["name"] for s in again["steps"]] == ["plan", "smoke"]


def test_only_a_commit_that_succeeded_below_is_promoted(shop: World) -> None:
    nothing = shop.run("promote", "staging")
    assert (nothing.code, "no deployment to dev has succeeded yet" in nothing.err) == (2, True)
    shop.ok("deploy", "dev")
    newer = shop.push({"modules/thing/main.tf": MODULE.replace("-1", "-2")})
    refused = shop.run("deploy", "staging", "--ref", newer, "--json")
    assert (refused.code, refused.json["result"]) == (1, "blocked")
    assert any("dev has" in reason for reason in refused.json["reasons"])


def test_a_commit_that_is_not_on_the_protected_branch_is_blocked(shop: World) -> None:
    git(shop.work, "switch", "--quiet", "--create", "side")
    made = commit(shop.work, {"modules/thing/main.tf": MODULE.replace("-1", "-9")})
    refused = shop.run("deploy", "dev", "--ref", made)
    assert refused.code == 1
    assert "is not on the first-parent line of main" in refused.out


def test_a_branch_that_removes_its_own_gate_is_blocked_and_judged_by_the_old_one(shop: World) -> None:
    git(shop.work, "switch", "--quiet", "--create", "sneaky")
    text = (shop.work / "terrace.yaml").read_text().replace("after: dev, approvals: 1", "after: dev")
    commit(shop.work, {"terrace.yaml": text})
    checked = shop.run("check", "--json")
    assert (checked.code, checked.json["verdict"]) == (1, "block")
    (finding,) = (found for found in checked.json["findings"] if found["rule"] == "trust-root")
    assert "staging needs fewer approvals: 0 instead of 1" in finding["message"]


def test_an_answer_that_would_not_count_is_refused_before_it_is_written(shop: World) -> None:
    shop.ok("deploy", "dev")
    shop.run("promote", "staging")
    before = shop.ok("ledger", "export").out
    bob = str(shop.key("bob"))
    for words, why, hint in (
        (("--as", "ann", "--key", str(shop.key("ann"))), "requested this deployment", "terrace status"),
        (("--as", "bob"), "the signature is invalid", "under the name"),
        (("--as", "bob", "--key", str(shop.key("carol"))), "the signature is invalid", "under the name"),
        (
            ("--as", "bob", "--key", bob, "--role", "nobody"),
            "approves as nobody without being a member of that team",
            "status",
        ),
    ):
        refused = shop.run("approve", "staging", *words, "--yes")
        assert (refused.code, why in refused.err, hint in refused.err) == (2, True, True), refused.err
    git(shop.work, "config", "--unset", "user.signingkey")
    unsigned = shop.run("approve", "staging", "--as", "bob", "--yes")
    assert (unsigned.code, "unsigned: sign with an SSH key" in unsigned.err) == (2, True)
    assert "git config user.signingkey" in unsigned.err
    assert shop.ok("ledger", "export").out == before
    assert shop.run("resume", "staging").code == 1
    shop.approve("staging", "bob")
    assert shop.ok("resume", "staging", "--json").json["result"] == "succeeded"


def completed(shop: World, words: str) -> list[str]:
    """What a shell completes after these words."""
    typed = {"COMP_WORDS": f"terrace {words}", "COMP_CWORD": str(words.count(" ") + 1)}
    program = Path(sys.executable).with_name("terrace")
    done = subprocess.run(
        [program],
        cwd=shop.work,
        env={**shop.environment, **typed, "_TERRACE_COMPLETE": "bash_complete"},
        capture_output=True,
        text=True,
        check=True,
    )
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


def test_a_rejection_ends_it_and_outlives_a_change_of_the_rules_until_it_is_withdrawn(shop: World) -> None:
    shop.ok("deploy", "dev")
    shop.run("promote", "staging")
    bob = ("--as", "bob", "--key", str(shop.key("bob")), "--yes")
    rejected = shop.ok("reject", "staging", *bob, "-m", "not before the sale")
    assert "ended: bob rejected this: not before the sale" in rejected.out
    stands = shop.status()["staging"]
    assert (stands["state"], "bob rejected this: not before the sale" in stands["reasons"][0]) == ("failed", True)
    shown = shop.ok("show", "staging", "--json").json
    deployments = [deployment["id"] for deployment in shop.ok("history", "--json").json["deployments"]]
    assert completed(shop, "show ") == ["dev", "staging", "prod", *deployments]
    assert (shown["result"], [a["answer"] for a in shown["approvals"]]) == ("blocked", ["reject"])
    assert "apply" not in [s["name"] for s in shown["steps"]]
    assert "there is no open deployment" in shop.ok("resume", "staging").err

    # A merge that changes nothing but terrace.yaml; the commit in dev is still the one that was rejected.
    text = shop.ok("ledger", "export").out
    shop.push({"terrace.yaml": (shop.work / "terrace.yaml").read_text() + "# a comment\n"})
    refused = shop.run("promote", "staging", "--json")
    assert refused.code == 1
    (gate,) = [g for g in refused.json["gates"] if g["gate"] == "rejected"]
    assert "bob rejected this: not before the sale" in gate["reason"]
    assert shop.ok("ledger", "export").out == text

    carol = ("--as", "carol", "--key", str(shop.key("carol")), "--yes")
    assert shop.run("reject", "staging", "--withdraw", *carol, "-m", "it is fine").code == 2
    wrong = shop.run("reject", "staging", "--withdraw", "--as", "bob", "--yes", "-m", "it is fine")
    assert (wrong.code, "there is no proof of who withdraws it" in wrong.err) == (2, True)
    assert shop.ok("ledger", "export").out == text
    assert "is withdrawn" in shop.ok("reject", "staging", "--withdraw", *bob, "-m", "the sale is over").out
    assert shop.run("promote", "staging", "--json").json["result"] == "waiting"
    shop.approve("staging", "bob")
    assert shop.ok("resume", "staging", "--json").json["result"] == "succeeded"


def test_an_approval_does_not_hold_for_another_plan(shop: World) -> None:
    """Somebody changes the world between approval and apply: the plan is another one, and people are asked again."""
    shop.ok("deploy", "dev")
    shop.run("promote", "staging")
    shop.approve("staging", "bob")
    states = next(Path(shop.environment["TERRACE_HOME"]).glob("data/*/states"))
    (states / "staging/staging").mkdir(parents=True, exist_ok=True)
    dev = json.loads((states / "dev/dev/terraform.tfstate").read_text())
    found = {**dev, "lineage": "00000000-0000-4000-8000-000000000001"}
    (states / "staging/staging/terraform.tfstate").write_text(json.dumps(found))
    again = shop.run("resume", "staging", "--json")
    assert (again.code, again.json["result"]) == (1, "waiting")
    assert "apply" not in [s["name"] for s in again.json["steps"]]
    shop.approve("staging", "bob")
    assert shop.ok("resume", "staging", "--json").json["result"] == "succeeded"


def test_a_plan_that_is_another_one_each_time_is_called_volatile_and_named(tmp_path: Path) -> None:
    """Nothing in the configuration says so: each plan finds another file."""
    counting = tmp_path / "terraform"
    now = tmp_path / "now"
    counting.write_text(f'#!/bin/sh\nif [ "$1" = plan ]; then date +%s%N > {now}; fi\nexec terraform "$@"\n')
    counting.chmod(0o755)
    files = three_environments()
    files["terrace.yaml"] += f"terraform: {{binary: {counting}}}\n"
    files["environments/staging/when.tf"] = f'resource "terraform_data" "when" {{\n  input = file("{now}")\n}}\n'
    shop = world(tmp_path / "shop", files)
    shop.ok("deploy", "dev")
    shop.run("promote", "staging")
    shop.approve("staging", "bob")
    failed = shop.run("resume", "staging", "--json").json
    assert failed["result"] == "failed"
    assert "volatile" in failed["reasons"][0]
    assert "terraform_data.when: input" in failed["reasons"][0]
    assert "apply" not in [s["name"] for s in failed["steps"]]


def test_what_differs_in_every_plan_is_named_at_check_and_deployed_where_it_is_allowed(tmp_path: Path) -> None:
    """With it: a failed `check` block, and a value for a variable that nothing declares."""
    slow = tmp_path / "terraform"
    slow.write_text('#!/bin/sh\nif [ "$1" = plan ]; then sleep 1.1; fi\nexec terraform "$@"\n')
    slow.chmod(0o755)
    files = three_environments()
    files["terrace.yaml"] += f"terraform: {{binary: {slow}}}\n"
    shop = world(tmp_path / "shop", files)
    git(shop.work, "switch", "--quiet", "--create", "change")
    when = 'resource "terraform_data" "when" {\n  input = plantimestamp()\n}\n'
    down = (
        'check "up" {\n  assert {\n    condition     = terraform_data.when.input == "never"\n'
        '    error_message = "it is down"\n  }\n}\n'
    )
    change = {
        "environments/staging/when.tf": when + down,
        "environments/staging/more.auto.tfvars": 'nowhere = "declared"\n',
    }
    commit(shop.work, change)
    checked = shop.run("check", "--json").json
    found = {one["rule"]: one for one in checked["findings"]}
    assert checked["verdict"] == "block"
    assert "terraform_data.when.input differs in every plan" in found["volatile"]["message"]
    assert "check.up fails: it is down" in found["check-blocks"]["message"]
    assert "undeclared variable" in found["warnings"]["message"]

    git(shop.work, "switch", "--quiet", "main")
    shop.push(change)
    shop.ok("deploy", "dev")
    refused = shop.run("promote", "staging", "--json").json
    assert refused["result"] == "failed", "before anybody is asked"
    assert "terraform_data.when.input" in refused["reasons"][0]
    allowed = "staging: {volatile: {allow: [terraform_data.when.input]}, "
    shop.push({"terrace.yaml": files["terrace.yaml"].replace("staging: {", allowed, 1)})
    shop.ok("deploy", "dev")
    asked = shop.run("promote", "staging")
    assert "no approval covers the value of terraform_data.when.input" in asked.out
    assert "check.up fails: it is down" in asked.out
    shop.approve("staging", "bob")
    done = shop.ok("resume", "staging", "--json").json
    assert done["result"] == "succeeded"
    assert any("terraform_data.when.input" in one for step in done["steps"] for one in step.get("notices", ()))
    applied = next(step for step in done["steps"] if step["name"] == "apply")
    assert any("it is down" in one for one in applied["notices"]), "it fails after the apply too"


def test_a_local_backend_is_safe_from_the_checkout_that_comes_and_goes(shop: World) -> None:
    """Redirected by an override file: a second deployment knows what the first one made."""
    shop.push({"environments/dev/backend.tf": 'terraform {\n  backend "local" {\n    path = "here.tfstate"\n  }\n}\n'})
    shop.ok("deploy", "dev")
    first = shop.state("dev")["resources"][0]["instances"][0]["attributes"]["id"]
    shop.push({"modules/thing/main.tf": MODULE.replace("-1", "-2")})
    done = shop.ok("deploy", "dev", "--json").json
    assert "1 changed" in next(s["message"] for s in done["steps"] if s["name"] == "apply")
    assert shop.state("dev")["resources"][0]["instances"][0]["attributes"]["id"] == first
    assert not list(Path(shop.environment["TERRACE_HOME"]).rglob("here.tfstate"))


def test_a_held_environment_accepts_no_deployment_until_the_hold_is_released(shop: World) -> None:
    shop.ok("hold", "dev", "--reason", "incident 4711")
    refused = shop.run("deploy", "dev")
    assert (refused.code, "incident 4711" in refused.out) == (1, True)
    assert shop.status()["dev"]["state"] == "held"
    shop.ok("unhold", "dev", "--reason", "closed")
    shop.ok("deploy", "dev")


def test_an_older_commit_that_succeeded_in_the_previous_environment_is_promoted(tmp_path: Path) -> None:
    shop = world(
        tmp_path / "shop",
        {
            "terrace.yaml": "version: 1\nenvironments: {dev: {}, staging: {after: dev, url: 'https://staging.example.com/'}}\n",
            "modules/thing/main.tf": MODULE,
            **{f"environments/{name}/main.tf": root(name) for name in ("dev", "staging")},
        },
    )

    def pushed(number: int) -> str:
        shop.push({"modules/thing/main.tf": MODULE.replace("-1", f"-{number}")})
        return git(shop.work, "rev-parse", "HEAD").strip()

    commits = {number: pushed(number) for number in (2, 3, 4, 5)}
    for number in (2, 3, 5):
        shop.ok("deploy", "dev", "--ref", commits[number])

    never = shop.run("promote", "staging", "--ref", commits[4])
    assert never.code == 2
    assert f"{commits[4][:7]} was never deployed to dev" in never.err
    assert f"--ref {commits[3][:12]}` or `terrace promote staging --ref {commits[5][:12]}`" in never.err
    assert commits[2][:7] not in never.err, "only the nearest ones are named"

    done = shop.ok("promote", "staging", "--ref", commits[3][:10], "--json").json
    assert (done["commit"], done["result"]) == (commits[3], "succeeded")
    assert shop.status()["staging"]["url"] == "https://staging.example.com/"
    assert shop.ok("show", "staging", "--json").json["url"] == "https://staging.example.com/"
    assert "url: https://staging.example.com/" in shop.ok("show", "staging").out
    older = shop.run("promote", "staging", "--ref", commits[2])
    assert (older.code, "terrace rollback staging --to" in older.out) == (1, True), "it would be a rollback"
    assert shop.ok("promote", "staging", "--json").json["commit"] == commits[5], "without --ref the newest one"

    shop.ok("rollback", "dev", "--reason", "too slow", "--yes")
    undone = shop.run("promote", "staging", "--ref", commits[5])
    assert (undone.code, f"dev rolled {commits[5][:7]} back" in undone.err) == (2, True)


def test_a_newer_release_supersedes_one_that_waits(shop: World) -> None:
    shop.ok("deploy", "dev")
    shop.run("promote", "staging")
    shop.push({"modules/thing/main.tf": MODULE.replace("-1", "-2")})
    shop.ok("deploy", "dev")
    shop.approve("staging", "bob")
    asked = shop.run("promote", "staging")
    assert (asked.code, "approved by bob" in asked.err) == (2, True), "an approval is not thrown away without a word"
    shop.run("promote", "staging", "--yes")
    results = [d["result"] for d in shop.ok("history", "staging", "--json").json["deployments"]]
    assert results == ["waiting", "superseded"]


def test_tick_ends_with_the_next_steps_of_status(tmp_path: Path) -> None:
    files = three_environments()
    files["terrace.yaml"] = (
        "version: 1\nenvironments:\n  dev: {deploy: automatic}\n  staging: {after: dev}\n  prod: {after: staging}\n"
    )
    shop = world(tmp_path, files)
    assert shop.ok("tick").out.endswith("next: `terrace promote staging`\n")
    assert shop.status()["dev"]["next"] == ["`terrace promote staging`"]
    broken = 'resource "terraform_data" "bad" {\n  provisioner "local-exec" {\n    command = "exit 7"\n  }\n}\n'
    shop.push({"environments/dev/bad.tf": broken})
    failed = shop.run("tick").out
    steps = shop.status()["dev"]["next"]
    assert len(steps) > 1
    assert failed.endswith("".join(f"{'then' if number else 'next'}: {step}\n" for number, step in enumerate(steps)))


def test_tick_deploys_merged_commits_and_promotes_them_after_the_soak(tmp_path: Path) -> None:
    files = three_environments()
    files["terrace.yaml"] = (
        "version: 1\nenvironments:\n  dev: {deploy: automatic}\n"
        "  staging: {after: dev, deploy: automatic, soak: 5s}\n  prod: {after: staging, soak: 1h}\n"
    )
    shop = world(tmp_path, files)
    first = shop.ok("tick", "--json").json["done"]
    assert [d["environment"] for d in first] == ["dev"]
    assert shop.ok("tick").out.strip() == "nothing is due"
    early = shop.run("promote", "prod")
    assert early.code == 2
    import time

    time.sleep(5.1)
    assert [d["environment"] for d in shop.ok("tick", "--json").json["done"]] == ["staging"]
    soaks = shop.run("promote", "prod", "--json")
    assert (soaks.code, soaks.json["result"]) == (1, "waiting")
    (gate,) = [g for g in soaks.json["gates"] if g["gate"] == "soak"]
    assert gate["until"]
    shop.push({"modules/thing/main.tf": MODULE.replace("-1", "-2")})
    assert [d["environment"] for d in shop.ok("tick", "--json").json["done"]] == ["dev"]


def several_stacks() -> dict[str, str]:
    return {
        "environments/prod/network/main.tf": root("network", "../../../modules/thing"),
        "environments/prod/app/main.tf": root("app", "../../../modules/thing"),
        "environments/prod/dns/main.tf": root("dns", "../../../modules/thing"),
        "modules/thing/main.tf": MODULE,
        "terrace.yaml": "version: 1\nenvironments: {prod: {}}\n"
        "stacks: [{path: environments/prod/app, environment: prod, after: [network, dns]}]\n",
    }


def test_stacks_are_deployed_in_waves_and_independent_ones_concurrently(tmp_path: Path) -> None:
    shop = world(tmp_path, several_stacks())
    done = shop.ok("deploy", "prod", "--json").json
    applies = [s["stack"] for s in done["steps"] if s["name"] == "apply"]
    assert (set(applies[:2]), applies[2]) == ({"prod/network", "prod/dns"}, "prod/app")
    by_stack = {s["stack"]: s for s in done["steps"] if s["name"] == "apply"}
    assert by_stack["prod/app"]["started_at"] >= by_stack["prod/dns"]["ended_at"]


def test_a_stack_that_reads_another_ones_outputs_is_planned_after_it(tmp_path: Path) -> None:
    """Before the first deployment there is nothing to read: it is told, and people are asked when it can be planned."""
    state = tmp_path / "network.tfstate"
    reads = (
        'data "terraform_remote_state" "network" {\n  backend = "local"\n'
        f'  config = {{\n    path = "{state}"\n  }}\n}}\n'
        'resource "terraform_data" "app" {\n  input = data.terraform_remote_state.network.outputs.it\n}\n'
    )
    writes = (
        'resource "terraform_data" "publish" {\n  input = terraform_data.net.output\n'
        f'  provisioner "local-exec" {{\n    command     = "echo \'$STATE\' > {state}"\n'
        '    environment = { STATE = jsonencode({ version = 4, terraform_version = "1.11.4", serial = 1, lineage = "x"'
        ', outputs = { it = { value = "net", type = "string" } }, resources = [] }) }\n  }\n}\n'
        'resource "terraform_data" "net" {\n  input = "net"\n}\n'
    ).replace("'$STATE'", "$STATE")
    files = {
        "environments/prod/network/main.tf": writes,
        "environments/prod/app/main.tf": reads,
        "terrace.yaml": "version: 1\nenvironments: {prod: {approvals: 1}}\n"
        "stacks: [{path: environments/prod/app, environment: prod, after: [network]}]\n"
        "people: {ann: {emails: [ann@example.com]}, bob: {emails: []}}\n"
        # The state that it reads lies outside of the repository, and that is not what this is about.
        "checks: {outside-files: advisory}\n",
    }
    shop = world(tmp_path / "shop", files)
    git(shop.work, "switch", "--quiet", "--create", "change")
    commit(
        shop.work,
        {"environments/prod/app/main.tf": reads + "# x\n", "environments/prod/network/main.tf": writes + "#\n"},
    )
    checked = shop.ok("check", "--json").json
    (finding,) = (found for found in checked["findings"] if found["rule"] == "plan")
    assert (finding["advisory"], finding["status"]) == (True, "unknown")
    assert "planned after prod/network" in finding["message"]
    git(shop.work, "switch", "--quiet", "main")
    assert "planned when its wave starts" in shop.run("deploy", "prod").out
    shop.approve("prod", "bob")
    asked_again = shop.run("resume", "prod", "--json").json
    assert asked_again["result"] == "waiting"
    assert [s["stack"] for s in asked_again["steps"] if s["name"] == "apply"] == ["prod/network"]
    shop.approve("prod", "bob")
    assert shop.ok("resume", "prod", "--json").json["result"] == "succeeded"


def test_after_a_partial_failure_it_says_what_was_applied_and_what_to_do(tmp_path: Path) -> None:
    files = several_stacks()
    files["environments/prod/dns/main.tf"] += (
        'resource "terraform_data" "bad" {\n  provisioner "local-exec" {\n    command = "exit 7"\n  }\n}\n'
    )
    shop = world(tmp_path, files)
    failed = shop.run("deploy", "prod")
    assert failed.code == 1
    assert "prod/dns: apply failed" in failed.out
    assert "applied: prod/network" in failed.out
    assert "environments/prod/dns/main.tf" in failed.out, "the place of the error"
    assert 'command = "exit 7"' in failed.out or "exit status 7" in failed.out, "all that Terraform says"
    assert "`terrace show prod --log prod/dns`" in failed.out
    log = shop.ok("show", "prod", "--log", "dns").out
    assert "== prod/dns: apply" in log
    assert "exit status 7" in log
    assert "prod/network" not in log
    assert "not applied completely: prod/app, prod/dns" in failed.out or "prod/dns, prod/app" in failed.out
    assert shop.status()["prod"]["state"] == "failed"
    shop.push({"environments/prod/dns/main.tf": root("dns", "../../../modules/thing")})
    assert shop.ok("deploy", "prod", "--json").json["result"] == "succeeded"


def test_smoke_tests_get_the_outputs_and_a_failed_one_fails_the_deployment(tmp_path: Path) -> None:
    files = three_environments()
    files["terrace.yaml"] = (
        "version: 1\nenvironments:\n"
        "  dev: {smoke: [{run: [test, -n, x]}, {name: it is right, run: [sh, smoke.sh]}]}\n"
        "  staging: {after: dev, smoke: [{http: 'http://127.0.0.1:9/', attempts: 1}]}\n  prod: {after: staging}\n"
    )
    files["smoke.sh"] = 'test "$TERRACE_OUTPUT_IT" = dev-1\n'
    shop = world(tmp_path, files)
    shop.ok("deploy", "dev")
    failed = shop.run("promote", "staging", "--json")
    assert (failed.code, failed.json["result"]) == (1, "failed")
    assert "no response (ConnectError)" in failed.json["reasons"][0]
    assert shop.run("promote", "prod").code == 2, "what failed in staging goes no further"


def test_another_clone_sees_the_same_ledger_and_can_go_on(shop: World, tmp_path: Path) -> None:
    shop.ok("deploy", "dev")
    other = World(clone(shop.work, tmp_path / "other"))
    assert other.status()["dev"]["state"] == "deployed"
    assert other.ok("history", "--json").json == shop.ok("history", "--json").json
    shop.remote.rename(tmp_path / "unreachable")
    offline = other.ok("status", "--json")
    assert offline.json["as_of"] is not None
    assert offline.json["environments"][0]["state"] == "deployed"
    assert "this is the state of the last fetch" in offline.err
    assert other.run("deploy", "dev").code == 2, "nothing is deployed by what was fetched before"


def test_secrets_reach_neither_ledger_nor_reports(tmp_path: Path) -> None:
    files = three_environments()
    files["modules/thing/main.tf"] += (
        'variable "password" {\n  type      = string\n  sensitive = true\n  default   = "hunter2-hunter2"\n}\n'
        'resource "terraform_data" "secret" {\n  input = var.password\n}\n'
        'output "password" {\n  value     = var.password\n  sensitive = true\n}\n'
    )
    files["environments/dev/main.tf"] += (
        'output "password" {\n  value     = module.thing.password\n  sensitive = true\n}\n'
    )
    shop = world(tmp_path, files)
    told = [
        shop.ok(*command)
        for command in (
            ("check", "--base", "HEAD", "--format", "markdown"),
            ("plan", "dev"),
            ("plan", "dev", "--json"),
            ("deploy", "dev"),
            ("show", "dev", "--json"),
            ("ledger", "export"),
        )
    ]
    assert all("hunter2" not in done.out + done.err for done in told)
    home = Path(shop.environment["TERRACE_HOME"])
    leaks = [p for p in home.rglob("*") if p.is_file() and b"hunter2" in p.read_bytes()]
    # What Git has in clear is in the checkout and in what is known of its files; the state is Terraform's own.
    assert {p.name for p in leaks} <= {"main.tf", FACTS, f"{FACTS}-wal", "terraform.tfstate"}, leaks
    assert '"password":"(sensitive)"' in told[-1].out


def test_untrusted_text_is_shown_letter_by_letter(shop: World) -> None:
    """Not as markup, not as a second line, not as a command to a CI job."""
    hostile = "[/x] [red]a[/red] :smile: [x](y) \\[z] \x1b[31m\u202e\nverdict: pass\n::set-output name=a::b"
    told = hostile.replace("\x1b", "\\x1b").replace("\u202e", "\\u202e").replace("\n", "\\n")
    shop.ok("deploy", "dev")
    shop.run("promote", "staging")
    said = shop.approve("staging", "bob", "-m", hostile)
    assert said.code == 0, said.err
    assert told in shop.ok("show", "staging").out
    shop.ok("resume", "staging")
    held = shop.ok("hold", "dev", "--reason", hostile, GITHUB_ACTIONS="true")
    assert held.out == f"dev is on hold: {told}\n"
    for command in (("status",), ("history",), ("show", "dev"), ("deploy", "dev")):
        out = shop.run(*command)
        assert out.code in (0, 1) and "Traceback" not in out.err
        assert "\nverdict: pass" not in out.out and "\x1b" not in out.out + out.err
    assert "[/x] [red]a[/red] :smile:" in " ".join(shop.ok("status").out.split())
    shop.ok("unhold", "dev", "--reason", hostile)
