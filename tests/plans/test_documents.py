"""Documents of every maker: plans of which only a part is filled, and what is handed over in the place of a plan."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from terrace.errors import BadInput
from terrace.plans import decode
from terrace.plans.addresses import AddressParts, address_of, parts_of
from terrace.plans.digest import DigestKey
from terrace.plans.document_kinds import NotAPlan, as_utf8
from terrace.plans.model import MASKED, Plan
from terrace.plans.read import read_plan
from terrace.plans.redacted_document import redact
from terrace.stacks.model import Stack

FOLDER = Path(__file__).parent / "documents"
EXPECTED = FOLDER / "expected.txt"
DOCUMENTS = sorted(path.name for path in FOLDER.glob("*.json"))
WHOLE = [f"{program}-{name}.json" for program in ("terraform", "tofu") for name in ("plan", "update", "destroy")]


def read(document: bytes | dict[str, Any]) -> Plan:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    key = DigestKey("k", b"k" * 32)
    return read_plan(content, stack=Stack.conventional("dev", "dev"), commit="c", key=key, root="", lock=b"")


def document(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / name).read_text())
    return found


def told(name: str) -> Iterator[str]:
    """What Terrace makes of a document, as lines."""
    yield f"== {name}"
    try:
        plan = read((FOLDER / name).read_bytes())
    except BadInput as error:
        yield f"refused: {error.message}"
        yield f"hint: {error.hint}"
        return
    yield f"format {plan.format_version}, complete {plan.complete}"
    yield from (f"lacks: {one}" for one in plan.lacks)
    for word, changes in (("", plan.changes), ("drift ", plan.drift)):
        for one in changes:
            parts = (one.mode, one.module, one.type, one.name, one.index)
            unknown = ", ".join(".".join(str(part) for part in path) for path in one.unknown)
            yield f"{word}{one.action.value} {one.address} {parts} unknown: {unknown or '-'}"


def test_every_document_is_read_or_refused_as_the_golden_file_says() -> None:
    text = "\n".join(line for name in DOCUMENTS for line in told(name)) + "\n"
    if os.environ.get("GOLDEN"):
        EXPECTED.write_text(text)
    assert text == EXPECTED.read_text(), f"{EXPECTED} differs; look at it, then GOLDEN=1"


@pytest.mark.parametrize("name", [n for n in DOCUMENTS if "state" in n or "log" in n or "validate" in n])
def test_what_is_no_plan_is_refused_with_exit_code_2_and_the_commands_that_make_one(name: str) -> None:
    for reads in (read, redact):
        with pytest.raises(NotAPlan) as caught:
            reads((FOLDER / name).read_bytes())
        assert caught.value.exit_code == 2
        assert "show -json" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b" \n", "the file is empty"),
        (b"PK\x03\x04rest", "a saved plan, which only Terraform reads"),
        (b"Terraform will perform the following actions", "the file is not JSON"),
        (b'{"resource_changes": [', "the file is not JSON"),
        (b"[]", "a plan is an object"),
        (b"null", "a plan is an object"),
        (b"{}", "neither `resource_changes` nor `planned_values`"),
        (b'{"format_version": "1.2", "resource_changes": null}', "an empty state"),
        (b'{"format_version": "1.2", "output_changes": {}}', "neither `resource_changes` nor `planned_values`"),
        (b'{"format_version": "1.0", "provider_schemas": {}}', "the schemas of providers"),
        (b'{"format_version": "1.2", "resource_changes": {}}', "not a plan as Terraform writes it"),
        (b'{"format_version": "1.2", "planned_values": []}', "`planned_values` of this plan"),
        (b'{"format_version": "1.2", "resource_changes": [{"change": {}}]}', "resource_changes[0] of this plan names"),
        (b'{"format_version": "1.2", "resource_changes": [{"address": "a", "change": {}}]}', "names no resource"),
        (b'{"format_version": "2.0", "resource_changes": []}', "plans of format 2.0 are not known"),
        (b'{"a\\u001b]b": {"resource_changes": []}}', 'contains a plan below the key "a\\u001b]b"'),
    ],
)
def test_every_other_content_is_refused_with_what_it_is(content: bytes, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(content)
    assert words in caught.value.message
    assert caught.value.exit_code == 2
    assert caught.value.hint


@pytest.mark.parametrize("number", [b"1e9999999", b"1e99999999999999999999", b"9" * 5000])
def test_a_number_that_no_program_can_hold_is_refused_as_input(number: bytes) -> None:
    change = b'{"actions": ["create"], "after": {"n": ' + number + b"}}"
    with pytest.raises(BadInput, match="cannot be read"):
        read(b'{"resource_changes": [{"address": "a.b", "change": ' + change + b"}]}")


@pytest.mark.parametrize("name", WHOLE)
def test_entries_without_their_parts_are_completed_from_the_address_and_the_other_way_round(name: str) -> None:
    whole = read(document(name))
    without_parts = document(name)
    for entry in without_parts["resource_changes"]:
        for key in ("type", "name", "mode", "index", "module_address"):
            entry.pop(key, None)
    assert read(without_parts).changes == whole.changes
    without_address = document(name)
    for entry in without_address["resource_changes"]:
        del entry["address"]
    assert read(without_address).changes == whole.changes


@pytest.mark.parametrize("name", [n for n in WHOLE if "destroy" not in n])
def test_planned_values_alone_give_the_same_resources_actions_and_unknown_arguments(name: str) -> None:
    whole, part = document(name), document(name)
    del part["resource_changes"]
    expected, found = read(whole), read(part)
    assert [(c.address, c.action) for c in found.changes] == [(c.address, c.action) for c in expected.changes]
    assert expected.complete
    assert not expected.lacks
    assert not found.complete
    assert f"{len(found.changes)} resources are evaluated by `planned_values`" in found.lacks[0]
    for mine, theirs in zip(found.changes, expected.changes, strict=True):
        assert (mine.module, mine.type, mine.name, mine.index) == (
            theirs.module,
            theirs.type,
            theirs.name,
            theirs.index,
        )
        # What no argument sets is not in planned values: nothing of them says that it is computed.
        arguments = {("input",)}
        assert set(mine.unknown) & arguments == set(theirs.unknown) & arguments
        assert {key: value for key, value in theirs.after.items() if key in mine.after} == mine.after


def test_without_a_prior_state_what_happens_is_unknown_and_never_nothing() -> None:
    part = document("terraform-update.json")
    del part["resource_changes"], part["prior_state"]
    plan = read(part)
    assert {c.action.value for c in plan.changes} == {"unknown"}
    assert not plan.is_empty


def test_what_planned_values_mark_as_sensitive_is_hidden_everywhere() -> None:
    resource = {
        "address": "a.b",
        "type": "a",
        "name": "b",
        "values": {"x": "hunter2-hunter2", "y": "my hunter2-hunter2"},
    }
    resource["sensitive_values"] = {"x": True}
    whole = {"format_version": "1.2", "planned_values": {"root_module": {"resources": [resource]}}}
    (change,) = read(whole).changes
    assert change.after == {"x": MASKED, "y": MASKED}
    assert b"hunter2" not in redact(json.dumps(whole).encode())


def test_a_document_of_an_old_format_hides_by_names_in_planned_values_too() -> None:
    content = (FOLDER / "tool-0.1-graph.json").read_bytes()
    instance, _ = read(content).changes
    assert instance.after == {"password": MASKED, "username": "ann"}
    assert b"hunter2" not in redact(content)


def test_what_decoding_fills_in_is_never_taken_from_the_document() -> None:
    plan = read({"resource_changes": [], "planned_only": [{"address": "a.b"}], "lacks": ["nothing"]})
    assert (plan.changes, plan.lacks, plan.complete) == ((), (), True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_of_powershell_is_read_whatever_its_encoding(encoding: str) -> None:
    text = (FOLDER / "terraform-plan.json").read_text()
    assert read(as_utf8(text.encode(encoding))).changes == read(text.encode()).changes


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("a.b", AddressParts("", "managed", "a", "b", None)),
        ("a.b[3]", AddressParts("", "managed", "a", "b", 3)),
        ("data.a.b", AddressParts("", "data", "a", "b", None)),
        ("module.m.a.b", AddressParts("module.m", "managed", "a", "b", None)),
        ("module.m[0].module.n.data.a.b", AddressParts("module.m[0].module.n", "data", "a", "b", None)),
        ('module.m["x.y[0]"].a.b["c].d"]', AddressParts('module.m["x.y[0]"]', "managed", "a", "b", "c].d")),
        ('a.b["say \\"hi\\" $${x}"]', AddressParts("", "managed", "a", "b", 'say "hi" ${x}')),
        ("module.data.data.data.data", AddressParts("module.data", "data", "data", "data", None)),
    ],
)
def test_an_address_has_its_parts_and_parts_have_their_address(address: str, parts: AddressParts) -> None:
    assert parts_of(address) == parts
    assert address_of(parts) == address


@pytest.mark.parametrize(
    "address", ["", "a", "a.", ".b", "module.m", "a.b.c", "a.b[", "a.b[x]", "a[0].b", "module.m.a"]
)
def test_what_is_no_address_has_no_parts(address: str) -> None:
    assert parts_of(address) is None


def test_an_entry_is_told_once_though_the_planned_values_have_it_too() -> None:
    assert decode.decode((FOLDER / "terraform-update.json").read_bytes()).planned_only == []
