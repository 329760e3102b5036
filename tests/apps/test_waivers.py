"""Waivers in real repositories: who lets what through, and what a change can and cannot let through by itself."""

from __future__ import annotations

import os
import re
import shlex
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from support.cli import LADDER, Done, World, three_environments, world
from support.dates import in_days, today
from support.tools import opa

pytestmark = pytest.mark.slow

FILE = ".terrace/waivers.yaml"
ADDRESS = "module.thing.terraform_data.it"
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


@pytest.fixture
def place(tmp_path: Path) -> World:
    files = {**three_environments(), "terrace.yaml": LADDER + "policies: [policies]\n", "policies/house.rego": RULES}
    made = world(tmp_path, files)
    made.variables["PATH"] = f"{opa().parent}:{os.environ['PATH']}"
    return made


def record(expires: date | None = None, **more: str) -> str:
    expires = expires or in_days(90)
    granted = min(today(), expires - timedelta(days=30))
    said = {"rule": "twos", "address": ADDRESS, "owner": "owners", "reason": "moves in June", "granted": granted}
    return "  - " + "\n    ".join(f"{k}: {v}" for k, v in {**said, "expires": expires, **more}.items()) + "\n"


def file(*records: str) -> str:
    return "version: 1\nwaivers:\n" + "".join(records)


def change(place: World) -> None:
    module = place.work / "modules/thing/main.tf"
    module.write_text(module.read_text().replace("-1", "-2"))


def found(done: Done, *rules: str) -> list[dict[str, Any]]:
    return [f for f in done.json["findings"] if f["rule"] in rules]


def test_a_waiver_of_the_protected_branch_waives_and_the_finding_stays(place: World) -> None:
    place.push({FILE: file(record(), record(rule="output", status="unknown", stack="prod", ticket="OPS-1"))})
    change(place)
    done = place.run("check", "--report", "sarif=../check.sarif", "--report", "junit=../check.xml", "--json")
    assert (done.code, done.json["verdict"]) == (0, "pass")
    assert {(f["stack"], f["status"]) for f in found(done, "twos")} == {
        (e, "waived") for e in ("dev", "staging", "prod")
    }
    (unknown,) = found(done, "output")
    assert (unknown["status"], unknown["waiver"]["ticket"], unknown["waiver"]["line"]) == ("waived", "OPS-1", 9)
    note = f"waived by owners until {in_days(90)}: moves in June"
    assert f"no twos; {note}" in place.run("check").out
    assert note in (place.work / "../check.sarif").read_text()
    assert re.search(f"skipped message=.*{note}", (place.work / "../check.xml").read_text())
    assert "moves in June" in place.run("check", "--format", "markdown").out


def test_a_waiver_that_the_change_proposes_is_shown_and_waives_nothing(place: World) -> None:
    change(place)
    told = place.ok(
        "waive", "twos", ADDRESS, "--owner", "owners", "--reason", "it moves", "--stack", "dev", "--json"
    ).json["waiver"]
    assert (told["granted"], told["expires"]) == (str(today()), str(in_days(180)))
    done = place.run("check", "--json")
    assert done.code == 1
    notes = {f["stack"]: f.get("note", "") for f in found(done, "twos")}
    assert notes["dev"] == f"waived by a waiver that this change proposes ({FILE}:4), once it is merged"
    assert notes["prod"] == ""
    (loosening,) = found(done, "trust-root")
    assert "this change adds the waiver of owners for twos at dev: module.thing" in loosening["message"]
    assert (loosening["file"], loosening["line"], loosening["advisory"]) == (FILE, 4, False)


def test_an_expired_waiver_reports_its_finding_and_its_owner(place: World) -> None:
    place.push({FILE: file(record(in_days(-1)))})
    change(place)
    done = place.run("check", "--json")
    assert done.code == 1
    assert {f["status"] for f in found(done, "twos")} == {"fail"}
    assert all("the waiver of owners expired on" in f["note"] for f in found(done, "twos"))
    (ended,) = found(done, "waiver-expired")
    assert not ended["advisory"]
    # Where the change does not meet what it waived, it is told.
    module = place.work / "modules/thing/main.tf"
    module.write_text(module.read_text().replace("-2", "-1") + "\n# The same.\n")
    done = place.run("check", "--json")
    (ended,) = found(done, "waiver-expired")
    assert ended["advisory"]


def test_a_waiver_that_ends_soon_is_told(place: World) -> None:
    place.push({FILE: file(record(in_days(3)))})
    change(place)
    done = place.run("check", "--json")
    (ends,) = found(done, "waiver-ends")
    assert ends["advisory"]
    assert {f["status"] for f in found(done, "twos")} == {"waived"}
    assert "expires in 3 days" in ends["message"]


def test_a_change_with_a_wrong_waiver_is_wrong_input_with_its_place(place: World) -> None:
    (place.work / ".terrace").mkdir(exist_ok=True)
    (place.work / FILE).write_text(file(record(rule="plan"), record(owner="nobody", reason="todo")))
    done = place.run("check")
    assert done.code == 2
    assert f"{FILE}:3:11: 'plan' cannot be waived: the effect of a stack without a plan is unknown" in done.err
    assert f"{FILE}:11:12: 'nobody' is not a person or team in terrace.yaml" in done.err
    assert f"{FILE}:12:13: 'todo' is not a reason" in done.err


