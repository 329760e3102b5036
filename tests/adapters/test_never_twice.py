"""What an apply left behind is damaged, lost, copied or brought back: without evidence its outcome is unknown.

Nothing is really run here: the files are the ones that a runner writes, the locks and the permits are real.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from support.attempts import VERSION, lay_run
from support.sites import terraform_in
from terrace.adapters.host import (
    LOCAL_FILE_SYSTEMS,
    file_identity,
    file_system,
    pid_namespace,
    process_state,
    send_signal,
    start_time,
)
from terrace.adapters.leases import LocalLeases
from terrace.adapters.runner.applier import LocalApplier
from terrace.adapters.runner.permits import MEMORY, Permits
from terrace.adapters.runner.run_folder import RunFolder
from terrace.adapters.runner.start_signal import FRESH_SECONDS, StartSignal
from terrace.errors import BadInput
from terrace.ledger.deployment import Holder
from terrace.pipelines.deploy.apply_step import wait_for_earlier
from terrace.pipelines.deploy.step_results import ApplyFailed, ApplySucceeded, ApplyUnknown
from terrace.plans.ports import Attempt, Evidence, Fate, Preparation

pytestmark = pytest.mark.slow

Stage = Literal["prepared", "taken", "started", "logged", "ended", "failed"]

STAGES: tuple[Stage, ...] = ("prepared", "taken", "started", "logged", "ended", "failed")
BEGUN: tuple[Stage, ...] = ("taken", "started", "logged", "ended", "failed")

NAMESPACES = pytest.mark.skipif(
    not os.environ.get("CI") and (os.getuid() != 0 or shutil.which("unshare") is None),
    reason="needs to make PID namespaces; in CI it fails without them",
)


def hook(kind: str, address: str) -> bytes:
    told = {"type": kind, "hook": {"resource": {"addr": address}, "action": "create", "id_value": "i-1"}}
    return json.dumps(told).encode() + b"\n"


SAID = b'{"type":"diagnostic","diagnostic":{"severity":"error","summary":"it is refused"}}\n'
LOG = VERSION + hook("apply_start", "a.one") + hook("apply_errored", "a.one") + SAID


@pytest.fixture
def applier(tmp_path: Path) -> LocalApplier:
    return LocalApplier(tmp_path / "runs", terraform_in(tmp_path / "terrace"))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def copy(path: Path) -> None:
    shutil.copy2(path, path.with_name("copied"))
    path.with_name("copied").replace(path)


def link(path: Path) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to("moved")


DAMAGE: dict[str, Callable[[Path], object]] = {
    "lost": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "zeroed": zero,
    "cut": cut,
    "an empty object": lambda path: path.write_bytes(b"{}"),
    "no object": lambda path: path.write_bytes(b"[]"),
    "another text": lambda path: path.write_bytes(b"\xff\xfe\n"),
    "a copy": copy,
    "a link": link,
}

PROOF: dict[Stage, type] = {"prepared": ApplyFailed, "ended": ApplySucceeded, "failed": ApplyFailed}


@pytest.mark.parametrize("stage", STAGES)
def test_each_file_of_a_run_lost_or_damaged_in_turn_never_makes_an_outcome_better(
    stage: Stage, applier: LocalApplier, tmp_path: Path
) -> None:
    """Every file, every damage, at every stage: what was not proven before is never proven by it."""
    sound = wait_for_earlier(applier, lay_run(tmp_path / "runs", stage, LOG, "sound"))
    assert isinstance(sound, PROOF.get(stage, ApplyUnknown))
    names = [path.name for path in (tmp_path / "runs/sound").iterdir()]
    for name in names:
        for number, (what, damage) in enumerate(DAMAGE.items()):
            attempt = lay_run(tmp_path / "runs", stage, LOG, f"{name.replace('.', '-')}-{number}")
            damage(tmp_path / "runs" / attempt.id / name)
            end = wait_for_earlier(applier, attempt)
            where = f"{stage}: {name} {what}"
            assert isinstance(end, type(sound) | ApplyUnknown), where
            if stage in BEGUN:
                assert applier.withdraw(attempt) is False, where
                assert applier.look(attempt) is not Fate.NOT_STARTED if name != "exit.json" else True, where
            if (stage, name) in (("ended", "exit.json"), ("failed", "exit.json")) and what not in ("a copy", "a link"):
                assert isinstance(end, ApplyUnknown), where
            if (stage, name) == ("failed", "log.jsonl") and what not in ("a copy", "a link"):
                assert isinstance(end, ApplyUnknown), where


@pytest.mark.parametrize("stage", BEGUN)
def test_a_lost_folder_of_runs_is_no_proof_that_an_apply_never_began(
    stage: Stage, applier: LocalApplier, tmp_path: Path
) -> None:
    attempt = lay_run(tmp_path / "runs", stage)
    shutil.rmtree(tmp_path / "runs")
    assert applier.look(attempt) is Fate.UNKNOWN
    assert isinstance(wait_for_earlier(applier, attempt), ApplyUnknown)


@pytest.mark.parametrize("stage", BEGUN)
def test_a_folder_brought_back_from_before_the_start_is_no_proof_that_an_apply_never_began(
    stage: Stage, applier: LocalApplier, tmp_path: Path
) -> None:
    """A snapshot of the disk from right before: an intent, and no mark of a start. The memory of the boot tells."""
    attempt = lay_run(tmp_path / "runs", stage, LOG)
    for name in ("started.json", "log.jsonl", "exit.json"):
        (tmp_path / "runs/one" / name).unlink(missing_ok=True)
    assert isinstance(wait_for_earlier(applier, attempt), ApplyUnknown)
    autopsy = applier.autopsy(attempt)
    assert autopsy is not None
    assert not autopsy.whole


@pytest.mark.parametrize("stage", ["prepared", "taken", "started", "logged"])
def test_a_copied_folder_of_runs_proves_nothing_on_another_machine(stage: Stage, tmp_path: Path) -> None:
    attempt = lay_run(tmp_path / "runs", stage, LOG)
    shutil.copytree(tmp_path / "runs", tmp_path / "copy")
    other_memory = tmp_path / "other"
    other_memory.mkdir()
    elsewhere = LocalApplier(tmp_path / "copy", terraform_in(tmp_path / "terrace"), Permits(other_memory))
    assert elsewhere.look(attempt) is Fate.UNKNOWN, "neither its death nor that it never began"
    assert isinstance(wait_for_earlier(elsewhere, attempt), ApplyUnknown)
    autopsy = elsewhere.autopsy(attempt)
    assert autopsy is not None
    assert not autopsy.whole


@pytest.mark.parametrize("other", ["host", "machine", "boot"])
@pytest.mark.parametrize("stage", ["prepared", "taken", "logged"])
def test_another_host_machine_or_boot_proves_nothing(
    stage: Stage, other: str, applier: LocalApplier, tmp_path: Path
) -> None:
    attempt = lay_run(tmp_path / "runs", stage, LOG)
    attempt = replace(attempt, prepared=replace(attempt.prepared, **{other: "another"}))
    assert applier.look(attempt) is Fate.UNKNOWN
    assert isinstance(wait_for_earlier(applier, attempt), ApplyUnknown)


def test_an_attempt_of_an_older_terrace_is_unknown(applier: LocalApplier, tmp_path: Path) -> None:
    """Its intent in the ledger says nothing that could be compared."""
    lay_run(tmp_path / "runs", "ended")
    attempt = Attempt("one", "l", "d", "dev", "5" * 64, Preparation.of(None))
    assert applier.look(attempt) is Fate.UNKNOWN
    assert isinstance(wait_for_earlier(applier, attempt), ApplyUnknown)


@pytest.mark.parametrize("told", [None, [], "x", {"nonce": 7}, {"nonce": "../../x"}, {"nonce": "A" * 32}])
def test_an_intent_that_was_written_by_hand_proves_nothing(told: object, applier: LocalApplier, tmp_path: Path) -> None:
    lay_run(tmp_path / "runs", "prepared")
    attempt = Attempt("one", "l", "d", "dev", "5" * 64, Preparation.of(told))
    assert isinstance(wait_for_earlier(applier, attempt), ApplyUnknown)


@pytest.mark.parametrize("name", ["../../outside", "..", "", "/etc", "a/b", "a\0b", "-x", "x" * 65, ".hidden", "one\n"])
def test_an_attempt_from_the_ledger_never_leaves_the_folder_of_runs(
    name: str, applier: LocalApplier, tmp_path: Path
) -> None:
    lay_run(tmp_path / "outside", "ended")
    attempt = replace(lay_run(tmp_path / "runs", "ended"), id=name)
    with pytest.raises(BadInput, match="is not a valid attempt id"):
        RunFolder.of(tmp_path / "runs", name)
    assert isinstance(wait_for_earlier(applier, attempt), ApplyUnknown)


def test_the_end_of_another_attempt_is_not_taken_for_this_one(applier: LocalApplier, tmp_path: Path) -> None:
    ended, mine = lay_run(tmp_path / "runs", "ended", name="other"), lay_run(tmp_path / "runs", "logged")
    shutil.copy(tmp_path / "runs/other/exit.json", tmp_path / "runs/one/exit.json")
    end = wait_for_earlier(applier, mine)
    assert isinstance(end, ApplyUnknown)
    assert "does not belong to the attempt" in end.message
    assert isinstance(wait_for_earlier(applier, ended), ApplySucceeded)


@pytest.mark.parametrize("code", [2, 11, 126, 137, 255])
def test_an_end_that_terraform_does_not_choose_itself_is_unknown(
    code: int, applier: LocalApplier, tmp_path: Path
) -> None:
    """A panic ends with 11, the Go runtime with 2, a shell around it with 137: none of them says what was done."""
    attempt = lay_run(tmp_path / "runs", "failed", LOG)
    path = tmp_path / "runs/one/exit.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "code": code}))
    assert isinstance(wait_for_earlier(applier, attempt), ApplyUnknown)


@pytest.mark.parametrize(
    "log",
    [
        VERSION + hook("apply_start", "a.one") + SAID,
        VERSION + hook("apply_start", "a.one") + hook("apply_errored", "a.one"),
        VERSION + hook("apply_start", "a.one") + hook("apply_complete", "a.one") + hook("apply_start", "a.two") + SAID,
    ],
    ids=["it never ended", "it does not say why", "one of two never ended"],
)
def test_a_failure_whose_log_leaves_something_open_is_unknown(
    log: bytes, applier: LocalApplier, tmp_path: Path
) -> None:
    assert isinstance(wait_for_earlier(applier, lay_run(tmp_path / "runs", "failed", log)), ApplyUnknown)


def test_a_failure_before_anything_was_begun_is_a_failure(applier: LocalApplier, tmp_path: Path) -> None:
    end = wait_for_earlier(applier, lay_run(tmp_path / "runs", "failed", VERSION + SAID))
    assert isinstance(end, ApplyFailed)
    assert end.evidence is Evidence.TERRAFORM_FAILED


# --- the log -------------------------------------------------------------------------------------------------------

LOGS: dict[str, bytes] = {
    "empty": b"",
    "zeroed": bytes(len(LOG)),
    "zeroed at its end": LOG[:-20] + bytes(20),
    "cut within a line": LOG[:-20],
    "cut between two lines": LOG[: LOG.index(SAID)],
    "its beginning is gone": LOG[len(VERSION) :],
    "a line that is not Terraform's": VERSION + b"panic: x\n" + LOG[len(VERSION) :],
}


@pytest.mark.parametrize("what", LOGS)
def test_a_log_that_lost_something_is_not_whole(what: str, applier: LocalApplier, tmp_path: Path) -> None:
    attempt = lay_run(tmp_path / "runs", "logged", LOG)
    found = applier.autopsy(attempt)
    assert found is not None
    assert found.whole
    (tmp_path / "runs/one/log.jsonl").write_bytes(LOGS[what])
    found = applier.autopsy(attempt)
    assert found is not None
    assert not found.whole


@pytest.mark.parametrize("lost", ["log.jsonl", "lock", "started.json", "intent.json"])
def test_a_log_is_not_whole_once_a_file_beside_it_is_gone(lost: str, applier: LocalApplier, tmp_path: Path) -> None:
    attempt = lay_run(tmp_path / "runs", "logged", LOG)
    (tmp_path / "runs/one" / lost).unlink()
    found = applier.autopsy(attempt)
    assert found is None or not found.whole


def test_a_log_is_not_whole_after_another_boot(applier: LocalApplier, tmp_path: Path) -> None:
    attempt = lay_run(tmp_path / "runs", "logged", LOG)
    found = applier.autopsy(replace(attempt, prepared=replace(attempt.prepared, boot="the one before")))
    assert found is not None
    assert not found.whole


# --- the lock of a run ---------------------------------------------------------------------------------------------


def test_a_lock_that_is_held_says_that_it_runs_and_a_missing_one_says_nothing(
    applier: LocalApplier, tmp_path: Path
) -> None:
    attempt = lay_run(tmp_path / "runs", "logged", LOG)
    lock = tmp_path / "runs/one/lock"
    with lock.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert applier.look(attempt) is Fate.RUNNING
        lock.unlink()
        assert applier.look(attempt) is Fate.UNKNOWN, "its holder lives, and nothing here shows it"
        lock.touch()
        assert applier.look(attempt) is Fate.UNKNOWN, "another file was never locked by it"
    assert applier.look(lay_run(tmp_path / "runs", "logged", LOG, "two")) is Fate.DIED


def test_a_runner_that_is_seen_is_not_dead_whatever_its_lock_says(applier: LocalApplier, tmp_path: Path) -> None:
    attempt = lay_run(tmp_path / "runs", "logged", LOG)
    path = tmp_path / "runs/one/started.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps({**told, "pid": os.getpid(), "started": start_time(os.getpid())}))
    assert applier.look(attempt) is Fate.UNKNOWN


# --- permits -------------------------------------------------------------------------------------------------------


def test_of_two_that_want_a_permit_one_gets_it() -> None:
    permits, nonce = Permits(), "a" * 31 + "1"
    permits.clear(nonce)
    identity = permits.issue(nonce)
    assert permits.state(nonce, identity) == "free"
    assert permits.take(nonce, identity)
    assert not permits.withdraw(nonce, identity)
    permits.clear(nonce)
    identity = permits.issue(nonce)
    assert permits.withdraw(nonce, identity)
    assert not permits.take(nonce, identity), "a runner that wakes up late"
    assert permits.withdraw(nonce, identity), "and it stays withdrawn"
    permits.clear(nonce)
    assert not permits.withdraw(nonce, identity), "what is lost proves nothing"


def test_a_permit_that_was_made_anew_is_another_one() -> None:
    permits, nonce = Permits(), "a" * 31 + "2"
    permits.clear(nonce)
    identity = permits.issue(nonce)
    folder = MEMORY / f"terrace-permits-{os.getuid()}"
    shutil.copy2(folder / nonce, folder / f"{nonce}.copy")
    (folder / f"{nonce}.copy").replace(folder / nonce)
    assert permits.state(nonce, identity) == "lost"
    assert not permits.withdraw(nonce, identity)
    permits.clear(nonce)


def test_a_disk_is_no_place_for_permits(tmp_path: Path) -> None:
    assert Permits(tmp_path).issue("a" * 32) == ""


def test_a_place_for_permits_that_others_may_write_to_is_none() -> None:
    strange = MEMORY / f"terrace-test-{os.getpid()}"
    folder = strange / f"terrace-permits-{os.getuid()}"
    folder.mkdir(parents=True)
    try:
        folder.chmod(0o777)
        assert Permits(strange).issue("a" * 32) == ""
        folder.chmod(0o700)
        assert Permits(strange).issue("a" * 32)
        shutil.rmtree(folder)
        folder.symlink_to(MEMORY)
        assert Permits(strange).issue("b" * 32) == ""
    finally:
        folder.unlink()
        strange.rmdir()


# --- the word of the driver ----------------------------------------------------------------------------------------


def test_a_word_of_a_driver_that_was_stopped_meanwhile_is_stale() -> None:
    now = StartSignal.now()
    assert now.why_stale() == ""
    assert "too long" in replace(now, since_boot=now.since_boot - FRESH_SECONDS - 1, wall=now.wall - 11).why_stale()
    assert "the machine was paused" in replace(now, wall=now.wall - 60).why_stale()
    assert "clock was changed" in replace(now, wall=now.wall + 60).why_stale()
    assert replace(now, since_boot=now.since_boot + 60).why_stale(), "of another boot"
    assert StartSignal.read(now.line()) == now
    for broken in (b"", b"go\n", b"{}\n", b"[]\n", b'{"since_boot": null, "wall": 1}\n'):
        assert StartSignal.read(broken) is None


# --- leases --------------------------------------------------------------------------------------------------------

HOLD = """
import json, sys
from dataclasses import asdict
from pathlib import Path
from terrace.adapters.leases import LocalLeases
leases = LocalLeases(Path(sys.argv[1]))
with leases.hold("dev") as free:
    print(json.dumps([free, asdict(leases.holder("bob", "dev"))]), flush=True)
    sys.stdin.read()
