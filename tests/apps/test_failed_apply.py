"""An apply that fails half way: every output names its completed and failed changes, and those not started."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import World, world

pytestmark = pytest.mark.slow

BEFORE = """
terraform {
  backend "local" { path = "%s" }
}

resource "terraform_data" "updated" { input = 1 }

resource "terraform_data" "replaced" { triggers_replace = 1 }

resource "terraform_data" "removed" { input = 1 }
"""

AFTER = """
terraform {
  backend "local" { path = "%s" }
}

resource "terraform_data" "updated" { input = 2 }

resource "terraform_data" "replaced" { triggers_replace = 2 }

resource "terraform_data" "created" {}

resource "terraform_data" "broken" {
  depends_on = [terraform_data.updated, terraform_data.replaced, terraform_data.created]
  provisioner "local-exec" {
    command = "exit 7"
  }
}

resource "terraform_data" "later" {
  depends_on = [terraform_data.broken]
}
"""


@pytest.fixture
def failed(tmp_path: Path) -> World:
    """A deployment to dev that failed half way, after one that succeeded."""
    state = tmp_path / "dev.tfstate"
    shop = world(
        tmp_path,
        {
            "environments/dev/main.tf": BEFORE % state,
            "terrace.yaml": "version: 1\nenvironments: {dev: {}}\n",
        },
    )
    shop.ok("deploy", "dev")
    shop.push({"environments/dev/main.tf": AFTER % state})
    return shop


def test_every_output_names_the_changes_of_a_failed_apply(failed: World, tmp_path: Path) -> None:
    done = failed.run("deploy", "dev")
    assert done.code == 1
    text = """
Completed before the failure (4)
  created terraform_data.created
  destroyed terraform_data.removed
  replaced terraform_data.replaced
  updated terraform_data.updated

Failed (1)
  create terraform_data.broken: local-exec provisioner error

Not started (1)
  create terraform_data.later
"""
    for output in (done.out, failed.run("show", "dev").out, failed.run("explain", "dev").out):
        assert text in output
    page = tmp_path / "page.html"
    failed.ok("show", "dev", "--format", "html", "--output", str(page))
    assert "<li>replaced terraform_data.replaced</li>" in page.read_text()
    assert "<li>create terraform_data.broken: local-exec provisioner error</li>" in page.read_text()
    (apply,) = (step for step in failed.run("show", "dev", "--json").json["steps"] if step["name"] == "apply")
    assert apply["progress"] == {
        "completed": [
            {"action": "create", "address": "terraform_data.created"},
            {"action": "delete", "address": "terraform_data.removed"},
            {"action": "replace", "address": "terraform_data.replaced"},
            {"action": "update", "address": "terraform_data.updated"},
        ],
        "failed": [{"action": "create", "address": "terraform_data.broken"}],
        "in_flight": [],
        "not_started": [{"action": "create", "address": "terraform_data.later"}],
        "more": {},
    }
