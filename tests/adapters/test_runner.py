"""Detached applies with real Terraform: started once, found again, and never believed without proof."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from support.attempts import begin, prepare, runner_of
from support.sites import GREETING, site_of, terraform_in
from terrace.adapters.runner.applier import LocalApplier
from terrace.adapters.runner.run_folder import RunFolder
from terrace.errors import TerraceError
from terrace.plans.before_plan_outputs import Prepared, PreparedFile
from terrace.plans.ports import Attempt, Evidence, Fate, NotStarted, Preparation

pytestmark = pytest.mark.slow

SLOW = """
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "sleep 2"
  }
}
"""


@pytest.fixture
def applier(tmp_path: Path) -> LocalApplier:
    return LocalApplier(tmp_path / "runs", terraform_in(tmp_path / "terrace"))


def test_an_apply_is_started_waited_for_and_never_started_again(applier: LocalApplier, tmp_path: Path) -> None:
    terraform = terraform_in(tmp_path / "terrace")
    site = site_of(tmp_path, GREETING)
    made = terraform.plan(site)
    one = begin(applier, "one", site, made)
    outcome = applier.wait(one)
    assert outcome is not None
    assert (outcome.code, applier.look(one)) == (0, Fate.ENDED)
    assert "1 added" in outcome.summary
    assert terraform.pull_state(site).outputs["greeting"].value == "hello"
    assert not made.file.exists(), "a saved plan holds secrets and goes when it was applied"
    with pytest.raises(TerraceError, match="an attempt is prepared only once"):
        begin(applier, "one", site, made)


def test_another_plan_than_the_approved_one_is_not_applied(applier: LocalApplier, tmp_path: Path) -> None:
    terraform = terraform_in(tmp_path / "terrace")
    site = site_of(tmp_path, GREETING)
    made = terraform.plan(site)
    one = prepare(applier, "one", site, made)
    made.file.write_bytes(made.file.read_bytes() + b"x")
    declined = applier.start(one, lambda: "")
    assert declined == NotStarted("the saved plan is not the approved one", Evidence.RUNNER_DECLINED)
    assert terraform.pull_state(site).content == b""


def test_a_failed_apply_says_what_terraform_said(applier: LocalApplier, tmp_path: Path) -> None:
    text = (
        GREETING + 'resource "terraform_data" "bad" {\n  provisioner "local-exec" {\n    command = "exit 3"\n  }\n}\n'
    )
    site = site_of(tmp_path, text)
    one = begin(applier, "one", site, terraform_in(tmp_path / "terrace").plan(site))
    outcome = applier.wait(one)
    assert outcome is not None
    assert outcome.code == 1
    assert "local-exec provisioner error" in outcome.summary
    assert "1 change completed" in outcome.summary
    assert any(d.place is not None and d.place.path == "environments/dev/main.tf" for d in outcome.diagnostics)


def talking(tmp_path: Path, ends: str) -> str:
    """A stack whose provisioner says half a megabyte in lines, and whose other object ends so."""
    return f"""
resource "terraform_data" "talking" {{
  provisioner "local-exec" {{
    command = "yes {"x" * 100} | head -c 500000"
  }}
}}

