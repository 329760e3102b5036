"""The attribute diff: exact for any two values, readable for those of real providers, and silent about secrets."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.plans import change
from terrace.plans.attribute_diff import (
    Difference,
    ShownDiff,
    apply_differences,
    differences,
    is_exposing,
    resource_diff,
)
from terrace.plans.list_alignment import canonical
from terrace.plans.model import MASKED, UNKNOWN, Action, ResourceChange
from terrace.plans.riskiest import groups, riskiest_first
from terrace.report.diff_words import FULL, SHORT, change_rows

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from(["", "a", "b", "x\ny\n", '{"a": [1, {"b": "c"}]}'])
)
names = st.sampled_from(["name", "id", "port", "a", "b", "tags"])
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(names, inner, max_size=4), max_leaves=20
)
objects = st.lists(st.dictionaries(names, scalars, max_size=4), max_size=6)
documents = (values | objects).map(json.dumps)


def read(value: Any) -> Any:
    """A value with its JSON texts decoded: they are compared by content."""
    if isinstance(value, dict):
        return {name: read(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [read(inner) for inner in value]
    if isinstance(value, str) and value[:1] in ("{", "["):
        return ["json", read(json.loads(value))]
    return value


@settings(max_examples=400)
@given(values | objects | documents, values | objects | documents)
def test_the_differences_applied_to_the_value_before_give_the_value_after(before: Any, after: Any) -> None:
    found = list(differences(before, after))
    assert canonical(read(apply_differences(before, found))) == canonical(read(after))


@settings(max_examples=200)
@given(st.lists(scalars | values, max_size=7), st.randoms())
def test_equal_elements_are_never_shown_as_removed_and_added(items: list[Any], random: Any) -> None:
    other = list(items)
    random.shuffle(other)
    found = list(differences(items, other))
    assert all(one.moved for one in found)
    assert canonical(apply_differences(items, found)) == canonical(other)


SECRETS = ("s3cr3t-one", "s3cr3t-two")


@st.composite
def masked_pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    """Two values of one shape with secrets, of which one side or both is marked as sensitive, at any position."""

    def side(marked: bool) -> Any:
        secret: Any = MASKED if marked else draw(st.sampled_from(SECRETS))
        user = {"name": draw(st.sampled_from(["ann", "bob"])), "password": secret}
        return {
            "users": [*draw(st.lists(st.just({"name": "x", "password": MASKED}), max_size=2)), user],
            "n": draw(scalars),
        }

    first = draw(st.booleans())
    return side(first), side(not first or draw(st.booleans()))


@settings(max_examples=150)
@given(masked_pairs(), st.sampled_from([Action.UPDATE, Action.REPLACE]))
def test_a_value_that_is_sensitive_on_one_side_is_shown_on_neither(pair: tuple[Any, Any], action: Action) -> None:
    one = change("t.a", action, *pair, before_marks={"users": "1"}, after_marks={"users": "2"})
    for extent in (SHORT, FULL):
        assert "s3cr3t" not in repr(change_rows(one, extent))


def shown(change: ResourceChange) -> ShownDiff:
    return resource_diff(change).select_shown()


def told(found: tuple[Difference, ...]) -> list[str]:
    """Each difference in a line."""
    marks = {True: " FORCES", False: ""}
    return [
        f"{one.name}: {one.before!r} -> {one.after!r}{marks[one.forces]}{f' ({one.exposes})' if one.exposes else ''}"
        for one in found
    ]


def rule(port: int, *cidrs: str) -> dict[str, Any]:
    return {"from_port": port, "to_port": port, "protocol": "tcp", "cidr_blocks": list(cidrs), "description": ""}


def test_a_rule_of_a_security_group_is_compared_with_the_most_similar_rule_of_the_set() -> None:
    before = {"ingress": [rule(443, "10.0.0.0/8"), rule(80, "10.0.0.0/8"), rule(22, "10.1.0.0/16")]}
    after = {"ingress": [rule(80, "10.0.0.0/8"), rule(22, "10.1.0.0/16"), rule(443, "0.0.0.0/0")]}
    assert told(shown(change("aws_security_group.web", Action.UPDATE, before, after)).differences) == [
        "ingress[2].cidr_blocks[0]: '10.0.0.0/8' -> '0.0.0.0/0' (open to everyone)"
    ]


def test_blocks_are_aligned_by_their_name() -> None:
    before = {"setting": [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]}
    after = {"setting": [{"name": "b", "value": "3"}, {"name": "c", "value": "1"}, {"name": "a", "value": "1"}]}
    assert told(shown(change("t.a", Action.UPDATE, before, after)).differences) == [
        "setting[name=\"b\"].value: '2' -> '3'",
        "setting[1].name: (absent) -> 'c'",
        "setting[1].value: (absent) -> '1'",
    ]


def test_a_policy_is_compared_statement_by_statement() -> None:
    def policy(*actions: str) -> str:
        return json.dumps({"Statement": [{"Sid": "r", "Effect": "Allow", "Action": list(actions), "Resource": "*"}]})

    one = change("aws_iam_policy.p", Action.UPDATE, {"policy": policy("s3:Get")}, {"policy": policy("s3:Get", "*")})
    assert told(shown(one).differences) == [
        "policy.Statement[Sid=\"r\"].Action[1]: (absent) -> '*' (allows every action)"
    ]
    twice = '{"Effect": "Deny", "Effect": "Allow"}'
    other = change("aws_iam_policy.p", Action.UPDATE, {"policy": policy("a")}, {"policy": twice})
    assert told(shown(other).differences)[0].endswith(f"-> {twice!r}"), "readers disagree on such a text"


@pytest.mark.parametrize(
    ("type_", "before", "after", "reason"),
    [
        ("aws_db_instance", {"publicly_accessible": False}, {"publicly_accessible": True}, "public"),
        ("aws_s3_bucket_public_access_block", {"block_public_acls": True}, {"block_public_acls": False},
         "no longer blocks public access"),
        ("aws_iam_role_policy_attachment", None, {"policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"},
         "admin rights"),
        ("azurerm_role_assignment", None, {"role_definition_name": "Owner"}, "admin rights"),
        ("google_project_iam_member", None, {"role": "roles/owner"}, "admin rights"),
        ("google_storage_bucket_iam_member", None, {"member": "allUsers"}, "public"),
        ("aws_vpc_security_group_ingress_rule", None, {"cidr_ipv6": "::/0"}, "open to everyone"),
        ("aws_eks_cluster", None, {"vpc_config": [{"public_access_cidrs": ["0.0.0.0/0"]}]}, "open to everyone"),
    ],
)  # fmt: skip
def test_what_a_change_opens_is_said(type_: str, before: Any, after: Any, reason: str) -> None:
    one = change(f"{type_}.a", Action.CREATE if before is None else Action.UPDATE, before, after)
    assert shown(one).differences[0].exposes == reason
    assert is_exposing(one)
    back = change(f"{type_}.a", Action.UPDATE, after, before)
    assert not is_exposing(back)


@pytest.mark.parametrize(
    ("type_", "after"),
    [
        ("aws_security_group", {"egress": [rule(0, "0.0.0.0/0")]}),
        ("aws_security_group_rule", {"type": "egress", "cidr_blocks": ["0.0.0.0/0"]}),
        ("aws_route", {"destination_cidr_block": "0.0.0.0/0"}),
        ("aws_iam_policy", {"policy": json.dumps({"Statement": [{"Effect": "Deny", "Action": "*"}]})}),
        ("aws_iam_policy", {"policy": json.dumps({"Statement": [{"Action": "s3:Get", "Resource": "*"}]})}),
    ],
)
def test_common_values_open_nothing(type_: str, after: Any) -> None:
    assert not is_exposing(change(f"{type_}.a", Action.CREATE, None, after))


def test_a_statement_that_no_longer_denies_opens_what_it_denied() -> None:
    def policy(effect: str) -> dict[str, str]:
        return {"policy": json.dumps({"Statement": [{"Effect": effect, "Action": "*"}]})}

    found = shown(change("aws_iam_policy.p", Action.UPDATE, policy("Deny"), policy("Allow")))
    assert found.opens == ("allows every action (policy.Statement[0].Action)",)


def test_what_forces_a_replacement_comes_first_and_is_named_even_where_nothing_else_is_known() -> None:
    before = {"a": 1, "zone": "x", "disk": [{"type": "old", "size": 1}], "id": "i-1"}
    after = {"a": 2, "zone": "y", "disk": [{"type": "new", "size": 1}], "id": UNKNOWN}
    paths = (("zone",), ("disk", 0, "type"), ("engine",))
    one = change("t.a", Action.REPLACE, before, after, replace_paths=paths, unset=(("id",),))
    assert told(shown(one).differences) == [
        "disk[0].type: 'old' -> 'new' FORCES",
        "zone: 'x' -> 'y' FORCES",
        "a: 1 -> 2",
    ]
    assert (shown(one).forced, shown(one).later) == (("engine",), ("id",))


def test_a_new_resource_lists_what_it_sets() -> None:
    after: dict[str, Any] = {
        "name": "w",
        "none": None,
        "empty": [],
        "id": UNKNOWN,
        "tags": {"a": "b"},
        "tags_all": {"a": "b"},
    }
    found = shown(change("t.a", Action.CREATE, None, after))
    assert told(found.differences) == ["name: (absent) -> 'w'", "tags.a: (absent) -> 'b'"]
    assert (found.later, found.copies) == (("id",), 1)


def test_a_sensitive_value_that_changes_is_named() -> None:
    marks = {"before_marks": {"password": "1", "token": "3"}, "after_marks": {"password": "2", "token": "3"}}
    both = {"password": MASKED, "token": MASKED}
    assert shown(change("t.a", Action.UPDATE, both, both, **marks)).hidden == ("password",)


def test_large_lists_are_aligned_quickly() -> None:
    before = [f"10.{n // 250}.{n % 250}.0/24" for n in range(5_000)]
    after = sorted({*before, "0.0.0.0/0"} - {before[17], before[3_000]})
    found = list(differences(sorted(before), after))
    assert len(found) == 3
    same: list[Any] = ["x"] * 4_000
    assert canonical(apply_differences(same, list(differences(same, ["y", *same[:-5], Decimal(1)])))) == canonical(
        ["y", *same[:-5], 1]
    )


def test_the_riskiest_changes_come_first() -> None:
    opens = {"ingress": [rule(22, "0.0.0.0/0")]}
    changes = [
        change("aws_vpc.a", Action.CREATE, None, {}),
        change("aws_route.a", Action.DELETE, {}, None),
        change("aws_security_group.a", Action.CREATE, None, opens),
        change("aws_db_instance.a", Action.REPLACE, {}, {}),
        change("aws_route.b", Action.UPDATE, {}, {}),
    ]
    assert [one.address for one in riskiest_first(changes)] == [
        "aws_db_instance.a",
        "aws_security_group.a",
        "aws_route.a",
        "aws_route.b",
        "aws_vpc.a",
    ]
    assert next((one.type, sum(one.counts.values())) for one in groups(changes)) == ("aws_route", 2)
