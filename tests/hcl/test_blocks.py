"""A configuration reads the same in native and in JSON syntax."""

from __future__ import annotations

import json

import pytest

from terrace.hcl.blocks import JsonExpression, NativeExpression, OverriddenBlock, read_blocks
from terrace.hcl.declared_names import list_names
from terrace.hcl.facts import Part
from terrace.hcl.interface import Input, Interface, Output, Provider, Rule, UnreadableFile, read_interface
from terrace.hcl.read_facts import read_facts

NATIVE = """
terraform {
  required_version = ">= 1.6"
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      version               = "~> 6.0"
      configuration_aliases = [aws.west, other.not]
    }
    random = "3.1"
  }
  backend "s3" {
    bucket  = "states"
    key     = var.key
    encrypt = true
    assume_role {
      role_arn = "arn:aws:iam::123456789012:role/deploy"
    }
  }
}
provider "aws" {
  allowed_account_ids = ["123456789012"]
  default_tags { tags = { Environment = "prod" } }
}
locals {
  size = 5
  big  = true
}
variable "name" {
  type        = string
  default     = "a"
  description = "Its name"
  validation {
    condition     = length(var.name) > 0
    error_message = "Too short"
  }
}
output "id" {
  sensitive = true
  value     = aws_instance.web.id
}
data "terraform_remote_state" "net" {
  backend = "s3"
  config  = { bucket = "states", key = "${path.module}/net" }
}
resource "aws_instance" "web" {
  provider = aws.west
}
module "m" {
  source = "./m"
  count  = 2
}
"""
JSON = {
    "terraform": {
        "required_version": ">= 1.6",
        "required_providers": {
            "aws": {
                "source": "hashicorp/aws",
                "version": "~> 6.0",
                "configuration_aliases": ["aws.west", "${other.not}"],
            },
            "random": "3.1",
        },
        "backend": {
            "s3": {
                "bucket": "states",
                "key": "${var.key}",
                "encrypt": True,
                "assume_role": [{"role_arn": "arn:aws:iam::123456789012:role/deploy"}],
            }
        },
    },
    "provider": {"aws": {"allowed_account_ids": ["123456789012"], "default_tags": [{"tags": {"Environment": "prod"}}]}},
    "locals": [{"size": 5}, {"big": True}],
    "variable": {
        "name": {
            "type": "string",
            "default": "a",
            "description": "Its name",
            "validation": {"condition": "${length(var.name) > 0}", "error_message": "Too short"},
        }
    },
    "output": {"id": {"sensitive": True, "value": "${aws_instance.web.id}"}},
    "data": {
        "terraform_remote_state": {
            "net": {"backend": "s3", "config": {"bucket": "states", "key": "${path.module}/net"}},
        }
    },
    "resource": {"aws_instance": {"web": [{"provider": "${aws.west}"}]}},
    "module": {"m": {"source": "./m", "count": 2}},
}
FILES = {"main.tf": NATIVE.encode(), "main.tf.json": json.dumps(JSON).encode()}


def without_lines(value: object) -> object:
    """A record of facts, with every line as 0."""
    if isinstance(value, tuple | list):
        return [without_lines(one) for one in value]
    if isinstance(value, dict):
        return {key: without_lines(one) for key, one in value.items()}
    if hasattr(value, "__struct_fields__"):
        fields = {name: getattr(value, name) for name in value.__struct_fields__}
        return {name: 0 if "line" in name else without_lines(one) for name, one in fields.items()}
    return value


def test_both_syntaxes_have_the_same_facts_of_blocks() -> None:
    native, in_json = (without_lines(read_facts(name, content)) for name, content in FILES.items())
    assert isinstance(native, dict) and isinstance(in_json, dict)
    of_strings = {"reads", "words", "values", "outputs", "configured"}
    assert {name: value for name, value in native.items() if name not in of_strings} == {
        name: value for name, value in in_json.items() if name not in of_strings
    }
    assert native["outputs"].keys() == in_json["outputs"].keys() == {"id"}
    assert native["backend"]["known"]["assume_role.role_arn"].startswith("arn:")
    assert native["backend"]["unknown"] == ["key"]
    assert native["locals"]["size"] == without_lines((Part("text", "5"),))


