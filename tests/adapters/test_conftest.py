"""Folders in the shapes that conftest's users have: the same verdicts as conftest itself gives.

`verdicts.json` is what conftest said (`PEERS` of support.tools has its version); one test asks it again.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support.tools import opa, peer
from terrace.adapters.opa.engine import Opa
from terrace.checks.policy.rego import findings

VERDICTS = Path(__file__).parent / "conftest" / "verdicts.json"

PLAN = {
    "format_version": "1.2",
    "terraform_version": "1.11.4",
    "variables": {"region": {"value": "eu-central-1"}},
    "planned_values": {
        "root_module": {
            "resources": [{"address": "aws_s3_bucket.logs", "type": "aws_s3_bucket", "values": {"bucket": "logs"}}],
            "child_modules": [
                {
                    "address": "module.web",
                    "resources": [
                        {"address": "module.web.aws_instance.it", "type": "aws_instance", "values": {"size": "big"}}
                    ],
                }
            ],
        }
    },
    "resource_changes": [
        {
            "address": "aws_s3_bucket.logs",
            "type": "aws_s3_bucket",
            "name": "logs",
            "change": {"actions": ["create"], "before": None, "after": {"bucket": "logs", "acl": "public-read"}},
        },
        {
            "address": "module.web.aws_instance.it",
            "type": "aws_instance",
            "name": "it",
            "change": {"actions": ["delete"], "before": {"size": "big"}, "after": None},
        },
    ],
    "configuration": {"provider_config": {"aws": {"name": "aws", "version_constraint": "~> 5.0"}}},
}

Folder = dict[str, str]
HEAD = "package main\n\n"
SCENARIOS: dict[str, Folder] = {
    "deny": {
        "p/a.rego": HEAD
        + 'deny contains msg if {\n some r in input.resource_changes\n r.change.after.acl == "public-read"\n'
        ' msg := sprintf("%s is public", [r.address])\n}\n'
    },
    "silent": {"p/a.rego": HEAD + 'deny contains "no" if input.nothing\n'},
    "deny with a name": {"p/a.rego": HEAD + 'deny_a contains "a" if input.variables\n\ndeny_b contains "b" if false\n'},
    "warn": {"p/a.rego": HEAD + 'warn contains "old" if input.terraform_version == "1.11.4"\n\nwarn_x contains "x"\n'},
    "violation": {
        "p/a.rego": HEAD
        + 'violation contains {"msg": msg, "details": {"n": n}} if {\n n := count(input.resource_changes)\n'
        ' n > 1\n msg := "too many"\n}\n'
    },
    "objects with more": {
        "p/a.rego": HEAD + 'deny contains {"msg": "m", "severity": "low", "link": "https://example.com"}\n'
    },
    "exception": {
        "p/a.rego": HEAD + 'deny_public contains "public"\n\ndeny_big contains "big"\n\n'
        'exception contains rules if {\n input.variables.region.value == "eu-central-1"\n rules := ["public"]\n}\n'
    },
    "exception of the bare rule": {
        "p/a.rego": HEAD + 'deny contains "bare"\n\ndeny_x contains "x"\n\nexception contains [""]\n'
    },
    "exception of a violation": {
        "p/a.rego": HEAD + 'violation_x contains {"msg": "x"}\n\nviolation_y contains {"msg": "y"}\n\n'
        'exception contains ["x"]\n'
    },
    "namespaces": {
        "p/a.rego": HEAD + 'deny contains "main"\n',
        "p/b.rego": 'package group.inner\n\ndeny contains "inner"\n\nwarn contains "inner too"\n',
    },
    "library": {
        "p/a.rego": HEAD + "import data.lib.terraform\n\n"
        'deny contains sprintf("gone: %s", [r.address]) if some r in terraform.gone\n',
        "p/lib/terraform.rego": "package lib.terraform\n\n"
        'gone contains r if {\n some r in input.resource_changes\n "delete" in r.change.actions\n}\n',
    },
    "child modules": {
        "p/a.rego": HEAD + "resources contains r if {\n some path, r\n"
        " walk(input.planned_values, [path, r])\n r.address\n r.values\n}\n\n"
        'deny contains sprintf("%s is big", [r.address]) if {\n some r in resources\n r.values.size == "big"\n}\n'
    },
    "provider versions": {
        "p/a.rego": HEAD + "deny contains msg if {\n some name, one in input.configuration.provider_config\n"
        ' startswith(one.version_constraint, "~>")\n msg := sprintf("%s is loose", [name])\n}\n'
    },
    "data": {
        "p/a.rego": HEAD + 'deny contains sprintf("%s may not be", [t]) if {\n some r in input.resource_changes\n'
        " t := r.type\n t in data.forbidden.types\n}\n",
        "d/forbidden/types.json": '{"types": ["aws_instance"]}',
        "d/more.yaml": "forbidden_too: [x]\n",
    },
    "several messages of one rule": {
        "p/a.rego": HEAD + "deny contains r.address if some r in input.resource_changes\n"
    },
    "tests beside": {
        "p/a.rego": HEAD + 'deny contains "a"\n',
        "p/a_test.rego": HEAD + 'test_a if "a" in deny\n',
    },
    "v0": {
        "p/a.rego": HEAD + 'deny[msg] {\n r := input.resource_changes[_]\n r.change.actions[_] == "delete"\n'
        ' msg := sprintf("%s goes", [r.address])\n}\n\nwarn[msg] { input.variables; msg := "variables" }\n\n'
        'deny_x[msg] { msg := "x" }\n\nexception[rules] { rules := ["x"] }\n'
    },
}

Verdict = list[list[str]]


def lay(root: Path, files: Folder) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "plan.json").write_text(json.dumps(PLAN))
    return root


def ours(root: Path) -> Verdict:
    folders = [one for one in ("p", "d") if (root / one).is_dir()]
    ran = Opa({"PATH": str(opa().parent)}).evaluate(root, folders, PLAN)
    assert ran.breakages == ()
    told = findings(ran.data, "dev")
    return sorted([f.rule.rpartition(".")[0], "warning" if f.advisory else "failure", f.message] for f in told)


def theirs(root: Path, name: str) -> Verdict:
    argv = [str(peer("conftest")), "test", "--output", "json", "--all-namespaces", "--policy", "p", "plan.json"]
    argv += ["--data", "d"] if (root / "d").is_dir() else []
    argv += ["--rego-version", "v0"] if name == "v0" else []
    done = subprocess.run(argv, cwd=root, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout, done.stderr
    told: list[dict[str, Any]] = json.loads(done.stdout)
    kinds = (("failures", "failure"), ("warnings", "warning"))
    return sorted([one["namespace"], kind, m["msg"]] for one in told for key, kind in kinds for m in one.get(key) or ())


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_verdict_is_that_of_conftest(tmp_path: Path, name: str) -> None:
    assert ours(lay(tmp_path, SCENARIOS[name])) == json.loads(VERDICTS.read_text())[name]


@pytest.mark.peer
def test_conftest_itself_still_says_so(tmp_path: Path) -> None:
    told = {name: theirs(lay(tmp_path / str(n), files), name) for n, (name, files) in enumerate(SCENARIOS.items())}
    assert told == json.loads(VERDICTS.read_text())