resource "terraform_data" "last" {{
  depends_on = [terraform_data.talking]
  provisioner "local-exec" {{
    command = "{ends}"
  }}
}}
"""


def test_an_apply_that_says_more_than_its_log_may_hold_succeeds_and_its_log_says_that_it_is_cut(tmp_path: Path) -> None:
    applier = LocalApplier(tmp_path / "runs", terraform_in(tmp_path / "terrace"), log_bytes=40_000)
    site = site_of(tmp_path, talking(tmp_path, "true"))
    one = begin(applier, "one", site, terraform_in(tmp_path / "terrace").plan(site))
    outcome = applier.wait(one)
    assert outcome is not None
    assert (outcome.code, outcome.doubt) == (0, "")
    assert "2 added" in outcome.summary, "what it says last is kept"
    assert [one.summary for one in outcome.diagnostics if "was truncated" in one.summary]
    log = (tmp_path / "runs/one/log.jsonl").read_bytes()
    assert len(log) < 100_000
    assert b'"terrace_cut"' in log
    found = applier.autopsy(one)
    assert found is not None and not found.whole, "what it lacks proves nothing"


def test_an_apply_that_fails_and_whose_log_is_cut_has_an_unknown_outcome(tmp_path: Path) -> None:
    applier = LocalApplier(tmp_path / "runs", terraform_in(tmp_path / "terrace"), log_bytes=40_000)
    site = site_of(tmp_path, talking(tmp_path, "exit 3"))
    one = begin(applier, "one", site, terraform_in(tmp_path / "terrace").plan(site))
    outcome = applier.wait(one)
    assert outcome is not None
    assert (outcome.code, outcome.evidence) == (1, None)
    assert "its log was truncated" in outcome.doubt
    assert "local-exec provisioner error" in outcome.summary


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="there is no /proc")
def test_the_runner_terraform_and_what_it_starts_leave_no_core(applier: LocalApplier, tmp_path: Path) -> None:
    look = f"cat /proc/self/limits /proc/$PPID/limits > {tmp_path}/limits"
    text = f'resource "terraform_data" "x" {{\n  provisioner "local-exec" {{\n    command = "{look}"\n  }}\n}}\n'
    site = site_of(tmp_path, text)
    outcome = applier.wait(begin(applier, "one", site, terraform_in(tmp_path / "terrace").plan(site)))
    assert outcome is not None and outcome.code == 0
    limits = [line.split()[4:6] for line in (tmp_path / "limits").read_text().splitlines() if "core file" in line]
    assert len(limits) == 2 and all(int(one) <= 1 for pair in limits for one in pair)


def flood(place: Path) -> str:
    """A stack that says three megabytes once it may, and goes on for a second."""
    wait = f"touch {place}/begun; until [ -e {place}/go ]; do sleep 0.02; done"
    return f"""
resource "terraform_data" "flood" {{
  provisioner "local-exec" {{
    command = "{wait}; yes {"x" * 100} | head -c 3000000; touch {place}/said; sleep 1"
  }}
}}
"""


@pytest.mark.parametrize("stopped", [False, True], ids=["killed", "killed after it was cut once"])
def test_a_log_stays_below_its_bound_when_its_runner_is_killed_and_terraform_goes_on(
    tmp_path: Path, stopped: bool
) -> None:
    applier = LocalApplier(tmp_path / "runs", terraform_in(tmp_path / "terrace"), log_bytes=40_000)
    place = tmp_path
    site = site_of(tmp_path, flood(place))
    one = begin(applier, "one", site, terraform_in(tmp_path / "terrace").plan(site))
    run, began = RunFolder(tmp_path / "runs" / "one"), time.monotonic()
    while not (place / "begun").exists():
        assert time.monotonic() - began < 60
        time.sleep(0.02)
    if stopped:
        (place / "go").touch()
        while not (run.log.exists() and b'"terrace_cut"' in run.log.read_bytes()):
            assert time.monotonic() - began < 60
            time.sleep(0.01)
    os.kill(runner_of(run.path), signal.SIGKILL)
    (place / "go").touch()
    assert applier.wait(one) is None, "the end of Terraform was seen by no runner"
    log = run.log.read_bytes()
    assert (place / "said").exists() and len(log) < 100_000
    assert log.count(b'"terrace_cut"') == 1
    assert b"Apply complete!" in log[-2000:], "Terraform went on to its end, and what it said last is kept"
    assert applier.look(one) is Fate.DIED
    found = applier.autopsy(one)
    assert found is not None and not found.whole


def processes_with(folder: Path) -> set[int]:
    """The processes that have the log of a run open."""
    found = set()
    for descriptors in Path("/proc").glob("[0-9]*/fd"):
        with contextlib.suppress(OSError):
            if any(one.readlink() == folder / "log.jsonl" for one in descriptors.iterdir()):
                found.add(int(descriptors.parent.name))
    return found


def test_no_process_is_left_once_an_apply_has_ended_or_everything_was_killed(
    applier: LocalApplier, tmp_path: Path
) -> None:
    site = site_of(tmp_path, SLOW)
    terraform = terraform_in(tmp_path / "terrace")
    one = begin(applier, "one", site, terraform.plan(site))
    run = RunFolder(tmp_path / "runs" / "one")
    while len(processes_with(run.path)) < 3:
        time.sleep(0.02)
    runner = runner_of(run.path)
    other = next(pid for pid in processes_with(run.path) if os.getpgid(pid) != runner)
    os.kill(other, signal.SIGSTOP)
    outcome = applier.wait(one)
    assert outcome is not None and outcome.code == 0, "one that is stopped holds nothing up"
    assert processes_with(run.path) == set()


def test_the_apply_outlives_the_process_that_started_it(applier: LocalApplier, tmp_path: Path) -> None:
    """A whole process starts an apply and is killed at once; another one finds it and gets its result."""
    site_of(tmp_path, SLOW)
    script = f"""