"""


def holding(folder: Path, *before: str) -> tuple[subprocess.Popen[str], Holder]:
    """A process that holds dev, perhaps started through another program."""
    command = [*before, sys.executable, "-P", "-c", HOLD, str(folder)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    free, told = json.loads(child.stdout.readline())
    assert free
    return child, Holder(**told)


def test_a_holder_is_dead_only_where_everything_about_it_is_known(tmp_path: Path) -> None:
    child, holder = holding(tmp_path)
    leases = LocalLeases(tmp_path)
    with child:
        assert not leases.is_dead(holder, "dev")
        child.kill()
    with leases.hold("dev") as free:
        assert free
        assert leases.is_dead(holder, "dev")
        for word in ("", "another"):
            for other in (
                replace(holder, host=word),
                replace(holder, machine=word),
                replace(holder, boot=word),
                replace(holder, pid_namespace=word),
                replace(holder, lock=word),
            ):
                assert not leases.is_dead(other, "dev"), other
        assert not leases.is_dead(replace(holder, started=""), "dev")
        assert not leases.is_dead(Holder(holder.host, holder.boot, holder.pid, "bob"), "dev"), "of an older Terrace"


@pytest.mark.parametrize("loss", ["lost", "made anew", "a copied folder"])
def test_a_living_holder_whose_lock_file_was_lost_is_not_dead(loss: str, tmp_path: Path) -> None:
    folder = tmp_path / "leases"
    child, holder = holding(folder)
    with child:
        if loss == "a copied folder":
            shutil.copytree(folder, tmp_path / "copy")
            folder = tmp_path / "copy"
        else:
            (folder / "dev.lock").unlink()
        leases = LocalLeases(folder)
        if loss == "lost":
            assert not leases.is_dead(holder, "dev")
        with leases.hold("dev") as free:
            assert free, "nothing shows that it is held"
            assert not leases.is_dead(holder, "dev")
            dead = replace(holder, pid=2**22 + 1)
            assert not leases.is_dead(dead, "dev"), "whatever its process id says"
        child.kill()


def test_a_process_id_that_was_given_again_is_another_process(tmp_path: Path) -> None:
    started = start_time(os.getpid())
    assert started
    assert process_state(os.getpid(), started) == "running"
    assert process_state(os.getpid(), str(int(started) + 1)) == "gone"
    assert process_state(os.getpid(), "") == "unknown"
    assert process_state(2**22 + 1, started) == "gone"
    assert process_state(0, started) == process_state(-1, started) == "unknown"
    with subprocess.Popen(["sleep", "60"]) as child:
        born = start_time(child.pid)
        child.kill()
        while process_state(child.pid, born) == "running":
            time.sleep(0.01)
        assert process_state(child.pid, born) == "gone", "a zombie does nothing any more"


def test_no_signal_reaches_a_process_that_has_the_number_of_another_by_now() -> None:
    """Process numbers are given again after a few thousand processes where a system has few."""
    with subprocess.Popen(["sleep", "60"]) as child:
        born = start_time(child.pid)
        for started in (str(int(born) - 1), str(int(born) + 1), ""):
            assert not send_signal(child.pid, started, signal.SIGTERM)
        time.sleep(0.05)
        assert child.poll() is None
        # Who starts these tests in the background has all children ignore SIGINT.
        assert send_signal(child.pid, born, signal.SIGTERM)
        assert child.wait(10) == -signal.SIGTERM
        assert not send_signal(child.pid, born, signal.SIGTERM)
    assert not send_signal(0, born, signal.SIGINT), "0 and -1 are groups of processes"
    assert not send_signal(-1, born, signal.SIGINT)


def test_every_signal_by_number_goes_to_a_process_that_cannot_have_ended_unnoticed() -> None:
    """A number belongs to a child until it is waited for; whatever signals one in another way is listed here."""
    source = Path(__file__).parents[2] / "src" / "terrace"
    by_number = re.compile(r"os\.(kill|killpg)\(.*")
    found = {
        (str(path.relative_to(source)), line.strip())
        for path in source.rglob("*.py")
        for line in path.read_text().splitlines()
        if by_number.search(line)
    }
    assert found == {
        # Signal 0 asks whether there is such a process.
        ("adapters/host.py", "os.kill(pid, 0)"),
        # Where the system has no descriptors of processes.
        ("adapters/host.py", "os.kill(pid, number)"),
        # A child that nobody has waited for.
        ("adapters/terraform/execute.py", "os.killpg(self.child.pid, signal.SIGKILL)"),
        ("adapters/confined.py", "os.killpg(child.pid, signal.SIGKILL)"),
        ("adapters/runner/run_log.py", "os.kill(self.pid, signal.SIGKILL)"),
        # Its own group.
        ("adapters/terraform/fast/serve.py", "os.killpg(0, signal.SIGKILL)"),
    }


@NAMESPACES
@pytest.mark.parametrize("proc", ["--mount-proc", ""], ids=["its own /proc", "the /proc of another namespace"])
def test_a_living_holder_in_another_pid_namespace_is_not_dead(proc: str, tmp_path: Path) -> None:
    """The same host name, boot id and folder: only the numbers of processes mean something else."""
    child, holder = holding(tmp_path, "unshare", "-p", "-f", "--kill-child", *filter(None, [proc]))
    with child:
        assert holder.pid_namespace != pid_namespace()
        (tmp_path / "dev.lock").rename(tmp_path / "away.lock")
        with LocalLeases(tmp_path).hold("dev") as free:
            assert free
            same_lock = replace(holder, lock=LocalLeases(tmp_path).holder("", "dev").lock)
            assert not LocalLeases(tmp_path).is_dead(same_lock, "dev")
        child.kill()


@NAMESPACES
def test_from_another_pid_namespace_a_living_holder_is_not_dead(tmp_path: Path) -> None:
    child, holder = holding(tmp_path / "leases")
    script = f"""
