"""The backend that Terraform recorded after `init` is compared with the evaluated location, for every known type."""

from __future__ import annotations

from typing import Any

import pytest

from terrace.stacks.backends import BackendLocation, changed_parts

S3 = BackendLocation("s3", (("bucket", "b"), ("key", "dev/app")))
KNOWN: list[tuple[str, tuple[tuple[str, str], ...], dict[str, Any], dict[str, Any], str]] = [
    ("s3", (("bucket", "b"), ("key", "k")), {"bucket": "b", "key": "./k"}, {"key": "prod"}, "key"),
    (
        "azurerm",
        (("storage_account_name", "a"), ("container_name", "c"), ("key", "k")),
        {"storage_account_name": "A", "container_name": "c", "key": "k"},
        {"container_name": "prod"},
        "container_name",
    ),
    ("gcs", (("bucket", "b"), ("prefix", "p")), {"bucket": "b", "prefix": "p/"}, {"prefix": None}, "prefix"),
    ("http", (("address", "h/dev"),), {"address": "https://h/dev"}, {"address": "https://h/prod"}, "address"),
    (
        "pg",
        (("conn_str", "h:5432/d"), ("schema_name", "terraform_remote_state")),
        {"conn_str": "postgres://u:p@h/d", "schema_name": None},
        {"schema_name": "prod"},
        "schema_name",
    ),
    ("consul", (("path", "dev"),), {"path": "dev"}, {"path": "prod"}, "path"),
    (
        "kubernetes",
        (("namespace", "default"), ("secret", "tfstate-default-s")),
        {"secret_suffix": "s", "namespace": None},
        {"namespace": "prod"},
        "namespace",
    ),
    (
        "remote",
        (("organization", "o"), ("workspaces.name", "dev")),
        {"organization": "O", "workspaces": [{"name": "dev", "prefix": None}]},
        {"workspaces": [{"name": "prod"}]},
        "workspaces.name",
    ),
    (
        "oss",
        (("bucket", "b"), ("object", "env:/terraform.tfstate")),
        {"bucket": "b"},
        {"bucket": "c"},
        "bucket",
    ),
    (
        "cos",
        (("bucket", "b"), ("object", "terraform.tfstate")),
        {"bucket": "b"},
        {"key": "prod"},
        "object",
    ),
    (
        "oci",
        (("namespace", "n"), ("bucket", "b"), ("key", "k")),
        {"namespace": "n", "bucket": "b", "key": "k"},
        {"bucket": "c"},
        "bucket",
    ),
    ("inmem", (("lock_id", "dev"),), {"lock_id": "dev"}, {"lock_id": "prod"}, "lock_id"),
]


@pytest.mark.parametrize(("kind", "parts", "same", "moved", "part"), KNOWN, ids=[one[0] for one in KNOWN])
def test_a_backend_that_differs_from_the_evaluated_one_is_detected(
    kind: str, parts: tuple[tuple[str, str], ...], same: dict[str, Any], moved: dict[str, Any], part: str
) -> None:
    judged = BackendLocation(kind, parts)
    assert changed_parts(judged, kind, same) == ()
    assert changed_parts(judged, kind, {**same, **moved}) == (part,)


def test_another_backend_type_is_a_difference() -> None:
    assert changed_parts(S3, "gcs", {"bucket": "b"}) == ("type",)


def test_endpoints_are_compared_if_both_have_one() -> None:
    judged = BackendLocation("s3", S3.parts, hints=(("endpoint", "aws"),))
    config = {"bucket": "b", "key": "dev/app", "endpoints": [{"s3": "http://localhost:9000"}]}
    assert changed_parts(judged, "s3", config) == ("endpoint",)
    assert changed_parts(S3, "s3", config) == ()


def test_unknown_parts_are_not_compared() -> None:
    assert changed_parts(BackendLocation("http", (), unknown=("address",)), "http", {"address": "https://h/any"}) == ()