@pytest.mark.parametrize("name", FILES)
def test_both_syntaxes_have_the_same_interface(name: str) -> None:
    module = read_interface({name: FILES[name]})
    assert isinstance(module, Interface)
    assert module.terraform == (">= 1.6",)
    assert module.required == (
        Provider("aws", "hashicorp/aws", "~> 6.0"),
        Provider("random", "hashicorp/random", "3.1"),
    )
    assert [provider.name for provider in module.providers] == ["aws.west", "terraform"]
    assert module.inputs == (
        Input("name", "Its name", "string", '"a"', False, (Rule("length(var.name) > 0", "Too short"),)),
    )
    assert module.outputs == (Output("id", "", sensitive=True),)


@pytest.mark.parametrize("name", FILES)
def test_both_syntaxes_declare_the_same_names(name: str) -> None:
    names = {(entry.kind, entry.type, entry.name) for entry in list_names(name, FILES[name])}
    assert names == {
        ("local", "", "size"),
        ("local", "", "big"),
        ("variable", "", "name"),
        ("output", "", "id"),
        ("data", "terraform_remote_state", "net"),
        ("resource", "aws_instance", "web"),
        ("module", "", "m"),
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("aws.west", "aws.west"),
        ("${aws.west}", "aws.west"),
        ('${length(var.a) > 0 && var.b != "${c}"}', 'length(var.a) > 0 && var.b != "${c}"'),
        ("${var.a}-${var.b}", "${var.a}-${var.b}"),
        ("${open", "${open"),
    ],
)
def test_a_string_of_json_that_is_one_interpolation_is_its_expression(text: str, code: str) -> None:
    assert JsonExpression(text).code() == code


def test_a_number_of_json_that_is_too_large_is_not_written_out() -> None:
    module = read_interface({"main.tf.json": b'{"variable": {"size": {"default": 1e999999999}}}'})
    assert isinstance(module, Interface)
    assert len(module.inputs[0].default or "") < 50
    facts = read_facts("main.tf.json", b'{"locals": {"size": 1e999999999}}')
    assert len(str(facts.locals["size"])) < 100


def test_the_attributes_of_an_override_file_win_and_its_blocks_replace_those_of_their_type() -> None:
    base, over = (
        next(read_blocks("main.tf", text).root.blocks())
        for text in (
            b'x "a" {\n  one = 1\n  two = 2\n  inner {\n    n = 1\n  }\n  other {\n  }\n}\n',
            b'x "a" {\n  two = 3\n  inner {\n    n = 2\n  }\n  inner {\n    n = 3\n  }\n}\n',
        )
    )
    merged = OverriddenBlock(base, over)
    assert {name: value.source() for name, value in merged.attributes.items()} == {"one": "1", "two": "3"}
    assert [block.attributes["n"].source() for block in merged.blocks("inner")] == ["2", "3"]
    assert [block.type for block in merged.blocks()] == ["inner", "inner", "other"]


@pytest.mark.parametrize(
    ("name", "content", "line", "why"),
    [
        ("main.tf", b"a = 1\nb = }\n", 2, "there is a syntax error"),
        ("main.tf.json", b'{\n  "a": 1,\n}', 3, "it is not JSON"),
        ("main.tf.json", b"[" * 100_000, 1, "it cannot be read as JSON"),
        ("main.tf.json", b'{\n"a": "\xff"}', 2, "it is not UTF-8"),
    ],
)
def test_a_broken_file_has_the_line_of_its_error(name: str, content: bytes, line: int, why: str) -> None:
    file = read_blocks(name, content)
    assert (file.error_line, file.error) == (line, why)
    assert read_facts(name, content).error_line == line
    assert read_interface({name: content}) == UnreadableFile(name, line, why)


def test_an_item_of_a_list_has_its_own_expression() -> None:
    native = read_blocks("main.tf", b'x = ["a", b.c]\ny = var.z\n').root.attributes
    in_json = read_blocks("main.tf.json", b'{"x": ["a", "${b.c}"], "y": "${var.z}"}').root.attributes
    assert isinstance(native["x"], NativeExpression)
    for values in (native, in_json):
        assert [item.code() for item in values["x"].items()] == ["a", "b.c"]
        assert list(values["y"].items()) == []
