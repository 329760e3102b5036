"""The attributes of a stack's providers that no configuration can set: determined once and cached on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from terrace.adapters.cache_file import write_cache
from terrace.adapters.terraform.fast.block_schema import unsettable
from terrace.adapters.terraform.fast.schema import BadSchema
from terrace.adapters.terraform.fast.schema_store import SchemaStore
from terrace.hcl.lock_file import LockedProvider
from terrace.plans.differences import Computed
from terrace.plans.schemas import Unsettable, computed_attributes

_kept = msgspec.json.Decoder(dict[str, list[str]])


class ProviderSchemas:
    """The computed attributes by provider and type. `folder` is a cache that can be deleted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def computed_attributes(
        self, resource_types: frozenset[tuple[str, str]], lock_file: bytes, product: str, ask: Callable[[], bytes]
    ) -> Computed:
        """Returns the attributes of the wanted types; `ask` returns the JSON of the schemas. They are cached by the
        lock file, which names the versions of the providers. Without a lock file nothing is cached.
        """
        path = self._folder / hashlib.sha256(product.encode() + b"\n" + lock_file).hexdigest()[:32]
        recorded = _read(path) if lock_file else {}
        missing = {pair for pair in resource_types if " ".join(pair) not in recorded}
        if missing:
            answer = computed_attributes(ask(), missing)
            recorded |= {" ".join(pair): sorted(names) for pair, names in answer.items()}
            if lock_file:
                write_cache(path, msgspec.json.encode(recorded))
        return {pair: frozenset(recorded[" ".join(pair)]) for pair in resource_types if " ".join(pair) in recorded}


class RecordedSchemas:
    """The computed attributes in the schemas that the fast lane recorded. No provider is started for it. Read schemas
    are cached in `folder`, by the version and hash of the provider, since schemas are large.
    """

    def __init__(self, answers: Path, folder: Path) -> None:
        self._answers = SchemaStore(answers)
        self._folder = folder

    def unsettable(self, resource_types: frozenset[tuple[str, str]], locked: Iterable[LockedProvider]) -> Unsettable:
        """Returns the attributes of the wanted types; none for a provider without a recorded schema."""
        attributes: dict[tuple[str, str], frozenset[str]] = {}
        for provider in locked:
            types = {type_ for address, type_ in resource_types if address == provider.address}
            for checksum in (entry for entry in provider.hashes if entry.startswith("h1:")) if types else ():
                recorded = self._read_known(provider, checksum, types)
                attributes |= {(provider.address, type_): paths for type_, paths in recorded.items()}
                if recorded:
                    break
        return attributes

    def _read_known(self, provider: LockedProvider, checksum: str, types: set[str]) -> dict[str, frozenset[str]]:
        name = hashlib.sha256("\n".join((provider.address, provider.version, checksum)).encode()).hexdigest()[:32]
        path = self._folder / name
        recorded = _read(path)
        missing = frozenset(types - recorded.keys())
        if missing:
            answers = self._answers.read(provider.address, provider.version, checksum)
            if answers is None:
                return {}
            try:
                read = unsettable(answers.schema, missing)
            except BadSchema:
                return {}
            # A type that the provider does not have is cached too, so that its schema is not read again.
            recorded |= {type_: sorted(read.get(type_, ())) for type_ in missing}
            write_cache(path, msgspec.json.encode(recorded))
        return {type_: frozenset(recorded[type_]) for type_ in types}


def _read(path: Path) -> dict[str, list[str]]:
    try:
        return _kept.decode(path.read_bytes())
    except (OSError, msgspec.MsgspecError):
        return {}