def test_what_is_broken_on_the_protected_branch_can_be_mended(place: World) -> None:
    place.push({FILE: "version: 1\nwaivers: [{rule: twos}]\n"})
    change(place)
    (place.work / FILE).write_text(file(record()))
    done = place.run("check", "--json")
    assert done.code == 1
    assert "all waivers are ignored" in done.err
    assert {f["status"] for f in found(done, "twos")} == {"fail"}


def test_waivers_are_written_among_those_that_people_wrote(place: World) -> None:
    text = f"""\
# Ours.
version: 1

waivers:
- rule: 'twos' # moves
  address: x.y
  owner: ann
  reason: |
    long
    text
  granted: {today()}
  expires: {today()}

# The end.
"""
    (place.work / ".terrace").mkdir(exist_ok=True)
    (place.work / FILE).write_text(text)
    accepted = f"{{fingerprint: {'a' * 20}, owner: ann, reason: revoked, until: {in_days(1)}}}"
    (place.work / ".terrace/secrets.yaml").write_text(f"version: 1\naccepted:\n  - {accepted}\n")
    place.ok("waive", "format", "--path", "modules/thing/*.tf", "--owner", "ann", "--reason", "made by a tool")
    now = (place.work / FILE).read_text()
    assert [line for line in text.splitlines() if line not in now.splitlines()] == []
    assert "\n- rule: format\n  path: modules/thing/*.tf\n" in now
    listed = place.ok("waivers").out
    assert re.search("last day  twos at x.y: ann", listed)
    assert "180 days left  format at modules/thing/*.tf" in listed
    assert f"1 day left  secret {'a' * 20}: ann" in listed
    assert [w["days_left"] for w in place.ok("waivers", "--json").json["waivers"]] == [0, 180]


def test_a_skip_comment_is_shown_with_its_waiver(place: World) -> None:
    change(place)
    module = place.work / "modules/thing/main.tf"
    module.write_text(module.read_text().replace("  input", "  # terrace:ignore twos it's known\n  input"))
    done = place.run("check", "--json")
    assert done.code == 1
    (asked,) = found(done, "skip-comment")
    assert (asked["advisory"], asked["file"], asked["line"]) == (True, "modules/thing/main.tf", 6)
    until = in_days(180)
    words = shlex.split(asked["fix"])
    assert words[3:] == [ADDRESS, "--owner", "NAME", "--reason", "it's known", "--until", str(until)]
    # What it shows can be done, and is right as it stands.
    place.ok(*[word.replace("NAME", "ann") for word in words[1:]])
    assert asked["detail"].partition("\n")[2].replace("NAME", "ann") in (place.work / FILE).read_text()
    assert found(place.run("check", "--json"), "skip-comment") == []


def test_a_look_at_everything_tells_what_waives_nothing_any_more(place: World) -> None:
    module = place.work / "modules/thing/main.tf"
    used = record(rule="output", status="unknown")
    place.push({FILE: file(record(), used), str(module.relative_to(place.work)): module.read_text() + "# More.\n"})
    done = place.run("check", "--all", "--json")
    every = [f for one in done.json["environments"] for f in one["findings"]]
    (unused,) = [f for f in every if f["rule"] == "waiver-unused"]
    assert "the waiver of owners for twos at module.thing.terraform_data.it is no longer needed" in unused["message"]
    assert [f["status"] for f in every if f["rule"] == "output"] == ["waived"]
    alone = place.run("check", "--all", "dev", "--json").json["environments"][0]["findings"]
    assert [f for f in alone if f["rule"] == "waiver-unused"] == []


def test_what_is_found_below_fail_on_is_told_and_what_could_not_be_looked_at_holds(place: World) -> None:
    rules = RULES.replace('"rule": "twos"', '"rule": "twos", "severity": "medium"')
    weighed = LADDER + "policies: [policies]\nchecks: {policy: {fail_on: critical}}\n"
    place.push({"terrace.yaml": weighed, "policies/house.rego": rules})
    change(place)
    done = place.run("check", "--json")
    assert (done.code, {f["advisory"] for f in found(done, "twos", "output")}) == (0, {True})
    place.push({"policies/house.rego": "package house\n\ndeny contains x"})
    (place.work / "modules/thing/more.tf").write_text("# More.\n")
    done = place.run("check", "--json")
    assert (done.code, {f["advisory"] for f in found(done, "policy")}) == (1, {False})
    (place.work / "terrace.yaml").write_text(
        weighed.replace("{fail_on", "{level: advisory, fail_on") + "waivers: {longest: 181d}\n"
    )
    assert len(found(place.run("check", "--json"), "trust-root")) == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["plan", "a.b", "--owner", "ann", "--reason", "r"], "'plan' cannot be waived"),
        (["twos", "a.b", "--owner", "anne", "--reason", "r"], "did you mean 'ann'?"),
        (["twos", "a.b", "--owner", "ann", "--reason", "TODO."], "not a reason"),
        (["twos", "--owner", "ann", "--reason", "r"], "the place of the finding is missing"),
        (["twos", "a.*", "--owner", "ann", "--reason", "r"], "would waive too much"),
        (["twos", "a.b", "--owner", "ann", "--reason", "r", "--until", "2099-01-01"], "at most 180 days"),
        (["twos", "a.b", "--owner", "ann", "--reason", "r", "--until", "soon"], "'soon' is not a date"),
    ],
)
def test_a_waiver_with_invalid_options_is_not_written(place: World, options: list[str], said: str) -> None:
    done = place.run("waive", *options)
    assert done.code == 2
    assert said in done.err
    assert not (place.work / FILE).exists()
