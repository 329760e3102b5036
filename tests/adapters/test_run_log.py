"""The log of an apply stays below its bound, says where it is cut, and keeps what was said last."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.attempts import VERSION, lay_run
from support.sites import terraform_in
from terrace.adapters.runner.applier import LINE_BYTES, LocalApplier
from terrace.adapters.runner.run_folder import RunFolder
from terrace.adapters.runner.run_log import CUT, RunLog
from terrace.plans.ports import Attempt

LIMIT = 40_000
LINE = b'{"type":"provision_progress","@message":"' + b"x" * 56 + b'"}\n'


@pytest.fixture
def log(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path / "log", os.O_RDWR | os.O_CREAT | os.O_APPEND)
    yield descriptor
    os.close(descriptor)


def content(descriptor: int) -> bytes:
    return os.pread(descriptor, 10 * LIMIT, 0)


def markers(text: bytes) -> int:
    return sum(json.loads(line)["type"] == CUT for line in text.splitlines() if b'"@message": "Terrace' in line)


def test_a_log_below_its_bound_is_left_as_it_is(log: int) -> None:
    bounded = RunLog(log, LIMIT)
    os.write(log, LINE * 400)
    assert 400 * len(LINE) == LIMIT
    bounded.cut()
    bounded.close()
    assert (content(log), bounded.left_out) == (LINE * 400, 0)


@pytest.mark.parametrize("pieces", [1, 7, 1000], ids=["at once", "in pieces", "line by line"])
def test_what_is_beyond_the_bound_is_taken_away_while_it_is_written(log: int, pieces: int) -> None:
    bounded = RunLog(log, LIMIT)
    written, largest, first = 0, 0, b""
    for number in range(pieces):
        part = LINE * (4000 // pieces) + b'{"n":%d}\n' % number
        os.write(log, part)
        written += len(part)
        first = first + part if len(first) < LIMIT else first
        bounded.cut()
        largest = max(largest, os.fstat(log).st_size)
    os.write(log, b'{"type":"change_summary"}\n')
    bounded.close()
    text = content(log)
    assert text.startswith(first[: LIMIT * 3 // 4]), "what was said first is kept"
    assert text.endswith(b'{"type":"change_summary"}\n'), "and what was said last"
    assert markers(text) == 1
    assert len(text) < 2 * LIMIT and largest < 2 * LIMIT
    assert bounded.left_out >= written - 2 * LIMIT


def test_a_log_that_passes_its_bound_in_its_last_moment_keeps_its_beginning_and_its_end(log: int) -> None:
    bounded = RunLog(log, LIMIT)
    os.write(log, VERSION + LINE * 4000 + b'{"type":"change_summary"}\n')
    bounded.close()
    text = content(log)
    assert text.startswith(VERSION) and text.endswith(b'{"type":"change_summary"}\n')
    assert markers(text) == 1 and bounded.left_out > 4000 * len(LINE) - LIMIT


def test_a_log_that_cannot_be_cut_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(LINE * 1000)
    descriptor = os.open(tmp_path / "log", os.O_RDONLY)
    bounded = RunLog(descriptor, LIMIT)
    bounded.cut()
    bounded.close()
    os.close(descriptor)
    assert bounded.left_out == 0


# --- what a cut log proves -----------------------------------------------------------------------------------------


def seal_with(tmp_path: Path, attempt: Attempt, **more: object) -> None:
    run = RunFolder(tmp_path / "runs" / "one")
    record = json.loads((run.path / "exit.json").read_bytes())
    run.write("exit.json", {**record, "log": {**record["log"], **more}})


def test_a_sealed_log_that_was_cut_is_not_whole_and_decides_no_failure(tmp_path: Path) -> None:
    applier = LocalApplier(tmp_path / "runs", terraform_in(tmp_path / "terrace"))
    said = b'{"type":"diagnostic","diagnostic":{"severity":"error","summary":"no"}}\n'
    attempt = lay_run(tmp_path / "runs", "failed", VERSION + said)
    before, found = applier.wait(attempt), applier.autopsy(attempt)
    assert before is not None and before.evidence is not None
    assert found is not None and found.whole
    seal_with(tmp_path, attempt, cut=1)
    after, found = applier.wait(attempt), applier.autopsy(attempt)
    assert after is not None and after.evidence is None and "1 bytes are missing" in after.doubt
    assert found is not None and not found.whole


@pytest.mark.parametrize("between", [b"", b"\n", b'{"type":"apply_st'])
def test_a_log_that_was_cut_before_its_runner_died_is_not_whole(tmp_path: Path, between: bytes) -> None:
    applier = LocalApplier(tmp_path / "runs", terraform_in(tmp_path / "terrace"))
    marker = b'{"type":"%s"}\n' % CUT.encode()
    found = applier.autopsy(lay_run(tmp_path / "runs", "logged", VERSION + between + b"\n" * bool(between) + marker))
    assert found is not None and not found.whole


def test_a_line_without_an_end_is_not_read_again_and_again_nor_held_as_a_whole(tmp_path: Path) -> None:
    applier = LocalApplier(tmp_path / "runs", terraform_in(tmp_path / "terrace"))
    created = b'{"type":"apply_complete","hook":{"resource":{"addr":"a.b"},"action":"create","id_value":"i"}}\n'
    long = VERSION + b"x" * (LINE_BYTES + 10) + b"\n" + created
    found = applier.autopsy(lay_run(tmp_path / "runs", "logged", long))
    assert found is not None
    assert (found.created, found.whole) == ((("a.b", "i"),), False)
