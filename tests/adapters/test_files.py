"""A file of the working tree is never seen half-written, and nothing outside of the repository is touched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from terrace.adapters.files import read_plain, write_whole
from terrace.errors import BadInput, NotReady

WRITER = """
import sys
from pathlib import Path
from terrace.adapters.files import write_whole
while True:
    for letter in (b"a", b"b"):
        write_whole(Path(sys.argv[1]), "README.md", letter * 1_000_000)
"""


@pytest.mark.parametrize("after", [0.02, 0.05, 0.11])
def test_a_kill_leaves_the_old_or_the_new_file(tmp_path: Path, after: float) -> None:
    readme = tmp_path / "README.md"
    with subprocess.Popen([sys.executable, "-P", "-c", WRITER, tmp_path]) as writer:
        while not readme.exists():
            time.sleep(0.005)
        time.sleep(after)
        os.kill(writer.pid, signal.SIGKILL)
    assert set(readme.read_bytes()) in ({ord("a")}, {ord("b")})
    assert readme.stat().st_size == 1_000_000


def test_a_file_keeps_its_mode_and_a_new_one_is_as_the_umask_says(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.write_bytes(b"old")
    old.chmod(0o750)
    write_whole(tmp_path, "old", b"new")
    write_whole(tmp_path, "new", b"new")
    mask = os.umask(0)
    os.umask(mask)
    assert (old.stat().st_mode & 0o777, (tmp_path / "new").stat().st_mode & 0o777) == (0o750, 0o666 & ~mask)
    assert read_plain(tmp_path, "old") == read_plain(tmp_path, "new") == b"new"
    assert read_plain(tmp_path, "none") is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "old"]


def test_links_and_what_is_outside_are_refused(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "a").write_bytes(b"theirs")
    (inside / "folder").symlink_to(outside)
    (inside / "link").symlink_to(outside / "a")
    (inside / "real").mkdir()
    for path in ("folder/a", "link", "../outside/a", "/etc/passwd"):
        with pytest.raises(BadInput):
            read_plain(inside, path)
        with pytest.raises(BadInput):
            write_whole(inside, path, b"ours")
    with pytest.raises(BadInput):
        read_plain(inside, "real")
    with pytest.raises(NotReady, match="cannot be written"):
        write_whole(inside, "nowhere/a", b"ours")
    assert (outside / "a").read_bytes() == b"theirs"
