"""Probes against a real server and real commands: passed, failed, or not to be told; and nothing given away."""

from __future__ import annotations

import contextlib
import gzip
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from terrace.adapters.probes import LiveProbes
from terrace.config.model import CommandProbe, HttpProbe, Probe
from terrace.rollout.ports import ProbeResult

pytestmark = pytest.mark.slow

SECOND = timedelta(seconds=1)


def drip(site: BaseHTTPRequestHandler) -> None:
    """A body of which a byte comes every tenth of a second."""
    site.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")
    for _ in range(100):
        site.wfile.write(b"x")
        time.sleep(0.1)


def drip_headers(site: BaseHTTPRequestHandler) -> None:
    """Headers that come that slowly."""
    site.wfile.write(b"HTTP/1.0 200 OK\r\n")
    for number in range(100):
        site.wfile.write(f"x-{number}: y\r\n".encode())
        time.sleep(0.1)


def endless(site: BaseHTTPRequestHandler) -> None:
    """A body without an end, as fast as it is read."""
    site.wfile.write(b"HTTP/1.0 200 OK\r\n\r\nwell")
    while True:
        site.wfile.write(b"x" * 65536)


def bomb(site: BaseHTTPRequestHandler) -> None:
    """A megabyte that is a gigabyte."""
    packer = zlib.compressobj(9, wbits=31)
    site.wfile.write(b"HTTP/1.0 200 OK\r\ncontent-encoding: gzip\r\n\r\n" + packer.compress(b"well"))
    while True:
        site.wfile.write(packer.compress(b"x" * 2**20))


def packed(site: BaseHTTPRequestHandler) -> None:
    body = gzip.compress("überall well".encode("utf-16"))
    site.wfile.write(b"HTTP/1.0 200 OK\r\ncontent-encoding: gzip\r\ncontent-type: text/plain; charset=utf-16\r\n\r\n")
    site.wfile.write(body)


def zlib_text(site: BaseHTTPRequestHandler) -> None:
    """A charset that is a codec of Python and no text."""
    site.wfile.write(b"HTTP/1.0 200 OK\r\ncontent-type: text/plain; charset=zlib\r\n\r\nall is well")


def cut(site: BaseHTTPRequestHandler) -> None:
    site.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nwell")


def strange(site: BaseHTTPRequestHandler) -> None:
    site.wfile.write(b"HTTP/1.0 200 OK\r\ncontent-encoding: zstd\r\n\r\nwell")


def around(site: BaseHTTPRequestHandler) -> None:
    site.wfile.write(b"HTTP/1.0 302 Found\r\nlocation: /around\r\n\r\n")


HOSTILE: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {
    "/drip": drip,
    "/drip-headers": drip_headers,
    "/endless": endless,
    "/bomb": bomb,
    "/packed": packed,
    "/zlib": zlib_text,
    "/cut": cut,
    "/strange": strange,
    "/around": around,
}


class Site(BaseHTTPRequestHandler):
    """/N answers with status N; /flaky fails once in two; the others misbehave as their names say."""

    asked = 0

    def do_GET(self) -> None:
        Site.asked += 1
        if self.path in HOSTILE:
            with contextlib.suppress(OSError):
                HOSTILE[self.path](self)
            return
        status = 500 if self.path == "/flaky" and Site.asked % 2 else 200
        if self.path.strip("/").isdigit():
            status = int(self.path.strip("/"))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b"all is well")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        Site.asked = 0
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def seen(probe: Probe, folder: Path, variables: Mapping[str, str] | None = None) -> ProbeResult:
    return LiveProbes(pause=0).run(probe, folder=folder, variables=variables or {})


def test_an_answer_is_what_it_should_be_or_is_told(site: str, tmp_path: Path) -> None:
    assert seen(HttpProbe(f"{site}/200"), tmp_path).reading == "passed"
    assert seen(HttpProbe(f"{site}/204", expect=204), tmp_path).reading == "passed"
    wrong = seen(HttpProbe(f"{site}/503", attempts=2), tmp_path)
    assert (wrong.reading, wrong.message) == ("failed", "status 503 instead of 200 after 2 attempts")
    assert seen(HttpProbe(f"{site}/302"), tmp_path).reading == "failed", "elsewhere is not here"
    assert seen(HttpProbe(f"{site}/200", contains="well"), tmp_path).reading == "passed"
    assert "without 'ill'" in seen(HttpProbe(f"{site}/200", contains="ill"), tmp_path).message


def test_it_is_tried_as_often_as_it_says(site: str, tmp_path: Path) -> None:
    assert seen(HttpProbe(f"{site}/flaky", attempts=1), tmp_path).reading == "failed"
    Site.asked = 0
    assert seen(HttpProbe(f"{site}/flaky", attempts=2), tmp_path).reading == "passed"


@pytest.mark.parametrize("path", ["/drip", "/drip-headers"])
def test_a_slow_answer_ends_with_the_timeout_of_the_try(path: str, site: str, tmp_path: Path) -> None:
    began = time.monotonic()
    found = seen(HttpProbe(f"{site}{path}", attempts=2, timeout=SECOND / 2), tmp_path)
    assert time.monotonic() - began < 6, "the whole body takes ten"
    assert (found.reading, found.message) == ("failed", "no complete response within 0.5 s after 2 attempts")


