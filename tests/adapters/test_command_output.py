"""What a command of Terraform writes is bounded where it is held in memory."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from terrace.adapters.interruption import INTERRUPTION
from terrace.adapters.terraform.execute import execute
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
