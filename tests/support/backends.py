"""Real places for states: Terrace's own, S3 on an embedded AWS, HTTP on a small server, PostgreSQL.

Each is a context manager that starts what it needs and stops it; `BACKENDS` names them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol

import httpx

from terrace.adapters.embedded_aws import REGION, EmbeddedAws

BUCKET = "states"


class Backend(Protocol):
    """A running place for states."""

    @property
    def variables(self) -> Mapping[str, str]:
        """What Terraform needs in its environment to get there."""
        ...

    def block(self, key: str) -> str:
        """What a configuration says to keep its state there under that key; "" for no backend block at all."""
        ...

    def locked(self, key: str) -> bool:
        """Whether a lock lies there that outlives whoever took it."""
        ...

    def unlock(self, key: str) -> None:
        """Take that lock away, as a person does who made sure that its holder is dead."""
        ...


class Local:
    """No backend block: Terrace keeps the state. The lock goes with the process that holds it."""

    variables: Mapping[str, str] = {}

    def block(self, key: str) -> str:
        """None is needed."""
        return ""

    def locked(self, key: str) -> bool:
        """Never."""
        return False

    def unlock(self, key: str) -> None:
        """Nothing to do."""


@dataclass(frozen=True, slots=True)
class S3:
    """A bucket with lock files, which stay when their writer is killed."""

    aws: EmbeddedAws

    @property
    def variables(self) -> Mapping[str, str]:
        """Where the embedded AWS is."""
        return self.aws.variables

    def block(self, key: str) -> str:
        """A bucket, and a lock file beside the state."""
        return (
            f'terraform {{\n  backend "s3" {{\n    bucket         = "{BUCKET}"\n    key            = "{key}"\n'
            f'    region         = "{REGION}"\n    use_lockfile   = true\n    use_path_style = true\n  }}\n}}\n'
        )

    def locked(self, key: str) -> bool:
        """Whether the lock file is there."""
        return httpx.head(self._lock(key), headers=self.aws.signed("s3")).status_code == 200

    def lock(self, key: str, info: Mapping[str, str]) -> None:
        """Somebody else locks the state."""
        httpx.put(self._lock(key), content=json.dumps(info), headers=self.aws.signed("s3")).raise_for_status()

    def unlock(self, key: str) -> None:
        """Remove the lock file."""
        httpx.delete(self._lock(key), headers=self.aws.signed("s3")).raise_for_status()

    def _lock(self, key: str) -> str:
        return f"{self.aws.endpoint}/{BUCKET}/{key}.tflock"


@dataclass(frozen=True, slots=True)
class Http:
    """The HTTP backend; the server knows nothing of leases, so that a dead client's lock stays."""

    address: str
    store: HttpStore
    variables: Mapping[str, str] = field(default_factory=dict)

    def block(self, key: str) -> str:
        """State and lock at one address."""
        url = f"{self.address}/{key}"
        return (
            f'terraform {{\n  backend "http" {{\n    address        = "{url}"\n'
            f'    lock_address   = "{url}"\n    unlock_address = "{url}"\n  }}\n}}\n'
        )

    def locked(self, key: str) -> bool:
        """Whether somebody holds the lock."""
        return f"/{key}" in self.store.locks

    def unlock(self, key: str) -> None:
        """Forget the lock."""
        self.store.locks.pop(f"/{key}", None)


@dataclass(frozen=True, slots=True)
class Postgres:
    """The PostgreSQL backend: its lock is the database's, and goes with the connection."""

    connection: str
    variables: Mapping[str, str] = field(default_factory=dict)

    def block(self, key: str) -> str:
        """A schema of its own for each key."""
        schema = key.replace("/", "_").replace("-", "_").replace(".", "_")
        return (
            f'terraform {{\n  backend "pg" {{\n    conn_str    = "{self.connection}"\n'
            f'    schema_name = "{schema}"\n  }}\n}}\n'
        )

    def locked(self, key: str) -> bool:
        """Never for longer than its holder lives."""
        return False

    def unlock(self, key: str) -> None:
        """Nothing to do."""


