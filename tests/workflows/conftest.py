"""A repository with the generated workflows, on GitHub as the tests have it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forge.fake import FakeGitHub
from forge.served import served
from support.backends import Http, http
from support.cli import MODULE, root, world
from support.git import git
from workflows.runs import Runs

LADDER = """\
version: 1
environments:
  dev: {deploy: automatic}
  staging: {after: dev, approvals: 1}
  prod: {after: staging, approvals: {owners: 1, security: 1}}
teams: {owners: [bob], security: [carol]}
people:
  bob: {emails: [bob@example.com]}
  carol: {emails: [carol@example.com]}
"""


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    grants = dict.fromkeys(("issues", "checks", "deployments", "actions", "contents", "security_events"), "write")
    made = FakeGitHub(me="github-actions[bot]", now=datetime.now(UTC), grants=grants)
    made.permissions.update(bob="write", carol="write", mona="write")
    with served(made):
        yield made


@pytest.fixture
def states() -> Iterator[Http]:
    with http() as backend:
        assert isinstance(backend, Http)
        yield backend


@pytest.fixture
def runs(fake: FakeGitHub, states: Http, tmp_path: Path) -> Runs:
    files = {
        "modules/thing/main.tf": MODULE,
        "terrace.yaml": LADDER + f"backups: {{url: file://{tmp_path / 'copies'}}}\n",
    }
    for name in ("dev", "staging", "prod"):
        files[f"environments/{name}/main.tf"] = states.block(name) + root(name)
    return connected(tmp_path, fake, files)


def connected(folder: Path, fake: FakeGitHub, files: dict[str, str]) -> Runs:
    """A repository with these files and what `terrace init github` writes for it."""
    shop = world(folder / "shop", files)
    shop.ok("init", "github")
    git(shop.work, "add", "--all")
    git(shop.work, "commit", "--quiet", "-m", "ci: add Terrace")
    git(shop.work, "push", "--quiet", "origin", "main")
    return Runs(shop, fake, folder / "runs")
