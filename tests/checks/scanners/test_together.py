"""Each fault is reported once, whichever tools find it, and none is lost or made less severe by that."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.scanners.together import Places, together

BLOCKS = {"a.x": ("m.tf", 1), "a.y": ("m.tf", 10), "a.z": None}
"""Where the blocks of addresses are; each takes ten lines."""


def of(stack: str, address: str) -> tuple[str, int] | None:
    return BLOCKS.get(address.partition("[")[0])


def at(path: str, line: int) -> tuple[str, int]:
    return path, line - line % 10 if line >= 10 else 1


PLACES = Places(of=of, at=at)


def finding(tool: str = "checkov", rule: str = "checkov.A", **more: object) -> Finding:
    told: dict[str, object] = {"severity": Severity.MEDIUM, "status": Status.FAIL, "message": "m", **more}
    return Finding(rule=rule, tool=tool, **told)  # type: ignore[arg-type]


OPEN = "open-ingress"


def test_one_stays_as_bad_as_the_worst_and_names_the_others() -> None:
    ours = finding("opa", "house.open", family=OPEN, stack="dev", address="a.x")
    theirs = finding("trivy", "trivy.B", family=OPEN, path="m.tf", line=3, severity=Severity.CRITICAL)
    (told,) = together([theirs, ours], PLACES)
    assert (told.rule, told.severity, told.also) == ("house.open", Severity.CRITICAL, ("trivy.B",))


def test_a_blocking_finding_still_blocks_when_it_is_merged_with_an_advisory_one() -> None:
    ours = finding("opa", "house.open", family=OPEN, stack="dev", address="a.x", advisory=True)
    (told,) = together([ours, finding(family=OPEN, path="m.tf", line=1)], PLACES)
    assert told.blocks


def test_a_finding_about_a_block_applies_to_each_of_its_resources() -> None:
    plans = [finding(stack=stack, address=f"a.x[{i}]") for stack in ("dev", "prod") for i in (0, 1)]
    assert set(together([finding(path="m.tf", line=1), *plans], PLACES)) == set(plans)


def test_tools_that_disagree_are_both_told() -> None:
    no = finding(family=OPEN, path="m.tf", line=1)
    cannot = finding("opa", "house.open", family=OPEN, stack="dev", address="a.x", status=Status.UNKNOWN)
    waived = finding("trivy", "trivy.B", family=OPEN, path="m.tf", line=1, status=Status.WAIVED)
    assert set(together([no, cannot, waived], PLACES)) == {no, cannot, waived}


def test_other_families_other_blocks_and_no_family_stay_apart() -> None:
    apart = [
        finding(family=OPEN, path="m.tf", line=1),
        finding(family="logging", path="m.tf", line=1),
        finding(family=OPEN, path="m.tf", line=10),
        finding(path="m.tf", line=1),
        finding("trivy", "trivy.B", path="m.tf", line=1),
        finding(family=OPEN),
        finding("trivy", "trivy.C", family=OPEN),
    ]
    assert together(apart, PLACES) == tuple(apart)


def test_our_own_rules_of_one_family_stay_apart() -> None:
    rules = [finding("opa", f"house.{name}", family=OPEN, stack="dev", address="a.x") for name in ("ssh", "rdp")]
    told = together([*rules, finding(family=OPEN, path="m.tf", line=2, severity=Severity.HIGH)], PLACES)
    assert [(f.rule, f.severity, f.also) for f in told] == [
        ("house.ssh", Severity.HIGH, ("checkov.A",)),
        ("house.rdp", Severity.HIGH, ("checkov.A",)),
    ]


def test_two_secrets_of_one_block_or_line_are_two() -> None:
    leaks = [finding("terrace", "secrets", family="leaked-secret", path="m.tf", line=3, message=m) for m in "ab"]
    other = finding("gitleaks", "gitleaks.x", family="leaked-secret", path="m.tf", line=5)
    same = finding("gitleaks", "gitleaks.x", family="leaked-secret", path="m.tf", line=3)
    told = together([*leaks, other, same], PLACES)
    assert [(f.message, f.line, f.also) for f in told] == [
        ("a", 3, ("gitleaks.x",)),
        ("b", 3, ("gitleaks.x",)),
        ("m", 5, ()),
    ]


FINDINGS = st.lists(
    st.builds(
        Finding,
        rule=st.sampled_from(["one", "two", "three"]),
        severity=st.sampled_from(Severity),
        status=st.sampled_from(Status),
        tool=st.sampled_from(["opa", "checkov", "trivy"]),
        message=st.sampled_from(["m", "n"]),
        stack=st.sampled_from([None, "dev", "prod"]),
        address=st.sampled_from([None, "a.x", "a.x[0]", "a.y", "a.z"]),
        path=st.sampled_from([None, "m.tf", "n.tf"]),
        line=st.sampled_from([0, 1, 3, 12]),
        advisory=st.booleans(),
        family=st.sampled_from(["", OPEN, "logging", "leaked-secret"]),
    ),
    max_size=9,
)


@given(FINDINGS, st.randoms())
def test_the_order_changes_nothing(found: list[Finding], random: st.DrawFn) -> None:
    mixed = list(found)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert set(together(mixed, PLACES)) == set(together(found, PLACES))


@given(FINDINGS)
def test_once_is_enough(found: list[Finding]) -> None:
    told = together(found, PLACES)
    assert together(told, PLACES) == told


def _spot(one: Finding) -> object:
    if one.path and one.line:
        return (one.path, one.line) if one.family == "leaked-secret" else at(one.path, one.line)
    return of(one.stack or "", one.address) if one.stack and one.address else None


def _speaks_for(told: Finding, one: Finding) -> bool:
    about = told.family == one.family if one.family else (told.tool, told.rule) == (one.tool, one.rule)
    there = (told.stack, told.address) == (one.stack, one.address) or (_spot(one) and _spot(told) == _spot(one))
    if one.address:
        there = (told.stack or "", told.address) == (one.stack or "", one.address)
    return bool(about and there and told.status is one.status)


@given(FINDINGS)
def test_no_fact_is_lost_or_made_lighter(found: list[Finding]) -> None:
    told = together(found, PLACES)
    for one in found:
        speaking = [t for t in told if _speaks_for(t, one)]
        assert any(t.severity >= one.severity and t.blocks >= one.blocks for t in speaking), one
        if one.family:
            assert any(one.rule == t.rule or one.rule in t.also for t in speaking)
