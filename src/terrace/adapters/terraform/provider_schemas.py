"""Asks the providers of a stack once which attributes no configuration can set, and keeps the answers on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec

from terrace.adapters.terraform.fast.kept import keep
from terrace.plans.differences import Computed
from terrace.plans.schemas import computed_attributes

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
        known = self._read(path) if lock_file else {}
        missing = {pair for pair in wanted if " ".join(pair) not in known}
        if missing:
            answer = computed_attributes(ask(), missing)
            known |= {" ".join(pair): sorted(names) for pair, names in answer.items()}
            if lock_file:
                keep(path, msgspec.json.encode(known))
        return {pair: frozenset(known[" ".join(pair)]) for pair in wanted if " ".join(pair) in known}

    def _read(self, path: Path) -> dict[str, list[str]]:
        try:
            return _kept.decode(path.read_bytes())
        except (OSError, msgspec.MsgspecError):
            return {}
