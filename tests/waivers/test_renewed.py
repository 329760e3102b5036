"""Renewing the baseline: its count only falls, unless a rule is accepted by name."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from terrace.assess.model import Finding, Severity, Status
from terrace.assess.waiver import BASELINE
from terrace.checks.all import CHECKS
from terrace.config.model import Config
from terrace.waivers.baseline import Everything, Grant, renew
from terrace.waivers.judging import Waivers, key_of, waive
from terrace.waivers.reading import read_waivers
from terrace.waivers.writing import baseline

TODAY = date(2026, 6, 15)
GRANT = Grant("ann", "it was there", TODAY, TODAY + timedelta(days=90))
NEXT = Grant("bob", "a new rule", TODAY + timedelta(days=1), TODAY + timedelta(days=99))

findings = st.lists(
    st.builds(
        Finding,
        rule=st.sampled_from(["twos", "public", "plan"]),
        severity=st.sampled_from(Severity),
        status=st.sampled_from([Status.FAIL, Status.FAIL, Status.UNKNOWN]),
        tool=st.just("opa"),
        message=st.sampled_from(["one: 'two'", "# three"]),
        stack=st.sampled_from([None, "dev"]),
        address=st.sampled_from([None, "a.b", 'a.b["é: x"]']),
        path=st.sampled_from([None, "main.tf", "modules/# x/main.tf"]),
        advisory=st.booleans(),
    ),
    max_size=8,
)


def content(finding: Finding) -> str:
    return f"{len(finding.message):016x}"


def seen(found: list[Finding]) -> list[Finding]:
    """Without what could not be looked at."""
    return [one for one in found if one.rule != "plan"]


@given(findings)
def test_the_first_one_waives_all_that_holds_and_can_be_waived(found: list[Finding]) -> None:
    first = renew(found, (), Everything(), GRANT, content, CHECKS)
    left = waive(found, Waivers(first.records), TODAY, CHECKS, content)
    assert {one.rule for one in left if one.blocks and key_of(one, content, CHECKS) is not None} == set()
    assert sorted(repr(one) for one, _ in first.outside) == sorted(repr(one) for one in left if one.blocks)
    assert (first.fresh, first.before, first.came) == ((), 0, first.count)


@given(findings)
def test_what_is_written_is_read_again_and_is_the_same_text_whatever_the_order(found: list[Finding]) -> None:
    records = renew(found, (), Everything(), GRANT, content, CHECKS).records
    text = baseline(records)
    again = read_waivers(text.encode(), BASELINE, Config())
    assert {replace(one, line=0) for one in again} == set(records)
    assert baseline(reversed(again)) == text


@given(findings, findings)
def test_a_renewal_only_lowers_the_count_and_reports_new_findings(found: list[Finding], later: list[Finding]) -> None:
    first = renew(found, (), Everything(), GRANT, content, CHECKS)
    second = renew(seen(later), first.records, frozenset(), NEXT, content, CHECKS)
    assert second.count <= first.count
    assert {one.key for one in second.records} <= {one.key for one in first.records}
    assert {one.owner for one in second.records} <= {"ann"}
    left = waive(seen(later), Waivers(second.records), TODAY, CHECKS, content)
    new = [one for one in left if one.blocks and key_of(one, content, CHECKS) is not None]
    assert len(second.fresh) == len(new)
    third = renew(seen(later), second.records, frozenset(), NEXT, content, CHECKS)
    assert (third.records, third.gone) == (second.records, ())


@given(findings, findings)
def test_only_accepted_rules_are_added(found: list[Finding], later: list[Finding]) -> None:
    first = renew(seen(found), (), Everything(), GRANT, content, CHECKS)
    second = renew(seen(later), first.records, frozenset({"twos"}), NEXT, content, CHECKS)
    before = {one.key: one.count for one in first.records}
    risen = {one.rule for one in second.records if one.count > before.get(one.key, 0)}
    assert risen <= {"twos"}
    assert "twos" not in {one.rule for one in second.fresh}


@given(findings)
def test_no_record_is_removed_while_something_could_not_be_checked(found: list[Finding]) -> None:
    first = renew(found, (), Everything(), GRANT, content, CHECKS)
    blind = Finding("plan", Severity.HIGH, Status.UNKNOWN, "terraform", "no")
    assert renew([blind], first.records, frozenset(), NEXT, content, CHECKS).records == first.records


ONE = Finding("twos", Severity.HIGH, Status.FAIL, "opa", "no", stack="dev", address="a.b")


def test_an_expired_record_waives_nothing_until_it_is_renewed() -> None:
    (old,) = renew([ONE], (), Everything(), GRANT, content, CHECKS).records
    later = replace(NEXT, granted=old.expires + timedelta(days=1), expires=old.expires + timedelta(days=99))
    ended = renew([ONE], [old], frozenset(), later, content, CHECKS)
    assert (ended.records, ended.fresh) == ((old,), (ONE,))
    other = renew([ONE], [old], frozenset({"public"}), later, content, CHECKS)
    assert other.records == (old,)
    (anew,) = renew([ONE], [old], frozenset({"twos"}), later, content, CHECKS).records
    assert (anew.owner, anew.granted, anew.since) == ("bob", later.granted, old.since)


def test_a_second_one_of_a_kind_is_new_and_one_of_two_gone_lowers_the_count() -> None:
    two = renew([ONE, replace(ONE, message="again")], (), Everything(), GRANT, content, CHECKS)
    assert ([one.count for one in two.records], two.count) == ([2], 2)
    one = renew([ONE], two.records, frozenset(), NEXT, content, CHECKS)
    assert ([record.count for record in one.records], one.gone) == ([1], ())
    again = renew([ONE, ONE], one.records, frozenset(), NEXT, content, CHECKS)
    assert (again.count, len(again.fresh)) == (1, 1)
    (risen,) = renew([ONE, ONE], one.records, frozenset({"twos"}), NEXT, content, CHECKS).records
    assert (risen.count, risen.owner, risen.since) == (2, "bob", TODAY)


def test_advisory_findings_keep_their_records_and_are_never_added() -> None:
    told = replace(ONE, advisory=True)
    assert renew([told], (), Everything(), GRANT, content, CHECKS).records == ()
    first = renew([ONE], (), Everything(), GRANT, content, CHECKS)
    assert renew([told], first.records, frozenset(), NEXT, content, CHECKS).records == first.records


def test_accepting_a_rule_does_not_extend_a_valid_record() -> None:
    first = renew([ONE], (), Everything(), GRANT, content, CHECKS)
    assert renew([ONE], first.records, frozenset({"twos"}), NEXT, content, CHECKS).records == first.records


def test_a_finding_stays_known_when_another_tool_that_agrees_speaks_first() -> None:
    first = renew([replace(ONE, rule="trivy.x")], (), Everything(), GRANT, content, CHECKS)
    both = replace(ONE, rule="checkov.y", also=("trivy.x",))
    assert renew([both], first.records, frozenset(), NEXT, content, CHECKS).records == first.records


def test_what_several_tools_agree_on_is_known_by_its_family_and_accepted_by_any_of_its_names() -> None:
    both = replace(ONE, rule="checkov.y", also=("trivy.x",), family="bucket-versioning")
    first = renew([both], (), Everything(), GRANT, content, CHECKS)
    assert [record.rule for record in first.records] == ["bucket-versioning"]
    for alone in (replace(both, also=()), replace(both, rule="trivy.x", also=())):
        again = renew([alone], first.records, frozenset(), NEXT, content, CHECKS)
        assert (again.records, again.fresh) == (first.records, ())
    assert (
        renew([replace(both, also=(), family="")], first.records, frozenset(), NEXT, content, CHECKS).gone
        == first.records
    )
    for name in ("checkov.y", "trivy.x", "bucket-versioning"):
        assert renew([both], (), frozenset({name}), NEXT, content, CHECKS).came == 1
