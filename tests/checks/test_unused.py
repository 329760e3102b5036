"""Names that a module declares and does not use."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.checks.deprecated import find_deprecated
from terrace.checks.naming import Naming, check_names
from terrace.checks.unused import find_unused
from terrace.hcl.interface import read_interface
from terrace.hcl.read_facts import read_facts


def said(text: str, **more: str) -> list[tuple[str, int]]:
    files = {"m/main.tf": text.encode(), **{f"m/{name}.tf": other.encode() for name, other in more.items()}}
    return [(f.message, f.line) for f in find_unused(files)]


@pytest.mark.parametrize(
    "use",
    [
        "output x {\n  value = var.a\n}\n",
        'output x {\n  value = "${var.a}-1"\n}\n',
        "output x {\n  value = <<-EOT\n    ${var.a}\n  EOT\n}\n",
        "output x {\n  value = [for k in var.a.list : upper(k.name) if k != null]\n}\n",
        "output x {\n  value = f(var.a[0].b...)\n}\n",
        'resource "r" "x" {\n  dynamic "b" {\n    for_each = var.a\n    content {}\n  }\n}\n',
        "output x {\n  value = !var.a ? 1 : 2\n}\n",
    ],
)
def test_every_kind_of_use_is_recognized(use: str) -> None:
    declared = 'variable "a" {}\n'
    assert said(declared + use) == []
    assert said(declared, other=use) == []


def test_an_unused_name_is_reported_with_its_line() -> None:
    text = 'variable "a" {}\nlocals {\n  b = 1\n  c = local.b\n}\n# var.a, local.c\n'
    assert said(text) == [
        ("the local 'c' is not used in its module", 4),
        ("the variable 'a' is not used in its module", 1),
    ]


def test_a_validation_is_not_a_use() -> None:
    text = 'variable "a" {\n  validation {\n    condition = var.a > 1\n    error_message = "x"\n  }\n}\n'
    assert [message for message, _ in said(text)] == ["the variable 'a' is not used in its module"]


@pytest.mark.parametrize(
    "use",
    [
        '{"output": {"x": {"value": "${var.a}"}}}',
        '{"output": {"x": {"value": "${upper(\\"b\\")}-${var.a}"}}}',
        '{"output": {"x": {"value": "%{ if var.a == \\"b\\" }c%{ endif }", "depends_on": []}}}',
        '{"output": {"x": {"value": 1, "depends_on": ["var.a"]}}}',
        '{"resource": {"r": {"x": {"b": [{"${var.a}": null}]}}}}',
        '{"resource": {"r": {"x": {"dynamic": {"b": {"for_each": "${var.a}", "content": {}}}}}}}',
        '[{"locals": {"b": 1}}, {"output": {"x": {"value": "${var.a}-${local.b}"}}}]',
    ],
)
def test_a_use_in_json_is_recognized(use: str) -> None:
    files = {"m/main.tf": b'variable "a" {}\n', "m/use.tf.json": use.encode()}
    assert find_unused(files) == ()
    unused = {**files, "m/use.tf.json": use.replace("var.a", "var.b").encode()}
    assert [finding.message for finding in find_unused(unused)] == ["the variable 'a' is not used in its module"]


def test_a_name_of_json_that_is_not_used_is_reported() -> None:
    text = (
        '{"//": "${var.a}", "variable": {"a": {"//": {}, "validation": [{"condition": "${var.a > 1}"}]}},'
        ' "locals": {"//": "a comment", "b": 1, "c": "${local.b} $${local.c}"}}'
    )
    assert [(finding.message, finding.path) for finding in find_unused({"m/a.tf.json": text.encode()})] == [
        ("the local 'c' is not used in its module", "m/a.tf.json"),
        ("the variable 'a' is not used in its module", "m/a.tf.json"),
    ]


def test_what_cannot_be_read_is_unknown() -> None:
    for files in ({"m/a.tf.json": b"{"}, {"m/a.tf.json": b"[[]]"}, {"m/a.tf": b"x = {\n"}):
        (found,) = find_unused(files)
        assert found.status.value == "unknown"


@given(st.binary())
def test_no_content_breaks_it(content: bytes) -> None:
    find_unused({"a.tf": content})


@pytest.mark.parametrize("nested", [("{a=", "}"), ("[", "]"), ("(", ")"), ('"${', '}"'), ("f(", ")")])
def test_no_nesting_keeps_a_reader_busy(nested: tuple[str, str]) -> None:
    # Each of them takes milliseconds, if it goes down only once; minutes, if it looks up from everywhere.
    begin, end = nested
    text = f'variable "a" {{\n  default = {begin * 3000}1{end * 3000}\n}}\n'.encode()
    began = time.monotonic()
    read_facts("a.tf", text)
    read_interface({"a.tf": text})
    find_unused({"a.tf": text})
    find_deprecated("a.tf", text)
    check_names("a.tf", text, Naming())
    assert time.monotonic() - began < 10
