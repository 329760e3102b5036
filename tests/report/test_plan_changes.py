"""The changes of plans in a terminal, piped, at 80 columns: every kind of change, and an overview of many."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings

from support.check_outcomes import DEV, NETWORK, plan, texts
from support.golden import assert_golden
from support.plans import change
from support.records import data_of
from terrace.plans.model import MASKED, UNKNOWN, Action, OutputChange, Plan, ResourceChange
from terrace.report.diff_words import SHORT, change_rows, value_text
from terrace.report.json.checks import plan_json
from terrace.report.terminal.checks import plans_tree
from terrace.report.terminal.screen import Record, Screen

USER_DATA = "#!/bin/sh\nset -e\napt-get update\napt-get install -y nginx\nservice nginx start\necho done\n"


def piped(record: Record) -> str:
    """A record as a pipe gets it, in a terminal of 80 columns."""
    file = io.StringIO()
    Screen(file, width=80, whole=True).print(record)
    return file.getvalue()


def rule(port: int, cidr: str) -> dict[str, object]:
    return {"from_port": port, "to_port": port, "protocol": "tcp", "cidr_blocks": [cidr]}


def policy(*actions: str) -> str:
    return json.dumps({"Statement": [{"Sid": "read", "Effect": "Allow", "Action": list(actions), "Resource": "*"}]})


def every_kind() -> Plan:
    """A plan with every kind of change and value."""
    instance = {"ami": "ami-1", "user_data": USER_DATA, "arn": "arn:1", "tags": {"a": "1"}, "tags_all": {"a": "1"}}
    newer = {**instance, "ami": "ami-2", "user_data": USER_DATA.replace("nginx start", "nginx restart")}
    groups = {"ingress": [rule(443, "10.0.0.0/8")]}, {"ingress": [rule(22, "0.0.0.0/0")]}
    passwords = {"password": MASKED, "size": 1}, {"password": MASKED, "size": 1}
    return plan(
        NETWORK,
        change("aws_security_group.web", Action.UPDATE, *groups),
        change("aws_instance.web", Action.REPLACE, instance, {**newer, "arn": UNKNOWN}, replace_paths=(("ami",),),
               unset=(("arn",),), create_first=True),
        change("aws_iam_policy.reader", Action.UPDATE, {"policy": policy("s3:Get")}, {"policy": policy("s3:Get", "*")}),
        change("aws_db_instance.main", Action.UPDATE, *passwords, before_marks={"password": "1"},
               after_marks={"password": "2"}),
        change("aws_s3_object.page", Action.CREATE, None, {"key": "index.html", "content": "x" * 200, "id": UNKNOWN}),
        change("aws_vpc.kept", Action.FORGET, {"id": "vpc-1"}, None),
        change("aws_vpc.moved", Action.NO_OP, {"id": "vpc-2"}, {"id": "vpc-2"}, previous_address="aws_vpc.old"),
        change("aws_vpc.found", Action.NO_OP, {"id": "vpc-3"}, {"id": "vpc-3"}, importing=True),
        change("aws_sqs_queue.jobs", Action.DELETE, {"id": "q-1", "name": "jobs", "delay": 3}, None,
               reason="delete_because_no_resource_config"),
        outputs=(OutputChange("address", Action.UPDATE, "10.0.0.1", "10.0.0.2"),
                 OutputChange("key", Action.UPDATE, MASKED, MASKED, sensitive=True)),
    )  # fmt: skip


def test_every_kind_of_change_is_shown_with_its_attributes() -> None:
    assert_golden("plan.txt", piped(plans_tree({"prod/network": every_kind()}, {})))


def many(count: int) -> Plan:
    """A plan with that many changes in 40 modules; some of them are risky."""
    grave = every_kind().changes
    rest = [
        replace(change(f"aws_{kind}.r{n}", Action.CREATE, None, {"name": f"r{n}"}), module=f"module.m{n % 40}")
        for n in range(count - len(grave))
        for kind in (("route", "subnet", "lambda_function")[n % 3],)
    ]
    return plan(DEV, *rest, *grave)


def test_of_many_changes_one_screen_names_the_riskiest() -> None:
    plans = {f"dev/s{n}": many(1_000) for n in range(10)}
    shown = piped(plans_tree(plans, {}, command="terrace plan dev --full"))
    lines = shown.splitlines()
    assert len(lines) <= 40
    assert sum("dev/s0: " in line or "dev/s1: " in line for line in lines) >= 2
    risky = lines[lines.index("The riskiest changes") + 1 :][:10]
    assert all("aws_instance.web" in line or "aws_sqs_queue.jobs" in line for line in risky)
    assert "10,000 changes" in shown
    assert lines[-1] == "every change: terrace plan dev --full"
    assert_golden("plan-overview.txt", piped(plans_tree({"dev/app": many(10_000)}, {})))


def test_full_shows_every_change_and_every_value() -> None:
    shown = piped(plans_tree({"dev": many(60)}, {}, full=True))
    assert "riskiest" not in shown
    assert "x" * 200 in shown
    assert all(f"r{n}" in shown for n in range(40))


def test_long_values_are_cut_with_a_count() -> None:
    assert value_text("x" * 200, 60) == f'"{"x" * 59}… (142 more characters)'
    rows = change_rows(change("t.a", Action.UPDATE, {"a": "x" * 200 + "1"}, {"a": "x" * 200 + "2"}), SHORT)
    assert rows[0].text == f'a = …{"x" * 10}1" → …{"x" * 10}2"', "the place where they differ is shown"


def test_json_has_every_difference_as_data() -> None:
    parts = {part["address"]: part for part in data_of(plan_json(every_kind()))["changes"]}
    assert parts["aws_security_group.web"]["differences"][0] == {
        "path": "ingress[0].cidr_blocks[0]",
        "action": "change",
        "before": "10.0.0.0/8",
        "after": "0.0.0.0/0",
        "exposes": "open to everyone",
    }
    assert parts["aws_security_group.web"]["exposes"] == ["open to everyone"]
    assert parts["aws_instance.web"]["differences"][0]["forces_replacement"]
    assert parts["aws_db_instance.main"]["hidden"] == ["password"]
    policy = parts["aws_iam_policy.reader"]["differences"]
    assert policy == [
        {"path": 'policy.Statement[Sid="read"].Action[1]', "action": "add", "after": "*",
         "exposes": "allows every action"}
    ]  # fmt: skip


@pytest.mark.parametrize("full", [False, True])
@settings(max_examples=40)
@given(name=texts, before=texts, after=texts)
def test_text_from_outside_does_not_act_on_the_terminal(full: bool, name: str, before: str, after: str) -> None:
    one = ResourceChange("t.a", "t", "a", Action.UPDATE, before={name: before}, after={name: after})
    shown = piped(plans_tree({"dev": plan(DEV, one)}, {}, full=full))
    assert all(c.isprintable() or c == "\n" for c in shown)


def test_attributes_that_are_left_out_name_the_option_that_shows_them() -> None:
    many = change("aws_x.many", Action.UPDATE, {f"a{n:02}": 1 for n in range(30)}, {f"a{n:02}": 2 for n in range(30)})
    short = piped(plans_tree({DEV.key: plan(DEV, many)}, {}))
    assert "more attributes (--full)" in short
    assert "(--full)" not in piped(plans_tree({DEV.key: plan(DEV, many)}, {}, full=True))
