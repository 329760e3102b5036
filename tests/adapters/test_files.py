"""A file of the working tree is never seen half-written, and nothing outside of the repository is touched."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from terrace.adapters.files import put, read_plain, remove, write_new, write_whole
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


# --- what may stand where a file is written ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["file", "link", "dangling", "pipe", "hard link", "nothing"])
def test_a_private_checkout_is_never_written_through(tmp_path: Path, kind: str) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    precious, target = outside / "precious", inside / "x.tf"
    precious.write_bytes(b"mine")
    if kind == "file":
        target.write_bytes(b"old")
    elif kind == "link":
        target.symlink_to(precious)
    elif kind == "dangling":
        target.symlink_to(outside / "made")
    elif kind == "pipe":
        os.mkfifo(target)
    elif kind == "hard link":
        target.hardlink_to(precious)
    put(inside, "x.tf", b"ours")
    assert target.read_bytes() == b"ours"
    assert not target.is_symlink()
    assert (precious.read_bytes(), [p.name for p in outside.iterdir()]) == (b"mine", ["precious"])
    remove(inside, "x.tf")
    remove(inside, "x.tf")
    assert list(inside.iterdir()) == []


def test_a_link_to_a_device_is_replaced_and_a_folder_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "device").symlink_to("/dev/full")
    put(tmp_path, "device", b"ours")
    assert (tmp_path / "device").read_bytes() == b"ours"
    (tmp_path / "folder").mkdir()
    with pytest.raises(BadInput, match="it is a folder"):
        put(tmp_path, "folder", b"ours")
    with pytest.raises(BadInput, match="not a plain file"):
        write_whole(tmp_path, "folder", b"ours")


def test_a_new_file_replaces_nothing(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (tmp_path / "in").mkdir()
    (tmp_path / "in/link").symlink_to(outside)
    (tmp_path / "in/pipe").write_bytes(b"")
    for name in ("in/link", "in/pipe", "in"):
        with pytest.raises(FileExistsError):
            write_new(tmp_path, name, b"ours")
    write_new(tmp_path, "in/deep/er/a", b"ours", make_folders=True)
    assert (tmp_path / "in/deep/er/a").read_bytes() == b"ours"
    (tmp_path / "in/deep/by").symlink_to(tmp_path)
    with pytest.raises(BadInput, match="link"):
        write_new(tmp_path, "in/deep/by/new/a", b"ours", make_folders=True)
    assert not outside.exists()
    assert not (tmp_path / "new").exists()


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadInput, match="not a plain file"):
        read_plain(tmp_path, "pipe")
    with pytest.raises(BadInput, match="not a plain file"):
        write_whole(tmp_path, "pipe", b"ours")


SWAPPER = """
import os, sys
inside, outside = sys.argv[1:]
os.chdir(inside)
while True:
    os.rename("d", "aside")
    os.symlink(outside, "d")
    os.unlink("d")
    os.rename("aside", "d")
"""


def test_a_folder_that_another_process_swaps_for_a_link_leads_nowhere(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    (inside / "d").mkdir(parents=True)
    outside.mkdir()
    with subprocess.Popen([sys.executable, "-P", "-c", SWAPPER, inside, outside]) as swapper:
        try:
            for number in range(500):
                for write in (put, write_whole, write_new):
                    with contextlib.suppress(BadInput, FileExistsError):
                        write(inside, f"d/{number}", b"ours")
        finally:
            swapper.kill()
    assert list(outside.iterdir()) == []
