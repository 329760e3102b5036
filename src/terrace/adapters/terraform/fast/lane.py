"""The fast lane from Terrace's side: one process beside ours that serves every stack that is planned."""

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
"""How long the other process may take to be ready for a stack: a provider's start and its schema, each slow."""

CLOSE_SECONDS = 10

REATTACH = "TF_REATTACH_PROVIDERS"
"""By this variable Terraform is told where providers listen that it is not to start itself."""


_ENDED = "the process of the fast lane ended"


class LaneDied(Exception):
    """The process beside ours is gone, or does not answer."""


@dataclass(frozen=True, slots=True)
class Ride:
    """A stack that is served. `variables` are for Terraform's environment; `aside` says of every provider that
    Terraform has to start itself why that is. `surprises` is filled when the ride is over."""

    variables: Mapping[str, str]
    aside: Mapping[str, str]
    surprises: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Load:
    """What is served: proven providers, and the words whose types Terraform may need. Nothing in it is secret."""

    packages: Sequence[Package]
    words: frozenset[str]

    def as_json(self) -> dict[str, Any]:
        """As plain data, which `of_json` reads."""
        return {
            "providers": [
                {"address": p.address, "version": p.version, "checksum": p.checksum, "program": str(p.program)}
                for p in self.packages
            ],
            "words": sorted(self.words),
        }

    @staticmethod
    def of_json(data: Mapping[str, Any]) -> Load:
        """What `as_json` made."""
        packages = [Package(p["address"], p["version"], Path(p["program"]), p["checksum"]) for p in data["providers"]]
        return Load(packages, frozenset(data["words"]))


class Lane:
    """Starts the process when the first stack needs it; it ends with ours, however ours ends.

    `cache` is where schemas are kept, `patience` how many seconds a provider may take to come up.
    """

    def __init__(self, cache: Path, patience: float = 60) -> None:
        self._cache = cache
        self._patience = patience
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._awaited = _Awaited()
        self._ids = itertools.count()

    def start(self) -> None:
        """Start the process, where it is not yet, so that it is there when it is needed."""
        with self._lock:
            self._started()

    @contextlib.contextmanager
    def ride(self, folder: Path, environment: Mapping[str, str], load: Load) -> Iterator[Ride]:
        """Serve a load to one Terraform that works in `folder` with that environment. Raises LaneDied."""
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
        ride = Ride({REATTACH: json.dumps(reattach), **lean} if reattach else {}, opened["aside"])
        try:
            yield ride
        finally:
            try:
                ride.surprises.extend(self._ask(run, {"close": run}, CLOSE_SECONDS)["surprises"])
            except LaneDied as error:
                ride.surprises.append(str(error))

    @property
    def handle(self) -> int:
        """A descriptor that keeps the lane open: whoever inherits it is an owner too, until it ends."""
        with self._lock:
            stdin = self._started().stdin
        assert stdin is not None
        return stdin.fileno()

    def _ask(self, run: str, order: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        with self._lock:
            process = self._started()
            answer = self._awaited.one(run)
            assert process.stdin is not None
            try:
                process.stdin.write(json.dumps(order).encode() + b"\n")
                process.stdin.flush()
            except OSError as error:
                raise LaneDied(_ENDED) from error
        try:
            return answer.result(seconds)
        except TimeoutError as error:
            raise LaneDied(f"the process of the fast lane did not answer within {seconds:g} s") from error

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                # -P: what lies in the folder where this is started is the repository's, and must not be imported.
                [sys.executable, "-P", "-m", "terrace.adapters.terraform.fast.serve"],
                env={name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                # A terminal's ^C is for us to pass on.
                start_new_session=True,
            )
            assert self._process.stdin is not None
            weakref.finalize(self, self._process.stdin.close)
            threading.Thread(target=_listen, args=(self._process, self._awaited), daemon=True).start()
        return self._process


class _Awaited:
    """Answers that somebody waits for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, Future[dict[str, Any]]] = {}
        self._over = False

    def one(self, run: str) -> Future[dict[str, Any]]:
        """The next answer about a run. Raises LaneDied when none will come any more."""
        with self._lock:
            if self._over:
                raise LaneDied(_ENDED)
            answer = self._open[run] = Future()
            return answer

    def arrived(self, answer: dict[str, Any]) -> None:
        with self._lock:
            awaited = self._open.pop(answer["id"], None)
        if awaited is not None:
            awaited.set_result(answer)

    def end(self) -> None:
        """No more will arrive."""
        with self._lock:
            self._over = True
            left, self._open = self._open, {}
        for awaited in left.values():
            awaited.set_exception(LaneDied(_ENDED))


def _listen(process: subprocess.Popen[bytes], awaited: _Awaited) -> None:
    """Hand out answers until the process ends. It knows no Lane, so that one that nobody needs can go."""
    assert process.stdout is not None
    try:
        with process.stdout:
            for line in process.stdout:
                awaited.arrived(json.loads(line))
    finally:
        awaited.end()
        process.wait()
