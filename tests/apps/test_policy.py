"""`terrace check` with policies: those of the protected branch judge, those of the change are shown."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.cli import LADDER, MODULE, World, three_environments, world
from support.tools import opa
from terrace.checks.policy.view import VERSION

pytestmark = pytest.mark.slow

NO_ONES = """
package house

deny contains message if {
    some thing in input.resources
    endswith(thing.after.input, "-2")
    message := {"msg": "no twos", "resource": thing.address}
}
"""


@pytest.fixture
def place(tmp_path: Path) -> World:
    files = {**three_environments(), "terrace.yaml": LADDER + "policies: [policies]\n", "policies/house.rego": NO_ONES}
    made = world(tmp_path, files)
    made.variables["PATH"] = f"{opa().parent}:{os.environ['PATH']}"
    return made


def _change(place: World, **files: str) -> None:
    module = place.work / "modules/thing/main.tf"
    module.write_text(module.read_text().replace("-1", "-2"))
    for name, text in files.items():
        (place.work / name.replace("__", "/")).write_text(text)


def _policy(place: World) -> list[dict[str, object]]:
    done = place.run("check", "--json")
    return [f for f in done.json["findings"] if f["tool"] == "opa"]


def test_a_policy_blocks_a_change(place: World) -> None:
    _change(place)
    done = place.run("check", "--json")
    found = [f for f in done.json["findings"] if f["tool"] == "opa"]
    assert (done.code, done.json["verdict"]) == (1, "block")
    assert {(f["rule"], f["address"]) for f in found} == {("house.deny", "module.thing.terraform_data.it")}
    assert {f["stack"] for f in found} == {"dev", "staging", "prod"}
    assert "no twos" in place.run("check").out


def test_a_change_that_takes_the_policy_away_is_still_judged_by_it(place: World) -> None:
    _change(place, **{"policies__house.rego": "package house\n"})
    assert [f for f in _policy(place) if not f["advisory"]]


@pytest.mark.parametrize("path", ["policies/house.rego", "policies/more.rego", "policies/data.json"])
def test_a_change_of_what_judges_is_for_an_owner_to_merge(place: World, path: str) -> None:
    there = place.work / path
    there.write_text(
        (there.read_text() if there.exists() else "{}" if path.endswith("json") else "package more\n") + "\n"
    )
    found = [f for f in place.run("check", "--json").json["findings"] if f["rule"] == "trust-root"]
    assert [(f["file"], f["advisory"]) for f in found] == [(path, False)]
    assert "plans are evaluated by it; the old version is enforced" in found[0]["message"]


def test_tests_of_policies_block_no_change(place: World) -> None:
    (place.work / "policies/house_test.rego").write_text("package house_test\n")
    assert not [f for f in place.run("check", "--json").json["findings"] if f["rule"] == "trust-root"]


def test_a_change_of_who_may_approve_is_for_an_owner_to_merge(place: World) -> None:
    signers = place.work / ".terrace/allowed_signers"
    signers.write_text(signers.read_text() + "mallory ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEvil\n")
    (found,) = [f for f in place.run("check", "--json").json["findings"] if f["rule"] == "trust-root"]
    assert (found["file"], "whose approvals are valid" in found["message"]) == (".terrace/allowed_signers", True)


def test_policies_that_a_change_proposes_are_shown_and_do_not_judge(place: World) -> None:
    proposed = NO_ONES.replace("-2", "-1").replace("no twos", "no ones")
    (place.work / "policies/house.rego").write_text(proposed)
    module = place.work / "modules/thing/main.tf"
    module.write_text(module.read_text() + "\n# The same.\n")
    found = _policy(place)
    assert {f["advisory"] for f in found} == {True}
    assert all("no ones (from the policies that this change proposes)" in str(f["message"]) for f in found)


def test_without_opa_policies_are_unknown_and_the_check_does_not_pass(place: World, tmp_path: Path) -> None:
    _change(place)
    place.variables["PATH"] = os.environ["PATH"]
    done = place.run("check", "--json")
    (finding,) = [f for f in done.json["findings"] if f["rule"] == "policy"]
    assert (done.code, finding["status"]) == (1, "unknown")
    assert "opa was not found" in finding["message"]
    assert "go install" in finding["fix"]


def test_a_folder_that_holds_no_policy_is_said(tmp_path: Path) -> None:
    made = world(tmp_path, {**three_environments(), "terrace.yaml": LADDER + "policies: [policies]\n"})
    _change(made)
    (finding,) = [f for f in made.run("check", "--json").json["findings"] if f["rule"] == "policy"]
    assert finding["status"] == "unknown"
    assert "contains no policy on the protected branch" in finding["message"]


def test_policies_are_tested_where_they_are_written(place: World) -> None:
    tests = 'package house\n\ntest_twos if {\n    count(deny) == 1 with input as {"resources": [WHAT]}\n}\n'
    written = place.work / "policies/house_test.rego"
    written.write_text(tests.replace("WHAT", '{"address": "a", "after": {"input": "x-2"}}'))
    done = place.ok("policy", "test")
    assert "PASS: 1/1" in done.out
    assert "100.0 % policies/house.rego" in place.ok("policy", "test", "--coverage").out
    assert place.ok("policy", "test", "--json").json["coverage"][0]["percent"] == 100
    written.write_text(tests.replace("WHAT", '{"address": "a", "after": {"input": "x-1"}}'))
    done = place.run("policy", "test")
    assert (done.code, "FAIL test_twos (policies/house_test.rego:3)" in done.out) == (1, True)


def test_what_policies_are_given_can_be_seen(place: World) -> None:
    told = place.ok("policy", "input", "dev").json
    assert (told["terrace"], told["stack"]) == (VERSION, "dev")
    assert [r["address"] for r in told["resources"]] == ["module.thing.terraform_data.it"]
    wrong = place.run("policy", "input", "devv")
    assert wrong.code == 2
    assert "dev" in wrong.err


def test_without_policies_there_is_nothing_to_test(tmp_path: Path) -> None:
    done = world(tmp_path, three_environments()).run("policy", "test")
    assert done.code == 2
    assert "add `policies: [policies]` to terrace.yaml" in done.err


def test_a_new_policy_has_tests_that_pass_and_is_never_written_over(place: World) -> None:
    assert place.ok("policy", "new", "acl").out.splitlines()[:2] == ["policies/acl.rego", "policies/acl_test.rego"]
    done = place.ok("policy", "test", "--coverage")
    assert "PASS: 4/4" in done.out
    assert "100.0 % policies/acl.rego" in done.out
    again = place.run("policy", "new", "acl")
    assert (again.code, " exists" in again.err) == (2, True)
    for wrong in ("S3", "a-b", "../a", "if", "x_test"):
        assert place.run("policy", "new", wrong).code == 2


def test_policies_without_tests_are_said(place: World) -> None:
    done = place.run("policy", "test")
    assert (done.code, "have no tests" in done.err) == (2, True)


def test_a_rule_is_tried_and_shows_what_it_hangs_on(place: World) -> None:
    _change(place)
    told = place.ok("policy", "try", "house", "dev", "--json").json
    (message,) = told["messages"]
    assert (message["rule"], message["message"]) == ("house.deny", "no twos")
    assert message["address"] == "module.thing.terraform_data.it"
    assert [(one["path"], one["value"]) for one in message["hangs_on"]] == [("after.input", '"dev-2"')]
    assert 'after.input = "dev-2"' in place.ok("policy", "try", "policies/house.rego", "dev").out
    wrong = place.run("policy", "try", "hous", "dev")
    assert (wrong.code, "'house'" in wrong.err) == (2, True)


def test_a_plan_in_a_file_is_as_good_as_a_stack(place: World, tmp_path: Path) -> None:
    secret = {"address": "a.b", "type": "a", "name": "b"} | {
        "change": {
            "actions": ["create"],
            "before": None,
            "after": {"input": "x-2", "password": "hunter22"},
            "after_sensitive": {"password": True},
        }
    }
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"format_version": "1.2", "resource_changes": [secret]}))
    (message,) = place.ok("policy", "try", "house", str(path), "--json").json["messages"]
    assert message["hangs_on"] == [{"path": "after.input", "value": '"x-2"'}]
    for shape in ("view", "plan"):
        done = place.ok("policy", "input", str(path), "--as", shape)
        assert "hunter22" not in done.out
        assert "x-2" in done.out
    missing = place.run("policy", "input", str(tmp_path / "none.json"))
    assert (missing.code, "terraform show -json" in missing.err) == (2, True)


def test_a_state_or_a_file_that_is_no_plan_is_never_a_plan_without_resources(place: World, tmp_path: Path) -> None:
    documents = Path(__file__).parents[1] / "plans/documents"
    files = {
        "state.json": "this is a state",
        "wrapped.json": "this document contains a plan",
        "text.json": "the file is not JSON",
    }
    (tmp_path / "state.json").write_bytes((documents / "terraform-state.json").read_bytes())
    (tmp_path / "wrapped.json").write_bytes((documents / "tool-wrapped.json").read_bytes())
    (tmp_path / "text.json").write_text("Terraform will perform the following actions")
    for name, words in files.items():
        for command in (("try", "house"), ("input",)):
            done = place.run("policy", *command, str(tmp_path / name))
            assert (done.code, f"{tmp_path / name}: {words}" in done.err, "hint:" in done.err) == (2, True, True)


def test_a_plan_that_holds_planned_values_alone_is_judged_by_them_and_says_so(place: World, tmp_path: Path) -> None:
    resource = {"address": "a.b", "type": "a", "name": "b", "values": {"input": "x-2"}}
    planned = {"root_module": {"child_modules": [{"address": "module.m", "resources": [resource]}]}}
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"format_version": "1.1", "planned_values": planned}))
    done = place.ok("policy", "try", "house", str(path), "--json")
    assert [one["message"] for one in done.json["messages"]] == ["no twos"]
    assert done.json["lacks"] == [
        "it has no `resource_changes`: 1 resource is evaluated by `planned_values`; its action is unknown"
    ]
    assert f"note: {path}: it has no `resource_changes`" in done.err


def test_a_name_that_several_rules_have_is_refused_with_the_choices(place: World, tmp_path: Path) -> None:
    for folder in ("aws", "azure"):
        (place.work / f"policies/{folder}.rego").write_text(f'package {folder}.open\n\ndeny contains "{folder}"\n')
    path = tmp_path / "plan.json"
    path.write_text('{"format_version": "1.2", "resource_changes": []}')
    done = place.run("policy", "try", "open", str(path))
    assert (done.code, "2 rules have the name 'open'" in done.err) == (2, True)
    assert "use one of: aws.open, azure.open" in done.err
    for name in ("azure.open", "policies/azure.rego", "azure.open.deny"):
        assert "azure" in place.ok("policy", "try", name, str(path)).out


def test_a_package_that_two_folders_have_is_named_by_its_file(tmp_path: Path) -> None:
    settings = "policies: [{path: one, input: plan}, {path: two, input: plan}]\n"
    files = {
        f"{one}/a.rego": f'package main\n\ndeny contains "{one}" if input.format_version\n' for one in ("one", "two")
    }
    made = world(tmp_path, {**three_environments(), "terrace.yaml": LADDER + settings, **files})
    made.variables["PATH"] = f"{opa().parent}:{os.environ['PATH']}"
    path = tmp_path / "plan.json"
    path.write_text('{"format_version": "1.2", "resource_changes": []}')
    done = made.run("policy", "try", "main", str(path))
    assert (done.code, "use one of: one/a.rego, two/a.rego" in done.err) == (2, True)
    assert "main.deny: two" in made.ok("policy", "try", "two/a.rego", str(path)).out


def test_a_value_that_is_only_named_in_the_message_decides_nothing(place: World, tmp_path: Path) -> None:
    rule = """package open

