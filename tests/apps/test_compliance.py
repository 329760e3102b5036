"""Everything that stands is looked at where it is deployed, kept as evidence, and told control by control."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from support.cli import LADDER, World, three_environments, world
from support.dates import in_days, today
from support.git import git
from support.tools import opa
from terrace.apps.output.progress import Silent
from terrace.apps.wiring.project import Project
from terrace.assess.model import Assessment
from terrace.pipelines.audit import audit, targets
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import ChangeSet

pytestmark = pytest.mark.slow

POLICY = """
# METADATA
# title: No twos
# custom:
#   id: no-twos
#   severity: high
#   types: [terraform_data]
#   controls: [s3_bucket_default_encryption]
package house.twos

deny contains message if {
    some thing in input.resources
    endswith(thing.after.input, "-2")
    message := {"msg": "no twos", "resource": thing.address, "rule": "no-twos"}
}
"""

OTHER = """
# METADATA
# title: Buckets are kept
# custom:
#   id: buckets
#   types: [aws_s3_bucket]
#   controls: [s3_bucket_object_versioning]
package house.buckets

deny contains "never" if false
"""

WAIVER = """\
version: 1
waivers:
  - rule: no-twos
    address: module.thing.terraform_data.it
    owner: bob
    reason: it goes next week
    granted: {granted}
    expires: {expires}
"""

FAILS = """
  lifecycle {
    postcondition {
      condition     = self.output == "another"
      error_message = "it is not"
    }
  }
