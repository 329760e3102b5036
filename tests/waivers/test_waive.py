"""Findings x records x today: no finding is lost, and only findings with a record are waived."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.assess.model import Finding, Severity, Status
from terrace.assess.waiver import BASELINE, Waiver
from terrace.checks.all import CHECKS
from terrace.checks.rules import rules
from terrace.waivers.judging import Waivers, is_about, key_of, names_of, waive
from terrace.waivers.never import is_blind, why_never, why_rule_never
from terrace.waivers.telling import find_expiring, find_unused, idle_records, more_waived

TODAY = date(2026, 6, 15)
DAYS = st.integers(-40, 40).map(lambda n: TODAY + timedelta(days=n))
RULES = st.sampled_from(["twos", "twos", "twos", "storage", "plan", "checkov"])
ADDRESSES = ("a.b[0]", 'a.b["x"]', "module.m[1].a.b")
PATHS = ("main.tf", "modules/a/main.tf")


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    place = draw(st.sampled_from([*ADDRESSES, *PATHS, ""]))
    return Finding(
        rule=draw(RULES),
        severity=draw(st.sampled_from(Severity)),
        status=draw(st.sampled_from([Status.FAIL, Status.FAIL, Status.UNKNOWN])),
        tool=draw(st.sampled_from(["opa", "checkov", "terrace"])),
        message=draw(st.sampled_from(["one", "two"])),
        stack=draw(st.sampled_from([None, "dev", "prod"])),
        address=place if place in ADDRESSES else None,
        path=place if place in PATHS else None,
        line=draw(st.integers(0, 3)),
        advisory=draw(st.booleans()),
        family=draw(st.sampled_from(["", "storage"])),
    )


@st.composite
def waivers(draw: st.DrawFn) -> Waiver:
    known = draw(st.booleans())
    globs = () if known else ("a.b[*]", "module.m[*].a.b", "modules/*/main.tf")
    place = draw(st.sampled_from([*ADDRESSES, *PATHS, *globs]))
    granted, expires = sorted((draw(DAYS), draw(DAYS)))
    return Waiver(
        rule=draw(RULES),
        owner=draw(st.sampled_from(["ann", "owners"])),
        reason="it moves",
        granted=granted,
        expires=expires,
        address="" if "main.tf" in place else place,
        path=place if "main.tf" in place else "",
        stack=draw(st.sampled_from(["", "dev"])),
        unknown=draw(st.booleans()),
        since=granted if known else None,
        content=draw(st.sampled_from(["one", "two"])) if known and "main.tf" in place else "",
        count=draw(st.integers(1, 3)) if known else 1,
        source=BASELINE if known else ".terrace/waivers.yaml",
        line=draw(st.integers(1, 9)),
    )


found = st.lists(findings(), max_size=8)
records = st.lists(waivers(), max_size=8)
files = st.lists(waivers(), max_size=8, unique_by=lambda waiver: (waiver.source, waiver.key))
"""As they can be read: no file says the same twice."""


def content(finding: Finding) -> str:
    return finding.message


def bare(finding: Finding, like: Finding) -> Finding:
    return replace(finding, status=like.status, waiver=None, note="")


@given(found, records, records)
def test_no_finding_is_dropped_or_changed_in_what_it_is(
    given_: list[Finding], judging: list[Waiver], proposed: list[Waiver]
) -> None:
    left = waive(given_, Waivers(tuple(judging), tuple(proposed)), TODAY, CHECKS, content)
    assert [bare(one, was) for one, was in zip(left, given_, strict=True)] == given_
    for one, was in zip(left, given_, strict=True):
        assert one.status in (was.status, Status.WAIVED)
        assert (one.status is Status.WAIVED) == (one.waiver is not None)


@given(found, records)
def test_only_a_valid_record_of_that_rule_and_place_waives(given_: list[Finding], judging: list[Waiver]) -> None:
    left = waive(given_, Waivers(tuple(judging)), TODAY, CHECKS, content)
    for one, was in zip(left, given_, strict=True):
        fitting = [w for w in judging if not w.is_baseline and w.holds(TODAY) and is_about(w, was, CHECKS)]
        key = key_of(was, content, CHECKS)
        names = names_of(was)
        known = [
            w for w in judging if w.is_baseline and w.holds(TODAY) and key and w.rule in names and w.key[1:] == key[1:]
        ]
        if one.waiver is not None:
            assert one.waiver in [*fitting, *known]
            assert why_never(was, CHECKS) is None
            assert one.waiver.unknown == (was.status is Status.UNKNOWN)
        else:
            assert not fitting


@given(found, records)
def test_expired_and_proposed_records_waive_nothing(given_: list[Finding], some: list[Waiver]) -> None:
    ended = [w for w in some if not w.holds(TODAY)]
    left = waive(given_, Waivers(tuple(ended), tuple(some)), TODAY, CHECKS, content)
    assert [one.status for one in left] == [one.status for one in given_]


@given(found, records, st.randoms())
def test_the_order_of_records_and_findings_does_not_matter(
    given_: list[Finding], some: list[Waiver], by: Random
) -> None:
    waived = waive(given_, Waivers(tuple(some)), TODAY, CHECKS, content)
    mixed, others = list(some), list(given_)
    by.shuffle(mixed)
    by.shuffle(others)
    assert waive(given_, Waivers(tuple(mixed)), TODAY, CHECKS, content) == waived
    again = waive(others, Waivers(tuple(mixed)), TODAY, CHECKS, content)
    assert Counter(again) == Counter(waived)


alike = st.lists(
    st.builds(
        lambda line, severity, message: Finding(
            "twos", severity, Status.FAIL, "opa", message, stack="dev", address="a.b", line=line
        ),
        st.integers(0, 2),
        st.sampled_from(Severity),
        st.sampled_from(["one", "two"]),
    ),
    max_size=6,
)


@given(alike, st.integers(1, 4), st.randoms())
def test_the_baseline_covers_as_many_as_its_count_and_always_the_same_ones(
    given_: list[Finding], count: int, by: Random
) -> None:
    record = Waiver("twos", "ann", "old", TODAY, TODAY, address="a.b", stack="dev", since=TODAY, count=count)
    left = waive(given_, Waivers((record,)), TODAY, CHECKS, content)
    assert sum(one.status is Status.WAIVED for one in left) == min(count, len(given_))
    by.shuffle(given_)
    assert Counter(waive(given_, Waivers((record,)), TODAY, CHECKS, content)) == Counter(left)


@given(found, records)
def test_findings_about_records_cannot_be_waived_and_name_their_place(
    given_: list[Finding], some: list[Waiver]
) -> None:
    told = (
        *find_expiring(given_, Waivers((), tuple(some)), TODAY, content, CHECKS),
        *find_unused(given_, Waivers(tuple(some)), TODAY, CHECKS),
    )
    assert all(one.path in (BASELINE, ".terrace/waivers.yaml") and why_never(one, CHECKS) for one in told)
    assert {one.rule for one in told} <= {"waiver-expired", "waiver-ends", "waiver-unused"}
    assert all(one.advisory for one in told if one.rule != "waiver-expired")


@given(files, files)
def test_only_new_wider_or_longer_records_are_findings_of_the_trust_root(old: list[Waiver], new: list[Waiver]) -> None:
    assert more_waived(Waivers(tuple(old), tuple(old[1:]))) == ()
    for one in new:
        longer = replace(one, expires=one.expires + timedelta(days=1))
        (told,) = more_waived(Waivers((one,), (longer,)))
        assert (told.rule, told.blocks) == ("trust-root", True)


WAIVER = Waiver("twos", "ann", "it moves", TODAY, TODAY, address="a.b[*]")
FINDING = Finding("twos", Severity.HIGH, Status.FAIL, "opa", "no", stack="dev", address="a.b[0]")


@pytest.mark.parametrize(
    ("address", "reached"),
    [
        ("a.b[0]", True),
        ('a.b["x.y"]', True),
        ('a.b["]"]', True),
        ("a.b", False),
        ("a.b[0].c", False),
        ("xa.b[0]", False),
    ],
)
def test_a_star_in_brackets_is_any_index_and_nothing_else(address: str, reached: bool) -> None:
    assert is_about(WAIVER, replace(FINDING, address=address), CHECKS) == reached


@pytest.mark.parametrize(
    ("path", "reached"),
    [
        ("modules/a/main.tf", True),
        ("modules/a/b/main.tf", False),
        ("modules/main.tf", False),
        ("x/modules/a/main.tf", False),
    ],
)
def test_a_star_in_a_path_stays_in_its_folder(path: str, reached: bool) -> None:
    waiver = replace(WAIVER, address="", path="modules/*/main.tf")
    assert is_about(waiver, replace(FINDING, address=None, path=path), CHECKS) == reached


def test_which_of_the_tools_that_agree_speaks_changes_nothing() -> None:
    both = replace(FINDING, rule="checkov.CKV_AWS_18", also=("trivy.AVD-AWS-0089",), address="a.b")
    single = replace(WAIVER, rule="trivy.AVD-AWS-0089", address="a.b")
    known = replace(single, stack="dev", since=TODAY)
    for waiver in (single, known):
        assert [f.status for f in waive([both], Waivers((waiver,)), TODAY, CHECKS)] == [Status.WAIVED]
        assert idle_records([both], [waiver], content, CHECKS) == []
    assert waive([replace(both, also=())], Waivers((single, known)), TODAY, CHECKS)[0].status is Status.FAIL


def test_of_several_records_the_longest_one_is_shown() -> None:
    longer = replace(WAIVER, owner="aaa", expires=TODAY + timedelta(days=1))
    for some in ((WAIVER, longer), (longer, WAIVER)):
        (left,) = waive([FINDING], Waivers(some), TODAY, CHECKS)
        assert left.waiver == longer


def test_a_family_of_rules_is_waived_by_its_name_whichever_tool_found_it() -> None:
    waiver = replace(WAIVER, rule="public-storage", address="a.b")
    one = replace(FINDING, rule="CKV_AWS_53", family="public-storage", address="a.b")
    assert [f.status for f in waive([one, replace(one, family="")], Waivers((waiver,)), TODAY, CHECKS)] == [
        Status.WAIVED,
        Status.FAIL,
    ]


@pytest.mark.parametrize("rule", [name for name in rules() if why_rule_never(name, CHECKS)])
def test_a_rule_that_cannot_be_waived_is_not(rule: str) -> None:
    finding = replace(FINDING, rule=rule)
    assert waive([finding], Waivers((replace(WAIVER, rule=rule),)), TODAY, CHECKS) == (finding,)


def test_a_tool_that_broke_is_waived_by_nothing() -> None:
    broken = Finding("checks", Severity.HIGH, Status.UNKNOWN, "format", "it crashed", path="main.tf")
    waiver = replace(WAIVER, rule="checks", address="", path="main.tf", unknown=True)
    assert waive([broken], Waivers((waiver,)), TODAY, CHECKS) == (broken,)


@given(found, files)
def test_a_record_is_unused_when_it_is_about_nothing_and_only_then(given_: list[Finding], some: list[Waiver]) -> None:
    seen = [one for one in given_ if not is_blind(one, CHECKS)]
    judged = waive(seen, Waivers(tuple(some)), TODAY, CHECKS, content)
    told = find_unused(judged, Waivers(tuple(some)), TODAY, CHECKS)
    idle = [one for one in some if one.holds(TODAY) and one not in {f.waiver for f in judged}]
    apart = [w for w in idle if not w.is_baseline and any(is_about(w, f, CHECKS) for f in seen)]
    lines = {(one.path, one.line) for one in told if one.path != BASELINE}
    assert lines <= {(w.source, w.line) for w in idle if not w.is_baseline}
    assert sum(one.path != BASELINE for one in told) == sum(not w.is_baseline and w not in apart for w in idle)


@pytest.mark.parametrize(
    ("unseen", "kept"),
    [
        (("plan", "terraform", "prod", None), {"prod"}),
        (("plan-complete", "terrace", "dev", None), {"dev"}),
        (("policy", "opa", None, "policies/a.rego"), {"dev", "prod"}),
        (("policy", "opa", "dev", None), {"dev"}),
        (("unused", "terrace", None, "modules/a/x.tf.json"), {"unused"}),
        (("unused", "terrace", None, "modules/b/x.tf.json"), set()),
        (("unused", "terrace", None, None), {"unused"}),
        (("layout", "terrace", None, "main.tf"), set()),
    ],
)
def test_a_record_stays_where_what_it_is_about_may_not_have_been_found(
    unseen: tuple[str, str, str | None, str | None], kept: set[str]
) -> None:
    rule, tool, stack, path = unseen
    other = Finding(rule, Severity.HIGH, Status.UNKNOWN, tool, "no", stack=stack, path=path)
    records = {
        "dev": replace(WAIVER, stack="dev", since=TODAY, address="a.b"),
        "prod": replace(WAIVER, stack="prod", since=TODAY, address="a.b"),
        "unused": replace(WAIVER, rule="unused", address="", path="modules/a/main.tf", since=TODAY),
    }
    if rule != "unused":
        del records["unused"]
    idle = idle_records([other], list(records.values()), content, CHECKS)
    left = {name for name, record in records.items() if record not in idle}
    assert left == kept


def test_a_change_that_takes_a_waiver_away_says_what_it_will_hold() -> None:
    (left,) = waive([FINDING], Waivers((WAIVER,), ()), TODAY, CHECKS)
    assert left.status is Status.WAIVED
    assert left.note.endswith("; this change removes that waiver")
    (same,) = waive([FINDING], Waivers((WAIVER,)), TODAY, CHECKS)
    assert "takes" not in same.note
