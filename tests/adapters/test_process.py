"""Short programs end: in time, with a limited output, whatever they do with their pipes."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from terrace.adapters.process import run
from terrace.errors import NotReady


def python(code: str, stdin: bytes | None = None, timeout: float = 20, size: int = 2**20) -> tuple[int, bytes, bytes]:
    done = run([sys.executable, "-c", code], stdin=stdin, timeout=timeout, size=size)
    return done.code, done.out, done.err


def test_what_it_writes_and_reads_arrives_whole() -> None:
    given = bytes(range(256)) * 2000
    echo = "from sys import *; x = stdin.buffer.read(); stdout.buffer.write(x); stderr.buffer.write(x[:9]); exit(3)"
    assert python(echo, given) == (3, given, given[:9])
    assert python("import sys; print(sys.stdin.read())") == (0, b"\n", b"")
    assert python("print(1)", given) == (0, b"1\n", b""), "it need not read what it is given"


@pytest.mark.parametrize(
    "code",
    [
        "import time; time.sleep(60)",
        "import os, time; os.close(1); os.close(2); time.sleep(60)",
        "import sys, time\nwhile True: sys.stdout.write('x'); sys.stdout.flush(); time.sleep(0.05)",
        "import subprocess, sys; subprocess.Popen(['sleep', '20']); sys.exit(0)",
    ],
    ids=["silent", "pipes closed", "dripping", "a child that holds the pipe"],
)
def test_a_program_that_hangs_is_given_up_in_time(code: str) -> None:
    began = time.monotonic()
    with pytest.raises(NotReady, match=r"did not finish within 0\.5 s"):
        python(code, timeout=0.5)
    assert time.monotonic() - began < 10


def test_a_program_that_does_not_read_is_given_up_in_time() -> None:
    with pytest.raises(NotReady, match="did not finish within"):
        python("import time; time.sleep(60)", stdin=bytes(2**22), timeout=0.5)


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_program_that_writes_without_an_end_is_stopped(stream: str) -> None:
    with pytest.raises(NotReady, match=r"printed more than 1,048,576 bytes"):
        python(f"import sys\nwhile True: sys.{stream}.write('x' * 65536)")


def test_no_program_of_the_source_is_started_without_a_limit() -> None:
    """Whatever starts processes in another way than `run` and `run_confined` is listed here, with its own limit."""
    source = Path(__file__).parents[2] / "src" / "terrace"
    starting = {
        str(path.relative_to(source))
        for path in source.rglob("*.py")
        if "subprocess.run(" in (text := path.read_text()) or "subprocess.Popen(" in text
    }
    assert starting == {
        "adapters/confined.py",
        "adapters/process.py",
        # Streams a history; ends with its reader.
        "adapters/git/patches.py",
        # Streams the contents of objects; ends with its reader.
        "adapters/git/command.py",
        # Terraform: never killed, it may hold the lock of a state.
        "adapters/runner/applier.py",
        "adapters/runner/child.py",
        "adapters/terraform/execute.py",
        # Servers of our own, which end with their owner.
        "adapters/embedded_aws.py",
        "adapters/terraform/fast/lane.py",
        "adapters/terraform/fast/provider.py",
        # The demo runs Terrace itself.
        "apps/demo/story.py",
        # The user's pager, which the user leaves.
        "apps/output/pager.py",
    }
