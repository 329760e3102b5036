"""Programs that are not ours are ended when they take or say too much, with all that they started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from terrace.adapters.confined import Limits, confinement, run_confined
from terrace.errors import NotReady

ENV = confinement(os.environ["PATH"], Path("/nowhere"))


def test_what_it_says_and_how_it_ends_is_told(tmp_path: Path) -> None:
    code = "import sys; print('out'); sys.stderr.write('err'); sys.exit(3)"
    done = run_confined([sys.executable, "-c", code], cwd=tmp_path, env=ENV)
    assert (done.code, done.out, done.message) == (3, b"out\n", "err")


def test_one_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); time.sleep(60)"
    )
    pid = tmp_path / "pid"
    script = f"import sys; sys.stdout = open({str(pid)!r}, 'w'); exec({code!r})"
    start = time.monotonic()
    with pytest.raises(NotReady, match="did not finish within 1 s"):
        run_confined([sys.executable, "-c", script], cwd=tmp_path, env=ENV, limits=Limits(1))
    assert time.monotonic() - start < 10
    child = int(pid.read_text())
    for _ in range(200):
        state = Path(f"/proc/{child}/stat")
        if not state.exists() or state.read_text().split()[2] == "Z":
            break
        time.sleep(0.02)
    else:
        pytest.fail("the child of the child lives on")


def test_one_that_never_stops_talking_is_ended(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="printed more than 1,000,000 bytes"):
        run_confined(["yes"], cwd=tmp_path, env=ENV, limits=Limits(output=1_000_000))


def test_one_that_cannot_be_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="cannot be run"):
        run_confined([tmp_path / "none"], cwd=tmp_path, env=ENV)


CRASHING = """
import os, signal, sys
held = b"x" * (int(sys.argv[1]) << 20)
print("SIGSEGV: segmentation violation", file=sys.stderr)
os.kill(os.getpid(), signal.SIGSEGV) if sys.argv[2] == "signal" else sys.exit(2)
"""


CONFINING = """
import os, sys
from pathlib import Path
from terrace.adapters.confined import LimitExceeded, Limits, run_confined, confinement
own, *argv = sys.argv[1:]
held = b"x" * (int(own) << 20)
env = confinement(os.environ["PATH"], Path("/nowhere"))
try:
    print(run_confined([sys.executable, "-c", *argv], cwd=Path.cwd(), env=env, limits=Limits(memory=1 << 28)).code)
except LimitExceeded as error:
    print(error.what, error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of another process")
@pytest.mark.parametrize("ending", ["signal", "exit"])
def test_a_crash_near_the_memory_limit_is_the_limit(ending: str) -> None:
    """The garbage collector of Go 1.26 does not check what it allocates, and reads address 0."""

    def run(megabytes: int, own: int = 0) -> str:
        # This process runs many tests. Linux counts its memory for a process that it starts, and not for those that
        # the shell starts.
        inner = [sys.executable, "-P", "-c", CONFINING, str(own), CRASHING, str(megabytes), ending]
        argv = ["/bin/sh", "-c", '"$@"; exit $?', "sh", *inner]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()

    assert run(120) == "memory python needs more than 256 MB of memory"
    crashed = str(-signal.SIGSEGV if ending == "signal" else 2)
    assert run(1) == crashed
    assert run(1, own=150) == crashed, "what Terrace itself holds is not counted"
