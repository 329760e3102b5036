"""States are read, compared and given another serial, and no value of theirs gets out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.errors import BadInput, Corrupt
from terrace.states.state_file import (
    Changed,
    compare,
    empty_state,
    is_encrypted,
    objects,
    read_state,
    same_objects,
    with_serial,
)

MODULE = "module.m"


def state(serial: int = 3, *resources: dict[str, Any], outputs: dict[str, Any] | None = None) -> bytes:
    document = {
        "version": 4,
        "terraform_version": "1.11.4",
        "serial": serial,
        "lineage": "l1",
        "outputs": {name: {"value": value, "type": "string"} for name, value in (outputs or {}).items()},
        "resources": list(resources),
        "check_results": None,
    }
    return json.dumps(document).encode()


def resource(name: str, *instances: dict[str, Any], module: str = "", mode: str = "managed") -> dict[str, Any]:
    found = {"mode": mode, "type": "aws_x", "name": name, "provider": "p", "instances": list(instances)}
    return {**found, "module": module} if module else found


def one(**attributes: Any) -> dict[str, Any]:
    return {"schema_version": 0, "attributes": attributes}


def test_a_state_tells_what_it_is() -> None:
    found = read_state(state(7, outputs={"a": "b"}), "it")
    assert (found.serial, found.lineage, found.terraform_version) == (7, "l1", "1.11.4")
    assert found.outputs["a"].value == "b"
    nothing = b'{"version": 4, "serial": 0, "lineage": "", "outputs": {}, "resources": []}'
    assert [read_state(content, "it").content for content in (b" \n", nothing)] == [b"", b""]


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"version": 3}', b'{"version": 4, "serial": "x"}', b"[" * 100_000])
def test_what_is_no_state_is_said(content: bytes) -> None:
    with pytest.raises(Corrupt, match="the state of prod"):
        read_state(content, "the state of prod")


def test_a_difference_is_told_by_address_and_attribute_and_never_by_value() -> None:
    old = state(
        3,
        resource("gone", one(id="hunter2")),
        resource("same", one(id="1", size=1)),
        resource("many", {**one(id="a"), "index_key": "k"}, {**one(id="b"), "index_key": 0}, module=MODULE),
        outputs={"kept": "1", "password": "hunter2"},
    )
    new = state(
        9,
        resource("new", one(id="hunter2")),
        resource("same", one(id="1", size=1.5)),
        resource(
            "many", {**one(id="hunter2", tag=1), "index_key": "k"}, {**one(id="b"), "index_key": 0}, module=MODULE
        ),
        resource("look", one(id="1"), mode="data"),
        outputs={"kept": "1", "password": "hunter3"},
    )
    found = compare(old, new)
    assert found.added == ("aws_x.new", "data.aws_x.look")
    assert found.removed == ("aws_x.gone",)
    assert found.changed == (Changed("aws_x.same", ("size",)), Changed('module.m.aws_x.many["k"]', ("id", "tag")))
    assert found.outputs == ("password",)
    assert "hunter" not in repr(found)


def test_no_state_is_an_empty_one() -> None:
    there = state(1, resource("a", one(id="1")))
    assert compare(b"", there).added == ("aws_x.a",)
    assert compare(there, b"").removed == ("aws_x.a",)
    assert compare(there, there).empty
    assert same_objects(b"", empty_state(there, 9))
    assert not same_objects(b"", there)


def test_what_another_version_of_terraform_notes_besides_is_no_difference_but_a_taint_is_one() -> None:
    there = state(1, resource("a", one(id="1")))
    noted = state(9, resource("a", {**one(id="1"), "sensitive_attributes": [], "identity_schema_version": 0}))
    assert same_objects(there, noted)
    tainted = state(9, resource("a", {**one(id="1"), "status": "tainted"}))
    assert compare(there, tainted).changed == (Changed("aws_x.a", ("(tainted)",)),)
    assert not same_objects(there, there.replace(b'"l1"', b'"l2"'))


def test_another_serial_changes_nothing_else_not_even_how_a_number_is_written() -> None:
    content = (
        b'{"version":4,"serial":3,"lineage":"l","outputs":{},"resources":[{"type":"t","name":"n","instances":['
        + (b'{"attributes":{"serial":"3","n":12345678901234567890.10,"e":1e2,"u":"\\u00e9"}}]}]}')
    )
    assert with_serial(content, 41) == content.replace(b'"serial":3', b'"serial":41', 1)


@given(st.integers(0, 2**40), st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=4))
def test_any_state_under_another_serial_says_the_same(serial: int, attributes: dict[str, Any]) -> None:
    content = state(3, resource("a", {"attributes": attributes}))
    moved = with_serial(content, serial)
    assert read_state(moved, "it").serial == serial
    assert same_objects(content, moved)
    assert compare(content, moved).empty
    assert objects(moved) == 1
    assert objects(empty_state(moved, serial + 1)) == 0


def test_a_state_that_is_too_large_is_refused_with_its_size() -> None:
    with pytest.raises(BadInput, match="has 33 bytes, and Terrace reads 32 at most") as raised:
        read_state(b" " * 33, "the state of dev", size=32)
    assert "split the stack" in str(raised.value.hint)


def test_a_state_that_opentofu_encrypted_is_told_as_such_and_no_other_is_taken_for_one() -> None:
    sealed = b'{"serial": 1, "lineage": "l", "meta": {"key_provider.pbkdf2.own": "eyJ9"}, "encrypted_data": "xYz="}'
    assert is_encrypted(sealed)
    with pytest.raises(Corrupt, match="encrypted by OpenTofu"):
        read_state(sealed, "the state of dev")
    for other in (
        b"",
        b"{}",
        b'{"encrypted_data": ""}',
        b'{"encrypted_data": 1}',
        b"[]",
        b'{"version": 4, "serial": 1}',
    ):
        assert not is_encrypted(other)