@pytest.mark.parametrize("path", ["/endless", "/bomb"])
def test_an_endless_body_is_read_up_to_its_limit(path: str, site: str, tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        assert seen(HttpProbe(f"{site}{path}", attempts=1, contains="well"), tmp_path).reading == "passed"
        found = seen(HttpProbe(f"{site}{path}", attempts=1, contains="ill"), tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 40 * 2**20
    finally:
        tracemalloc.stop()
    assert found.message == "a body without 'ill' in its first 1,048,576 bytes after 1 attempt"


@pytest.mark.parametrize(
    ("path", "contains", "reading", "message"),
    [
        ("/packed", "überall", "passed", "status 200"),
        ("/zlib", "well", "passed", "status 200"),
        ("/cut", None, "failed", "no response (RemoteProtocolError) after 1 attempt"),
        ("/strange", None, "failed", "no response (DecodingError) after 1 attempt"),
        ("/around", None, "failed", "status 302 instead of 200 after 1 attempt"),
    ],
)
def test_an_answer_of_a_strange_kind_breaks_nothing(
    path: str, contains: str | None, reading: str, message: str, site: str, tmp_path: Path
) -> None:
    found = seen(HttpProbe(f"{site}{path}", attempts=1, contains=contains), tmp_path)
    assert (found.reading, found.message) == (reading, message)


def test_nobody_there_is_a_failure(tmp_path: Path) -> None:
    gone = seen(HttpProbe("http://127.0.0.1:1/", attempts=1, timeout=SECOND), tmp_path)
    assert (gone.reading, gone.message) == ("failed", "no response (ConnectError) after 1 attempt")


def test_an_output_goes_into_the_address_and_one_that_is_missing_makes_it_unclear(site: str, tmp_path: Path) -> None:
    probe = HttpProbe("${TERRACE_OUTPUT_URL}/200", attempts=1)
    assert seen(probe, tmp_path, {"TERRACE_OUTPUT_URL": site}).reading == "passed"
    missing = seen(probe, tmp_path)
    assert (missing.reading, missing.message) == ("unclear", "there is no output for TERRACE_OUTPUT_URL")


@pytest.mark.parametrize(
    "value", ["hunter2", "gopher://hunter2", "http://hunter2:port/", "http://hunter2\n/", "http://hunter2/\ud800"]
)
def test_an_address_that_is_none_is_unclear_and_never_repeated(value: str, tmp_path: Path) -> None:
    """What cannot even be asked must stop no deployment, and says nothing about what is live."""
    found = seen(HttpProbe("${X}", attempts=1, timeout=SECOND), tmp_path, {"X": value})
    assert found.reading == "unclear"
    assert "hunter2" not in found.message
    assert "hunter2" not in found.name


def test_a_command_tells_by_its_exit_and_may_say_that_it_cannot_tell(tmp_path: Path) -> None:
    assert seen(CommandProbe(("true",)), tmp_path).reading == "passed"
    failed = seen(CommandProbe(("sh", "-c", "echo it is down >&2; exit 3")), tmp_path)
    assert (failed.reading, failed.message) == ("failed", "exit 3: it is down")
    assert seen(CommandProbe(("sh", "-c", "exit 75")), tmp_path).reading == "unclear"


def test_a_command_that_is_not_there_or_does_not_end_is_unclear(tmp_path: Path) -> None:
    assert seen(CommandProbe(("terrace-has-no-such-thing",)), tmp_path).reading == "unclear"
    endless = seen(CommandProbe(("sleep", "60"), timeout=timedelta(milliseconds=100)), tmp_path)
    assert (endless.reading, "did not finish" in endless.message) == ("unclear", True)


def test_a_command_ends_with_all_that_it_started(tmp_path: Path) -> None:
    """One that leaves a process behind which holds its output is not waited for."""
    began = time.monotonic()
    left = CommandProbe(("sh", "-c", "sleep 60 & echo $! > pid; exit 0"), timeout=timedelta(seconds=30))
    assert seen(left, tmp_path).reading == "passed"
    hung = CommandProbe(("sh", "-c", "sleep 60 & wait"), timeout=timedelta(milliseconds=200))
    assert seen(hung, tmp_path).reading == "unclear"
    assert time.monotonic() - began < 20
    stat = Path("/proc", (tmp_path / "pid").read_text().strip(), "stat")
    for _ in range(200):
        if not stat.exists() or stat.read_text().split()[2] == "Z":
            return
        time.sleep(0.02)
    pytest.fail("what it left behind lives on")


def test_a_command_that_writes_without_an_end_is_stopped(tmp_path: Path) -> None:
    found = seen(CommandProbe(("yes",)), tmp_path)
    assert (found.reading, found.message) == ("unclear", "yes printed more than 67,108,864 bytes and was stopped")


def test_a_file_that_may_not_be_run_is_unclear(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("no program\n")
    assert seen(CommandProbe(("./plain",)), tmp_path).reading == "unclear"


def test_a_command_gets_what_it_is_given_and_repeats_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_OURS", "hunter2")
    given = {"TERRACE_OUTPUT_IT": "swordfish"}
    told = seen(
        CommandProbe(("sh", "-c", 'echo "it=$TERRACE_OUTPUT_IT ours=$SECRET_OF_OURS"; exit 1')), tmp_path, given
    )
    assert told.message == "exit 1: it=*** ours="
