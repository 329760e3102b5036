"""Versions that a module leaves open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.checks.pinned import check_versions
from terrace.hcl.facts import FileFacts, ModuleCall
from terrace.hcl.read_facts import read_facts


def said(text: str, *, root: bool = False) -> list[tuple[str, int]]:
    return [
        (f.message, f.line) for f in check_versions({"m/main.tf": read_facts("m/main.tf", text.encode())}, root=root)
    ]


def call(source: str, more: str = "") -> str:
    return f'module "m" {{\n  source = "{source}"\n{more}}}\n'


@pytest.mark.parametrize(
    "text",
    [
        call("./inner"),
        call("../other"),
        call("hashicorp/consul/aws", '  version = "0.1.0"\n'),
        call("app.terraform.io/acme/vpc/aws//inner", '  version = "~> 1"\n'),
        call("git::https://example.com/a.git?ref=v1.2.0"),
        call("git::https://example.com/a.git//inner?depth=1&ref=0123456789abcdef0123456789abcdef01234567"),
        call("git@github.com:acme/a.git?ref=network/v1.2.3-rc.1"),
        call("github.com/acme/a?ref=1.2"),
        call("s3::https://s3.amazonaws.com/b/a.zip"),
        'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws", version = "~> 5.0" }\n  }\n}\n',
    ],
)
def test_it_is_pinned(text: str) -> None:
    assert said(text) == []


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        (call("hashicorp/consul/aws"), "module 'm' comes from a registry without a literal version", 1),
        (call("git::https://example.com/a.git"), "module 'm' comes from Git without `ref`", 1),
        (call("github.com/acme/a"), "module 'm' comes from Git without `ref`", 1),
        (call("https://example.com/a.git?ref="), "module 'm' comes from Git without `ref`", 1),
        (call("git::ssh://git@example.com/a.git?ref=main"), "module 'm' follows 'main', which looks like a branch", 1),
        (call("${var.where}"), "the source of module 'm' is not a literal", 1),
        (
            'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }\n}\n',
            "the provider aws",
            3,
        ),
    ],
)
def test_an_open_version_is_reported_with_its_line(text: str, message: str, line: int) -> None:
    ((told, at),) = said(text)
    assert told.startswith(message)
    assert at == line


@pytest.mark.parametrize(
    "source",
    ["git::https://example.com/a.git", "github.com/acme/a?ref=feature/x", "git::ssh://git@example.com/a.git?ref=HEAD"],
)
def test_a_module_that_is_not_fixed_says_what_follows_and_what_to_name(source: str) -> None:
    (found,) = check_versions({"a.tf": FileFacts(modules=(ModuleCall("m", source),))}, root=False)
    assert "two runs of one commit can plan different code" in found.message
    assert "a commit or a version tag" in (found.fix or "")


def test_a_root_module_says_which_terraform_it_needs() -> None:
    assert said("", root=True) == [("the root module does not require a version of Terraform", 0)]
    assert said('terraform {\n  required_version = ">= 1.6"\n}\n', root=True) == []


def test_what_could_not_be_read_is_unknown() -> None:
    (found,) = check_versions({"m/a.tf": read_facts("m/a.tf", b"x = {\n")}, root=False)
    assert found.status.value == "unknown"


@given(st.text())
def test_no_source_breaks_it(source: str) -> None:
    assert len(check_versions({"a.tf": FileFacts(modules=(ModuleCall("m", source),))}, root=False)) <= 1
