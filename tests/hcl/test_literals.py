"""Untrusted text is written to a configuration as exactly one string literal."""

from __future__ import annotations

import json
import subprocess
import unicodedata
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given

from support.hostile import HOSTILE, texts
from terrace.hcl.literals import NotLiteral, quote, read_literal
from terrace.hcl.read_facts import read_facts
from terrace.hcl.syntax import attributes, blocks, parse, parser, text_of, walk
from terrace.stacks.additions import Additions, Import

MORE = ("$${x}", "$$${x}", "%%{if}", "${", "%{", "$%{", "%${x}", "a$", "\U0001f600 \U000e0041", "\\u0024{x}", "\\")


def writable(text: str) -> bool:
    return not any("\ud800" <= c <= "\udfff" for c in text)


def read_back(written: str) -> object:
    tree = parser().parse(f"x = {written}\n".encode())
    (attribute,) = [node for node in walk(tree.root_node) if node.type == "attribute"]
    assert not tree.root_node.has_error
    return read_literal(attribute.named_children[1])


@given(texts)
@example("$${x}")
@example("%$${x}")
def test_quoted_untrusted_text_is_one_string_without_templates(text: str) -> None:
    if not writable(text):
        with pytest.raises(NotLiteral):
            quote(text)
        return
    told = quote(text)
    assert told.isprintable()
    assert read_back(told) == text


def test_terraform_reads_hostile_text_unchanged(tmp_path: Path) -> None:
    known = [text for text in (*HOSTILE, *MORE) if writable(text)]
    blocks = [f'output "o{at}" {{\n  value = {quote(text)}\n}}\n' for at, text in enumerate(known)]
    (tmp_path / "main.tf").write_text("".join(blocks))
    for arguments in (["init", "-input=false"], ["apply", "-input=false", "-auto-approve"]):
        subprocess.run(["terraform", *arguments], cwd=tmp_path, check=True, capture_output=True, timeout=60)
    told = subprocess.run(["terraform", "output", "-json"], cwd=tmp_path, check=True, capture_output=True, timeout=60)
    found = json.loads(told.stdout)
    assert [found[f"o{at}"]["value"] for at in range(len(known))] == [unicodedata.normalize("NFC", t) for t in known]


@given(texts.filter(writable))
def test_a_hostile_cloud_id_adds_only_an_import_block(text: str) -> None:
    (content,) = (
        Additions(imports=(Import("dev", "aws_vpc.main", text),)).files({"dev": "environments/dev"}, ()).values()
    )
    tree = parser().parse(content.encode())
    blocks = [node for node in walk(tree.root_node) if node.type == "block"]
    assert not tree.root_node.has_error and len(blocks) == 1


@pytest.mark.parametrize(
    ("written_so", "value"),
    [
        ("1e3", 1000),
        ("1E3", 1000),
        ("-1e3", -1000),
        ("1e+3", 1000),
        ("1e-3", Decimal("0.001")),
        ("1.5e3", 1500),
        ("25e-1", Decimal("2.5")),
        ("[1e3, 2]", [1000, 2]),
        ("{ a = 5e2 }", {"a": 500}),
    ],
)
def test_a_number_with_an_exponent_is_read_as_terraform_reads_it(written_so: str, value: object) -> None:
    (attribute,) = [n for n in walk(parse(f"x = {written_so}\n".encode()).root_node) if n.type == "attribute"]
    assert read_literal(attribute.named_children[1]) == value


@pytest.mark.parametrize("number", ["1e999999999", "1.5e999999999", "-1e-999999999", "1e99999999999999999999"])
def test_a_number_too_large_to_write_out_is_not_a_literal(number: str) -> None:
    (attribute,) = [n for n in walk(parse(f"x = {number}\n".encode()).root_node) if n.type == "attribute"]
    with pytest.raises(NotLiteral):
        read_literal(attribute.named_children[1])


def test_exponents_do_not_change_texts_and_places() -> None:
    content = (
        b"""resource "a" "b" {
  small = 1e3 # 2e4
  name  = "id-1e3"
  more  = x-1e3
  text  = <<-EOT
    5e6 ${7e8}
  EOT
}
"""
        + b"# \xc3\xa4\n" * 3000
        + b"x = 9e9\n"
    )
    root = parse(content).root_node
    assert not root.has_error
    for node in walk(root):
        assert node.text == content[node.start_byte : node.end_byte]
    (block,) = blocks(root)
    assert {name: text_of(value) for name, value in attributes(block)}["name"] == '"id-1e3"'


def test_exponents_do_not_hide_a_syntax_error() -> None:
    assert parse(b"a = 1e3\nb = {\n").root_node.has_error
    assert parse(b"a = 1e\n").root_node.has_error


def test_a_configuration_with_exponents_has_no_syntax_error() -> None:
    facts = read_facts("main.tf", b'module "m" {\n  source = "./m"\n  size   = 1e3\n}\n')
    assert facts.error_line == 0
    assert [call.name for call in facts.modules] == ["m"]


@pytest.mark.parametrize(
    "source",
    [
        "[1, /* two */ 2]",
        "[\n  1, # one\n  2\n]",
        "[for n in [1] : n]",
        "{for n in [1] : n => n}",
        "{\n  # one\n  a = 1\n}",
    ],
)
def test_a_list_or_map_with_a_comment_or_a_for_is_not_a_literal(source: str) -> None:
    with pytest.raises(NotLiteral):
        read_literal(dict(attributes(parse(f"x = {source}\n".encode()).root_node))["x"])
