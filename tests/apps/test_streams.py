"""What Terrace prints in a CI job is never a command to the runner of the job."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from support.hostile import texts
from terrace.apps.cli.streams import LogStream, guarded_log
from terrace.text import harmless

GITHUB = {"GITHUB_ACTIONS": "true"}


@given(st.lists(texts, max_size=6), st.integers(1, 5))
def test_a_command_to_the_runner_is_none_in_whatever_pieces_it_is_printed(parts: list[str], size: int) -> None:
    whole = "".join(parts).replace("\r", "\n")
    for pieces in (parts, [whole[at : at + size] for at in range(0, len(whole), size)]):
        out = io.StringIO()
        stream = LogStream(out)
        for piece in pieces:
            assert stream.write(piece) == len(piece)
        assert out.getvalue() == harmless(whole)


def test_a_message_of_others_sets_no_output_of_a_job() -> None:
    out, err = sys.stdout, sys.stderr
    try:
        sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
        with guarded_log(GITHUB):
            sys.stdout.write("  ::set-output name=environment::prod\n")
            sys.stderr.write("error: x ##[set-output name=environment;]prod\n")
            sys.stderr.write(":")
            sys.stderr.write(":error::x")
        assert sys.stdout.getvalue() == "  :\\x3aset-output name=environment::prod\n"
        assert sys.stderr.getvalue() == "error: x ##\\x5bset-output name=environment;]prod\n:\\x3aerror::x"
    finally:
        sys.stdout, sys.stderr = out, err


def test_a_file_and_a_terminal_of_a_person_get_every_byte(tmp_path: Path) -> None:
    out = sys.stdout
    try:
        with (tmp_path / "out").open("w") as file:
            sys.stdout = file
            with guarded_log(GITHUB):
                print("::error::x", file=sys.stdout)  # noqa: T201
        sys.stdout = io.StringIO()
        with guarded_log({}):
            print("::error::x", file=sys.stdout)  # noqa: T201
        assert (tmp_path / "out").read_text() == sys.stdout.getvalue() == "::error::x\n"
    finally:
        sys.stdout = out
