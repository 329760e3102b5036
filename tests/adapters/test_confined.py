"""Programs that are not ours are ended when they take or say too much, with all that they started."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from terrace.adapters.confined import Limits, confined, confinement
from terrace.errors import NotReady

ENV = confinement(os.environ["PATH"], Path("/nowhere"))


def test_what_it_says_and_how_it_ends_is_told(tmp_path: Path) -> None:
    code = "import sys; print('out'); sys.stderr.write('err'); sys.exit(3)"
    done = confined([sys.executable, "-c", code], cwd=tmp_path, env=ENV)
    assert (done.code, done.out, done.message) == (3, b"out\n", "err")


def test_one_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); time.sleep(60)"
    )
    pid = tmp_path / "pid"
    script = f"import sys; sys.stdout = open({str(pid)!r}, 'w'); exec({code!r})"
    start = time.monotonic()
    with pytest.raises(NotReady, match="did not finish within 1 s"):
        confined([sys.executable, "-c", script], cwd=tmp_path, env=ENV, limits=Limits(1))
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
        confined(["yes"], cwd=tmp_path, env=ENV, limits=Limits(output=1_000_000))


def test_one_that_cannot_be_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="cannot be run"):
        confined([tmp_path / "none"], cwd=tmp_path, env=ENV)
