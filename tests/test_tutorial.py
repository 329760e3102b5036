"""docs/tutorial.md, whole: every command is run as it is written, and prints what is written below it.

It is also the way of a whole repository from `terrace init` to a deployed prod, with real Terraform.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs/tutorial.md"
_END = "end-of-command"
_VARYING = re.compile(
    r"\b\d{8}T\d{6}Z\b|\b\d+(?:\.\d+)?s(?: ago)?\b|\b(?=[0-9a-f]*\d)[0-9a-f]{7,64}\b|\b\d+(?= events)|^\s*\$ .*", re.M
)
"""Times, durations, ids, and the number of events."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A command of the page, with the lines below it and its exit code."""

    command: str
    lines: tuple[str, ...]
    code: int


def commands(page: str) -> list[Shown]:
    found: list[Shown] = []
    for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, *lines = part.splitlines()
            code = re.search(r"# exit (\d)", command)
            found.append(Shown(command, tuple(lines), int(code[1]) if code else 0))
    return found


def plain(line: str) -> str:
    return " ".join(_VARYING.sub("~", line).split())


def missing(shown: Shown, printed: str) -> list[str]:
    """The lines of the page that the command did not print, in this order."""
    rest = iter([plain(line) for line in printed.splitlines()])
    return [line for line in shown.lines if not any(plain(line) in one for one in rest)]


@pytest.mark.slow
def test_the_tutorial_goes_from_an_empty_folder_to_production_as_it_is_written(tmp_path: Path) -> None:
    told = commands(PAGE.read_text())
    assert sum(one.command.startswith("terrace ") for one in told) > 12
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/terrace").write_text(f'#!/bin/sh\nexec {sys.executable} -P -m terrace "$@"\n')
    (tmp_path / "bin/terrace").chmod(0o755)
    script = "".join(f"{{ {one.command}\n}} 2>&1 </dev/null\ncode=$?; echo; echo {_END} $code\n" for one in told)
    variables = {
        **os.environ,
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "TERRACE_HOME": str(tmp_path / "home"),
        **{f"GIT_{who}_NAME": "you" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "you@example.com" for who in ("AUTHOR", "COMMITTER")},
    }
    variables.pop("TERRACE_BACKUP_KEY", None)
    done = subprocess.run(
        ["bash", "-s"], input=script, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
    )
    parts = re.split(rf"^{_END} (\d+)\n", done.stdout, flags=re.M)
    ran = list(zip(parts[::2], map(int, parts[1::2]), strict=False))
    assert len(ran) == len(told), done.stdout + done.stderr
    for one, (printed, code) in zip(told, ran, strict=True):
        assert code == one.code, f"$ {one.command}\n{printed}"
        assert missing(one, printed) == [], f"$ {one.command}\n{printed}"


def test_a_line_that_is_not_printed_or_in_another_order_is_found() -> None:
    shown = Shown("terrace status", ("dev eccb785 3s ago", "next"), 0)
    assert missing(shown, "dev  aaaaaa1  40s ago\nmore\nnext: x\n") == []
    assert missing(shown, "next: x\ndev  aaaaaa1  40s ago\n") == ["next"]
    assert missing(shown, "dev  failed\nnext\n") == ["dev eccb785 3s ago", "next"]
