"""Names that break the conventions."""

from __future__ import annotations

import json
import time

import pytest

from terrace.assess.model import Severity
from terrace.checks.naming import Naming, check_names
from terrace.config.name_patterns import find_fault, fits

DEFAULT = Naming()


def said(text: str, naming: Naming = DEFAULT, name: str = "m/main.tf") -> list[tuple[int, str, str | None]]:
    return [(f.line, f.message, f.fix) for f in check_names(name, text.encode(), naming)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '\nresource "aws_vpc" "theVpc" {}\n',
            (2, "the resource 'theVpc' is not snake_case", "name it the_vpc, with a"),
        ),
        ('data "aws_vpc" "my-vpc" {}\n', (1, "the data source 'my-vpc' is not snake_case", "name it my_vpc")),
        ('module "HTTPServer" {}\n', (1, "the module 'HTTPServer' is not snake_case", "name it http_server, with a")),
        ('variable "a__b" {}\n', (1, "the variable 'a__b' is not snake_case", "name it a_b")),
        ('output "ключ" {}\n', (1, "the output 'ключ' is not snake_case", "rename it")),
        ("locals {\n  x = 1\n  Y = 2\n}\n", (3, "the local value 'Y' is not snake_case", "name it y")),
        (
            'resource "aws_s3_bucket" "s3_bucket_logs" {}\n',
            (1, "the name aws_s3_bucket.s3_bucket_logs repeats its type", "name it after its purpose"),
        ),
    ],
)
def test_a_wrong_name_is_reported_with_a_right_one(text: str, told: tuple[int, str, str]) -> None:
    ((line, message, fix),) = said(text)
    assert (line, message, (fix or "")[: len(told[2])]) == told


@pytest.mark.parametrize(
    "text",
    [
        'resource "aws_s3_bucket" "logs" {}\nresource "aws_s3_bucket" "bucketeer" {}\nresource "x" "x" {}\n',
        'variable "a1_b2" {}\noutput "x" {}\nlocals { a = 1 }\nterraform {}\nprovider "aws-x" {}\nmoved {}\n',
    ],
)
def test_a_right_name_is_not_told(text: str) -> None:
    assert said(text) == []
    assert said('variable "theVpc" {}\n', name="m/main_override.tf") == []


def test_every_kind_has_a_convention_of_its_own() -> None:
    naming = Naming(resources="kebab-case", outputs="any", variables="(in|out)_[a-z]+")
    text = 'resource "x_y" "a-b" {}\noutput "X y" {}\nvariable "in_a" {}\nvariable "a" {}\n'
    assert said(text, naming) == [(4, "the variable 'a' is not in the form `(in|out)_[a-z]+`", "rename it")]


def test_a_repeated_type_is_informational_and_never_blocks() -> None:
    (found,) = check_names("a.tf", b'resource "aws_vpc" "vpc" {}\n', DEFAULT)
    assert (found.severity, found.advisory) == (Severity.INFO, True)


def test_names_in_json_and_hostile_ones_are_read() -> None:
    body = {"variable": {"a b": {}, "x" * 5000: {}, "n\n": {}}, "resource": [{"x_y": {"A": {}}}], "locals": {"B": 1}}
    told = [message for _, message, _ in said(json.dumps(body), name="m/a.tf.json")]
    assert told[0] == "the variable 'a b' is not snake_case"
    assert len(told) == 4  # `xxx...` is snake_case, however long.
    assert all(len(message) < 200 for message in told)


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        ("(a+)+", "repeats a group"),
        ("(a|b)*", "repeats a group"),
        ("(?:a){2,}", "repeats a group"),
        ("a*b*c*d*", "more than 3"),
        ("(?=a)b", "lookaround"),
        (r"(a)\1", "backreference"),
        ("[a", "not a regular expression"),
        ("a" * 300, "longer than"),
    ],
)
def test_an_expression_that_could_run_away_is_refused(pattern: str, what: str) -> None:
    assert what in (find_fault(pattern) or "")


@pytest.mark.parametrize(
    ("pattern", "name", "right"),
    [
        ("snake_case", "a_b1", True),
        ("snake_case", "a_b1\n", False),
        ("kebab-case", "a-b1", True),
        (r"(?:sg|vpc)_[a-z0-9_]+", "sg_main", True),
        (r"(sg|vpc)?[a-z{]{1,5}\*?", "sgabc", True),
        ("[a-z]+", "abcD", False),
        ("[]a]+", "]]", True),
        ("[a-z]+", "a" * 200, False),
    ],
)
def test_an_expression_is_for_all_of_a_name(pattern: str, name: str, right: bool) -> None:
    assert find_fault(pattern) is None
    assert fits(name, pattern) is right


def test_the_worst_expression_that_is_taken_is_quick() -> None:
    assert find_fault("a*a*a*b") is None
    began = time.monotonic()
    assert not fits("a" * 128, "a*a*a*b")
    assert not fits("a_" * 5000, "snake_case")
    assert time.monotonic() - began < 1
