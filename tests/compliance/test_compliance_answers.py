"""What can be said of a control never gets better by what is wrong, and nothing passes without evidence."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.plans import change, plan_of
from terrace.assess.model import Finding, Severity, Status
from terrace.checks.policy.catalogue import PolicyRule
from terrace.compliance.audit import MOST_PLACES, Scope, audit_results, not_audited
from terrace.compliance.frameworks import NAMES, OWN, Control
from terrace.compliance.results import Evidence, Outcome, evaluate_control
from terrace.compliance.shipped import aliases, framework, sources
from terrace.errors import BadInput
from terrace.plans.model import Action, Plan

CONTROL = Control("1.1", "something", ("a", "b"))
SCOPE = Scope("dev", "deployed", {"c" * 40: ("dev",)})
RULE = PolicyRule("no-twos", "No twos", Severity.HIGH, types=("aws_s3_*",), controls=("a",))

outcomes = st.sampled_from(Outcome)
pieces = st.builds(
    Evidence,
    by=st.sampled_from(["r1", "r2"]),
    key=st.sampled_from(["a", "b"]),
    environment=st.sampled_from(["dev", "prod"]),
    outcome=outcomes,
    what=st.just("said"),
)
controls = st.builds(
    Control,
    st.just("1.1"),
    st.just("x"),
    st.sampled_from([(), ("a",), ("a", "b")]),
    st.booleans(),
    st.sampled_from([(), ("a",)]),
)


@given(controls, st.lists(pieces, max_size=8), pieces)
def test_more_evidence_never_turns_a_failure_into_anything_else(
    control: Control, found: list[Evidence], more: Evidence
) -> None:
    before, after = evaluate_control(control, found), evaluate_control(control, [*found, more])
    assert before.state != "fail" or after.state == "fail"
    if more.outcome in (Outcome.WAIVED, Outcome.FAILED):
        assert after.state == "fail"


@given(controls, st.lists(pieces, max_size=8))
def test_nothing_passes_unless_something_was_right_and_all_was_told(control: Control, found: list[Evidence]) -> None:
    told = {one.outcome for one in found}
    if evaluate_control(control, found).state == "pass":
        assert [one for one in found if one.outcome is Outcome.PASSED and one.key not in control.partly]
        assert Outcome.PASSED in told
        assert told <= {Outcome.PASSED, Outcome.NOT_APPLICABLE}
        assert not control.manual
        assert control.keys


@given(controls, st.lists(pieces, max_size=6), st.integers(0, 5), outcomes)
def test_what_looks_worse_never_makes_the_answer_better(
    control: Control, found: list[Evidence], at: int, worse: Outcome
) -> None:
    if at >= len(found) or worse < found[at].outcome or found[at].outcome is Outcome.NOT_APPLICABLE:
        return
    rank = {"pass": 0, "manual": 1, "not evaluated": 1, "fail": 2}
    changed = [*found[:at], replace(found[at], outcome=worse), *found[at + 1 :]]
    assert rank[evaluate_control(control, changed).state] >= rank[evaluate_control(control, found).state]


@given(
    controls, st.permutations([Outcome.NOT_APPLICABLE, Outcome.PASSED, Outcome.UNKNOWN, Outcome.WAIVED, Outcome.FAILED])
)
def test_the_order_of_evidence_says_nothing(control: Control, order: list[Outcome]) -> None:
    found = [Evidence("r", "a", f"e{outcome}", outcome, "said") for outcome in order]
    assert evaluate_control(control, found) == evaluate_control(control, sorted(found, key=lambda one: one.outcome))


@pytest.mark.parametrize(
    ("found", "manual", "state", "why"),
    [
        ((), False, "not evaluated", "no rule"),
        ((Outcome.NOT_APPLICABLE,), False, "not evaluated", "not applicable"),
        ((Outcome.PASSED, Outcome.NOT_APPLICABLE), False, "pass", "no failures"),
        ((Outcome.PASSED, Outcome.UNKNOWN), False, "not evaluated", "r in dev"),
        ((Outcome.PASSED, Outcome.WAIVED), False, "fail", "r in dev"),
        ((Outcome.PASSED,), True, "manual", "a person has to assess it"),
        ((Outcome.FAILED,), True, "fail", "r in dev"),
    ],
)
def test_each_state_says_why(found: Iterable[Outcome], manual: bool, state: str, why: str) -> None:
    told = evaluate_control(replace(CONTROL, manual=manual), [Evidence("r", "a", "dev", o, "said") for o in found])
    assert told.state == state
    assert why in told.why


def _plan(*actions: Action) -> Plan:
    return plan_of([change(f"aws_s3_bucket.b{n}", action) for n, action in enumerate(actions)])


def _wrong(address: str, status: Status = Status.FAIL) -> Finding:
    return Finding("no-twos", Severity.HIGH, status, "opa", "no", stack="dev", address=address)


def test_only_what_stands_was_looked_at() -> None:
    plan = _plan(Action.NO_OP, Action.UPDATE, Action.CREATE, Action.DELETE)
    done = audit_results(SCOPE, (), {"dev": plan}, [RULE], ["secrets"])
    # What a plan would change is there, and not as it was judged.
    assert (done.rules["no-twos"].looked, done.rules["no-twos"].unknown, done.objects) == (1, 1, 2)
    assert done.rules["secrets"].looked == 1
    only_planned = audit_results(SCOPE, (), {"dev": _plan(Action.CREATE)}, [RULE], ["secrets"])
    assert (only_planned.rules["no-twos"].looked, only_planned.rules["secrets"].looked) == (0, 0)


def test_a_rule_that_says_no_types_looked_at_nothing_but_what_it_found() -> None:
    rule = replace(RULE, types=())
    plans = {"dev": _plan(Action.NO_OP)}
    assert audit_results(SCOPE, (), plans, [rule], ()).rules["no-twos"].looked == 0
    found = audit_results(SCOPE, [_wrong("aws_s3_bucket.b0")], plans, [rule], ()).rules["no-twos"]
    assert (found.looked, found.failed) == (1, 1)


def test_a_stack_without_a_whole_plan_is_untold_for_every_rule() -> None:
    part = replace(_plan(Action.NO_OP), complete=False)
    broken = Finding("policy", Severity.HIGH, Status.UNKNOWN, "opa", "does not parse", stack="dev")
    for plans, found in (({}, ()), ({"dev": part}, ()), ({"dev": _plan(Action.NO_OP)}, (broken,))):
        seen = audit_results(SCOPE, found, plans, [RULE], ["secrets"]).rules
        assert seen["no-twos"].unknown == 1
    # Policies that cannot be run say nothing of secrets.
    assert seen["secrets"].unknown == 0
    assert audit_results(SCOPE, [not_audited("dev", "gone")], {}, [RULE], ["secrets"]).blocking


def test_a_scanner_is_not_right_where_its_own_rules_speak() -> None:
    found = Finding("CKV_AWS_18", Severity.HIGH, Status.FAIL, "checkov", "no", stack="dev", address="aws_s3_bucket.b0")
    seen = audit_results(SCOPE, [found], {"dev": _plan(Action.NO_OP)}, (), ["checkov", "tflint"]).rules
    assert (seen["checkov"].failed, seen["tflint"].failed) == (1, 0)


def test_places_are_few_and_the_hash_is_over_all() -> None:
    many = [_wrong(f"aws_s3_bucket.b{n}") for n in range(30)]
    waived = _wrong("aws_s3_bucket.waived", Status.WAIVED)
    seen = audit_results(SCOPE, [*many, waived], {"dev": _plan(Action.NO_OP)}, [RULE], ()).rules["no-twos"]
    assert (seen.failed, seen.waived, len(seen.places)) == (30, 1, MOST_PLACES)
    fewer = audit_results(SCOPE, many[:-1], {"dev": _plan(Action.NO_OP)}, [RULE], ()).rules["no-twos"]
    assert fewer.sha256 != seen.sha256


@pytest.mark.parametrize("name", NAMES)
def test_every_framework_reads_and_no_control_stands_twice(name: str) -> None:
    found = framework(name)
    ids = [one.id for one in found.controls]
    assert len(ids) == len(set(ids)) > 40
    assert all(one.title and len(one.title) < 120 for one in found.controls)
    assert "Prowler" in found.source
    assert "Apache-2.0" in found.source


def test_every_source_serves_a_control_that_is_listed() -> None:
    for source in sources():
        assert source.key.startswith(OWN)
        assert source.looks_at
        for name, ids in (*source.controls.items(), *source.partly.items()):
            there = {one.id: one for one in framework(name).controls}
            assert set(ids) <= there.keys(), (source.key, name)
            assert all(source.key in there[one].keys for one in ids)
        for name, ids in source.partly.items():
            assert not set(ids) & set(source.controls.get(name, ()))


def test_every_alias_stands_for_keys_of_a_framework() -> None:
    keys = {key for name in NAMES for control in framework(name).controls for key in control.keys}
    for alias, named in aliases().items():
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", alias)
        assert set(named) <= keys, alias


def test_an_unknown_framework_is_wrong_use_with_the_nearest_name() -> None:
    with pytest.raises(BadInput) as told:
        framework("soc-2")
    assert "soc2" in (told.value.hint or "")


def test_the_files_hold_ids_and_short_titles_and_no_text_of_the_frameworks() -> None:
    folder = Path(__file__).parents[2] / "src/terrace/compliance/data"
    for name in NAMES:
        for one in json.loads((folder / f"{name}.json").read_text())["controls"]:
            assert one.keys() <= {"id", "title", "keys", "manual"}
            assert not one["title"].startswith("Ensure ")
