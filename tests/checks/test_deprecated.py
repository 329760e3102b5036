"""Deprecated syntax and arguments."""

from __future__ import annotations

import json

import pytest

from terrace.assess.model import Severity, Status
from terrace.checks.deprecated import MOST, find_deprecated
from terrace.checks.scanners.together import Places, together
from terrace.clouds.all import CLOUDS


def said(text: str, name: str = "main.tf") -> list[tuple[int, str, str | None]]:
    return [(f.line, f.message, f.fix) for f in find_deprecated(name, text.encode())]


@pytest.mark.parametrize(
    ("text", "line", "message", "fix"),
    [
        ('locals {\n  a = "${var.x}"\n}\n', 2, '"${var.x}" is nothing but an interpolation', "write var.x"),
        ('locals {\n  a = { "${var.x}" = 1 }\n}\n', 2, '"${var.x}" is nothing but an interpolation', "write (var.x)"),
        ('locals {\n  a = ["${ var.x }"]\n}\n', 2, '"${ var.x }" is nothing but an interpolation', "write var.x"),
        ('variable "a" {\n  type = "string"\n}\n', 2, 'the type `"string"` is written as', "type = string"),
        ('variable "a" {\n  type = "list"\n}\n', 2, 'the type `"list"` is written as', "type = list(any)"),
        ('variable "a" {\n  type = map\n}\n', 2, "the type `map` is written as", "type = map(any)"),
        ('locals {\n  a = list("b")\n}\n', 2, "the function `list` is gone", "write [...], or tolist([...])"),
        ('locals {\n  a = [map("b", 1)]\n}\n', 2, "the function `map` is gone", "write {...}, or tomap({...})"),
        ('provider "aws" {\n  version = "~> 2.0"\n}\n', 2, "the version of a provider is set", "set it in `required_"),
        (
            'data "template_file" "a" {\n}\n',
            1,
            "`template_file` is deprecated since Terraform 0.12",
            "use the function `templatefile`",
        ),
        (
            'resource "x_y" "a" {\n  lifecycle {\n    ignore_changes = ["tags"]\n  }\n}\n',
            3,
            "`ignore_changes` has the reference",
            "write tags",
        ),
        (
            'resource "x_y" "a" {\n  lifecycle {\n    ignore_changes = ["*"]\n  }\n}\n',
            3,
            "`ignore_changes` has the reference",
            "write all",
        ),
        ('module "m" {\n  depends_on = ["x_y.a"]\n}\n', 2, "`depends_on` has the reference", "write x_y.a"),
        ('resource "x_y" "a" {\n  provider = "x.b"\n}\n', 2, "`provider` has the reference", "write x.b"),
        (
            'resource "azurerm_storage_account" "a" {\n  allow_blob_public_access = true\n}\n',
            2,
            "`allow_blob_public_access` of azurerm_storage_account is deprecated since azurerm 3",
            "use `allow_nested_items_to_be_public`",
        ),
        (
            'resource "azurerm_kubernetes_cluster" "a" {\n  default_node_pool {\n    enable_auto_scaling = 1\n  }\n}\n',
            3,
            "`default_node_pool.enable_auto_scaling` of",
            "use `auto_scaling_enabled`",
        ),
        (
            'resource "aws_s3_bucket" "a" {\n\n  dynamic "cors_rule" {\n    for_each = []\n    content {}\n  }\n}\n',
            3,
            "`cors_rule` of aws_s3_bucket",
            "use a resource `aws_s3_bucket_cors_configuration`",
        ),
        (
            'resource "azurerm_app_service" "a" {}\n',
            1,
            "`azurerm_app_service` is deprecated",
            "use `azurerm_linux_web_app`",
        ),
        ('resource "azurerm_key_vault" "a" {\n  soft_delete_enabled = true\n}\n', 2, "`soft_delete", "remove it"),
    ],
)
def test_a_deprecated_construct_is_reported_with_its_line_and_replacement(
    text: str, line: int, message: str, fix: str
) -> None:
    ((at, told, todo),) = said(text)
    assert (at, told[: len(message)], (todo or "")[: len(fix)]) == (line, message, fix)


