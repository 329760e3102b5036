"""Module docs, compared with reviewed READMEs and with HashiCorp's own reader of modules."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from support.tools import program
from terrace.checks.module_docs.markers import new
from terrace.checks.module_docs.page import page
from terrace.hcl.interface import Interface, UnreadableFile, read_interface

MODULES = Path(__file__).parent / "modules"
SCENARIOS = sorted(path.name for path in MODULES.iterdir())


def read(folder: Path) -> Interface:
    """The interface of the module in a folder."""
    found = read_interface({path.name: path.read_bytes() for path in folder.glob("*.t*") if path.is_file()})
    assert isinstance(found, Interface), found
    return found


def tables(text: str) -> dict[str, list[list[str]]]:
    """The rows of every table by its title, as whoever sees the rendered page reads them."""
    tokens = iter(MarkdownIt("commonmark").enable("table").parse(text))
    found: dict[str, list[list[str]]] = {}
    title = ""
    for token in tokens:
        if token.type == "heading_open":
            title = next(tokens).content
        elif token.type == "tr_open":
            found.setdefault(title, []).append([])
        elif token.type in ("td_open", "th_open"):
            found[title][-1].append(seen(next(tokens)))
    return {title: rows[1:] for title, rows in found.items()}


def seen(cell: Token) -> str:
    """The text of a cell, tags left out."""
    pieces = [inner.content for inner in cell.children or () if inner.type != "html_inline"]
    return "".join(pieces)


def names(text: str, section: str) -> list[str]:
    """The first column of a table."""
    return [row[0] for row in tables(text).get(section, ())]


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_docs_are_as_reviewed(name: str) -> None:
    made = new(name, page(read(MODULES / name)))
    golden = MODULES / name / "README.md"
    if os.environ.get("GOLDEN"):
        golden.write_bytes(made)
    assert made == golden.read_bytes(), f"{golden} differs; look at it, then GOLDEN=1"


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_cell_breaks_its_table_and_all_names_are_there(name: str) -> None:
    module = read(MODULES / name)
    text = page(module)
    shown = tables(text)
    assert all(len({len(row) for row in rows}) == 1 for rows in shown.values())
    assert not re.search(r"<(?!br>|/?pre>|/?code>)", re.sub(r"`[^`\n]+`", "", text))
    for section, wanted in (
        ("Inputs", module.inputs),
        ("Outputs", module.outputs),
        ("Resources", module.resources),
        ("Modules", module.modules),
        ("Providers", module.providers),
    ):
        assert [row[0] for row in shown.get(section, ())] == [one.name for one in wanted]


# It knows no `.tofu` and nothing in `check` blocks, and merges override files otherwise than Terraform does.
@pytest.mark.parametrize("name", [name for name in SCENARIOS if name not in ("opentofu", "checked", "overridden")])
def test_it_has_what_terraform_config_inspect_finds(name: str, tmp_path: Path) -> None:
    for path in (MODULES / name).glob("*.tf*"):
        shutil.copy(path, tmp_path)
    done = subprocess.run([program("terraform-config-inspect"), "--json", tmp_path], capture_output=True, check=False)
    theirs, ours = json.loads(done.stdout), read(MODULES / name)
    assert [one.name for one in ours.inputs] == sorted(theirs["variables"])
    for one in ours.inputs:
        said = theirs["variables"][one.name]
        assert one.description == said.get("description", "")
        assert (one.default is None) == said["required"]
        assert one.sensitive == said.get("sensitive", False)
        wanted = said.get("type", "any") or "any"
        assert re.sub(r"\s|//?.*|#.*", "", one.type) == re.sub(r"\s|#.*", "", wanted)
    assert {one.name: one.description for one in ours.outputs} == {
        name: said.get("description", "") for name, said in theirs["outputs"].items()
    }
    assert {one.name for one in ours.resources if one.kind == "resource"} == set(theirs["managed_resources"])
    looked_up = {one.name for one in ours.resources if one.kind == "data source"}
    assert looked_up == set(theirs["data_resources"])
    assert {one.name: (one.source, one.version) for one in ours.modules} == {
        name: (said["source"], said.get("version", "")) for name, said in theirs["module_calls"].items()
    }
    assert list(ours.terraform) == theirs.get("required_core", [])


@pytest.mark.parametrize(
    ("files", "unread"),
    [
        ({"a.tf": b'variable "a" {}\n\nvariable "b" {\n  type = (\n}\n'}, ("a.tf", 4)),
        ({"a.tf": b'variable "a" {}\n', "b.tf": b"\n\n}\n"}, ("b.tf", 3)),
        ({"a.tf": b'# fine\nvariable "a" {\n  description = "\xff\xfe"\n}\n'}, ("a.tf", 3)),
        ({"a.tf.json": b'{\n"variable": {\n}'}, ("a.tf.json", 3)),
        ({"a.tf.json": b"[" * 100_000}, ("a.tf.json", 1)),
        ({"a.tf.json": b'{"variable": {"a": {"description": "\xe9"}}}'}, ("a.tf.json", 1)),
    ],
    ids=["syntax", "stray brace", "no UTF-8", "no JSON", "deep JSON", "JSON that is no UTF-8"],
)
def test_what_cannot_be_read_is_said_with_its_place(files: dict[str, bytes], unread: tuple[str, int]) -> None:
    found = read_interface(files)
    assert isinstance(found, UnreadableFile)
    assert (found.file, found.line) == unread


def test_a_file_that_begins_with_a_byte_order_mark_and_windows_lines_reads_the_same() -> None:
    plain = (MODULES / "network" / "variables.tf").read_bytes()
    other = b"\xef\xbb\xbf" + plain.replace(b"\n", b"\r\n")
    assert read_interface({"a.tf": other}) == read_interface({"a.tf": plain})


def test_a_file_of_a_megabyte_is_read_and_its_value_cut() -> None:
    many = ", ".join(f'"value {n}"' for n in range(70_000))
    found = read_interface({"a.tf": f'variable "a" {{\n  default = [{many}]\n}}\n'.encode()})
    assert isinstance(found, Interface)
    text = page(found)
    assert len(text) < 10_000
    assert "more characters)" in text


WORD = st.from_regex(r"\A[a-z_][a-z0-9_-]{0,8}\Z")
TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=40) | st.text("`|\\<>*_[]\n\r #&$:-!", max_size=20)


@given(st.dictionaries(WORD, st.tuples(TEXT, TEXT), min_size=1, max_size=6))
def test_a_module_read_back_from_its_own_tables_has_the_same_names(inputs: dict[str, tuple[str, str]]) -> None:
    body = {name: {"description": said, "default": value} for name, (said, value) in inputs.items()}
    both = {"variable": body, "output": {name: {"description": said} for name, (said, _) in inputs.items()}}
    found = read_interface({"a.tf.json": json.dumps(both).encode()})
    assert isinstance(found, Interface)
    text = page(found)
    assert names(text, "Inputs") == names(text, "Outputs") == sorted(inputs)
    said = {row[0]: row[1] for row in tables(text)["Inputs"]}
    for name, (description, _) in inputs.items():
        if description.isprintable() and description == description.strip() and "`" not in description:
            assert said[name] == description
    assert page(found) == text
