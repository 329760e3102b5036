"""What a command of Terraform writes is bounded where it is held in memory."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from terrace.adapters.interruption import INTERRUPTION
from terrace.adapters.terraform.client import time_limit
from terrace.adapters.terraform.execute import OutputLimits, TimeLimit, execute
from terrace.config.model import TerraformSettings
from terrace.errors import NotReady

pytestmark = pytest.mark.slow

ENDLESS = "import sys\nwhile True: sys.stdout.write('x' * 65536)"
DEAF = f"import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n{ENDLESS}"


@pytest.mark.parametrize("program", [ENDLESS, DEAF], ids=["endless", "deaf to an interrupt"])
def test_a_state_or_a_plan_without_an_end_is_not_read_to_it(tmp_path: Path, program: str) -> None:
    with pytest.raises(NotReady, match="printed more than 100,000 bytes") as raised:
        execute((sys.executable, "-c", program), cwd=tmp_path, env=os.environ, interruption=INTERRUPTION, size=100_000)
    assert "split the stack" in str(raised.value.hint)


def test_what_is_as_long_as_it_may_be_is_read(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "print('x' * 999)")
    ran = execute(command, cwd=tmp_path, env=os.environ, interruption=INTERRUPTION, size=1000)
    assert len(ran.out) == 1000


# Who starts these tests in the background has all children ignore SIGINT.
_LISTENING = "import signal, time\nsignal.signal(signal.SIGINT, signal.{})\ntime.sleep(60)"
HANGING = _LISTENING.format("default_int_handler")
DEAF_AND_HANGING = _LISTENING.format("SIG_IGN")
READ = (None, lambda line: None)


@pytest.mark.parametrize("line", READ, ids=["captured", "followed"])
@pytest.mark.parametrize("program", [HANGING, DEAF_AND_HANGING], ids=["hanging", "deaf and hanging"])
def test_a_command_of_terraform_that_hangs_is_stopped_in_time(
    tmp_path: Path, program: str, line: Callable[[bytes], None] | None
) -> None:
    started = time.monotonic()
    with pytest.raises(NotReady, match="did not finish within"):
        execute(
            (sys.executable, "-c", program),
            cwd=tmp_path,
            env=os.environ,
            interruption=INTERRUPTION,
            line=line,
            limit=TimeLimit(0.5, grace=0.2),
        )
    assert time.monotonic() - started < 40


def test_the_error_of_a_command_that_hangs_names_the_key_that_gives_it_longer(tmp_path: Path) -> None:
    limit = time_limit("plan", TerraformSettings(plan_timeout=timedelta(seconds=1)))
    with pytest.raises(NotReady, match="did not finish within 1 s") as raised:
        execute((sys.executable, "-c", HANGING), cwd=tmp_path, env=os.environ, interruption=INTERRUPTION, limit=limit)
    assert "`terraform.plan_timeout` in terrace.yaml" in str(raised.value.hint)


@pytest.mark.parametrize(
    ("command", "seconds", "writes", "key"),
    [
        ("init", 1, False, "init_timeout"),
        ("plan", 2, False, "plan_timeout"),
        ("show", 2, False, "plan_timeout"),
        ("state pull", 2, False, "plan_timeout"),
        ("untaint", 2, False, "plan_timeout"),
        ("state push", 3, True, "state_timeout"),
        ("state rm", 3, True, "state_timeout"),
        ("force-unlock", 3, True, "state_timeout"),
    ],
)
def test_terrace_yaml_says_how_long_each_command_may_take(command: str, seconds: int, writes: bool, key: str) -> None:
    one, two, three = (timedelta(seconds=number) for number in (1, 2, 3))
    settings = TerraformSettings(init_timeout=one, plan_timeout=two, state_timeout=three)
    found = time_limit(command, settings)
    assert (found.seconds, found.writes, found.setting) == (seconds, writes, f"terraform.{key}")
    zero = timedelta(0)
    never = TerraformSettings(init_timeout=zero, plan_timeout=zero, state_timeout=zero)
    assert time_limit(command, never).seconds == math.inf


def test_a_command_without_a_limit_runs_to_its_end(tmp_path: Path) -> None:
    limit = time_limit("plan", TerraformSettings(plan_timeout=timedelta(0)))
    command = (sys.executable, "-c", "print('x')")
    ran = execute(command, cwd=tmp_path, env=os.environ, interruption=INTERRUPTION, limit=limit)
    assert (ran.code, ran.out) == (0, b"x\n")


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
        limit=TimeLimit(1, grace=0.1, writes=True),
    )
    assert ran.code == 0
    assert mark.read_text() == "whole"


SMALL = OutputLimits(stream=200_000, line=50_000, errors=200_000)
LINES = "import sys\nwhile True: sys.stdout.write('x' * 999 + chr(10)); sys.stdout.flush()"
ERRORS = "import sys\nwhile True: sys.stderr.write('x' * 65536)"
IGNORING = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"


@pytest.mark.parametrize("begin", ["", IGNORING], ids=["", "deaf to an interrupt"])
@pytest.mark.parametrize(
    ("program", "message", "line"),
    [
        (LINES, "printed more than 200,000 bytes", READ[1]),
        (ENDLESS, "printed (a line of )?more than", READ[1]),
        (ERRORS, "printed more than 200,000 bytes on stderr", READ[1]),
        (ERRORS, "printed more than 200,000 bytes on stderr", None),
    ],
    ids=["lines", "one line", "errors", "errors of one that is captured"],
)
def test_a_plan_that_talks_without_end_is_stopped_with_a_clear_error(
    tmp_path: Path, program: str, message: str, line: Callable[[bytes], None] | None, begin: str
) -> None:
    with pytest.raises(NotReady, match=message) as raised:
        execute(
            (sys.executable, "-c", begin + program),
            cwd=tmp_path,
            env=os.environ,
            interruption=INTERRUPTION,
            line=line,
            limit=TimeLimit(60, grace=0.3),
            bounds=SMALL,
        )
    assert raised.value.hint


def test_a_line_that_is_longer_than_it_may_be_is_not_handed_on(tmp_path: Path) -> None:
    heard: list[bytes] = []
    program = "import time\nprint('{}', flush=True)\ntime.sleep(1)\nprint('x' * 60_000)"
    with pytest.raises(NotReady, match="printed a line of more than 50,000 bytes"):
        execute(
            (sys.executable, "-c", program),
            cwd=tmp_path,
            env=os.environ,
            interruption=INTERRUPTION,
            line=heard.append,
            bounds=SMALL,
        )
    assert heard == [b"{}\n"]


def test_what_is_within_the_bounds_is_handed_on_whole_and_the_last_errors_are_told(tmp_path: Path) -> None:
    heard: list[bytes] = []
    program = "import sys\nfor n in range(2000): print('x' * 98)\nprint('e' * 100, file=sys.stderr)"
    ran = execute(
        (sys.executable, "-c", program),
        cwd=tmp_path,
        env=os.environ,
        interruption=INTERRUPTION,
        line=heard.append,
        bounds=SMALL,
    )
    assert (ran.code, len(b"".join(heard)), ran.err) == (0, 198_000, "e" * 100 + "\n")


def test_a_command_that_writes_a_state_is_not_stopped_for_what_it_says(tmp_path: Path) -> None:
    mark = tmp_path / "written"
    program = (
        "import pathlib, sys\nfor n in range(30):\n  sys.stdout.write('x' * 99_999 + chr(10))\n"
        "  sys.stderr.write('x' * 99_999 + chr(10))\nsys.stderr.write('the end')\n"
        f"pathlib.Path({str(mark)!r}).write_text('whole')"
    )
    with (tmp_path / "state").open("w+b") as stdin:
        ran = execute(
            (sys.executable, "-c", program),
            cwd=tmp_path,
            env=os.environ,
            interruption=INTERRUPTION,
            stdin=stdin,
            limit=TimeLimit(60, grace=0.1, writes=True),
            bounds=SMALL,
        )
    assert (ran.code, mark.read_text()) == (0, "whole")
    assert ran.err.endswith("the end")


def test_the_last_words_of_a_command_that_says_too_much_are_kept_though_it_ends_later(tmp_path: Path) -> None:
    program = "import sys, time\nsys.stderr.write('x' * 3_000_000 + 'the end')\nsys.stderr.flush()\ntime.sleep(0.8)"
    with (tmp_path / "state").open("w+b") as stdin:
        ran = execute(
            (sys.executable, "-c", program),
            cwd=tmp_path,
            env=os.environ,
            interruption=INTERRUPTION,
            stdin=stdin,
            limit=TimeLimit(60, writes=True),
            bounds=SMALL,
        )
    assert ran.err.endswith("the end")
