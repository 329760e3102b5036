"""A check that nothing of the past decides reads no ledger, however long that is, and whether or not it can be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import world
from support.git import git

pytestmark = pytest.mark.slow

RULES = "version: 1\nenvironments:\n  dev: {}\n"
THING = 'resource "terraform_data" "it" {}\n'


def test_a_check_of_a_change_that_impacts_no_stack_reads_no_ledger(tmp_path: Path) -> None:
    shop = world(tmp_path, {"environments/dev/app/main.tf": THING, "terrace.yaml": RULES})
    git(shop.work, "push", "--quiet", "origin", "HEAD:refs/heads/terrace/ledger")
    (shop.work / "notes.md").write_text("nothing of it is deployed\n")
    git(shop.work, "add", ".")
    git(shop.work, "commit", "--quiet", "-m", "docs: notes")
    shop.ok("check")

    (shop.work / "environments/dev/app/main.tf").write_text(THING + 'output "o" { value = 1 }\n')
    git(shop.work, "commit", "--quiet", "-am", "feat: an output")
    done = shop.run("check")
    assert done.code != 0
    assert "terrace/ledger" in done.err, "what the ledger says decides how a stack is judged"