import json, sys
from pathlib import Path
from terrace.adapters.leases import LocalLeases
from terrace.ledger.deployment import Holder
from dataclasses import replace
leases = LocalLeases(Path({str(tmp_path / "leases")!r}))
holder = Holder(**json.loads(sys.argv[1]))
(Path({str(tmp_path / "leases")!r}) / "dev.lock").unlink()
with leases.hold("dev") as free:
    here = leases.holder("", "dev")
    print(free, leases.is_dead(holder, "dev"), leases.is_dead(replace(holder, lock=here.lock), "dev"))
"""
    with child:
        told = json.dumps({name: getattr(holder, name) for name in Holder.__dataclass_fields__})
        command = ["unshare", "-p", "-f", "--mount-proc", sys.executable, "-P", "-c", script, told]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["True", "False", "False"]
        child.kill()


def test_only_file_systems_whose_locks_all_processes_see_prove_a_death(tmp_path: Path) -> None:
    assert file_system(Path("/proc/self")) == "proc"
    assert file_system(tmp_path) in LOCAL_FILE_SYSTEMS
    assert not LOCAL_FILE_SYSTEMS & {"", "nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "virtiofs", "ceph", "proc"}


def test_a_copy_of_a_file_is_another_file_whatever_it_was_copied_with(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"")
    known = file_identity(one.stat())
    shutil.copy2(one, other)
    assert file_identity(other.stat()) != known
    other.replace(one)
    assert file_identity(one.stat()) != known
    stat = one.stat()
    os.utime(one, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert file_identity(one.stat()) != known, "no program sets the time of the last change"


def test_the_changes_of_a_killed_apply_are_those_of_its_log(applier: LocalApplier, tmp_path: Path) -> None:
    def line(kind: str, address: str, action: str) -> bytes:
        hook = {"resource": {"addr": address}, "action": action}
        return json.dumps({"type": kind, "hook": hook}).encode() + b"\n"

    log = VERSION + b"".join(
        (
            line("apply_start", "a.one", "update"),
            line("apply_start", "a.two", "delete"),
            line("apply_complete", "a.one", "update"),
            line("apply_start", "data.a.read", "read"),
        )
    )
    attempt = lay_run(tmp_path / "runs", "logged", log)
    planned = (("update", "a.one"), ("replace", "a.two"), ("create", "a.three"))
    end = wait_for_earlier(applier, attempt, planned=planned)
    assert isinstance(end, ApplyUnknown)
    assert end.progress.changes["completed"] == (("update", "a.one"),)
    assert end.progress.changes["in_flight"] == (("delete", "a.two"),)
