"""State backups: compressed, encrypted, and stored with a header that describes them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

from terrace.adapters.artifacts import Artifacts
from terrace.adapters.backup_encryption import BackupCipher, Header, header_end, read_header
from terrace.errors import Corrupt
from terrace.plans.ports import StateSnapshot
from terrace.states.backups import BackupRecord, Catalogue, Moment

_ENDING = ".tfstate.enc"
_TIME = "%Y%m%dT%H%M%SZ"
_HEADER_BYTES = 4096
_AT_ONCE = 16
"""Number of headers that are read concurrently: each is one short request to a remote store."""


class Backups:
    """Backups in a store of artifacts."""

    def __init__(self, artifacts: Artifacts, seals: BackupCipher, clock: Callable[[], datetime]) -> None:
        self._artifacts = artifacts
        self._seals = seals
        self._clock = clock

    def save(
        self, environment: str, stack: str, state: StateSnapshot, *, commit: str, deployment: str, moment: Moment
    ) -> BackupRecord:
        digest = hashlib.sha256(state.content).hexdigest()
        # The final backup is identified by its moment, so that it is separate.
        if moment != "final":
            for newest in self._newest_of(environment, stack):
                if newest.sha256 == digest and self.has_current_keys(newest):
                    return newest
        now = self._clock().astimezone(UTC)
        name = (
            f"{_folder(environment, stack)}/{now.strftime(_TIME)}-{state.serial:06d}-{moment}-{deployment}"
            f"-{os.urandom(3).hex()}{_ENDING}"
        )
        record = BackupRecord(
            name=name,
            environment=environment,
            stack=stack,
            lineage=state.lineage,
            serial=state.serial,
            sha256=digest,
            size=len(state.content),
            key_id=self._seals.key_id,
            moment=moment,
            commit=commit,
            deployment=deployment,
            taken_at=now,
            original=name,
            terraform_version=state.terraform_version,
            recipients=tuple(sorted(self._seals.recipients)),
        )
        self._artifacts.put(name, self._seals.seal(_header(record), state.content))
        return record

    def load(self, name: str) -> bytes:
        header, state = self._seals.open(name, self._artifacts.get(name))
        if header.get("name") != name or hashlib.sha256(state).hexdigest() != header.get("sha256"):
            raise Corrupt(f"the backup {name} was replaced by another backup")
        return state

    def catalogue(self, environment: str | None = None, stack: str | None = None) -> Catalogue:
        if environment is None:
            folder = "states"
        else:
            folder = f"states/{environment}" if stack is None else _folder(environment, stack)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            read = tuple(pool.map(self._record_or_why, self._names(folder)))
        records = (result for result in read if isinstance(result, BackupRecord))
        return Catalogue(
            records=tuple(sorted(records, key=lambda r: (r.taken_at, r.serial, r.name))),
            damaged=tuple(result for result in read if not isinstance(result, BackupRecord)),
        )

    def newest(self, environment: str, stack: str) -> BackupRecord | None:
        return next(self._newest_of(environment, stack), None)

    def _newest_of(self, environment: str, stack: str) -> Iterator[BackupRecord]:
        """Yields the newest backups of a stack: those of one second and serial, which their names do not order."""
        newest: tuple[datetime, int] | None = None
        for name in reversed(self._names(_folder(environment, stack))):
            record = self._record_or_why(name)
            if isinstance(record, BackupRecord):
                taken = record.taken_at.replace(microsecond=0), record.serial
                if newest is not None and taken != newest:
                    return
                newest = taken
                yield record

    def has_current_keys(self, record: BackupRecord) -> bool:
        return record.key_id == self._seals.key_id

    def encrypt_again(self, record: BackupRecord) -> BackupRecord:
        content = self.load(record.name)
        name = f"{record.original.removesuffix(_ENDING)}-{os.urandom(3).hex()}{_ENDING}"
        record_now = replace(
            record, name=name, key_id=self._seals.key_id, recipients=tuple(sorted(self._seals.recipients))
        )
        self._artifacts.put(name, self._seals.seal(_header(record_now), content))
        if self.load(name) != content:
            raise Corrupt(f"the re-encrypted backup {name} of {record.name} could not be read back unchanged")
        return record_now

    def remove(self, records: Iterable[BackupRecord]) -> None:
        for record in records:
            self._artifacts.remove(record.name)

    def _names(self, folder: str) -> list[str]:
        return [name for name in self._artifacts.names(folder) if name.endswith(_ENDING)]

    def _record_or_why(self, name: str) -> BackupRecord | tuple[str, str]:
        try:
            return self._record(name)
        except Corrupt as error:
            return name, error.message

    def _record(self, name: str) -> BackupRecord:
        start = self._artifacts.head(name, _HEADER_BYTES)
        end = header_end(name, start)
        if end > len(start):
            start = self._artifacts.head(name, end)
        return _as_record(name, read_header(name, start))


def _folder(environment: str, stack: str) -> str:
    return f"states/{environment}/{stack.removeprefix(f'{environment}/')}"


def _header(record: BackupRecord) -> Header:
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return {**values, "taken_at": record.taken_at.isoformat(), "recipients": list(record.recipients)}


def _as_record(name: str, header: Header) -> BackupRecord:
    """Returns the record in a header. The oldest headers have neither the time nor the cause of the backup."""
    values: dict[str, Any] = {field.name: header[field.name] for field in fields(BackupRecord) if field.name in header}
    try:
        taken = values.get("taken_at") or name.rpartition("/")[2].partition("-")[0]
        values["taken_at"] = datetime.fromisoformat(taken)
        values["original"] = str(values.get("original", name))
        values["recipients"] = tuple(values.get("recipients", ()))
        record = BackupRecord(**values)
    except (TypeError, ValueError) as error:
        raise Corrupt(f"the backup {name} is damaged") from error
    if record.name != name:
        raise Corrupt(f"the backup {name} was replaced by another backup")
    return record
