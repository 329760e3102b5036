"""Policies that were written for conftest: what of them cannot say anything is told, and data is what was asked for."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from support import packs
from support.tools import opa, peer
from support.trees import DictTree
from terrace.adapters.opa.engine import Opa
from terrace.adapters.opa.policies import Policies
from terrace.assess.model import Finding, Status
from terrace.checks.policy.reach import PLAN_KEYS, VIEW_KEYS, matches
from terrace.checks.policy.view import view
from terrace.config.model import Config, PlainPolicies
from terrace.plans.digest import DigestKey
from terrace.plans.model import Plan
from terrace.plans.read import read_plan
from terrace.plans.redacted_document import redact
from terrace.stacks.model import Stack

pytestmark = pytest.mark.slow

HEAD = "package main\n\n"
FIRES = HEAD + 'deny contains "seen" if input.resource_changes\n'
PLAIN = PlainPolicies()


def plan() -> Plan:
    change = {"address": "a.b", "change": {"actions": ["create"], "before": None, "after": {"input": "x"}}}
    document = json.dumps({"format_version": "1.2", "resource_changes": [change]}).encode()
    stack = Stack.conventional("dev", "environments/dev")
    read = read_plan(document, stack=stack, commit="c", key=DigestKey("k", b"k" * 32), root="", lock=b"")
    return replace(read, shown=redact(document))


def judged(files: dict[str, str], config: Config) -> tuple[Finding, ...]:
    tree = DictTree(files)
    made = plan()
    return Policies(Opa({"PATH": str(opa().parent)}), tree).evaluate(config, {made.stack.key: made})


def plain(files: dict[str, str], settings: PlainPolicies = PLAIN) -> tuple[Finding, ...]:
    return judged(files, Config(policies=("p",), shown={"p": settings}))


def blocking(found: tuple[Finding, ...]) -> list[str]:
    return [one.message for one in found if one.rule == "policy" and one.blocks]


def told(found: tuple[Finding, ...]) -> list[str]:
    return [one.message for one in found if one.rule == "policy" and one.advisory]


@pytest.mark.parametrize(
    ("policy", "keys", "advice"),
    [
        ('import input.tfplan as tfplan\n\ndeny contains "x" if tfplan.resource_changes\n', "input.tfplan", "wraps"),
        ('deny contains "x" if input.resource.aws_s3_bucket\n', "input.resource", "files of HCL"),
        ('deny contains "x" if input["plan"].resource_changes\n', "input.plan", "wraps"),
        ('deny contains "x" if input.resources[_].type == "a"\n', "input.resources", "remove `input: plan`"),
        ("deny[msg] { input.tfplan; msg := input.tfrun.id }\n", "input.tfplan`, `input.tfrun", "wraps"),
    ],
)
def test_a_folder_of_which_no_rule_can_say_anything_is_not_passed(policy: str, keys: str, advice: str) -> None:
    found = plain({"p/a.rego": HEAD + policy})
    (message,) = blocking(found)
    assert f"read only `{keys}`, which no plan has" in message
    (one,) = [f for f in found if f.message == message]
    assert advice in (one.fix or "")
    assert one.path == "p"


def test_what_a_rule_reads_through_a_library_counts() -> None:
    library = "package lib.platform\n\nplan := input.tfplan\n"
    rule = 'import data.lib.platform\n\ndeny contains "x" if platform.plan.resource_changes\n'
    assert "read only `input.tfplan`" in blocking(plain({"p/a.rego": HEAD + rule, "p/lib.rego": library}))[0]
    either = "package lib.platform\n\nplan := input.tfplan\n\nplan := input if not input.tfplan\n"
    found = plain({"p/a.rego": HEAD + rule, "p/lib.rego": either})
    assert blocking(found) == []
    assert [one.message for one in found if one.rule == "main.deny"] == ["x"]


def test_a_file_of_which_no_rule_can_say_anything_is_told_beside_others_of_its_package() -> None:
    hcl = HEAD + '# input.resource_changes is for plans.\ndeny contains "x" if input.resource.aws_s3_bucket\n'
    found = plain({"p/a.rego": FIRES, "p/hcl.rego": hcl})
    assert blocking(found) == []
    (message,) = told(found)
    assert message == "p/hcl.rego cannot say anything: its rules read only `input.resource`, which no plan has"


def test_policies_for_the_plain_plan_in_a_folder_for_the_view_are_not_passed() -> None:
    found = judged({"p/a.rego": FIRES}, Config(policies=("p",)))
    assert "which Terrace's view of a plan does not have" in blocking(found)[0]
    assert "{path: p, input: plan}" in (found[0].fix or "")


def test_a_folder_without_a_rule_that_judges_is_not_passed() -> None:
    other = 'package main\n\nallow if input.resource_changes\n\ndenied contains "x" if input.resource_changes\n'
    for config in (Config(policies=("p",), shown={"p": PLAIN}), Config(policies=("p",))):
        found = judged({"p/a.rego": other}, config)
        assert "p has no rule `deny`, `violation` or `warn`" in " ".join(blocking(found))


def test_a_folder_that_only_helps_another_is_no_fault_and_one_that_helps_none_is() -> None:
    files = {
        "p/a.rego": 'package house\n\nimport data.lib.x\n\ndeny contains "x" if x.yes(input.resources)\n',
        "l/x.rego": "package lib.x\n\nyes(r) if count(r) > 0\n",
        "o/y.rego": "package other\n\nallow if true\n",
    }
    assert blocking(judged(files, Config(policies=("p", "l")))) == []
    assert ["o has no rule" in one for one in blocking(judged(files, Config(policies=("p", "l", "o"))))] == [True]


@pytest.mark.parametrize(
    ("namespaces", "judges"),
    [
        (("main",), ["main"]),
        (("main*",), ["main", "main.sub", "mainx"]),
        (("main.*",), ["main.sub"]),
        (("*",), ["main", "main.sub", "mainx"]),
        (("main.s?b", "m[^x]in"), ["main", "main.sub"]),
    ],
)
def test_namespaces_are_patterns_as_conftest_has_them(namespaces: tuple[str, ...], judges: list[str]) -> None:
    files = {
        f"p/{name}.rego": f'package {name}\n\ndeny contains "{name}" if input.resource_changes\n'
        for name in ("main", "main.sub", "mainx")
    }
    found = plain(files, PlainPolicies(namespaces=namespaces))
    assert blocking(found) == []
    assert sorted(one.message for one in found if one.rule != "policy") == judges


@pytest.mark.parametrize("namespace", ["mian", "main.*", "Main", "mai[n"])
def test_a_namespace_that_means_no_package_is_not_passed(namespace: str) -> None:
    found = plain({"p/a.rego": FIRES}, PlainPolicies(namespaces=("main", namespace)))
    (message,) = blocking(found)
    assert f"in the namespace `{namespace}`" in message
    assert any("`main`" in (one.fix or "") for one in found)


def test_json_beside_policies_is_no_data_unless_terrace_yaml_names_its_folder() -> None:
    mocks = {
        "p/one.mock.json": '{"mock": {"default": {"a": 1}}}',
        "p/two.mock.json": '{"mock": {"default": {"a": 2}}}',
        "p/more.yaml": "mock: [x]\n",
    }
    found = plain({"p/a.rego": FIRES, **mocks})
    assert [one.message for one in found] == ["seen"]
    reads = HEAD + 'deny contains "bad" if input.resource_changes[_].change.after.input in data.bad.inputs\n'
    files = {"p/a.rego": reads, "p/data/bad/inputs.json": '{"inputs": ["x"]}', **mocks}
    (message,) = blocking(plain(files))
    assert message == "p reads `data.bad`, and no loaded data has it: rules that need it find nothing"
    asked = plain(files, PlainPolicies(data=("p/data",)))
    assert [one.message for one in asked] == ["bad"]


VIEW_RULE = "package terrace.own\n\ndeny contains data.limits.word if input.terrace\n"


def test_mocks_beside_rules_for_the_view_are_no_data_where_terrace_yaml_names_its_folders() -> None:
    """Each mock alone keeps OPA from loading: a list, and a key that the data has too."""
    files = {
        "p/own.rego": VIEW_RULE,
        "p/limits/any.json": '{"word": "from data"}',
        "p/mocks/list.json": '[{"a": 1}]',
        "p/limits.yaml": "limits: {word: from a mock}",
    }
    named = judged(files, Config(policies=("p",), view_data={"p": ("p/limits",)}))
    assert [one.message for one in named] == ["from data"]
    assert not any(one.status is Status.UNKNOWN for one in named)
    (absent,) = judged(files, Config(policies=("p",), view_data={"p": ("p/elsewhere",)}))
    assert "p/elsewhere contains no data on the protected branch" in absent.message
    every = judged(files, Config(policies=("p",)))
    assert any(one.blocks and one.status is Status.UNKNOWN for one in every), "it is data as OPA has it, and is no data"


def test_data_that_lies_below_what_was_loaded_may_be_left_out() -> None:
    rule = HEAD + 'deny contains "x" if {\n input.resource_changes\n not data.settings.exceptions.x\n}\n'
    files = {"p/a.rego": rule, "d/settings.yaml": "settings: {}\n"}
    assert blocking(plain(files, PlainPolicies(data=("d",)))) == []
    assert "reads `data.settings`" in blocking(plain(files))[0]


def test_a_fault_of_data_names_the_file_of_the_repository() -> None:
    files = {"p/a.rego": FIRES, "d/a.json": '{"a": 1}', "d/b.json": '{"a": 2}'}
    (message,) = blocking(plain(files, PlainPolicies(data=("d",))))
    assert "d/b.json: merge error" in message or "merge error" in message
    assert "/tmp" not in message


def test_the_file_that_conftest_tells_of_is_there_and_its_name_is_said() -> None:
    rule = HEAD + 'deny contains {"msg": "x", "_loc": {"file": data.conftest.file.name}} if input.resource_changes\n'
    found = plain({"p/a.rego": rule})
    assert [one.message for one in found if one.rule == "main.deny"] == ["x"]
    assert blocking(found) == []
    assert "reads `data.conftest.file`" in told(found)[0]
    assert "environments/dev/" in plain({"p/a.rego": HEAD + "deny contains data.conftest.file.dir\n"})[0].message


def test_a_folder_for_the_plain_plan_inside_one_for_the_view_is_run_by_itself() -> None:
    files = {"p/house.rego": 'package house\n\ndeny contains "view" if input.resources\n', "p/c/a.rego": FIRES}
    found = judged(files, Config(policies=("p", "p/c"), shown={"p/c": PLAIN}))
    assert sorted(one.message for one in found) == ["seen", "view"]


def test_a_function_that_only_conftest_has_is_explained() -> None:
    found = plain({"p/a.rego": HEAD + 'deny contains "x" if parse_config("json", "{}")\n'})
    assert "parse_config is disabled: it is a function of conftest" in blocking(found)[0]


def test_the_keys_that_every_input_has_are_those_of_the_view_and_of_terraform() -> None:
    assert set(view(plan())) == VIEW_KEYS
    documents = Path(__file__).parents[1] / "plans/documents"
    for path in documents.glob("t[eo]*-[pudro]*.json"):
        if path.name.startswith(("terraform", "tofu")):
            assert set(json.loads(path.read_text())) <= PLAN_KEYS, path


@pytest.mark.peer
@pytest.mark.parametrize(
    "pattern", ["main", "main*", "main.*", "*", "main.s?b", "m[^x]in", "*.sub", "ma{in,x}", "mian"]
)
def test_conftest_itself_takes_the_same_packages_for_a_pattern(pattern: str, tmp_path: Path) -> None:
    names = ("main", "main.sub", "mainx", "other.sub")
    for name in names:
        (tmp_path / f"{name}.rego").write_text(f'package {name}\n\ndeny contains "x"\n')
    (tmp_path / "plan.json").write_text("{}")
    argv = [str(peer("conftest")), "test", "--output", "json", "--policy", ".", "--namespace", pattern, "plan.json"]
    told = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60).stdout
    theirs = sorted(one["namespace"] for one in json.loads(told) if one.get("failures"))
    assert theirs == [name for name in names if matches(name, (pattern,))]


def test_the_pack_judges_a_document_that_has_planned_values_alone() -> None:
    document = (Path(__file__).parents[1] / "plans/documents/tool-graph.json").read_bytes()
    stack = Stack.conventional("dev", "dev")
    read = read_plan(document, stack=stack, commit="c", key=DigestKey("k", b"k" * 32), root="", lock=b"")
    found = {(one.rule, one.address) for one in packs.evaluate_pack(read)}
    assert ("aws-s3-public-acl", 'module.acl["a.b"].aws_s3_bucket_acl.logs[0]') in found
    assert ("aws-s3-versioning", "aws_s3_bucket.logs") in found
