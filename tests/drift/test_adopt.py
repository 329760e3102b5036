"""Git made to say what is there: plain values in the block itself; everything else is left to a person, with why."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.drift.adopt import Adoption, Wanted, adopt_changes
from terrace.hcl.literals import read_literal, write_literal
from terrace.hcl.syntax import attributes, parser
from terrace.plans.model import MASKED

FILE = """\
resource "aws_security_group" "other" {
  description = "not this one"
}

resource "aws_security_group" "web" {
  name        = "web" # as people call it
  description = "web"
  port        = 80
  zones       = ["a", "b"]
  tags = {
    Owner = "ann"
    "a b" = "c"
  }
  secret = "hunter2"
  made   = "${var.name}-web"

  ingress {
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["10.0.0.0/8"]
  }

  egress {
    from_port = var.port
  }
}
"""
RULE = {"from_port": 443, "to_port": 443, "cidr_blocks": ["10.0.0.0/8"], "self": False, "description": ""}


def adopt(*wanted: Wanted, text: str = FILE) -> Adoption:
    found = adopt_changes("main.tf", text.encode(), "aws_security_group", "web", wanted)
    assert found is not None
    return found


def formatted(content: bytes, folder: Path) -> bool:
    (folder / "main.tf").write_bytes(content)
    return subprocess.run(["terraform", "fmt", "-check", folder], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("wanted", "old", "new"),
    [
        (Wanted("description", "web", "by hand", True), 'description = "web"', 'description = "by hand"'),
        (Wanted("port", 80, 8080, True), "port        = 80", "port        = 8080"),
        (Wanted("zones", ["a", "b"], ["c"], True), '["a", "b"]', '["c"]'),
        (
            Wanted("tags", {"Owner": "ann", "a b": "c"}, {"Owner": "bob", "x": "${y}"}, True),
            'Owner = "ann"\n    "a b" = "c"',
            'Owner = "bob"\n    x     = "$${y}"',
        ),
    ],
    ids=["text", "number", "list", "map"],
)
def test_a_plain_value_is_written_and_nothing_else_changes(wanted: Wanted, old: str, new: str, tmp_path: Path) -> None:
    done = adopt(wanted)
    assert done.left == ()
    assert done.content.decode() == FILE.replace(old, new) != FILE
    assert formatted(done.content, tmp_path)
    (one,) = done.written
    assert FILE.splitlines()[one.line - 1].strip().startswith(wanted.attribute)


def test_rules_of_a_group_are_written_as_blocks(tmp_path: Path) -> None:
    more = {**RULE, "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"]}
    done = adopt(Wanted("ingress", [RULE], [more, RULE], True))
    assert done.left == ()
    assert done.content.decode().count("ingress {") == 2
    assert 'cidr_blocks = ["0.0.0.0/0"]' in done.content.decode()
    assert "self" not in done.content.decode(), "what nobody said before is not said now"
    assert formatted(done.content, tmp_path)
    back = adopt_changes(
        "main.tf", done.content, "aws_security_group", "web", [Wanted("ingress", [more, RULE], [RULE], True)]
    )
    assert back is not None
    assert back.content.decode() == FILE


def test_what_the_block_does_not_say_is_added_where_a_deployment_would_set_it(tmp_path: Path) -> None:
    done = adopt(Wanted("size", None, 3, True))
    assert "\n  size = 3\n}" in done.content.decode()
    assert formatted(done.content, tmp_path)
    (left,) = adopt(Wanted("arn", "a", "b", False)).left
    assert "no deployment would set it" in left.why


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (Wanted("made", "x-web", "y", True), "an expression"),
        (Wanted("secret", MASKED, MASKED, True), "sensitive"),
        (Wanted("description", "deployed", "by hand", True), "already has another value"),
        (Wanted("egress", [{"from_port": 1}], [{"from_port": 2}], True), "more than literals"),
        (Wanted("size", None, "\ud800", True), "cannot be written"),
        (Wanted("route", [], [{"a": 1}], True), "does not know"),
    ],
    ids=["expression", "secret", "other tree", "blocks with expressions", "no form", "new blocks"],
)
def test_what_cannot_be_written_is_left_with_its_place(wanted: Wanted, why: str) -> None:
    done = adopt(wanted)
    (left,) = done.left
    assert (done.content.decode(), done.written) == (FILE, ())
    assert why in left.why
    assert left.line > 4
    assert "hunter2" not in f"{left}"


def test_another_file_is_not_touched() -> None:
    assert adopt_changes("main.tf", FILE.encode(), "aws_security_group", "elsewhere", ()) is None


TEXTS = st.text(st.characters(codec="utf-8")).filter(
    lambda text: not {"$${", "%%{"} & {text[i : i + 3] for i in range(len(text))}
)
SCALARS = st.none() | st.booleans() | st.integers() | TEXTS
LITERALS = SCALARS | st.lists(SCALARS) | st.dictionaries(TEXTS, SCALARS)


@given(LITERALS)
def test_what_is_written_reads_back(value: Any) -> None:
    tree = parser().parse(f"resource a b {{\n  x = {write_literal(value, '  ')}\n}}\n".encode())
    assert not tree.root_node.has_error
    (found,) = [
        expression
        for body in tree.root_node.named_children
        for block in body.named_children
        for _, expression in attributes(block)
    ]
    assert read_literal(found) == value