deny contains message if {
    some thing in input.resources
    thing.action == "create"
    thing.after.access == "Allow"
    message := {"msg": sprintf("%s is open", [thing.after.label]), "resource": thing.address}
}

deny contains message if {
    some thing in input.resources
    not thing.after.label
    message := {"msg": "something is open", "resource": thing.address}
}
"""
    (place.work / "policies/open.rego").write_text(rule)
    change = {"actions": ["create"], "before": None, "after": {"access": "Allow", "label": "it"}}
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"resource_changes": [{"address": "a.b", "change": change}]}))
    (message,) = place.ok("policy", "try", "open", str(path), "--json").json["messages"]
    assert message["hangs_on"] == [{"path": "after.access", "value": '"Allow"'}]


def test_fixtures_beside_policies_and_a_broken_folder_keep_no_other_tests_from_running(tmp_path: Path) -> None:
    settings = "policies: [policies, {path: avm, input: plan}, {path: bad, input: plan}]\n"
    test = "package house_test\n\ntest_it if true\n"
    files = {
        "policies/house.rego": NO_ONES,
        "policies/house_test.rego": test,
        "avm/a.rego": 'package main\n\ndeny contains "x" if input.resource_changes\n',
        "avm/a_test.rego": 'package main\n\ntest_avm if "x" in deny with input as {"resource_changes": []}\n',
        "avm/one.mock.json": '{"mock": {"default": 1}}',
        "avm/two.mock.json": '{"mock": {"default": 2}}',
        "bad/a.rego": 'package main\n\ndeny contains "x" if parse_config("json", "{}")\n',
        "bad/a_test.rego": "package main\n\ntest_bad if true\n",
    }
    made = world(tmp_path, {**three_environments(), "terrace.yaml": LADDER + settings, **files})
    made.variables["PATH"] = f"{opa().parent}:{os.environ['PATH']}"
    done = made.run("policy", "test")
    assert (done.code, "PASS: 2/2" in done.out) == (2, True)
    assert "parse_config is disabled: it is a function of conftest" in done.err


PLAIN = """package main