@dataclass(slots=True)
class HttpStore:
    """What the HTTP server keeps: states and locks by path."""

    states: dict[str, bytes] = field(default_factory=dict)
    locks: dict[str, bytes] = field(default_factory=dict)
    guard: threading.Lock = field(default_factory=threading.Lock)


def _handler(store: HttpStore) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Terraform's HTTP backend: GET, POST, DELETE, LOCK, UNLOCK."""

        def do_GET(self) -> None:
            found = store.states.get(self._path)
            self._answer(404 if found is None else 200, found or b"")

        def do_POST(self) -> None:
            body = self._body()
            with store.guard:
                holder = store.locks.get(self._path)
                given = self.path.partition("?ID=")[2]
                if holder is not None and json.loads(holder)["ID"] != given:
                    return self._answer(423, holder)
                store.states[self._path] = body
            return self._answer(200)

        def do_DELETE(self) -> None:
            store.states.pop(self._path, None)
            self._answer(200)

        def do_LOCK(self) -> None:
            body = self._body()
            with store.guard:
                holder = store.locks.setdefault(self._path, body)
            self._answer(200 if holder == body else 423, holder)

        def do_UNLOCK(self) -> None:
            body = self._body()
            with store.guard:
                if store.locks.get(self._path) == body:
                    del store.locks[self._path]
            self._answer(200)

        @property
        def _path(self) -> str:
            return self.path.partition("?")[0]

        def _body(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def _answer(self, code: int, body: bytes = b"") -> None:
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Be silent."""

    return Handler


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed in the middle of a request is what we are here for."""


@contextmanager
def local() -> Iterator[Backend]:
    """Terrace's own place."""
    yield Local()


@contextmanager
def s3() -> Iterator[Backend]:
    """An embedded AWS with one bucket."""
    with EmbeddedAws() as aws:
        aws.make_bucket(BUCKET)
        yield S3(aws)


@contextmanager
def http() -> Iterator[Backend]:
    """A server on loopback, in a thread."""
    store = HttpStore()
    with _HttpServer(("127.0.0.1", 0), _handler(store)) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield Http(f"http://127.0.0.1:{server.server_address[1]}", store)
        server.shutdown()


@contextmanager
def pg() -> Iterator[Backend]:
    """A PostgreSQL server of its own behind a socket in a temporary folder; it writes nothing through to the disk."""
    programs = _postgres_programs()
    # Not below a folder of pytest: those are closed to the user that PostgreSQL insists on.
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pg-")))
        who = _unprivileged()
        if who is not None:
            os.chown(folder, who, who)
        data = folder / "data"
        init = [programs / "initdb", "--no-sync", "--auth=trust", "--username=terrace", "--encoding=UTF8", "-D", data]
        _as(who, init)
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off -c full_page_writes=off"
        _as(who, [programs / "pg_ctl", "start", "-w", "-D", data, "-l", folder / "log", "-o", options])
        stack.callback(_as, who, [programs / "pg_ctl", "stop", "-m", "immediate", "-D", data])
        yield Postgres(f"postgres:///postgres?host={folder}&user=terrace&sslmode=disable")


def _postgres_programs() -> Path:
    """Where initdb and pg_ctl are. Missing ones fail a test: nothing that must withstand is skipped."""
    found = shutil.which("pg_ctl")
    if found is not None:
        return Path(found).resolve().parent
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    assert places, "PostgreSQL is not installed: `make services` does it"
    return places[-1].parent


def _unprivileged() -> int | None:
    """Whom to run PostgreSQL as: it refuses to be run by root."""
    return None if os.getuid() != 0 else 65534


def _as(who: int | None, command: list[str | Path]) -> None:
    groups = [] if who is not None else None
    done = subprocess.run(
        command, user=who, group=who, extra_groups=groups, capture_output=False, check=False, cwd="/",
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}"


BACKENDS = {"local": local, "s3": s3, "http": http, "pg": pg}
