"""Somebody changes the cloud by hand: the workflow that looks for it keeps one issue, until it is as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge.fake import FakeGitHub
from support.aws import PROVIDER, VARIABLES, iam
from support.backends import Http
from support.git import git
from terrace.adapters.embedded_aws import EmbeddedAws
from workflows.conftest import connected

pytestmark = [pytest.mark.aws, pytest.mark.slow]

MAIN = """
resource "aws_iam_role" "app" {
  name               = "app"
  description        = "careful"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
}
"""


def test_what_somebody_changed_by_hand_has_one_issue_until_it_is_mended(
    fake: FakeGitHub, states: Http, tmp_path: Path
) -> None:
    copies = f"backups: {{url: file://{tmp_path / 'copies'}}}\n"
    rules = f"version: 1\nenvironments:\n  dev: {{env: [{', '.join(VARIABLES)}]}}\n{copies}"
    with EmbeddedAws() as aws:
        stack = states.block("dev") + PROVIDER + MAIN
        runs = connected(tmp_path, fake, {"environments/dev/main.tf": stack, "terrace.yaml": rules})
        runs.around.update(aws.variables)
        tip = git(runs.shop.work, "rev-parse", "main").strip()
        runs.run("03-deploy-dev.yml", "push", tip, {"ref": "refs/heads/main", "after": tip}).ok()

        iam(aws, "UpdateRoleDescription", RoleName="app", Description="reckless")
        found = runs.run("monitor-drift.yml", "workflow_dispatch", tip, {"ref": "refs/heads/main"})
        assert found.code != 0, "whoever looks at the run sees it, too"
        (issue,) = fake.issues.values()
        assert (issue["state"], issue["title"]) == ("open", "Drift in dev: dev")
        assert "`aws_iam_role.app`" in issue["body"] and "reckless" not in issue["body"]

        iam(aws, "UpdateRoleDescription", RoleName="app", Description="careful")
        for _ in range(2):
            runs.run("monitor-drift.yml", "workflow_dispatch", tip, {"ref": "refs/heads/main"}).ok()
        assert [one["state"] for one in fake.issues.values()] == ["closed"]
