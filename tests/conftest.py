"""Every test runs in a world of its own: no Git configuration, cloud or home of whoever runs it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_CLOUDS = ("AWS_", "ARM_", "AZURE_", "GOOGLE_", "CLOUDSDK_")
_FORGES = ("GITHUB_", "GH_", "ACTIONS_", "RUNNER_", "GITLAB_", "CI_")
_FOREIGN = (*_CLOUDS, *_FORGES, "TF_", "TERRACE_", "GIT_", "SSH_", "XDG_")


@pytest.fixture(autouse=True)
def own_world(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, a Git identity, and none of the variables that would change what is tested."""
    for name in list(os.environ):
        if name.startswith(_FOREIGN):
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text(
        "[user]\n\tname = ann\n\temail = ann@example.com\n[init]\n\tdefaultBranch = main\n[commit]\n\tgpgsign = false\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("TERRACE_HOME", str(home / "terrace"))
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return home
