"""A plan at the deployed commit, told as what differs: four kinds, no noise, nothing dropped that is real."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.payloads import payload_of
from support.plans import change, drifted_resource, plan_of
from terrace.assess.model import Severity
from terrace.drift.checks import Check, with_values
from terrace.drift.detection import find_drift, only_outside, only_paths
from terrace.drift.differences import drift_differences
from terrace.drift.model import DriftKind, Observation
from terrace.drift.records import observation_of, observation_record, resource_drift_record, resources_of
from terrace.plans.digest import DigestKey
from terrace.plans.model import MASKED, UNKNOWN, Action, OutputChange
from terrace.plans.normalization import normalize
from terrace.plans.value_marks import marks

KEY = DigestKey("k", b"secret")
GROUP = "aws_security_group.web"


@pytest.mark.parametrize(
    ("drift", "changes", "expected"),
    [
        (
            [drifted_resource(GROUP, {"ingress": []}, {"ingress": [{"from_port": 22}]})],
            [change(GROUP, Action.UPDATE, {"ingress": [{"from_port": 22}]}, {"ingress": []})],
            (DriftKind.ACTIONABLE, Action.UPDATE, ("ingress",), ()),
        ),
        (
            [drifted_resource(GROUP, {"timeouts": None}, {"timeouts": {"create": "1m"}})],
            [change(GROUP, Action.NO_OP)],
            (DriftKind.UNMANAGED, Action.NO_OP, ("timeouts.create",), ("timeouts.create",)),
        ),
        (
            [],
            [change(GROUP, Action.UPDATE, {"name": "a"}, {"name": UNKNOWN})],
            (DriftKind.INPUT, Action.UPDATE, ("name",), ()),
        ),
        (
            [change(GROUP, Action.DELETE, {"name": "a"})],
            [change(GROUP, Action.CREATE, None, {"name": "a"})],
            (DriftKind.DELETED, Action.CREATE, (), ()),
        ),
        (
            [change(GROUP, Action.DELETE, {"name": "a"})],
            [],
            (DriftKind.DELETED, Action.NO_OP, (), ()),
        ),
    ],
    ids=["actionable", "unmanaged", "input", "deleted", "deleted and given up"],
)
def test_each_address_stands_in_its_quadrant(drift: Any, changes: Any, expected: Any) -> None:
    (seen,) = find_drift(plan_of(changes, drift))
    assert (seen.kind, seen.undo, seen.paths, seen.kept) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"tags": None}, {"tags": {}}),
        ({"a": ""}, {"a": None}),
        ({"a": []}, {}),
        ({"policy": '{"a": [1, 2]}'}, {"policy": '{ "a":[1,2] }'}),
        ({"policy": '{"Action": ["b", "a"]}'}, {"policy": '{"Action": ["a", "b"]}'}),
        ({"policy": '{"Resource": "*"}'}, {"policy": '{"Resource": ["*"]}'}),
        ({"security_groups": ["b", "a"]}, {"security_groups": ["a", "b"]}),
    ],
)
def test_noise_is_no_drift_and_what_is_done_besides_is_input(before: Any, after: Any) -> None:
    noise = [drifted_resource(GROUP, before, after)]
    assert find_drift(plan_of([change(GROUP, Action.NO_OP)], noise)) == ()
    (seen,) = find_drift(plan_of([change(GROUP, Action.UPDATE, {"a": "1"}, {"a": "2"})], noise))
    assert seen.kind is DriftKind.INPUT


def test_order_counts_where_it_may_mean_something() -> None:
    (seen,) = find_drift(plan_of([], [drifted_resource(GROUP, {"command": ["a", "b"]}, {"command": ["b", "a"]})]))
    assert seen.paths == ("command",)


def test_a_secret_that_changed_is_seen_and_not_told() -> None:
    address = "aws_db_instance.main"
    before, after = (marks(address, {"password": word}, KEY) for word in ("old", "new"))
    hidden = drifted_resource(
        address, {"password": MASKED}, {"password": MASKED}, before_marks=before, after_marks=after
    )
    (seen,) = find_drift(plan_of([], [hidden]))
    assert (seen.paths, list(seen.observed.values())) == (("password",), [after["password"]])
    same = drifted_resource(
        address, {"password": MASKED}, {"password": MASKED}, before_marks=before, after_marks=before
    )
    assert find_drift(plan_of([], [same])) == ()


def test_what_a_release_changes_besides_is_still_told_as_taken_over() -> None:
    """A release that changes the tags of a role would write a policy that was added by hand into the state."""
    role = "aws_iam_role.app"
    there = {"tags": {"a": "1"}, "inline_policy": [{"name": "x"}]}
    drift = [drifted_resource(role, {"tags": {"a": "1"}}, there)]
    release = [change(role, Action.UPDATE, there, {**there, "tags": {"a": "2"}})]
    (seen,) = find_drift(plan_of(release, drift))
    assert (seen.kind, seen.kept, seen.inputs, seen.grave) == (
        *(DriftKind.UNMANAGED, ("inline_policy",), ("tags.a",)),
        True,
    )
    outside = only_outside(seen)
    assert outside is not None
    assert (outside.paths, outside.inputs, outside.grave) == (("inline_policy",), (), True)
    back = [change(role, Action.UPDATE, there, {"tags": {"a": "1"}})]
    (mended,) = find_drift(plan_of(back, drift))
    assert (mended.kept, mended.grave) == ((), False)


def test_a_secret_that_a_deployment_changes_back_is_managed_and_one_that_stays_is_not() -> None:
    """Both sides are masked in the plan: only the marks tell whether they are equal."""
    address = "aws_ssm_parameter.a"
    was, is_ = (marks(address, {"value": word}, KEY) for word in ("first", "second"))
    hidden = {"value": MASKED}
    drift = [drifted_resource(address, hidden, hidden, before_marks=was, after_marks=is_)]
    back = change(address, Action.UPDATE, hidden, hidden, before_marks=is_, after_marks=was)
    (seen,) = find_drift(plan_of([back], drift))
    assert (seen.kind, seen.kept) == (DriftKind.ACTIONABLE, ())
    tags = ({"value": MASKED, "tags": {"a": "1"}}, {"value": MASKED, "tags": {"a": "2"}})
    stays = change(address, Action.UPDATE, *tags, before_marks=is_, after_marks=is_)
    (seen,) = find_drift(plan_of([stays], drift))
    assert (seen.kind, seen.kept, seen.inputs) == (DriftKind.UNMANAGED, ("value",), ("tags.a",))


MIXED_BEFORE = {"tags": {"a": "1"}, "inline_policy": [], "source": "x"}
MIXED_THERE = {"tags": {"a": "2"}, "inline_policy": [{"name": "open"}], "source": "x"}


def mixed(**more: Any) -> Any:
    """A role with a tag and a policy that were changed by hand, while its source says something else."""
    back = {**MIXED_THERE, "tags": {"a": "1"}, "source": "y", "etag": UNKNOWN}
    drift = [drifted_resource("aws_iam_role.app", MIXED_BEFORE, MIXED_THERE)]
    acting = change("aws_iam_role.app", Action.UPDATE, MIXED_THERE, {**back, **more}, unset=(("etag",),))
    return find_drift(plan_of([acting], drift))[0]


def test_each_attribute_has_its_own_quadrant() -> None:
    seen = mixed()
    assert {path: seen.kind_of(path) for path in seen.paths} == {
        "inline_policy": DriftKind.UNMANAGED,
        "source": DriftKind.INPUT,
        "tags.a": DriftKind.ACTIONABLE,
    }
    assert (seen.kind, seen.values["source"]) == (DriftKind.ACTIONABLE, ("x", "y"))
    assert resources_of("dev", [resource_drift_record(seen)])[0].inputs == ("source",)


@pytest.mark.parametrize(
    ("paths", "kind", "severity"),
    [
        (("tags.a",), DriftKind.ACTIONABLE, Severity.LOW),
        (("inline_policy", "source"), DriftKind.UNMANAGED, Severity.CRITICAL),
        (("source",), DriftKind.INPUT, Severity.CRITICAL),
    ],
)
def test_a_part_of_a_difference_is_judged_as_a_difference_of_its_own(
    paths: tuple[str, ...], kind: DriftKind, severity: Severity
) -> None:
    part = only_paths(mixed(), paths)
    assert (part.kind, part.severity, part.grave) == (kind, severity, "inline_policy" in paths)
    assert part.fingerprint != mixed().fingerprint
    assert set(part.values) == set(paths)


def test_outputs_that_would_change_are_input_drift() -> None:
    (seen,) = find_drift(plan_of(outputs=[OutputChange("url", Action.UPDATE, "a", "b")]))
    assert (seen.address, seen.kind, seen.severity) == ("output.url", DriftKind.INPUT, Severity.LOW)


@pytest.mark.parametrize(
    ("address", "before", "after", "undo", "expected"),
    [
        ("aws_iam_role.a", {"assume_role_policy": "a"}, {"assume_role_policy": "b"}, Action.UPDATE, Severity.CRITICAL),
        ("aws_iam_role.a", {"tags": {"a": "1"}}, {"tags": {"a": "2"}}, Action.UPDATE, Severity.LOW),
        (
            "aws_db_instance.a",
            {"publicly_accessible": False},
            {"publicly_accessible": True},
            Action.UPDATE,
            Severity.CRITICAL,
        ),
        ("aws_db_instance.a", {"backup_retention_period": 7}, {"backup_retention_period": 0}, None, Severity.HIGH),
        ("aws_instance.a", {"instance_type": "a"}, {"instance_type": "b"}, Action.UPDATE, Severity.MEDIUM),
        ("aws_instance.a", {"ami": "a"}, {"ami": "b"}, Action.REPLACE, Severity.HIGH),
        ("acme_thing.a", {"x": 1}, {"x": 2}, Action.UPDATE, Severity.MEDIUM),
        (
            "azurerm_storage_account.a",
            {"public_network_access_enabled": False},
            {"public_network_access_enabled": True},
            Action.UPDATE,
            Severity.CRITICAL,
        ),
        ("aws_instance.a", {"description": "a"}, {"description": "b"}, Action.UPDATE, Severity.LOW),
        ("aws_s3_bucket.a", {"tags": {}}, None, Action.CREATE, Severity.CRITICAL),
        ("aws_lb.a", {"tags": {}}, None, Action.CREATE, Severity.HIGH),
    ],
)
def test_the_worst_rule_counts(address: str, before: Any, after: Any, undo: Action | None, expected: Severity) -> None:
    action = Action.DELETE if after is None else Action.UPDATE
    changes = [change(address, undo, after, before)] if undo is not None else []
    (seen,) = find_drift(plan_of(changes, [change(address, action, before, after)]))
    assert seen.severity is expected


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "tags", "policy"]), VALUES)


@given(OBJECTS, OBJECTS)
def test_what_differs_beyond_noise_is_seen_and_nothing_else(before: Any, after: Any) -> None:
    seen = find_drift(plan_of([], [drifted_resource("acme_thing.a", before, after)]))
    assert bool(seen) == (normalize(before) != normalize(after))


@given(OBJECTS, OBJECTS)
def test_marks_say_the_same_as_values(before: Any, after: Any) -> None:
    """Whoever sees only masks must come to the same answer."""
    hidden = drifted_resource(
        "acme_thing.a", {}, {}, before_marks=marks("a", before, KEY), after_marks=marks("a", after, KEY) or {"": ""}
    )
    by_value = {
        p.partition(".")[0]
        for s in find_drift(plan_of([], [drifted_resource("acme_thing.a", before, after)]))
        for p in s.paths
    }
    by_mark = {p for s in find_drift(plan_of([], [hidden])) for p in s.paths} - {""}
    assert by_mark == by_value


@given(VALUES)
def test_settling_twice_changes_nothing(value: Any) -> None:
    assert normalize(normalize(value)) == normalize(value)


def test_the_values_are_told_by_path_and_secrets_are_not() -> None:
    was = {"tags": {"a": "1"}, "ports": [1], "password": MASKED, "env": {"API_TOKEN": "none"}}
    is_ = {"tags": {"a": "2"}, "ports": [1, 2], "password": MASKED, "env": {"API_TOKEN": "ghp_" + "a1B2" * 9}}
    before, after = marks("t.a", {"password": "old"}, KEY), marks("t.a", {"password": "new"}, KEY)
    (seen,) = find_drift(plan_of([], [drifted_resource("t.a", was, is_, before_marks=before, after_marks=after)]))
    assert seen.values == {
        "env.API_TOKEN": ("none", MASKED),
        "password": (MASKED, MASKED),
        "ports": ([1], [1, 2]),
        "tags.a": ("1", "2"),
    }
    assert payload_of(resource_drift_record(seen)).keys() & {"values"} == set(), "the ledger keeps none"


def test_what_an_ignored_attribute_opens_is_ignored_with_it() -> None:
    before: dict[str, Any] = {"ingress": [], "name": "a"}
    after = {"ingress": [{"cidr_blocks": ["0.0.0.0/0"]}], "name": "b"}
    (whole,) = find_drift(plan_of([], [drifted_resource(GROUP, before, after)]))
    assert [one.reason for one in whole.details.opened] == ["open to everyone"]
    assert only_paths(whole, ("name",)).details.opened == ()
    assert only_paths(whole, ("ingress",)).details.opened == whole.details.opened


def test_the_values_of_a_check_come_back_with_what_they_open() -> None:
    before: dict[str, Any] = {"ingress": []}
    after = {"ingress": [{"cidr_blocks": ["0.0.0.0/0"]}]}
    (seen,) = find_drift(plan_of([], [drifted_resource(GROUP, before, after)]))
    observation = Observation("dev", "environments/dev", "drifted", resources=(seen,))
    recorded = observation_of(observation_record(observation))
    check = Check("c", "dev", datetime(2026, 1, 1, tzinfo=UTC), (recorded,))
    assert check.resources[0].details.opened == ()
    assert with_values(check, [observation]).resources[0].details == seen.details


def test_a_secret_that_changed_beside_a_visible_value_has_a_path_of_its_own() -> None:
    before, after = {"settings": {"size": 1, "token": MASKED}}, {"settings": {"size": 2, "token": MASKED}}
    secret = (("settings", "token"),)
    (seen,) = find_drift(plan_of([], [drifted_resource(GROUP, before, after, changed_secrets=secret)]))
    assert seen.values == {"settings.size": (1, 2), "settings.token": (MASKED, MASKED)}
    (same,) = find_drift(plan_of([], [drifted_resource(GROUP, before, after)]))
    assert same.paths == ("settings.size",), "nothing is said about a secret that is equal"


def test_a_secret_that_changed_within_a_list_is_a_difference_of_the_list() -> None:
    def rules(size: int) -> dict[str, Any]:
        return {"rules": [{"size": size, "token": MASKED}]}

    (seen,) = find_drift(plan_of([], [drifted_resource(GROUP, rules(1), rules(2), changed_secrets=(("rules",),))]))
    assert [part.name for part in drift_differences(seen).attributes["rules"]] == ["[0].size", ""]
    (same,) = find_drift(plan_of([], [drifted_resource(GROUP, rules(1), rules(2))]))
    assert [part.name for part in drift_differences(same).attributes["rules"]] == ["[0].size"]
