"""`terrace init github` in a repository, from the first time to the next release of Terrace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from github_files.tree import CONFIG
from support.git import git, repository
from support.in_process import run_command
from terrace.errors import BadInput

Captured = pytest.CaptureFixture[str]

PR = ".github/workflows/00-pr-validation.yml"
LOCK = ".github/terrace.lock.json"
STACK = 'resource "terraform_data" "it" {}\n'
BUCKET = 'resource "aws_s3_bucket" "it" {}\n'


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A repository with three environments, one of them on AWS."""
    names = {"dev": STACK, "staging": STACK, "prod": BUCKET}
    files = {f"environments/{name}/main.tf": text for name, text in names.items()}
    root = repository(tmp_path / "work", {**files, "terrace.yaml": CONFIG})
    git(root, "remote", "add", "origin", "git@github.com:acme/infra.git")
    git(root, "config", "terrace.branch", "main")
    return root


def run(root: Path, *clouds: str, renew: bool = False, dry_run: bool = False, as_json: bool = False) -> int:
    options = [option for option, on in (("--upgrade", renew), ("--dry-run", dry_run), ("--json", as_json)) if on]
    return run_command("-C", root, "init", "github", *(f"--oidc={cloud}" for cloud in clouds), *options)


def test_it_writes_and_says_what_is_left_to_do(work: Path, capsys: Captured) -> None:
    assert run(work) == 0
    told = capsys.readouterr().out
    assert f"wrote {PR}" in told
    assert "next: git add .github && git commit" in told
    assert "need an administrator" in told
    assert "a remote backend for the states of dev, prod, staging" in told
    assert '-F "reviewers[][id]=$(gh api users/bob-gh --jq .id)"' in told
    assert (work / PR).read_text().startswith("# Runs all checks of a pull request")
    trust = (work / ".github/terrace/oidc-aws/main.tf").read_text()
    assert 'default = "acme"' in trust
    assert not (work / ".github/terrace/oidc-azure").exists()
    assert json.loads((work / LOCK).read_text())["actions"]["actions/checkout"]["version"] == "v7.0.1"


def test_it_writes_nothing_before_there_is_an_environment(tmp_path: Path) -> None:
    root = repository(tmp_path / "work", {"infra/main.tf": STACK})
    with pytest.raises(BadInput, match="no environments yet") as told:
        run(root)
    assert "`terrace init`" in (told.value.hint or "")
    assert not (root / ".github").exists()


def test_it_only_tells_when_asked_to(work: Path, capsys: Captured) -> None:
    assert run(work, dry_run=True) == 0
    assert f"would write {PR}" in capsys.readouterr().out
    assert not (work / ".github").exists()


def test_a_second_time_changes_nothing_unasked(work: Path) -> None:
    run(work)
    (work / PR).unlink()
    with pytest.raises(BadInput, match="already written") as told:
        run(work)
    assert "--upgrade" in (told.value.hint or "")
    assert not (work / PR).exists()


def test_an_upgrade_keeps_what_people_changed_and_shows_what_it_would_do(work: Path, capsys: Captured) -> None:
    run(work)
    mine = (work / PR).read_text().replace("timeout-minutes: 30", "timeout-minutes: 45")
    (work / PR).write_text(mine)
    (work / ".github/workflows/tick.yml").unlink()
    (work / "terrace.yaml").write_text(CONFIG.replace("branch", "branch").replace("policies: [policies]\n", ""))
    capsys.readouterr()
    assert run(work, renew=True, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "terrace/init-github@1"
    # Without policies nothing has to be installed that runs them.
    assert told["written"] == [".github/CODEOWNERS", ".github/actions/terrace-setup/action.yml"]
    assert [one["path"] for one in told["kept"]] == [PR]
    assert "-    timeout-minutes: 45\n+    timeout-minutes: 30" in told["kept"][0]["diff"]
    assert told["missed"] == [".github/workflows/tick.yml"]
    assert (work / PR).read_text() == mine
    assert run(work, renew=True, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["written"] == []


def test_an_environment_that_is_gone_takes_its_workflow_along(work: Path) -> None:
    run(work)
    (work / "terrace.yaml").write_text("version: 1\nenvironments: {dev: {}, staging: {after: dev}}\n")
    git(work, "rm", "-r", "--quiet", "environments/prod")
    run(work, renew=True)
    assert not (work / ".github/workflows/05-deploy-prod.yml").exists()
    assert (work / ".github/workflows/04-deploy-staging.yml").exists()


def test_a_cloud_that_was_asked_for_is_remembered(work: Path) -> None:
    run(work, "azure")
    assert (work / ".github/terrace/oidc-azure/main.tf").exists()
    run(work, renew=True)
    assert (work / ".github/terrace/oidc-azure/main.tf").exists()


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("CODEOWNERS", ".github/CODEOWNERS"),
        ("docs/CODEOWNERS", ".github/CODEOWNERS"),
        (".github/PULL_REQUEST_TEMPLATE.md", ".github/pull_request_template.md"),
    ],
)
def test_what_stands_elsewhere_is_not_overruled(work: Path, capsys: Captured, theirs: str, ours: str) -> None:
    """GitHub takes the first place that it knows, and would not look at theirs any more."""
    (work / theirs).parent.mkdir(exist_ok=True)
    (work / theirs).write_text("theirs\n")
    run(work)
    assert not (work / ours).exists()
    assert f"{theirs} exists" in capsys.readouterr().out


def test_no_link_is_followed(work: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (work / ".github").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadInput, match="link"):
        run(work)
    assert not list((tmp_path / "elsewhere").iterdir())
