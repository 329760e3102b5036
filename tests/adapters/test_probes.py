"""Probes against a real server and real commands: passed, failed, or not to be told; and nothing given away."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from terrace.adapters.probes import LiveProbes
from terrace.rollout.ports import ProbeResult
from terrace.stacks.config import CommandProbe, HttpProbe, Probe

SECOND = timedelta(seconds=1)


class Site(BaseHTTPRequestHandler):
    """/N answers with status N; /flaky fails once in two."""

    asked = 0

    def do_GET(self) -> None:
        Site.asked += 1
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
    assert (wrong.reading, wrong.message) == ("failed", "status 503 instead of 200 after 2 tries")
    assert seen(HttpProbe(f"{site}/302"), tmp_path).reading == "failed", "elsewhere is not here"
    assert seen(HttpProbe(f"{site}/200", contains="well"), tmp_path).reading == "passed"
    assert "without 'ill'" in seen(HttpProbe(f"{site}/200", contains="ill"), tmp_path).message


def test_it_is_tried_as_often_as_it_says(site: str, tmp_path: Path) -> None:
    assert seen(HttpProbe(f"{site}/flaky", attempts=1), tmp_path).reading == "failed"
    Site.asked = 0
    assert seen(HttpProbe(f"{site}/flaky", attempts=2), tmp_path).reading == "passed"


def test_nobody_there_is_a_failure(tmp_path: Path) -> None:
    gone = seen(HttpProbe("http://127.0.0.1:1/", attempts=1, timeout=SECOND), tmp_path)
    assert (gone.reading, gone.message) == ("failed", "no answer (ConnectError) after 1 tries")


def test_an_output_goes_into_the_address_and_one_that_is_missing_makes_it_unclear(site: str, tmp_path: Path) -> None:
    probe = HttpProbe("${TERRACE_OUTPUT_URL}/200", attempts=1)
    assert seen(probe, tmp_path, {"TERRACE_OUTPUT_URL": site}).reading == "passed"
    missing = seen(probe, tmp_path)
    assert (missing.reading, missing.message) == ("unclear", "there is no output for TERRACE_OUTPUT_URL")


@pytest.mark.parametrize("value", ["hunter2", "gopher://hunter2", "http://hunter2:port/", "http://hunter2\n/"])
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
    assert (endless.reading, "did not end" in endless.message) == ("unclear", True)


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
