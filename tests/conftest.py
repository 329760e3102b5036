"""Every test runs in a world of its own: no Git configuration, cloud or home of whoever runs it.

No test depends on the load of the machine: property tests have no deadline and draw the same examples in every run
(`make explore` draws new ones). No test hangs: each has a limit (`timeout` in pyproject.toml), after which it fails
with the stack of every thread.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

_CLOUDS = ("AWS_", "ARM_", "AZURE_", "GOOGLE_", "CLOUDSDK_")
_FORGES = ("GITHUB_", "GH_", "ACTIONS_", "RUNNER_", "GITLAB_", "CI_")
_FOREIGN = (*_CLOUDS, *_FORGES, "TF_", "TERRACE_", "GIT_", "SSH_", "XDG_")

LONG = 900.0
"""The limit of a test that is marked `aws`, `slow` or `peer`, in seconds: it starts dozens of processes."""

_CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("same", _CALM, derandomize=True, database=None)
settings.register_profile("new", _CALM, derandomize=False)
settings.load_profile("new" if os.environ.get("TERRACE_EXAMPLES") == "new" else "same")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Gives the tests that are slow by nature a longer limit."""
    for item in items:
        slow = any(item.get_closest_marker(name) for name in ("aws", "slow", "peer"))
        if slow and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(LONG))


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
