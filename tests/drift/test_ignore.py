"""Looking away: only from what a rule names, only as long as it holds, and never from a deletion."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.plans import change, drifted_resource, plan_of
from terrace.assess.model import Severity
from terrace.config.model import IgnoreRule
from terrace.drift.detection import find_drift
from terrace.drift.ignore import apply_ignore_rules
from terrace.plans.model import Action

TODAY = date(2026, 11, 25)
ADDRESS = 'aws_instance.web["a"]'


def rule(address: str = "aws_instance.*", *attributes: str, until: date = TODAY) -> IgnoreRule:
    return IgnoreRule(address, "ann", "the scaler does it", until, attributes)


@pytest.mark.parametrize("address", ["aws_instance.*", ADDRESS, "*"])
def test_what_a_rule_names_is_ignored_and_listed(address: str) -> None:
    looked = apply_ignore_rules(
        find_drift(plan_of([], [drifted_resource(ADDRESS, {}, {"size": 2})])), (rule(address),), TODAY
    )
    assert looked.resources == ()
    assert [(i.address, i.paths, i.owner) for i in looked.ignored] == [(ADDRESS, ("size",), "ann")]


def test_only_the_attributes_that_it_names_are_ignored() -> None:
    found = find_drift(
        plan_of([], [drifted_resource(ADDRESS, {}, {"size": 2, "user_data_secret": "x", "tags": {"a": "b"}})])
    )
    assert found[0].severity is Severity.CRITICAL
    looked = apply_ignore_rules(found, (rule("*", "user_data_secret", "tags"),), TODAY)
    (left,) = looked.resources
    assert (left.paths, left.severity) == (("size",), Severity.MEDIUM)
    assert left.fingerprint != found[0].fingerprint
    assert [i.paths for i in looked.ignored] == [("tags.a", "user_data_secret")]


def test_a_rule_that_ran_out_ignores_nothing_and_is_told() -> None:
    found = find_drift(plan_of([], [drifted_resource(ADDRESS, {}, {"size": 2})]))
    looked = apply_ignore_rules(found, (rule(until=TODAY - timedelta(days=1)),), TODAY)
    assert looked.resources == found
    assert looked.ignored == ()
    assert looked.notices == ("the rule to ignore aws_instance.* expired on 2026-11-24 (owner: ann)",)


def test_a_rule_about_something_else_is_silent() -> None:
    found = find_drift(plan_of([], [drifted_resource(ADDRESS, {}, {"size": 2})]))
    old = rule("aws_bucket.*", until=TODAY - timedelta(days=1))
    assert apply_ignore_rules(found, (old, rule("*", "colour")), TODAY).notices == ()


@given(st.sampled_from([Action.CREATE, Action.NO_OP]), st.booleans())
def test_no_rule_hides_a_deletion(undo: Action, by_replacing: bool) -> None:
    gone = plan_of([change(ADDRESS, undo, None, {})], [change(ADDRESS, Action.DELETE, {"size": 1})])
    replaced = plan_of(
        [change(ADDRESS, Action.REPLACE, {"size": 2}, {"size": 1})], [drifted_resource(ADDRESS, {}, {"size": 2})]
    )
    found = find_drift(replaced if by_replacing else gone)
    assert apply_ignore_rules(found, (rule("*"),), TODAY).resources == found != ()
