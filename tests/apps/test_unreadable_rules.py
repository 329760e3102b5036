"""A protected branch whose configuration cannot be read: commands that only tell still tell, and say what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import world

pytestmark = pytest.mark.slow

RULES = "version: 1\nenvironments:\n  dev: {}\n"
THING = 'resource "terraform_data" "it" {}\n'


def test_status_works_while_the_newest_rules_cannot_be_read(tmp_path: Path) -> None:
    shop = world(tmp_path, {"environments/dev/app/main.tf": THING, "terrace.yaml": RULES})
    shop.ok("deploy", "dev")

    twice = "{path: environments/dev/app, environment: dev, name: one}"
    other = "{path: environments/dev/two, environment: dev, name: one}"
    shop.push({"environments/dev/two/main.tf": THING, "terrace.yaml": f"{RULES}stacks:\n  - {twice}\n  - {other}\n"})
    told = shop.ok("status")
    assert "deployed" in told.out
    assert "the stacks of origin/main are unknown: terrace.yaml:6: " in told.out
    assert "have the same stack name, dev/one" in told.out and "nothing is planned or deployed" in told.out
    found = shop.ok("status", "--json").json["unreadable"]
    assert (
        found["place"] == "terrace.yaml:6" and "have the same stack name, dev/one" in found["error"] and found["hint"]
    )
    rows = shop.run("doctor", "--json").json["rows"]
    assert any(one["state"] == "missing" and "have the same stack name, dev/one" in one["found"] for one in rows)

    shop.push({"terrace.yaml": f"{RULES}envs: 1\n"})
    shop.push({"terrace.yaml": f"{RULES}envs: 2\n"})
    told = shop.ok("status")
    assert "deployed" in told.out
    assert "origin/main:terrace.yaml:4" in told.out and "nothing is checked, planned or deployed" in told.out
    assert shop.status()["dev"]["deployment"] is not None
    for command in (("history",), ("show", "dev")):
        done = shop.ok(*command)
        assert "succeeded" in done.out and "terrace.yaml:4" in done.err
    refused = shop.run("deploy", "dev")
    assert refused.code == 2 and "terrace.yaml:4" in refused.err


def test_rules_that_could_never_be_read_stop_what_only_tells_too(tmp_path: Path) -> None:
    shop = world(tmp_path, {"environments/dev/app/main.tf": THING, "terrace.yaml": "version: 1\nenvs: 1\n"})
    told = shop.run("status")
    assert told.code == 2 and "terrace.yaml:2" in told.err


def test_a_deleted_configuration_stops_deployments_instead_of_falling_back_to_the_defaults(tmp_path: Path) -> None:
    rules = "version: 1\nenvironments:\n  dev: {approvals: 1}\npeople: {ann: {emails: [ann@example.com]}}\n"
    shop = world(tmp_path, {"environments/dev/app/main.tf": THING, "terrace.yaml": rules})
    assert shop.run("deploy", "dev").code == 1, "an approval is required"
    changed = THING.replace("{}", "{\n  input = 1\n}")
    deleting = shop.push({"terrace.yaml": None, "environments/dev/app/main.tf": changed})
    refused = shop.run("deploy", "dev")
    assert (refused.code, f"the file was deleted in {deleting[:7]}" in refused.err) == (2, True)
    assert f"git checkout {deleting[:7]}~ -- terrace.yaml" in refused.err
    for command in (("resume", "dev"), ("tick",), ("check",)):
        assert shop.run(*command).code == 2, command
    told = shop.ok("status")
    assert f"the file was deleted in {deleting[:7]}" in told.out + told.err
    assert shop.status()["dev"]["state"] == "waiting", "by the rules from before"

    shop.push({"terrace.yaml": "version: 1\n"})
    assert shop.ok("deploy", "dev", "--json").json["result"] == "succeeded", "the defaults are what is meant"
