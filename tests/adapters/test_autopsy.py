"""What an attempt left behind, read from its own folder: a real apply that is killed, and logs of every shape."""

from __future__ import annotations

import json
import os
import pwd
import signal
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from support.attempts import begin, lay_run, runner_of
from support.sites import site_of, terraform_in
from support.waiting import until
from terrace.adapters.runner.applier import LocalApplier
from terrace.adapters.runner.run_folder import RunFolder
from terrace.plans.ports import Attempt, Fate, LoggedLeftovers, Preparation

SLOW = """
resource "terraform_data" "quick" {}

resource "terraform_data" "slow" {
  depends_on = [terraform_data.quick]

  provisioner "local-exec" {
    command = "sleep 60"
  }
}
"""


@pytest.fixture
def applier(tmp_path: Path) -> LocalApplier:
    return LocalApplier(tmp_path / "runs", terraform_in(tmp_path / "terrace"))


def hook(kind: str, address: str, action: str = "create", **more: str) -> dict[str, Any]:
    resource = {"addr": address, "resource_type": "x", "implied_provider": "x"}
    return {"@level": "info", "type": kind, "hook": {"resource": resource, "action": action, **more}}


def left(applier: LocalApplier, folder: Path, *lines: dict[str, Any] | str) -> LoggedLeftovers:
    text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines).encode()
    one = lay_run(folder / "runs", "logged", text[:-1] if lines and lines[-1] == "torn" else text)
    found = applier.autopsy(one)
    assert found is not None
    return found


def test_an_attempt_that_left_nothing_tells_nothing(applier: LocalApplier) -> None:
    assert applier.autopsy(Attempt("never", "l", "d", "dev", "5" * 64, Preparation("a" * 32))) is None


def test_what_was_made_and_what_was_in_the_making_are_told_apart(applier: LocalApplier, tmp_path: Path) -> None:
    found = left(
        applier,
        tmp_path,
        hook("apply_start", "x.done"),
        hook("apply_start", "x.flying"),
        hook("apply_start", "x.failed"),
        hook("apply_start", "x.updated", "update"),
        "no JSON at all",
        hook("apply_complete", "x.done", id_key="id", id_value="i-1"),
        hook("apply_complete", "x.updated", "update", id_key="id", id_value="i-9"),
        hook("apply_errored", "x.failed"),
        hook("apply_complete", "x.nameless"),
    )
    assert found.created == (("x.done", "i-1"), ("x.nameless", ""))
    assert found.in_flight == ("x.flying",)


def test_a_line_that_was_not_finished_is_not_believed(applier: LocalApplier, tmp_path: Path) -> None:
    whole = json.dumps(hook("apply_complete", "x.a", id_key="id", id_value="i-1"))
    found = left(applier, tmp_path, hook("apply_start", "x.a"), whole[:-4], "torn")
    assert (found.created, found.in_flight) == ((), ("x.a",))


def test_a_state_that_could_not_be_written_is_there(applier: LocalApplier, tmp_path: Path) -> None:
    one = lay_run(tmp_path / "runs", "logged")
    (tmp_path / "runs/one/errored.tfstate").write_bytes(b"{}")
    found = applier.autopsy(one)
    assert found is not None
    assert found.unsaved == b"{}"


def test_it_is_called_as_terraform_calls_itself_in_a_lock(
    applier: LocalApplier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Terraform asks the system who it is; who a shell says that one is must not make a lock ours, or not ours."""
    monkeypatch.setenv("LOGNAME", "eve")
    monkeypatch.setenv("USER", "eve")
    assert left(applier, tmp_path).who == f"{pwd.getpwuid(os.getuid()).pw_name}@{socket.gethostname()}"


@pytest.mark.slow
def test_of_a_killed_apply_it_tells_what_is_there_and_what_may_be(applier: LocalApplier, tmp_path: Path) -> None:
    before = datetime.now(UTC)
    site = site_of(tmp_path, SLOW)
    one = begin(applier, "one", site, terraform_in(tmp_path / "terrace").plan(site))
    run = RunFolder(tmp_path / "runs" / "one")
    until(lambda: run.log.exists() and b"provision_start" in run.log.read_bytes())
    os.killpg(runner_of(run.path), signal.SIGKILL)
    assert applier.wait(one) is None
    assert applier.look(one) is Fate.DIED
    found = applier.autopsy(one)
    assert found is not None
    assert found.whole
    assert [address for address, _ in found.created] == ["terraform_data.quick"]
    assert all(id_ for _, id_ in found.created)
    assert found.in_flight == ("terraform_data.slow",)
    assert found.began is not None
    assert before - timedelta(seconds=1) <= found.began <= datetime.now(UTC)
