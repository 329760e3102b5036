"""A text of others in a configuration is a string that holds exactly it."""

from __future__ import annotations

import json
import subprocess
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings

from support.hostile import HOSTILE, texts
from terrace.stacks.additions import Additions, Import
from terrace.stacks.literals import NoLiteral, quoted, value_of
from terrace.stacks.syntax import everything, parser

MORE = ("$${x}", "$$${x}", "%%{if}", "${", "%{", "$%{", "%${x}", "a$", "\U0001f600 \U000e0041", "\\u0024{x}", "\\")


def writable(text: str) -> bool:
    return not any("\ud800" <= c <= "\udfff" for c in text)


def read_back(written: str) -> object:
    tree = parser().parse(f"x = {written}\n".encode())
    (attribute,) = [node for node in everything(tree.root_node) if node.type == "attribute"]
    assert not tree.root_node.has_error
    return value_of(attribute.named_children[1])


@settings(max_examples=300)
@given(texts)
@example("$${x}")
@example("%$${x}")
def test_text_of_others_in_a_configuration_is_one_string_and_no_template(text: str) -> None:
    if not writable(text):
        with pytest.raises(NoLiteral):
            quoted(text)
        return
    told = quoted(text)
    assert told.isprintable()
    assert read_back(told) == text


def test_terraform_reads_every_hostile_text_as_it_was(tmp_path: Path) -> None:
    known = [text for text in (*HOSTILE, *MORE) if writable(text)]
    blocks = [f'output "o{at}" {{\n  value = {quoted(text)}\n}}\n' for at, text in enumerate(known)]
    (tmp_path / "main.tf").write_text("".join(blocks))
    for arguments in (["init", "-input=false"], ["apply", "-input=false", "-auto-approve"]):
        subprocess.run(["terraform", *arguments], cwd=tmp_path, check=True, capture_output=True, timeout=60)
    told = subprocess.run(["terraform", "output", "-json"], cwd=tmp_path, check=True, capture_output=True, timeout=60)
    found = json.loads(told.stdout)
    assert [found[f"o{at}"]["value"] for at in range(len(known))] == [unicodedata.normalize("NFC", t) for t in known]


@settings(max_examples=100)
@given(texts.filter(writable))
def test_an_id_of_the_cloud_adds_nothing_but_an_import(text: str) -> None:
    (content,) = (
        Additions(imports=(Import("dev", "aws_vpc.main", text),)).files({"dev": "environments/dev"}, ()).values()
    )
    tree = parser().parse(content.encode())
    blocks = [node for node in everything(tree.root_node) if node.type == "block"]
    assert not tree.root_node.has_error and len(blocks) == 1
