"""The client of the fast lane: one helper process that serves all stacks that are planned."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from terrace.adapters.terraform.environment import small
from terrace.adapters.terraform.fast.package import Package

OPEN_SECONDS = 180
"""Maximum time until the helper process is ready for a stack, in seconds: starting a provider and reading its schema
are slow."""

CLOSE_SECONDS = 10

REATTACH = "TF_REATTACH_PROVIDERS"
"""The variable with the sockets of providers that Terraform does not start itself."""


_ENDED = "the process of the fast lane exited"


class LaneDied(Exception):
    """The helper process exited or does not respond."""


@dataclass(frozen=True, slots=True)
class LaneUse:
    """One use of the lane for a stack. `variables` are for Terraform's environment; `aside` has the reason for every
    provider that Terraform has to start itself. `surprises` is filled at the end."""

    variables: Mapping[str, str]
    aside: Mapping[str, str]
    surprises: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LaneRequest:
    """The served providers, with verified hashes, and the words that can be types which Terraform needs. Contains no
    secrets.
    """

    packages: Sequence[Package]
    words: frozenset[str]

    def as_json(self) -> dict[str, Any]:
        """Returns plain data for `of_json`."""
        return {
            "providers": [
                {"address": p.address, "version": p.version, "checksum": p.checksum, "program": str(p.program)}
                for p in self.packages
            ],
            "words": sorted(self.words),
        }

    @staticmethod
    def of_json(data: Mapping[str, Any]) -> LaneRequest:
        """Returns the decoded result of `as_json`."""
        packages = [Package(p["address"], p["version"], Path(p["program"]), p["checksum"]) for p in data["providers"]]
        return LaneRequest(packages, frozenset(data["words"]))


class Lane:
    """Starts the helper process for the first stack; it ends with this process in any case. `cache` contains the
    schemas; `patience` is the maximum time for the start of a provider, in seconds.
    """

    def __init__(self, cache: Path, patience: float = 60) -> None:
        self._cache = cache
        self._patience = patience
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._awaited = _Awaited()
        self._ids = itertools.count()

    def start(self) -> None:
        """Starts the helper process in advance, where it does not run yet."""
        with self._lock:
            self._start()

    @contextlib.contextmanager
    def ride(self, folder: Path, environment: Mapping[str, str], load: LaneRequest) -> Iterator[LaneUse]:
        """Serves one Terraform that runs in `folder` with that environment. Raises LaneDied."""
        run = str(next(self._ids))
        lean = small(os.environ)
        order = {
            "open": run,
            "folder": str(folder),
            "environment": {**environment, **lean},
            "cache": str(self._cache),
            "patience": self._patience,
            **load.as_json(),
        }
        opened = self._ask(run, order, OPEN_SECONDS)
        reattach = opened["reattach"]
        ride = LaneUse({REATTACH: json.dumps(reattach), **lean} if reattach else {}, opened["aside"])
        try:
            yield ride
        finally:
            try:
                ride.surprises.extend(self._ask(run, {"close": run}, CLOSE_SECONDS)["surprises"])
            except LaneDied as error:
                ride.surprises.append(str(error))

    @property
    def handle(self) -> int:
        """Returns a descriptor that keeps the lane open while any process that inherited it runs."""
        with self._lock:
            stdin = self._start().stdin
        assert stdin is not None
        return stdin.fileno()

    def _ask(self, run: str, order: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        with self._lock:
            process = self._start()
            answer = self._awaited.next_response(run)
            assert process.stdin is not None
            try:
                process.stdin.write(json.dumps(order).encode() + b"\n")
                process.stdin.flush()
            except OSError as error:
                raise LaneDied(_ENDED) from error
        try:
            return answer.result(seconds)
        except TimeoutError as error:
            raise LaneDied(f"the process of the fast lane did not respond within {seconds:g} s") from error

    def _start(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                # -P: the current folder belongs to the repository, from which Python must not import anything.
                [sys.executable, "-P", "-m", "terrace.adapters.terraform.fast.serve"],
                env={name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                # Terrace passes a terminal's ^C on itself.
                start_new_session=True,
            )
            assert self._process.stdin is not None
            weakref.finalize(self, self._process.stdin.close)
            threading.Thread(target=_listen, args=(self._process, self._awaited), daemon=True).start()
        return self._process


class _Awaited:
    """Responses that are awaited."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, Future[dict[str, Any]]] = {}
        self._over = False

    def next_response(self, run: str) -> Future[dict[str, Any]]:
        """Returns the next response for a run. Raises LaneDied where none will arrive."""
        with self._lock:
            if self._over:
                raise LaneDied(_ENDED)
            answer = self._open[run] = Future()
            return answer

    def add(self, answer: dict[str, Any]) -> None:
        with self._lock:
            awaited = self._open.pop(answer["id"], None)
        if awaited is not None:
            awaited.set_result(answer)

    def end(self) -> None:
        """Marks that no more responses will arrive."""
        with self._lock:
            self._over = True
            pending, self._open = self._open, {}
        for awaited in pending.values():
            awaited.set_exception(LaneDied(_ENDED))


def _listen(process: subprocess.Popen[bytes], awaited: _Awaited) -> None:
    """Distributes responses until the helper exits. It has no reference to the Lane, so that an unused one can be
    collected."""
    assert process.stdout is not None
    try:
        with process.stdout:
            for line in process.stdout:
                awaited.add(json.loads(line))
    finally:
        awaited.end()
        process.wait()
