"""Which attributes of a stack's providers no configuration can set: asked for once, and kept on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from terrace.adapters.terraform.fast.block_schema import unsettable
from terrace.adapters.terraform.fast.kept import keep
from terrace.adapters.terraform.fast.schema import BadSchema
from terrace.adapters.terraform.fast.schema_store import SchemaStore
from terrace.hcl.lock_file import Locked
from terrace.plans.differences import Computed
from terrace.plans.schemas import Unsettable, computed_attributes

_kept = msgspec.json.Decoder(dict[str, list[str]])


class ProviderSchemas:
    """The computed attributes by provider and type. `folder` may be thrown away."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def computed(
        self, wanted: frozenset[tuple[str, str]], lock_file: bytes, product: str, ask: Callable[[], bytes]
    ) -> Computed:
        """Returns what is known of the wanted types; `ask` returns the JSON of the schemas.

        Answers are kept by the lock file, which names the versions of the providers. Without one nothing is kept.
        """
        path = self._folder / hashlib.sha256(product.encode() + b"\n" + lock_file).hexdigest()[:32]
        known = _read(path) if lock_file else {}
        missing = {pair for pair in wanted if " ".join(pair) not in known}
        if missing:
            answer = computed_attributes(ask(), missing)
            known |= {" ".join(pair): sorted(names) for pair, names in answer.items()}
            if lock_file:
                keep(path, msgspec.json.encode(known))
        return {pair: frozenset(known[" ".join(pair)]) for pair in wanted if " ".join(pair) in known}


class KeptSchemas:
    """What the answers of providers tell that the fast lane kept. No provider is asked for it, so that no plan waits.

    What was read of an answer is kept in `folder`, by the version and the hash of the provider: answers are large.
    """

    def __init__(self, answers: Path, folder: Path) -> None:
        self._answers = SchemaStore(answers)
        self._folder = folder

    def unsettable(self, wanted: frozenset[tuple[str, str]], locked: Iterable[Locked]) -> Unsettable:
        """Returns what is known of the wanted types; nothing of a provider whose answer is not there."""
        found: dict[tuple[str, str], frozenset[str]] = {}
        for provider in locked:
            types = {type_ for address, type_ in wanted if address == provider.address}
            for checksum in (entry for entry in provider.hashes if entry.startswith("h1:")) if types else ():
                known = self._known(provider, checksum, types)
                found |= {(provider.address, type_): paths for type_, paths in known.items()}
                if known:
                    break
        return found

    def _known(self, provider: Locked, checksum: str, types: set[str]) -> dict[str, frozenset[str]]:
        name = hashlib.sha256("\n".join((provider.address, provider.version, checksum)).encode()).hexdigest()[:32]
        path = self._folder / name
        kept = _read(path)
        missing = frozenset(types - kept.keys())
        if missing:
            answers = self._answers.read(provider.address, provider.version, checksum)
            if answers is None:
                return {}
            try:
                read = unsettable(answers.schema, missing)
            except BadSchema:
                return {}
            # A type that the provider does not know is kept too, so that nothing is read for it again.
            kept |= {type_: sorted(read.get(type_, ())) for type_ in missing}
            keep(path, msgspec.json.encode(kept))
        return {type_: frozenset(kept[type_]) for type_ in types}


def _read(path: Path) -> dict[str, list[str]]:
    try:
        return _kept.decode(path.read_bytes())
    except (OSError, msgspec.MsgspecError):
        return {}
