"""Every test runs in a world of its own: no Git configuration, cloud or home of the person who runs it. Only the
provider mirrors are those of the machine.

No test depends on the load of the machine: property tests have no deadline and draw the same examples in every run
(`make explore` draws new ones). No test hangs: each has a limit (`timeout` in pyproject.toml), after which it fails
with the stack of every thread.
"""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

_CLOUDS = ("AWS_", "ARM_", "AZURE_", "GOOGLE_", "CLOUDSDK_")
_FORGES = ("GITHUB_", "GH_", "ACTIONS_", "RUNNER_", "GITLAB_", "CI_")
_FOREIGN = (*_CLOUDS, *_FORGES, "TF_", "TERRACE_", "GIT_", "SSH_", "XDG_")

TESTS = Path(__file__).parent

_MIRRORS = "TERRACE_PROVIDER_MIRRORS"
# As the Makefile sets it, for a test that is run without it.
_HOSTS = sorted(Path("/opt").glob("*/registry.terraform.io"))
os.environ.setdefault(_MIRRORS, os.pathsep.join(str(host.parent) for host in _HOSTS))

LONG = 900.0
"""The limit of a test that is marked `aws`, `slow` or `peer`, in seconds: it starts dozens of processes."""

_CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
# The same examples find nothing more the next time: many only where they are new ones.
settings.register_profile("same", _CALM, derandomize=True, database=None, max_examples=50)
settings.register_profile("new", _CALM, derandomize=False, max_examples=300)
settings.load_profile("new" if os.environ.get("TERRACE_EXAMPLES") == "new" else "same")


LONGEST = (
    "survival/test_kill_points.py",
    "test_demo.py",
    "workflows/test_workflow_runs.py",
    "lane/test_equality.py",
    "apps/test_state.py",
    "apps/test_drift_aws.py",
    "lane/test_equality_aws.py",
    "apps/test_flow.py",
    "apps/test_rollback.py",
    "forge/test_chatops.py",
    "apps/test_undoing.py",
    "survival/test_chaos.py",
    "workflows/test_workflow_drift.py",
    "survival/test_environment_failures.py",
    "survival/test_machines.py",
    "apps/test_state_backends.py",
    "apps/test_interruptions.py",
    "simulation/test_histories.py",
    "secrecy/test_planted_secrets.py",
)
"""The files whose tests take longest. They come first: begun last, one would run when all others have ended."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Gives the tests that are slow by nature a longer limit, and puts long files first, and fast tests last."""
    first = {TESTS / name: place for place, name in enumerate(LONGEST)}
    missing = [str(path) for path in first if not path.is_file()]
    assert not missing, f"no such tests: {missing}"
    heavy = set()
    for item in items:
        slow = any(item.get_closest_marker(name) for name in ("aws", "slow", "peer"))
        if slow and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(LONG))
        if slow:
            heavy.add(item.path)
    items.sort(key=lambda item: (first.get(item.path, len(first)), item.path not in heavy))


def pytest_collection_finish() -> None:
    """Has the garbage collector leave the thousands of tests alone, which it would look through again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


@pytest.fixture(autouse=True)
def own_world(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, a Git identity, and none of the variables that would change what is tested."""
    for name in list(os.environ):
        if name.startswith(_FOREIGN) and name != _MIRRORS:
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text(
        "[user]\n\tname = ann\n\temail = ann@example.com\n[init]\n\tdefaultBranch = main\n[commit]\n\tgpgsign = false\n"
        # After each fetch and push Git looks whether there is much to tidy up: two processes each time, for nothing.
        "[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n[receive]\n\tautogc = false\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    # No machine dies in a test: what Git syncs is lost with the folder of the test, and takes long on a busy disk.
    monkeypatch.setenv("GIT_TEST_FSYNC", "false")
    monkeypatch.setenv("TERRACE_HOME", str(home / "terrace"))
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return home
