"""Tools are installed whole or not at all, proven to be the published ones, and found where they are."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import io
import os
import re
import tarfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from importlib import resources
from pathlib import Path

import httpx
import pytest

from terrace.adapters.http import download
from terrace.adapters.tools.find_tool import Toolbox
from terrace.adapters.tools.install import install, platform_name
from terrace.adapters.tools.known import TOOLS, tool
from terrace.checks.tools import GoModule, Locked, Release, Tool
from terrace.errors import BadInput, Corrupt, NotReady

PROGRAM = b"#!/bin/sh\necho thing 9.9.9\n"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        return None


@pytest.fixture
def published(tmp_path: Path) -> Iterator[Tool]:
    """A tool that is published on this machine."""
    folder = tmp_path / "published"
    folder.mkdir()
    with tarfile.open(folder / "thing.tar.gz", "w:gz") as archive:
        for name, content in (("README.md", b"hello"), ("thing", PROGRAM), ("../evil", b"evil")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    sha256 = hashlib.sha256((folder / "thing.tar.gz").read_bytes()).hexdigest()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        release = Release(f"http://127.0.0.1:{server.server_port}", {platform_name(): ("thing.tar.gz", sha256)})
        yield Tool("thing", "1.0.0", "tests", "nothing", (release,))
        server.shutdown()


@pytest.fixture
def box(tmp_path: Path) -> Toolbox:
    return Toolbox(tmp_path / "tools", {"PATH": "/usr/bin:/bin"})


def said(text: str) -> None:
    """Nobody listens."""


def test_an_archive_is_proven_and_only_its_program_is_taken(published: Tool, box: Toolbox, tmp_path: Path) -> None:
    assert box.find(published) is None
    path = install(published, box, said)
    assert path.read_bytes() == PROGRAM
    assert sorted(p.name for p in box.folder.rglob("*")) == [".lock", "bin", "thing", "thing-1.0.0"]
    assert not (tmp_path / "evil").exists()
    found = box.find(published)
    assert found is not None
    assert (found.path, found.ours, box.version(found)) == (path, True, "1.0.0")
    assert install(published, box, said) == path


def test_another_content_is_refused_and_nothing_is_left(published: Tool, box: Toolbox) -> None:
    (release,) = published.sources
    assert isinstance(release, Release)
    wrong = replace(release, archives={platform_name(): ("thing.tar.gz", "0" * 64)})
    # Another way must not be tried either: somebody changed something.
    other = replace(published, sources=(wrong, release))
    with pytest.raises(Corrupt, match="does not match the pinned checksum"):
        install(other, box, said)
    assert [p.name for p in box.folder.iterdir()] == [".lock"]


def test_the_next_way_is_tried_and_every_reason_told(published: Tool, box: Toolbox) -> None:
    (release,) = published.sources
    assert isinstance(release, Release)
    gone = Release("http://127.0.0.1:9", release.archives)
    assert install(replace(published, sources=(gone, release)), box, said).is_file()
    foreign = Release("http://127.0.0.1:9", {})
    sources = (gone, foreign, GoModule("example.com/thing@v1"))
    with pytest.raises(NotReady) as told:
        install(replace(published, version="2.0.0", sources=sources), box, said, {"PATH": "/nowhere"})
    assert "could not be downloaded" in told.value.message
    assert f"there is no pinned checksum for {platform_name()}" in told.value.message
    assert "go is not on PATH" in told.value.message
    assert told.value.hint == "install thing 2.0.0 manually and put it on PATH"


def test_what_is_interrupted_leaves_nothing_half(published: Tool, box: Toolbox) -> None:
    def interrupted(text: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install(published, box, interrupted)
    assert [p.name for p in box.folder.iterdir()] == [".lock"]
    # One that was killed cleared nothing away; the next one does.
    left = box.folder / ".new-left" / "bin"
    left.mkdir(parents=True)
    (left / "thing").write_bytes(PROGRAM)
    assert box.find(published) is None
    install(published, box, said)
    assert not left.exists()


def test_what_is_on_path_goes_first_and_is_asked_for_its_version(published: Tool, box: Toolbox, tmp_path: Path) -> None:
    install(published, box, said)
    (tmp_path / "thing").write_bytes(PROGRAM)
    (tmp_path / "thing").chmod(0o755)
    other = Toolbox(box.folder, {"PATH": f"{tmp_path}:{os.defpath}"})
    found = other.find(published)
    assert found is not None
    assert (found.path, found.ours, other.version(found)) == (tmp_path / "thing", False, "9.9.9")
    before = found.identity
    (tmp_path / "thing").write_bytes(PROGRAM + b"\n")
    after = other.find(published)
    assert after is not None
    assert after.identity != before


def test_go_is_told_to_ask_the_checksum_database_whatever_the_surroundings_say(box: Toolbox, tmp_path: Path) -> None:
    bench = tmp_path / "bench"
    bench.mkdir()
    (bench / "go").write_text(
        '#!/bin/sh\nmkdir -p "$GOBIN"\nenv > "$GOBIN/env"\necho "$@" > "$GOBIN/argv"\necho built > "$GOBIN/thing"\n'
    )
    (bench / "go").chmod(0o755)
    environ = {
        "PATH": f"{bench}:{os.defpath}",
        "GOSUMDB": "off",
        "GOFLAGS": "-insecure",
        "GONOSUMDB": "*",
        "AWS_X": "y",
    }
    path = install(Tool("thing", "1.0.0", "", "", (GoModule("example.com/thing@v1.0.0"),)), box, said, environ)
    seen = (path.parent / "env").read_text()
    assert (path.parent / "argv").read_text() == "install example.com/thing@v1.0.0\n"
    assert "GOSUMDB=sum.golang.org" in seen
    assert "AWS_X" not in seen
    assert not re.search(r"^(GONOSUMDB|GOFLAGS)=.", seen, re.MULTILINE)


def test_every_tool_has_a_proof() -> None:
    for one in TOOLS:
        assert one.sources
        for source in one.sources:
            match source:
                case Release():
                    assert source.url.startswith("https://")
                    assert all(re.fullmatch(r"[0-9a-f]{64}", sha) for _, sha in source.archives.values())
                    assert all(one.version in name for name, _ in source.archives.values())
                case GoModule():
                    assert source.path.endswith(f"@v{one.version}")
                case Locked():
                    lock = resources.files(source.package).joinpath(source.file).read_text()
                    assert f"{one.name}=={one.version} " in lock
                    requirements = re.findall(r"(?m)^\S.*$", lock)
                    assert len(requirements) == len(re.findall(r"(?m)^\S.*\\\n    --hash=sha256:", lock))


def test_an_unknown_tool_is_wrong_use_with_the_nearest_name() -> None:
    with pytest.raises(BadInput, match="chekov") as told:
        tool("chekov")
    assert "checkov" in str(told.value.hint)


class Hostile(http.server.BaseHTTPRequestHandler):
    """A mirror that never comes to an end, or leads on and on."""

    def do_GET(self) -> None:
        place = f"http://{self.headers['host']}"
        if self.path.startswith("/around"):
            self.send_response(302)
            self.send_header("location", f"{place}{self.path}x")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b"x" * (1 if self.path == "/drip" else 65536))
                if self.path == "/drip":
                    time.sleep(0.1)

    def log_message(self, *_: object) -> None:
        return None


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/drip", "within 1 s"),
        ("/endless", "longer than 1,000,000 bytes"),
        ("/around", "redirects more than 5 times"),
    ],
)
def test_a_download_ends_in_time_and_at_its_limit(path: str, why: str, tmp_path: Path) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hostile) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}{path}"
        with (tmp_path / "it").open("w+b") as target, pytest.raises(httpx.HTTPError, match=why):
            download(url, target, seconds=1, size=1_000_000)
        assert (tmp_path / "it").stat().st_size <= 1_000_000
        server.shutdown()
