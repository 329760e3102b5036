"""One contract for every store of artifacts; what a folder of this machine promises beyond it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex

import pytest

from support.stores import ObjectStore, stores
from terrace.adapters.artifacts import Artifacts
from terrace.errors import BadInput, NotReady, TerraceError

__all__ = ["stores"]


REMOTE = [pytest.param(kind, marks=pytest.mark.aws) for kind in ("s3", "azure", "google")]


@pytest.fixture(params=["folder", "file", "memory", *REMOTE])
def store(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    stores: Mapping[str, ObjectStore],
    monkeypatch: pytest.MonkeyPatch,
) -> Artifacts:
    places = {"folder": str(tmp_path / "store"), "file": f"file://{tmp_path}/store", "memory": "memory:///"}
    if request.param in places:
        return Artifacts(places[request.param])
    remote = stores[request.param]
    for name, value in remote.variables.items():
        monkeypatch.setenv(name, value)
    return Artifacts(f"{remote.url}/{token_hex(4)}")


def test_what_was_put_is_got(store: Artifacts) -> None:
    store.put("states/prod/one.enc", b"one")
    store.put("states/prod/two.enc", b"")
    store.put("states/dev/one.enc", b"three")
    assert store.get("states/prod/one.enc") == b"one"
    assert store.get("states/prod/two.enc") == b""
    assert store.names("states/prod") == ("states/prod/one.enc", "states/prod/two.enc")
    assert len(store.names("states")) == 3


def test_a_large_state_is_put_at_once_and_not_in_parts(store: Artifacts) -> None:
    """S3 sends in parts what is larger than five megabytes, and in parts nothing is refused that exists already."""
    large = bytes(range(256)) * 32_768
    store.put("a/large", large)
    assert store.get("a/large") == large
    with pytest.raises(TerraceError, match="not overwritten"):
        store.put("a/large", large[:-1])


def test_how_something_begins_can_be_read_alone(store: Artifacts) -> None:
    store.put("a/b", b"12345")
    assert [store.head("a/b", length) for length in (3, 5, 100)] == [b"123", b"12345", b"12345"]
    with pytest.raises(BadInput, match="there is no artifact a/c"):
        store.head("a/c", 3)


def test_what_is_removed_is_gone_and_removing_it_again_is_no_error(store: Artifacts) -> None:
    store.put("a/b", b"one")
    store.put("a/c", b"two")
    store.remove("a/b")
    store.remove("a/b")
    assert store.names("a") == ("a/c",)


def test_nothing_is_written_over(store: Artifacts) -> None:
    store.put("a/b", b"one")
    with pytest.raises(TerraceError, match="not overwritten"):
        store.put("a/b", b"two")
    assert store.get("a/b") == b"one"


def test_putting_the_same_again_is_no_error(store: Artifacts) -> None:
    """A client that lost the answer to its first request asks a second time."""
    store.put("a/b", b"one")
    store.put("a/b", b"one")


def test_what_is_not_there_is_said(store: Artifacts) -> None:
    with pytest.raises(BadInput, match="there is no artifact a/b"):
        store.get("a/b")
    assert store.names("a") == ()


@pytest.mark.parametrize(
    "name", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/.hidden", "a/b\0", "a\\b", "a/b\n"]
)
def test_no_name_leads_out_of_the_store(store: Artifacts, name: str) -> None:
    for use in (store.get, store.names, store.remove, lambda n: store.head(n, 1), lambda n: store.put(n, b"")):
        with pytest.raises(BadInput, match="not a valid artifact name"):
            use(name)


def test_a_store_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(BadInput, match="ftp://") as caught:
        Artifacts("ftp://example.com/states").get("a")
    assert "s3://" in (caught.value.hint or "")


def test_a_store_that_cannot_be_read_is_not_ready(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NotReady, match="cannot be used"):
        Artifacts(tmp_path / "file").put("a/b", b"")


def test_nobody_else_may_read_what_lies_in_a_folder(tmp_path: Path) -> None:
    Artifacts(tmp_path / "new" / "store").put("states/prod/one.enc", b"one")
    for path in (tmp_path / "new").rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_a_folder_that_was_there_keeps_its_permissions(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o750)
    Artifacts(folder).put("a", b"one")
    assert folder.stat().st_mode & 0o777 == 0o750


def test_whoever_is_killed_while_writing_leaves_nothing_half(tmp_path: Path) -> None:
    write = (
        "import sys, itertools\n"
        "from terrace.adapters.artifacts import Artifacts\n"
        "store = Artifacts(sys.argv[1])\n"
        "for n in itertools.count():\n"
        "    store.put(f'states/{sys.argv[2]}-{n}', bytes([n % 251]) * 3_000_000)\n"
        "    print(n, flush=True)\n"
    )
    for attempt in range(4):
        child = subprocess.Popen(
            [sys.executable, "-c", write, str(tmp_path), str(attempt)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(0.03 + 0.02 * attempt)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
    store = Artifacts(tmp_path)
    assert len(store.names("states")) >= 4
    for name in store.names("states"):
        n = int(name.rpartition("-")[2])
        assert store.get(name) == bytes([n % 251]) * 3_000_000
