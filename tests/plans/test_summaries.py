"""What a plan would do and what Terraform said about it, as approvers read it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from terrace.errors import Diagnostic, Place
from terrace.plans.digest import DigestKey
from terrace.plans.model import Plan
from terrace.plans.read import read_plan
from terrace.plans.summaries import describe_action, describe_actions, notices
from terrace.report.diff_words import plan_line
from terrace.report.terminal.checks import plans_tree
from terrace.report.terminal.screen import plain_text
from terrace.stacks.model import Stack


def change(actions: list[str], name: str = "a", **more: Any) -> dict[str, Any]:
    inside = {"actions": actions, "before": {"x": 1}, "after": {"x": 1}} | more.pop("change", {})
    return {"address": f"t.{name}", "mode": "managed", "type": "t", "name": name, "change": inside, **more}


IMPORT = change(["no-op"], "imported", change={"importing": {"id": "i"}})
MOVE = change(["no-op"], "moved", previous_address="t.old")
FORGET = change(["forget"], "forgotten")


def read(*changes: dict[str, Any], diagnostics: tuple[Diagnostic, ...] = (), **more: Any) -> Plan:
    document = {"format_version": "1.2", "resource_changes": list(changes), **more}
    return read_plan(
        json.dumps(document).encode(),
        stack=Stack.conventional("dev", "environments/dev"),
        commit="c",
        key=DigestKey("k", b"k" * 32),
        root="",
        lock=b"",
        diagnostics=diagnostics,
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ((IMPORT,), "1 to import"),
        ((MOVE,), "1 to move"),
        ((FORGET,), "1 to forget"),
        ((IMPORT, MOVE, FORGET, change(["create"], "new")), "1 to create, 1 to import, 1 to move, 1 to forget"),
        ((change(["update"], change={"importing": {"id": "i"}}),), "1 to update, 1 to import"),
        ((change(["no-op"]),), ""),
    ],
)
def test_imports_moves_and_forgotten_objects_are_called_by_their_names(
    changes: tuple[dict[str, Any], ...], said: str
) -> None:
    assert describe_actions(read(*changes)) == said


def test_only_a_plan_that_changes_outputs_alone_says_so() -> None:
    outputs = {"o": {"actions": ["update"], "before": 1, "after": 2}}
    assert describe_actions(read(output_changes=outputs)) == "only outputs change"
    assert describe_actions(read(IMPORT, output_changes=outputs)) == "1 to import"


def test_an_object_that_is_imported_is_no_no_op() -> None:
    words = [describe_action(one) for one in read(IMPORT, MOVE, FORGET, change(["update"], "u")).changes]
    assert words == ["import", "move", "forget", "update"]


CHECKS = [
    {"address": {"kind": "check", "to_display": "check.up"}, "status": status, "instances": instances}
    for status, instances in (("fail", [{"problems": [{"message": "it is\ndown"}]}]), ("pass", []), ("unknown", []))
]
WARNING = Diagnostic("warning", "Argument is deprecated", "Use y instead.", Place("environments/dev/main.tf", 3))


def test_failed_checks_warnings_and_deferred_changes_are_told() -> None:
    deferred = [{"reason": "resource_config_unknown", "resource_change": change(["create"], "late")}]
    plan = read(checks=CHECKS, deferred_changes=deferred, diagnostics=(WARNING,))
    assert notices(plan) == (
        "check.up fails: it is down",
        "Terraform put off t.late to a later plan: resource config unknown",
        "Terraform warns: Argument is deprecated (environments/dev/main.tf:3): Use y instead.",
    )


def test_a_failed_check_is_told_once_though_terraform_warns_of_it_too() -> None:
    twice = Diagnostic("warning", "Check block assertion failed", "it is down")
    assert notices(read(checks=CHECKS, diagnostics=(twice,))) == ("check.up fails: it is down",)


def test_notes_of_terrace_are_no_warnings_of_terraform() -> None:
    assert notices(read(diagnostics=(Diagnostic("note", "planned the plain way"),))) == ()


def test_a_warning_that_holds_a_secret_of_the_plan_is_hidden() -> None:
    secret = "hunter2-hunter2"
    marked = change(["create"], change={"after": {"p": secret}, "after_sensitive": {"p": True}})
    told = Diagnostic("warning", "Weak password", f'"{secret}" is weak')
    failed = [{**CHECKS[0], "instances": [{"problems": [{"message": f"{secret} is down"}]}]}]
    assert secret not in repr(notices(read(marked, diagnostics=(told,), checks=failed)))


def test_plans_are_shown_with_what_was_said_about_them() -> None:
    plan = read(IMPORT, checks=CHECKS)
    assert plan_line(plan).startswith("1 to import (digest ")
    shown = plain_text(plans_tree({"dev": plan}, {}))
    assert "→ t.imported (imported)" in shown
    assert "! check.up fails: it is down" in shown
