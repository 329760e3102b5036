"""What programs of others say of the generated files: nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from github_files.tree import facts, files, written
from support.tools import program
from terrace.adapters.terraform.cli_config import mirrors
from terrace.apps.workflows.generating import generate

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generated files in a repository."""
    root = written(tmp_path_factory.mktemp("generated"), files())
    subprocess.run(["git", "init", "--quiet", root], check=True)
    return root


def said(*command: str | Path, folder: Path) -> str:
    """What a program says of a folder; it must end well."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_zizmor_finds_nothing(repository: Path) -> None:
    config = ("--config", HERE / "zizmor.yml", "--offline", "--no-progress", "--format", "json")
    assert json.loads(said(BIN / "zizmor", *config, repository, folder=repository)) == []


@pytest.mark.parametrize(
    ("schema", "pattern"),
    [
        ("vendor.github-workflows", ".github/workflows/*.yml"),
        ("vendor.github-actions", ".github/actions/*/action.yml"),
        ("vendor.github-issue-forms", ".github/ISSUE_TEMPLATE/*.yml"),
    ],
)
def test_they_fit_their_schemas(repository: Path, schema: str, pattern: str) -> None:
    found = sorted(repository.glob(pattern))
    assert found
    said(BIN / "check-jsonschema", "--builtin-schema", schema, *found, folder=repository)


def test_actionlint_finds_nothing_but_what_it_does_not_know_yet(repository: Path) -> None:
    # `queue` of 2026-05; everything else of `concurrency` it checks.
    said(program("actionlint"), "-ignore", 'unexpected key "queue" for "concurrency" section', folder=repository)


@pytest.mark.parametrize("known", ["acme/infra", ""])
def test_trust_policies_are_formatted(tmp_path: Path, known: str) -> None:
    """The provider of Azure is at hand nowhere here: its file is read and formatted, and no more."""
    root = written(tmp_path, generate(facts(repository=known)))
    said("terraform", "fmt", "-check", "-recursive", ".github/terrace", folder=root)


@pytest.mark.aws
def test_the_trust_policy_of_aws_is_valid(repository: Path) -> None:
    folder = repository / ".github/terrace/oidc-aws"
    plugins = [f"-plugin-dir={one}" for one in mirrors(os.environ)]
    said("terraform", "init", "-backend=false", *plugins, folder=folder)
    assert json.loads(said("terraform", "validate", "-json", folder=folder))["valid"]


@pytest.mark.parametrize(
    ("right", "wrong", "told_by"),
    [
        ("run: terrace impact", "run: terrace impact ${{ github.event.pull_request.title }}", "zizmor"),
        ("persist-credentials: false", "show-progress: true", "zizmor"),
        ("steps.impact.outputs.environments", "steps.nobody.outputs.environments", "actionlint"),
        ("needs: [changes, plan]", "needs: [changes, plane]", "actionlint"),
        ("runs-on: ubuntu-24.04", "runs-in: ubuntu-24.04", "actionlint"),
    ],
)
def test_a_planted_mistake_is_found(tmp_path: Path, right: str, wrong: str, told_by: str) -> None:
    path = ".github/workflows/00-pr-validation.yml"
    assert right in files()[path]
    root = written(tmp_path, {path: files()[path].replace(right, wrong, 1)})
    subprocess.run(["git", "init", "--quiet", root], check=True)
    how = {
        "zizmor": (BIN / "zizmor", "--config", HERE / "zizmor.yml", "--offline", "--no-progress", "--quiet", root),
        "actionlint": (program("actionlint"),),
    }
    assert subprocess.run(how[told_by], cwd=root, capture_output=True, check=False).returncode != 0
