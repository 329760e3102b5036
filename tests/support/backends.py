"""Real places for states: Terrace's own, S3 on an embedded AWS, HTTP on a small server, PostgreSQL.

Each is a context manager that starts what it needs and stops it; `BACKENDS` names them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import httpx

from support.http_states import HttpStore, serve_states
from support.postgres import run_server
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
        return httpx.head(self._lock(key), headers=self.aws.sign("s3"), timeout=None).status_code == 200

    def lock(self, key: str, info: Mapping[str, str]) -> None:
        """Somebody else locks the state."""
        httpx.put(
            self._lock(key), content=json.dumps(info), headers=self.aws.sign("s3"), timeout=None
        ).raise_for_status()

    def unlock(self, key: str) -> None:
        """Remove the lock file."""
        httpx.delete(self._lock(key), headers=self.aws.sign("s3"), timeout=None).raise_for_status()

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
        # Names that begin with pg_ are PostgreSQL's own.
        schema = "of_" + re.sub("[^a-z0-9]", "_", key.lower())
        return (
            f'terraform {{\n  backend "pg" {{\n    conn_str    = "{self.connection}"\n'
            f'    schema_name = "{schema}"\n  }}\n}}\n'
        )

    def locked(self, key: str) -> bool:
        """Never for longer than its holder lives."""
        return False

    def unlock(self, key: str) -> None:
        """Nothing to do."""


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
    with serve_states() as (address, store):
        yield Http(address, store)


@contextmanager
def pg() -> Iterator[Backend]:
    """A PostgreSQL server of its own."""
    with run_server() as connection:
        yield Postgres(connection)


BACKENDS: Mapping[str, Callable[[], AbstractContextManager[Backend]]] = {
    "local": local,
    "s3": s3,
    "http": http,
    "pg": pg,
}
