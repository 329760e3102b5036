"""`terrace baseline` in a real repository: what is there on day one holds nothing, what is new does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from support.cli import LADDER, World, three_environments, world
from support.dates import in_days, today
from support.tools import opa

pytestmark = pytest.mark.slow

FILE = ".terrace/baseline.yaml"
RULES = """
package house

deny contains {"msg": "no twos", "resource": thing.address, "rule": "twos"} if {
    some thing in input.resources
    endswith(thing.after.input, "-2")
}

deny contains {"msg": "cannot tell", "resource": thing.address, "rule": "output", "status": "unknown"} if {
    some thing in input.resources
    thing.after.output.unknown
    input.environment == "prod"
}
"""
MODULE = "modules/thing/main.tf"


@pytest.fixture
def place(tmp_path: Path) -> World:
    files = three_environments()
    files[MODULE] = files[MODULE].replace("-1", "-2") + '\nvariable "idle" {\n  type    = string\n  default = ""\n}\n'
    files["terrace.yaml"] = LADDER + "policies: [policies]\nchecks: {unused: required, commits: off}\n"
    made = world(tmp_path, {**files, "policies/house.rego": RULES})
    made.variables["PATH"] = f"{opa().parent}:{os.environ['PATH']}"
    return made


def write(place: World, text: str, path: str = MODULE) -> None:
    (place.work / path).write_text(text)


def read(place: World, path: str = MODULE) -> str:
    return (place.work / path).read_text()


def blocking(place: World) -> list[dict[str, Any]]:
    found = place.run("check", "--json").json["findings"]
    return [f for f in found if not f["advisory"] and f["status"] != "waived"]


def test_known_findings_do_not_block_and_new_ones_do(place: World) -> None:
    done = place.ok("baseline", "--owner", "owners", "--expires", str(in_days(90)))
    assert "5 known findings" in done.out
    assert "3 twos" in done.out
    text = read(place, FILE)
    assert text.count("- rule: ") == 5
    assert "status: unknown" in text
    # The change that brings it says so; once it is merged, what it covers holds nothing.
    (loosening,) = blocking(place)
    assert (loosening["rule"], loosening["file"]) == ("trust-root", FILE)
    assert "adds, widens or extends 5 records of .terrace/baseline.yaml" in loosening["message"]
    place.push({})
    write(place, "# A line that moves all others.\n" + read(place).replace('variable "idle"  {', 'variable "idle" {'))
    done = place.run("check", "--json")
    assert "\n5 known findings (--explain lists the known findings)\n" in place.run("check").out
    assert "\n5 known findings\n" in place.run("check", "--format", "markdown").out
    waived = [f for f in done.json["findings"] if f["status"] == "waived"]
    assert (done.code, len(waived)) == (0, 5)
    assert {f["waiver"]["since"] for f in waived} == {str(today())}
    write(
        place,
        read(place) + 'resource "terraform_data" "more" {\n  input = "more-2"\n}\n\nvariable "other" { default = 1 }\n',
    )
    fresh = blocking(place)
    assert {f.get("address", f.get("line")) for f in fresh if f["rule"] != "output"} == {
        "module.thing.terraform_data.more",
        read(place).count("\n"),
    }
    # Nothing is added by itself, whatever is found.
    done = place.ok("baseline", "--json")
    assert (done.json["known"], done.json["was"], len(done.json["new"])) == (5, 5, 5)
    assert read(place, FILE) == text


def test_an_update_removes_fixed_findings_and_adds_named_rules_only(place: World) -> None:
    place.ok("baseline", "--owner", "owners")
    before = read(place, FILE)
    place.push({})
    write(place, read(place).replace("-2", "-1"))
    done = place.ok("baseline")
    assert "2 known findings (was 5)" in done.out
    after = read(place, FILE)
    assert set(after.splitlines()) < set(before.splitlines())
    assert blocking(place) == []
    place.push({})
    write(place, read(place).replace("-1", "-2"))
    assert place.run("baseline", "--accept", "twos").code == 2
    assert "3 twos" in place.ok("baseline", "--accept", "twos", "--owner", "security", "--reason", "a new rule").out
    assert read(place, FILE).count("owner: security") == 3
    assert place.run("baseline", "--accept", "plan", "--owner", "ann").code == 2
    assert {f["rule"] for f in blocking(place)} == {"trust-root", "twos"}


def test_waivers_that_are_about_nothing_any_more_are_told(place: World) -> None:
    for rule in ("twos", "threes"):
        place.ok("waive", rule, "module.thing.terraform_data.it", "--owner", "ann", "--reason", "it moves")
    done = place.ok("baseline", "--owner", "owners", "--json")
    assert [w["rule"] for w in done.json["unused"]] == ["threes"]
    # What a waiver covers needs no record.
    assert (done.json["known"], "twos" in read(place, FILE)) == (2, False)


def test_findings_of_stacks_that_were_not_checked_stay_in_the_baseline(place: World) -> None:
    place.ok("baseline", "--owner", "owners")
    place.push({})
    write(place, read(place, "environments/dev/main.tf") + "\nlocals { a = nope.nope }\n", "environments/dev/main.tf")
    done = place.run("baseline")
    assert done.code == 1
    assert "5 known findings (was 5)\n" in done.out
    assert "plan at environments/dev/main.tf" in done.out
    assert "the effect of a stack without a plan is unknown" in done.out
    assert "Not everything could be checked" in done.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--owner", "ownres"], "--owner: did you mean 'owners'?"),
        (["--owner", "owners", "--expires", "2020-01-01"], "is in the past"),
        (["--owner", "owners", "--reason", "tbd"], "is not a reason"),
    ],
)
def test_a_baseline_with_invalid_options_is_not_written(place: World, options: list[str], said: str) -> None:
    done = place.run("baseline", *options)
    assert done.code == 2
    assert said in done.err
    assert not (place.work / FILE).exists()


def test_a_baseline_ends_after_at_most_180_days(place: World) -> None:
    done = place.run("baseline", "--owner", "owners", "--expires", str(in_days(181)))
    assert done.code == 2
    assert "at most 180 days" in done.err
    assert not (place.work / FILE).exists()
