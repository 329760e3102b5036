"""Commands on one machine wait for each other, for a limited time, and say for which process."""

from __future__ import annotations

import ast
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.syntax import trees
from terrace.adapters.file_lock import file_lock
from terrace.errors import NotReady

HOLDER = (
    "import sys\n"
    "from pathlib import Path\n"
    "from terrace.adapters.file_lock import file_lock\n"
    "with file_lock(Path(sys.argv[1]), 'it'):\n"
    "    print('held', flush=True)\n"
    "    sys.stdin.read()\n"
)


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock `lock` until it is ended."""
    argv = [sys.executable, "-P", "-c", HOLDER, str(tmp_path / "lock")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_process_that_was_stopped_is_named_and_not_waited_for_without_end(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    holder.send_signal(signal.SIGSTOP)
    with pytest.raises(NotReady) as refused, file_lock(tmp_path / "lock", "the provider cache", 0.1):
        pass
    assert f"the provider cache is in use by process {holder.pid}" in str(refused.value)
    assert f"ps -fp {holder.pid}" in str(refused.value.hint)


def test_the_lock_of_a_process_that_was_killed_is_free(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    with file_lock(tmp_path / "lock", "it", 10):
        assert (tmp_path / "lock").read_text().split()[0] != str(holder.pid)


def test_it_waits_until_the_other_process_has_ended(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    assert holder.stdin is not None
    holder.stdin.close()
    with file_lock(tmp_path / "lock", "it", 30):
        pass


@pytest.mark.parametrize("text", ["", "no number\n", "9" * 99, "1 \n", "-1 5\n", "99999 1\n", "\x00\xff"])
def test_of_a_lock_whose_text_names_no_living_process_only_the_file_is_told(tmp_path: Path, text: str) -> None:
    lock = tmp_path / "lock"
    with file_lock(lock, "it", 1):
        lock.write_text(text, encoding="latin-1")
        with pytest.raises(NotReady, match="in use by another process") as refused, file_lock(lock, "it", 0):
            pass
        assert f"fuser -v {lock}" in str(refused.value.hint)


def test_no_link_and_no_folder_is_taken_for_a_lock(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("link", "missing/lock"):
        with pytest.raises(NotReady, match="cannot be opened"), file_lock(tmp_path / name, "it", 1):
            pass
    assert not (tmp_path / "elsewhere").exists()


def test_nothing_in_terrace_waits_for_a_lock_without_a_limit() -> None:
    calls = [
        (path, ast.unparse(node))
        for path, tree in trees("flock|lockf")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("flock", "lockf"))
    ]
    assert len(calls) > 3
    assert [call for call in calls if "LOCK_NB" not in call[1] and "LOCK_UN" not in call[1]] == []
