"""Providers and hashes that lock files lack."""

from __future__ import annotations

import pytest

from terrace.checks.lock_file import check_lock_file
from terrace.hcl.facts import provider_sources
from terrace.hcl.lock_file import LockedProvider, read_lock_file
from terrace.hcl.read_facts import read_facts

AWS = "registry.terraform.io/hashicorp/aws"
BOTH = ("linux_amd64", "darwin_arm64")


def said(
    locked: tuple[LockedProvider, ...] | None, *platforms: str, required: str = "hashicorp/aws"
) -> list[tuple[str, str]]:
    found = check_lock_file("dev", "dev/.terraform.lock.hcl", {required}, locked, platforms)
    return [(f.status.value, f.message) for f in found]


def aws(*hashes: str, address: str = AWS) -> tuple[LockedProvider, ...]:
    return (LockedProvider(address, "5.0.0", hashes),)


def test_a_lock_file_is_committed_where_providers_are_required() -> None:
    assert said(None) == [("fail", "no lock file is committed for hashicorp/aws")]
    assert check_lock_file("dev", "x", (), None, BOTH) == ()


@pytest.mark.parametrize("required", ["aws", "hashicorp/aws", "HashiCorp/aws", AWS])
def test_every_provider_is_named(required: str) -> None:
    assert said(aws("h1:a"), required=required) == []
    assert said(aws("h1:a", address="registry.opentofu.org/hashicorp/aws"), required=required) == []
    assert said((), required=required) == [("fail", f"the lock file does not name {AWS}")]


def test_hashes_are_counted_and_an_unclear_number_is_unknown() -> None:
    assert said(aws("h1:a", "zh:b"), *BOTH) == []
    assert said(aws("h1:a"), *BOTH) == [("fail", f"the lock file has 1 hashes of {AWS}, for 2 platforms")]
    ((status, message),) = said(aws("h1:a", "h1:b"), *BOTH)
    assert (status, "they do not show their platforms" in message) == ("unknown", True)
    assert said(aws()) == [("fail", f"the lock file has no hash of {AWS}")]


def test_what_to_do_names_the_platforms() -> None:
    (found,) = check_lock_file("dev", "x", {"aws"}, None, BOTH)
    assert found.fix == (
        "terraform providers lock -platform=darwin_arm64 -platform=linux_amd64, and commit the lock file"
    )


def test_a_real_lock_file_is_read() -> None:
    text = f'provider "{AWS}" {{\n  version = "5.0.0"\n  hashes = [\n    "h1:a=",\n    "zh:b",\n  ]\n}}\n'
    assert said(read_lock_file(text.encode()), *BOTH) == []


USES = b"""
terraform {
  required_providers {
    cf = { source = "cloudflare/cloudflare" }
  }
}
resource "aws_vpc" "a" {}
resource "cloudflare_record" "a" { provider = cf.main }
data "google_project" "a" {}
resource "terraform_data" "a" {}
provider "random" {}
check "a" {
  data "http" "a" {}
}
"""
USES_JSON = b"""{
  "terraform": {"required_providers": {"cf": {"source": "cloudflare/cloudflare"}}},
  "resource": {
    "aws_vpc": {"a": {}}, "terraform_data": {"a": [{}]}, "cloudflare_record": {"a": {"provider": "cf.main"}}
  },
  "data": [{"google_project": {"a": {}}}],
  "provider": {"random": [{}]},
  "check": {"a": {"data": {"http": {"a": {}}}}}
}"""


@pytest.mark.parametrize(("name", "content"), [("a.tf", USES), ("a.tf.json", USES_JSON)])
def test_a_provider_that_only_a_resource_implies_is_needed(name: str, content: bytes) -> None:
    found = provider_sources([read_facts(name, content)])
    implied = {f"hashicorp/{name}" for name in ("aws", "google", "http", "random")}
    assert found == {"cloudflare/cloudflare", *implied}