import json, sys
from dataclasses import asdict
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
from support.attempts import begin
from support.sites import site_of, terraform_in
from terrace.adapters.runner.applier import LocalApplier
here = Path({str(tmp_path)!r})
terraform = terraform_in(here / "terrace")
site = site_of(here, (here / "environments/dev/main.tf").read_text())
applier = LocalApplier(here / "runs", terraform)
one = begin(applier, "one", site, terraform.plan(site))
print(json.dumps(asdict(one)), flush=True)
applier.wait(one)
"""
    starter = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert starter.stdout is not None
    with starter:
        told = json.loads(starter.stdout.readline())
        one = Attempt(**{**told, "prepared": Preparation(**told["prepared"])})
        starter.kill()
    assert applier.look(one) is Fate.RUNNING
    outcome = applier.wait(one)
    assert outcome is not None
    assert outcome.code == 0


def test_a_killed_runner_leaves_an_unknown_outcome(applier: LocalApplier, tmp_path: Path) -> None:
    site = site_of(tmp_path, SLOW)
    one = begin(applier, "one", site, terraform_in(tmp_path / "terrace").plan(site))
    run = RunFolder(tmp_path / "runs" / "one")
    while not run.started:
        time.sleep(0.02)
    time.sleep(0.5)
    os.killpg(runner_of(run.path), signal.SIGKILL)
    assert applier.wait(one) is None
    assert applier.look(one) is Fate.DIED


def test_terraform_is_told_to_stop_once_and_its_end_is_recorded(applier: LocalApplier, tmp_path: Path) -> None:
    site = site_of(tmp_path, SLOW)
    one = begin(applier, "one", site, terraform_in(tmp_path / "terrace").plan(site))
    run = RunFolder(tmp_path / "runs" / "one")
    while not run.started or not run.log.exists() or b"apply_start" not in run.log.read_bytes():
        time.sleep(0.02)
    os.kill(runner_of(run.path), signal.SIGINT)
    os.kill(runner_of(run.path), signal.SIGINT)
    outcome = applier.wait(one)
    assert outcome is not None
    assert outcome.code == 1
    assert outcome.summary.startswith("interrupted; ")


def test_the_runner_of_an_apply_imports_nothing_of_the_domain() -> None:
    """Each apply starts one: what it imports, each apply waits for."""
    asked = "import sys, terrace.adapters.runner.child; print(*(name for name in sys.modules if 'terrace' in name))"
    done = subprocess.run([sys.executable, "-P", "-c", asked], capture_output=True, text=True, check=True)
    found = {name for name in done.stdout.split() if name.count(".") > 1}
    assert {name.split(".")[1] for name in found} == {"adapters"}


def test_an_apply_is_not_started_where_a_file_of_a_command_changed_since_the_plan(
    applier: LocalApplier, tmp_path: Path
) -> None:
    terraform = terraform_in(tmp_path / "terrace")
    site = site_of(tmp_path, GREETING)
    (site.folder / "app.zip").write_text("built")
    file = PreparedFile(site.stack.file("app.zip"), False, hashlib.sha256(b"built").hexdigest())
    made = replace(terraform.plan(site), prepared=(Prepared("make", 1, "source", (file,)),))
    one = prepare(applier, "one", site, made)
    (site.folder / "app.zip").write_text("other")
    declined = applier.start(one, lambda: "")
    assert isinstance(declined, NotStarted)
    assert declined.reason == f"{site.stack.file('app.zip')} changed after the plan"
    assert terraform.pull_state(site).content == b""
