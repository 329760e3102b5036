"""Reads the facts of files, once for each content. A store keeps them between runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

import msgspec

from terrace.hcl.facts import FileFacts
from terrace.hcl.tree import Tree, read_many


class FactsStore(Protocol):
    """Stores encoded facts by key. It can lose facts, but it never fails and never returns other facts."""

    def get_many(self, keys: Collection[str]) -> Mapping[str, bytes]:
        """Returns the stored facts of these keys."""
        ...

    def put_many(self, facts: Mapping[str, bytes]) -> None:
        """Stores these facts, if possible."""
        ...


class NoStore:
    """A store without a memory."""

    def get_many(self, keys: Collection[str]) -> Mapping[str, bytes]:
        return {}

    def put_many(self, facts: Mapping[str, bytes]) -> None:
        return None


_DECODER = msgspec.msgpack.Decoder(FileFacts)
_ENCODER = msgspec.msgpack.Encoder()


def load_facts(tree: Tree, paths: Iterable[str], store: FactsStore) -> dict[str, FileFacts]:
    """Returns the facts of these files, which must be entries of the tree. Only files that the store lacks are read."""
    return _facts(tree, {path: _key(path, tree.entries[path].blob) for path in paths}, store, template=False)


def load_template_facts(tree: Tree, paths: Iterable[str], store: FactsStore) -> dict[str, FileFacts]:
    """Returns the facts of `templatefile` templates, which must be entries of the tree."""
    return _facts(tree, {path: f"template:{tree.entries[path].blob}" for path in paths}, store, template=True)


def _facts(tree: Tree, keys: Mapping[str, str], store: FactsStore, *, template: bool) -> dict[str, FileFacts]:
    by_hash: dict[str, FileFacts] = {}
    for key, encoded in store.get_many(set(keys.values())).items():
        try:
            by_hash[key] = _DECODER.decode(encoded)
        except msgspec.MsgspecError:
            continue
    new = {key: path for path, key in keys.items() if key not in by_hash}
    if new:
        by_hash.update(_read(tree, new, store, template=template))
    return {path: by_hash[key] for path, key in keys.items()}


def _read(tree: Tree, new: Mapping[str, str], store: FactsStore, *, template: bool) -> dict[str, FileFacts]:
    # Loading the parser takes longer than everything else when all facts are stored already.
    from terrace.hcl.read_facts import read_facts, read_template_facts

    contents = read_many(tree, new.values())
    if template:
        facts = {key: read_template_facts(contents[path]) for key, path in new.items()}
    else:
        facts = {key: read_facts(path, contents[path]) for key, path in new.items()}
    store.put_many({key: _ENCODER.encode(read) for key, read in facts.items()})
    return facts


def _key(path: str, blob: str) -> str:
    return f"json:{blob}" if path.endswith(".json") else blob
