"""Providers are asked once for each version, and what was kept wrongly is asked for again."""

from __future__ import annotations

import json
from pathlib import Path

from terrace.adapters.terraform.provider_schemas import ProviderSchemas

A, B = ("registry/aws", "aws_a"), ("registry/aws", "aws_b")


def schemas(*types: str) -> bytes:
    block = {"attributes": {"time": {"computed": True}, "name": {"optional": True, "computed": True}}}
    known = {type_: {"block": block} for type_ in types}
    return json.dumps({"provider_schemas": {"registry/aws": {"resource_schemas": known}}}).encode()


class Asked:
    """Answers with these types, and counts how often."""

    def __init__(self, *types: str) -> None:
        self.types = types
        self.times = 0

    def __call__(self) -> bytes:
        self.times += 1
        return schemas(*self.types)


def test_a_type_is_asked_for_once_for_each_lock_file(tmp_path: Path) -> None:
    store, asked = ProviderSchemas(tmp_path), Asked("aws_a", "aws_b")
    for _ in range(2):
        assert store.computed(frozenset({A}), b"lock 1", "terraform", asked) == {A: frozenset({"time"})}
    assert asked.times == 1
    assert store.computed(frozenset({A, B}), b"lock 1", "terraform", asked).keys() == {A, B}
    assert store.computed(frozenset({A}), b"lock 2", "terraform", asked).keys() == {A}
    assert asked.times == 3


def test_without_a_lock_file_nothing_is_kept(tmp_path: Path) -> None:
    store, asked = ProviderSchemas(tmp_path), Asked("aws_a")
    for _ in range(2):
        assert store.computed(frozenset({A}), b"", "terraform", asked).keys() == {A}
    assert asked.times == 2


def test_what_was_cut_off_on_disk_is_asked_for_again(tmp_path: Path) -> None:
    store, asked = ProviderSchemas(tmp_path), Asked("aws_a")
    store.computed(frozenset({A}), b"lock", "terraform", asked)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:5])
    assert store.computed(frozenset({A}), b"lock", "terraform", asked).keys() == {A}
    assert asked.times == 2


def test_a_type_that_no_provider_knows_is_left_out(tmp_path: Path) -> None:
    assert ProviderSchemas(tmp_path).computed(frozenset({B}), b"lock", "terraform", Asked("aws_a")) == {}