"""


@pytest.fixture
def place(tmp_path: Path) -> World:
    ladder = LADDER.replace("staging: {after: dev, approvals: 1}", "staging: {after: dev}")
    files = {
        **three_environments(),
        "terrace.yaml": ladder + "policies: [policies]\n",
        "policies/twos.rego": POLICY,
        "policies/buckets.rego": OTHER,
    }
    made = world(tmp_path, files)
    made.variables["PATH"] = f"{opa().parent}:{os.environ['PATH']}"
    return made


def _control(done: Any, framework: str, number: str) -> dict[str, Any]:
    (told,) = (one for one in done["frameworks"] if one["id"] == framework)
    (found,) = (one for one in told["controls"] if one["id"] == number)
    return dict(found)


def events(place: World) -> list[dict[str, Any]]:
    return [json.loads(line) for line in place.ok("ledger", "export").out.splitlines()]


def test_an_audit_reports_each_control_of_the_deployed_commit(place: World) -> None:
    place.ok("deploy", "dev")
    module = (place.work / "modules/thing/main.tf").read_text()
    newer = place.push({"modules/thing/main.tf": module.replace("-1", "-2")})

    # What is deployed is right; the newer commit, which is not deployed in dev, is wrong where it is looked at.
    done = place.run("check", "--all", "--json")
    assert done.code == 1, done.err
    by_name = {one["name"]: one for one in done.json["environments"]}
    assert (by_name["dev"]["verdict"], by_name["dev"]["basis"]) == ("pass", "deployed")
    assert [one["commit"] for one in by_name["dev"]["commits"]] != [newer]
    assert (by_name["prod"]["verdict"], by_name["prod"]["basis"]) == ("block", "protected branch")
    assert [one["commit"] for one in by_name["prod"]["commits"]] == [newer]
    seen = {one["rule"]: one for one in by_name["dev"]["rules"]}
    assert (seen["no-twos"]["looked"], seen["no-twos"]["failed"]) == (1, 0)
    assert seen["buckets"]["looked"] == 0

    # Nothing was touched but the ledger, and a look at the working tree is not even kept there.
    assert not git(place.work, "status", "--porcelain")
    kinds = [event["kind"] for event in events(place)]
    assert kinds[-4:] == ["audit.rules", "audit.done", "audit.done", "audit.done"]
    head = place.run("check", "--all", "dev", "--head", "--json")
    assert (head.code, head.json["environments"][0]["basis"]) == (1, "working tree")
    assert [event["kind"] for event in events(place)] == kinds

    # Only dev: nothing else stands.
    told = place.run("report", "compliance", "--env", "dev", "--json")
    assert told.code == 0, told.out + told.err
    assert told.json["schema"] == "terrace/compliance@1"
    rest = _control(told.json, "nist-800-53", "SC-28(1)")
    assert (rest["state"], rest["mapped_checks_looked_at"]) == ("pass", 1)
    (piece,) = rest["evidence"]
    assert (piece["by"], piece["what"], len(piece["commits"])) == ("no-twos", "1 of 1 passed", 1)
    assert _control(told.json, "soc2", "CC1.1")["state"] == "manual"
    states = {one["id"]: one["counts"] for one in told.json["frameworks"]}
    for counts in states.values():
        assert sum(n for state, n in counts.items() if state != "listed") == counts["listed"]
        assert counts["fail"] == 0
    assert states["nist-800-53"]["pass"] > 0
    passing = [c for f in told.json["frameworks"] for c in f["controls"] if c["state"] == "pass"]
    assert all(any(e["outcome"] == "pass" for e in c["evidence"]) for c in passing)

    # What is only planned in prod is evidence neither for nor against.
    everywhere = place.run("report", "compliance", "--json")
    assert everywhere.code == 0
    told_of = {e["environment"]: e for e in _control(everywhere.json, "nist-800-53", "SC-28(1)")["evidence"]}
    assert {name: e["outcome"] for name, e in told_of.items()} == {
        "dev": "pass",
        "staging": "nothing",
        "prod": "nothing",
    }

    # A rule that came later judges what is deployed already.
    place.push({"policies/twos.rego": POLICY.replace('"-2"', '"-1"')})
    assert place.run("check", "--all", "dev").code == 1
    worse = place.run("report", "compliance", "--json")
    assert worse.code == 1
    assert _control(worse.json, "nist-800-53", "SC-28(1)")["state"] == "fail"
    for style in ("terminal", "markdown", "html"):
        shown = place.run("report", "compliance", "--format", style)
        assert shown.code == 1
        assert " listed" in shown.out


def test_a_control_that_cannot_be_evaluated_does_not_pass(place: World) -> None:
    module = (place.work / "modules/thing/main.tf").read_text()
    place.ok("deploy", "dev")
    broken = module.replace('-1"', '-3"\n' + FAILS)
    place.push({"modules/thing/main.tf": broken})
    assert place.run("deploy", "dev").code == 1
    done = place.run("check", "--all", "dev", "--json")
    (dev,) = done.json["environments"]
    assert (done.code, dev["plans"], dev["commits"]) == (1, 0, [])
    (found,) = dev["findings"]
    assert (found["rule"], found["status"]) == ("audit", "unknown")
    assert "it has no deployed release" in found["message"]

    # What somebody answers for holds nothing, and the control is still not met.
    waiver = WAIVER.format(granted=today(), expires=in_days(30))
    place.push({"modules/thing/main.tf": module.replace("-1", "-2"), ".terrace/waivers.yaml": waiver})
    place.ok("deploy", "dev")
    place.ok("check", "--all", "dev")
    told = place.run("report", "compliance", "--env", "dev", "--framework", "nist-800-53", "--json")
    rest = _control(told.json, "nist-800-53", "SC-28(1)")
    assert (rest["state"], rest["evidence"][0]["outcome"]) == ("fail", "waived")
    assert "(waived by bob until" in rest["evidence"][0]["places"][0]

    # Without OPA what is deployed is looked at, and no rule of a policy has its say.
    place.push({"modules/thing/main.tf": module})
    place.ok("deploy", "dev")
    there = {**place.variables}
    place.variables["PATH"] = os.environ["PATH"]
    done = place.run("check", "--all", "dev")
    assert done.code == 1
    assert "opa was not found" in done.out
    told = place.run("report", "compliance", "--env", "dev", "--framework", "nist-800-53", "--json")
    assert _control(told.json, "nist-800-53", "SC-28(1)")["state"] == "not_evaluated"
    place.variables.update(there)
    place.run("check", "--all", "dev")
    told = place.run("report", "compliance", "--env", "dev", "--framework", "nist-800-53", "--json")
    assert _control(told.json, "nist-800-53", "SC-28(1)")["state"] == "pass"


def test_tick_audits_when_due_and_once_for_environments_at_one_commit(
    place: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.push({"terrace.yaml": (place.work / "terrace.yaml").read_text() + "audit: {every: 24h}\n"})
    place.ok("deploy", "dev")
    place.ok("promote", "staging")
    first = place.ok("tick", "--json").json["audits"]
    assert [(one["name"], one["verdict"]) for one in first] == [("dev", "pass"), ("staging", "pass")]
    assert place.ok("tick", "--json").json["audits"] == []

    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)
    project = Project(place.work)
    context = project.audit_context(Silent())
    goals = targets(context, context.ledger.read(), ("dev", "staging"))
    looked: list[tuple[str, ...]] = []

    def judge(change_set: ChangeSet, _: Inventory) -> Assessment:
        looked.append(tuple(impact.stack.key for impact in change_set.impacts))
        assert not [path for path in change_set.changed if path.startswith("environments/prod")]
        return Assessment(change_set)

    both = audit(context, goals, judge, (), ())
    assert looked == [("dev", "staging")]
    assert [one.scope.stacks for one in both] == [("dev",), ("staging",)]

    place.push({"terrace.yaml": "version: 1\nenvironments: {dev: {}}\n", "environments/staging/main.tf": None})
    done = place.run("check", "--all", "--json")
    (lost,) = [one for one in done.json["environments"] if one["name"] == "staging"]
    assert (done.code, lost["verdict"]) == (1, "block")
    assert "no longer names staging" in lost["findings"][0]["message"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("check", "dev"), "need --all"),
        (("check", "--all", "--base", "HEAD"), "--base is about a change"),
        (("check", "--all", "--format", "junit"), "not junit"),
        (("check", "--all", "dve"), "dev"),
        (("report", "compliance", "--framework", "soc"), "soc2"),
        (("report", "compliance", "--output", "no/such/file"), "folder"),
    ],
)
def test_a_usage_error_is_reported_before_the_audit(place: World, arguments: tuple[str, ...], words: str) -> None:
    done = place.run(*arguments)
    assert done.code == 2, done.out
    assert words in done.err


def test_without_a_ledger_a_look_is_told_and_a_report_passes_nothing(place: World) -> None:
    done = place.run("check", "--all", "dev", TERRACE_BACKUP_KEY="")
    assert done.code == 0, done.out
    assert "not recorded: there is no ledger" in done.err
    told = place.run("report", "compliance", "--json")
    assert told.code == 0
    assert all(one["counts"]["pass"] == 0 for one in told.json["frameworks"])
    assert {one["looked_at"] for one in told.json["environments"]} == {None}
