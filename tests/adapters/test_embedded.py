"""The Terraform that comes as a wheel ends like a program: with its own exit code, every time."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest


@pytest.mark.slow
def test_the_library_never_ends_the_process_by_the_signal_that_says_it_is_done(tmp_path: Path) -> None:
    """It did, once in ten times: threads of the library that had not blocked the signal died of it, after the work."""
    (tmp_path / "main.tf").write_text('variable "greeting" {}\n')
    command = [sys.executable, "-P", "-m", "terrace.adapters.terraform.embedded", "fmt", "-check", "main.tf"]

    def once(_: int) -> int:
        return subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(once, range(40))) == {0}
