"""What a command of Terraform writes is bounded where it is held in memory."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from terrace.adapters.interruption import INTERRUPTION
from terrace.adapters.terraform.execute import Limit, execute
from terrace.errors import NotReady

ENDLESS = "import sys\nwhile True: sys.stdout.write('x' * 65536)"
DEAF = f"import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n{ENDLESS}"


@pytest.mark.parametrize("program", [ENDLESS, DEAF], ids=["endless", "deaf to an interrupt"])
def test_a_state_or_a_plan_without_an_end_is_not_read_to_it(tmp_path: Path, program: str) -> None:
    with pytest.raises(NotReady, match="wrote more than 100,000 bytes") as raised:
        execute((sys.executable, "-c", program), cwd=tmp_path, env=os.environ, interruption=INTERRUPTION, size=100_000)
    assert "split the stack" in str(raised.value.hint)


def test_what_is_as_long_as_it_may_be_is_read(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "print('x' * 999)")
    ran = execute(command, cwd=tmp_path, env=os.environ, interruption=INTERRUPTION, size=1000)
    assert len(ran.out) == 1000


HANGING = "import time\ntime.sleep(60)"
DEAF_AND_HANGING = f"import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n{HANGING}"
READ = (None, lambda line: None)


@pytest.mark.parametrize("line", READ, ids=["captured", "followed"])
@pytest.mark.parametrize("program", [HANGING, DEAF_AND_HANGING], ids=["hanging", "deaf and hanging"])
def test_a_command_of_terraform_that_hangs_is_stopped_in_time(
    tmp_path: Path, program: str, line: Callable[[bytes], None] | None
) -> None:
    started = time.monotonic()
    with pytest.raises(NotReady, match="did not end within"):
        execute(
            (sys.executable, "-c", program),
            cwd=tmp_path,
            env=os.environ,
            interruption=INTERRUPTION,
            line=line,
            limit=Limit(0.5, grace=0.2),
        )
    assert time.monotonic() - started < 40


def test_a_command_that_writes_a_state_is_interrupted_and_not_killed(tmp_path: Path) -> None:
    mark = tmp_path / "written"
    program = (
        "import pathlib, signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(2)\n"
        f"pathlib.Path({str(mark)!r}).write_text('whole')"
    )
    ran = execute(
        (sys.executable, "-c", program),
        cwd=tmp_path,
        env=os.environ,
        interruption=INTERRUPTION,
        limit=Limit(1, grace=0.1, writes=True),
    )
    assert ran.code == 0
    assert mark.read_text() == "whole"
