"""What was deployed and is no longer named: it stays visible, and goes by the rules that named it last."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import world

pytestmark = pytest.mark.slow


def thing(name: str) -> str:
    return f'resource "terraform_data" "{name}" {{\n  input = "{name}"\n}}\n'


def test_an_environment_that_is_gone_is_seen_and_destroyed_by_its_last_rules(tmp_path: Path) -> None:
    people = "people: {ann: {emails: [ann@example.com]}, bob: {emails: [bob@example.com]}}\n"
    rules = f"version: 1\nenvironments: {{dev: {{}}, old: {{}}, kept: {{}}}}\n{people}"
    shop = world(
        tmp_path,
        {
            "environments/dev/app/main.tf": thing("app"),
            "environments/dev/two/main.tf": thing("two"),
            "environments/old/app/main.tf": thing("old"),
            "environments/kept/app/main.tf": thing("kept"),
            "terrace.yaml": rules,
        },
    )
    for environment in ("dev", "old", "kept"):
        shop.ok("deploy", environment)
    stricter = rules.replace("old: {}", "old: {approvals: 1}").replace("kept: {}", "kept: {protected: true}")
    shop.push({"terrace.yaml": stricter})
    shop.push(
        {
            "environments/old/app/main.tf": None,
            "environments/kept/app/main.tf": None,
            "environments/dev/two/main.tf": None,
            "terrace.yaml": f"version: 1\nenvironments: {{dev: {{}}}}\n{people}",
        }
    )
    told = shop.ok("status").out
    assert "`terrace destroy dev dev/two --reason WHY`" in told and "`terrace destroy old old/app --reason WHY`" in told
    assert {one["stack"] for one in shop.ok("status", "--json").json["left"]} == {"dev/two", "old/app", "kept/app"}
    gone = shop.run("deploy", "old")
    assert gone.code == 2
    assert "no longer names the environment 'old', where old/app is still deployed" in gone.err
    assert "`terrace destroy old --reason WHY`" in gone.err
    looked = shop.ok("drift", "--json").json["environments"]
    assert {one["name"] for one in looked} == {"dev", "old", "kept"}
    assert {one["stack"] for row in looked for one in row["stacks"]} == {"dev/app", "dev/two", "old/app", "kept/app"}
    ticked = shop.ok("tick")
    assert "old/app is deployed from" in ticked.out and "`terrace destroy old old/app --reason WHY`" in ticked.out
    assert {one["stack"] for one in shop.ok("tick", "--json").json["left"]} == {"dev/two", "old/app", "kept/app"}
    assert "no longer names the environment 'old'" in shop.run("tick", "old").err
    assert "there is no environment 'never'" in shop.run("destroy", "never", "--reason", "x", "--yes").err

    protected = shop.run("destroy", "kept", "--reason", "x", "--yes")
    assert protected.code == 1 and "protected" in protected.out + protected.err
    waits = shop.run("destroy", "old", "--reason", "x", "--yes", "--json")
    assert waits.json["result"] == "waiting", "by the rules that named it last, and not by those of its deployment"
    shop.approve("old", "bob")
    assert shop.ok("resume", "old", "--json").json["result"] == "succeeded"
    shop.ok("destroy", "dev", "dev/two", "--reason", "x", "--yes")
    assert {one["stack"] for one in shop.ok("status", "--json").json["left"]} == {"kept/app"}
