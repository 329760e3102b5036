"""Everything that stands is looked at where it is deployed, kept as evidence, and told control by control."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from support.cli import LADDER, World, three_environments, world
from support.tools import opa

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


def test_what_is_deployed_is_looked_at_and_told_control_by_control(place: World) -> None:
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

    # Only dev: nothing else stands.
    told = place.run("report", "compliance", "--env", "dev", "--json")
    assert told.code == 0, told.out + told.err
    assert told.json["schema"] == "terrace/compliance@1"
    assert _control(told.json, "nist-800-53", "SC-28")["state"] in ("manual", "not_evaluated", "pass")
    states = {one["id"]: one["counts"] for one in told.json["frameworks"]}
    for counts in states.values():
        assert sum(n for state, n in counts.items() if state != "listed") == counts["listed"]
        assert counts["fail"] == 0
    assert states["nist-800-53"]["pass"] > 0
    passing = [c for f in told.json["frameworks"] for c in f["controls"] if c["state"] == "pass"]
    assert all(any(e["outcome"] == "pass" for e in c["evidence"]) for c in passing)

    # prod's failure holds every control that the rule serves, whatever dev says.
    worse = place.run("report", "compliance", "--json")
    assert worse.code == 1
    failed = {c["id"] for f in worse.json["frameworks"] for c in f["controls"] if c["state"] == "fail"}
    assert failed
    for style in ("terminal", "markdown", "html"):
        shown = place.run("report", "compliance", "--format", style)
        assert shown.code == 1
        assert "%" not in shown.out.replace("100%", "")