@pytest.mark.parametrize(
    "text",
    [
        'variable "a" {\n  type    = list(map(string))\n  default = ["list"]\n}\n',
        'variable "a" {\n  type = object({ a = optional(list(string), []) })\n}\n',
        'locals {\n  a = "${var.x}-1"\n  b = "x${var.y}"\n  c = "$${var.z}"\n  d = tolist([])\n  e = "${a}${b}"\n}\n',
        "locals {\n  a = <<-EOT\n    ${var.x}\n  EOT\n}\n",
        'module "m" {\n  source  = "a/b/c"\n  version = "1.0"\n  map     = var.list\n}\n',
        'resource "aws_s3_bucket_versioning" "a" {\n  versioning_configuration {\n    status = "Enabled"\n  }\n}\n',
        'resource "x_y" "a" {\n  lifecycle {\n    ignore_changes = [tags["a"], all]\n  }\n}\n',
        'resource "azurerm_linux_web_app" "a" {\n  version = "1"\n}\n',
    ],
)
def test_what_is_of_today_is_not_told(text: str) -> None:
    assert [one for one in said(text) if "quotes" not in one[1]] == []


def test_null_resource_is_informational_and_never_blocks() -> None:
    (found,) = find_deprecated("a.tf", b'resource "null_resource" "a" {}\n')
    assert (found.severity, found.advisory) == (Severity.INFO, True)
    text = b'resource "null_resource" "a" {\n  triggers = { a = "${var.x}" }\n}\n'
    both = together(find_deprecated("a.tf", text), Places(at=lambda path, line: (path, 1)))
    assert [(one.severity, one.advisory) for one in both] == [(Severity.INFO, True), (Severity.LOW, False)]


@pytest.mark.parametrize(
    ("constraint", "later"),
    [
        ("~> 3.0", True),
        ("~> 3.117.0", True),
        (">= 3.0, < 4.0", True),
        (">= 3, < 4.0.0", True),
        ("3.5.0", True),
        ("<= 3.9", True),
        ("~> 4.0", False),
        (">= 3.0", False),
        (">= 3.0, < 5.0", False),
        ("< 4.1", False),
        ("~> 3", False),  # Of one number Terraform takes it for the least.
        ("nonsense", False),
        ("", False),
    ],
)
def test_what_a_pinned_provider_does_not_know_yet_is_a_remark_for_later(constraint: str, later: bool) -> None:
    text = b'resource "azurerm_storage_account" "a" {\n  enable_https_traffic_only = true\n}\n'
    (found,) = find_deprecated("a.tf", text, {"azurerm": constraint, "aws": "~> 1.0"})
    assert (found.severity is Severity.INFO, found.advisory) == (later, later)
    assert (found.fix or "").startswith("with azurerm 4, use" if later else "use")


def test_json_is_looked_through_for_types_and_arguments() -> None:
    body = {
        "provider": {"aws": [{"version": "1"}]},
        "resource": {
            "aws_s3_bucket": {"a": {"acl": "private", "bucket": "${var.x}"}},
            "azurerm_kubernetes_cluster": {"a": [{"default_node_pool": [{"enable_host_encryption": True}]}]},
        },
        "data": [{"template_file": {"a": {}}}],
    }
    told = [message for _, message, _ in said(json.dumps(body), "main.tf.json")]
    assert [message.split(" of ")[0] for message in told] == [
        "the version",
        "`acl`",
        "`default_node_pool.enable_host_encryption`",
        "`template_file` is deprecated since Terraform 0.12",
    ]


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("a.tf", b'locals {\n  a = "${var.x}"\n  b = (\n}\n', 3),
        ("a.tf.json", b"{", 1),
        ("a.tf.json", b"[" * 100_000, 1),
    ],
)
def test_what_cannot_be_read_is_unknown(name: str, content: bytes, line: int) -> None:
    last = find_deprecated(name, content)[-1]
    assert (last.status, last.line) == (Status.UNKNOWN, line)


def test_many_findings_of_one_file_are_cut_and_other_bytes_than_text_are_skipped() -> None:
    found = find_deprecated(
        "a.tf", b"".join(b'output "o%d" {\n  value = "${var.\xff%d}"\n}\n' % (n, n) for n in range(3_000))
    )
    assert len([one for one in found if one.status is Status.FAIL]) <= MOST + 1
    whole = find_deprecated(
        "a.tf", b"".join(b'output "o%d" {\n  value = "${var.x%d}"\n}\n' % (n, n) for n in range(3_000))
    )
    assert len(whole) == MOST + 1
    assert whole[-1].message == f"{3_000 - MOST} more deprecated constructs follow"


TYPES = [replacement for cloud in CLOUDS.values() for replacement in cloud.renamed_types.values()]
ARGUMENTS = [names for cloud in CLOUDS.values() for names in cloud.renamed_arguments.values()]


def test_the_data_says_of_each_thing_what_instead() -> None:
    for instead, since in [*TYPES, *(replacement for names in ARGUMENTS for replacement in names.values())]:
        assert instead
        assert since.split()[0] in ("Terraform", "aws", "azurerm", "AWS")