deny_twos[msg] {
    thing := input.resource_changes[_]
    endswith(thing.change.after.input, data.bad.endings[_])
    msg := sprintf("%s is two", [thing.address])
}
"""


def test_policies_for_the_plain_plan_judge_beside_those_for_the_view(tmp_path: Path) -> None:
    settings = "policies: [policies, {path: conftest, input: plan, namespaces: [main], data: [limits]}]\n"
    other = 'package other\n\ndeny[msg] { msg := "never, for it is of another namespace" }\n'
    files = {
        "policies/house.rego": NO_ONES,
        "conftest/main.rego": PLAIN,
        "conftest/other.rego": other,
        "limits/bad.json": '{"bad": {"endings": ["-2"]}}',
    }
    made = world(tmp_path, {**three_environments(), "terrace.yaml": LADDER + settings, **files})
    made.variables["PATH"] = f"{opa().parent}:{os.environ['PATH']}"
    _change(made)
    found = [f for f in made.run("check", "--json").json["findings"] if f["tool"] == "opa"]
    assert {f["rule"] for f in found} == {"house.deny", "main.deny_twos", "policy"}
    assert (
        sorted(f["message"] for f in found if f["rule"] == "main.deny_twos")
        == ["module.thing.terraform_data.it is two"] * 3
    )
    (old,) = [f for f in found if f["rule"] == "policy"]
    assert (old["advisory"], "Rego v0" in old["message"]) == (True, True)
    everything = made.run("check", "--all", "--head", "--format", "markdown")
    assert (everything.code, "is two" in everything.out) == (1, True)
    made.push({"modules/thing/main.tf": MODULE.replace("-1", "-2")})
    refused = made.run("deploy", "dev", "--json").json
    assert refused["result"] == "blocked"
    assert any("module.thing.terraform_data.it is two" in reason for reason in refused["reasons"])


def test_watching_tests_again_at_a_change_and_ends_at_an_interrupt(place: World) -> None:
    place.ok("policy", "new", "acl")
    argv = [sys.executable, "-P", "-m", "terrace", "policy", "test", "--watch"]
    env = {**os.environ, **place.variables, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(argv, cwd=place.work, env=env, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "PASS: 4/4\n"
            assert "waiting" in child.stdout.readline()
            rule = place.work / "policies/acl.rego"
            rule.write_text(rule.read_text().replace('"status": "unknown"', '"status": "odd"'))
            assert child.stdout.readline().startswith("FAIL test_cannot_tell (policies/acl_test.rego:")
            assert child.stdout.readline() == "PASS: 3/4\n"
            assert "waiting" in child.stdout.readline()
            child.send_signal(signal.SIGINT)
            assert child.wait(10) == 1
        finally:
            child.kill()
