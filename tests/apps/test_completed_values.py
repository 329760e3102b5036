"""The shell completes environments, stacks, rules and tools of the repository, and prints no error."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from support.git import git
from terrace.apps.cli.main import cli

CONFIG = "version: 1\nenvironments:\n  dev: {}\n  staging: {after: dev}\n  prod: {after: staging}\n"


def completed(*words: str, incomplete: str = "") -> list[str]:
    items = ShellComplete(cli, {}, "terrace", "_TERRACE_COMPLETE").get_completions(list(words), incomplete)
    return [item.value for item in items]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("completion")
    for environment in ("dev", "staging", "prod"):
        folder = root / "environments" / environment / "app"
        folder.mkdir(parents=True)
        (folder / "main.tf").write_text('resource "terraform_data" "app" {}\n')
    (root / "terrace.yaml").write_text(CONFIG)
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", "-A")
    git(root, "commit", "--quiet", "--message", "Begin")
    return root


@pytest.mark.parametrize(
    "command", ["deploy", "promote", "approve", "rollback", "hold", "show", "history", "check", "drift look", "resume"]
)
def test_environments_are_completed_in_the_promotion_order(repository: Path, command: str) -> None:
    assert completed("-C", str(repository), *command.split()) == ["dev", "staging", "prod"]


def test_the_typed_prefix_limits_the_completed_values(repository: Path) -> None:
    assert completed("-C", str(repository), "deploy", incomplete="st") == ["staging"]
    assert completed("-C", str(repository), "check", "dev", incomplete="") == ["staging", "prod"]


def test_stacks_are_completed_beside_environments_where_both_are_taken(repository: Path) -> None:
    assert completed("-C", str(repository), "plan", incomplete="prod") == ["prod", "prod/app"]
    assert completed("-C", str(repository), "waive", "x", "--stack", incomplete="dev") == ["dev/app"]


def test_rules_and_tools_are_completed_without_a_repository(tmp_path: Path) -> None:
    assert "trust-root" in completed("-C", str(tmp_path), "explain", incomplete="trust")
    assert completed("-C", str(tmp_path), "tools", "install", incomplete="op") == ["opa"]


def test_a_file_that_is_not_committed_counts(repository: Path) -> None:
    folder = repository / "environments/dev/new"
    folder.mkdir()
    (folder / "main.tf").write_text('resource "terraform_data" "new" {}\n')
    assert "dev/new" in completed("-C", str(repository), "plan", incomplete="dev/")


@pytest.mark.parametrize("config", [None, "environments: [", "\0"])
def test_nothing_is_completed_and_nothing_printed_where_nothing_can_be_read(
    tmp_path: Path, config: str | None, capfd: pytest.CaptureFixture[str]
) -> None:
    if config is not None:
        (tmp_path / "terrace.yaml").write_text(config)
    assert completed("-C", str(tmp_path), "deploy") == []
    assert completed("-C", str(tmp_path / "absent"), "plan") == []
    assert capfd.readouterr() == ("", "")
    names = [path.name for path in tmp_path.iterdir()]
    assert names == (["terrace.yaml"] if config is not None else [])
