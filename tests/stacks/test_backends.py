"""Equal backend locations are equal in every spelling, and parts without a literal value are unknown."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from support.trees import inventory
from terrace.stacks.backends import BackendLocation, backend_locations, find_shared_states


def block(kind: str, text: str) -> str:
    return f'terraform {{\n  backend "{kind}" {{\n{text}\n  }}\n}}\n'


S3 = 'bucket = "states"\n key = "prod/app"\n region = "eu-west-1"'
PROD = {"environments/prod/main.tf": block("s3", S3), "environments/dev/main.tf": ""}


def pairs(files: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(one.stack.key, one.other.key) for one in find_shared_states(inventory(files))]


def address(files: Mapping[str, str], key: str = "dev") -> BackendLocation:
    found = inventory(files)
    (one,) = backend_locations(found.stack(key), found.graph)
    return one


COPIES: Mapping[str, Mapping[str, str]] = {
    "the same block": {"main.tf": block("s3", S3)},
    "in another order, without the region": {"main.tf": block("s3", 'key = "prod/app"\nbucket = "states"')},
    "with another region": {"main.tf": block("s3", S3.replace("eu-west-1", "us-east-1"))},
    "with a key that clients clean": {"main.tf": block("s3", S3.replace("prod/app", "./prod//app"))},
    "with a key that goes up and down": {"main.tf": block("s3", S3.replace("prod/app", "dev/../prod/app"))},
    "with escapes": {"main.tf": block("s3", S3.replace("prod/app", "\\u0070rod/app"))},
    "with a part in a template": {"main.tf": block("s3", S3.replace("prod/app", '${"prod"}/app'))},
    "with an official endpoint": {
        "main.tf": block("s3", S3 + '\nendpoints = { s3 = "https://s3.eu-west-1.amazonaws.com" }')
    },
    "in JSON": {"main.tf.json": '{"terraform": {"backend": {"s3": {"bucket": "states", "key": "prod/app"}}}}'},
    "in JSON, in lists": {
        "main.tf.json": '{"terraform": [{"backend": [{"s3": [{"bucket": "states", "key": "prod/app"}]}]}]}'
    },
    "in an override": {"main.tf": block("s3", 'bucket = "b"\nkey = "k"'), "a_override.tf": block("s3", S3)},
    "in override.tf": {"main.tf": block("http", 'address = "http://x/y"'), "override.tf": block("s3", S3)},
    "in the later override": {
        "a_override.tf": block("s3", 'bucket = "b"\nkey = "k"'),
        "b_override.tf": block("s3", S3),
    },
    "in an override in JSON": {
        "main.tf": block("s3", 'bucket = "b"\nkey = "k"'),
        "a_override.tf.json": '{"terraform": {"backend": {"s3": {"bucket": "states", "key": "prod/app"}}}}',
    },
    "through a link": {"main.tf": "-> ../../prod/main.tf"},
    "through a link that is called an override": {
        "zz.tf": block("s3", 'bucket = "b"\nkey = "k"'),
        "a_override.tf": "-> ../../prod/main.tf",
    },
    "behind a file that only OpenTofu reads": {
        "main.tf": block("s3", S3),
        "z_override.tofu": block("s3", 'bucket = "b"\nkey = "k"'),
    },
    "in a file that only OpenTofu reads": {
        "main.tf": block("s3", 'bucket = "b"\nkey = "k"'),
        "main.tofu": block("s3", S3),
    },
}


@pytest.mark.parametrize("how", COPIES)
def test_a_dev_stack_with_the_prod_state_is_found_in_every_spelling(how: str) -> None:
    extra = {f"environments/dev/extra/{name}": text for name, text in COPIES[how].items()}
    files = {**PROD, "environments/dev/app/main.tf": "", **extra}
    del files["environments/dev/main.tf"]
    assert ("dev/extra", "prod") in pairs(files)


def test_a_state_that_backend_config_completes_is_found() -> None:
    config = (
        "version: 1\nenvironments: {dev: {}, prod: {}}\nstacks:\n"
        "- {path: stacks/app, environment: dev, name: app, backend_config: {bucket: states, key: prod/app}}\n"
        "- {path: stacks/app, environment: prod, name: app, backend_config: {bucket: states, key: prod/app}}\n"
    )
    files = {"stacks/app/main.tf": block("s3", 'region = "x"'), "terrace.yaml": config}
    assert pairs(files) == [("dev/app", "prod/app")]
    assert pairs({**files, "terrace.yaml": config.replace("key: prod/app", "key: dev/app", 1)}) == []


SAME = {
    "azurerm": (
        'storage_account_name = "acme"\ncontainer_name = "tf"\nkey = "prod"\nresource_group_name = "a"',
        'storage_account_name = "ACME"\ncontainer_name = "tf"\nkey = "./prod"',
    ),
    "gcs": ('bucket = "b"\nprefix = "prod/"', 'bucket = "b"\nprefix = "prod"'),
    "gcs without a prefix": ('bucket = "b"', 'bucket = "b"\nprefix = ""'),
    "pg": (
        'conn_str = "postgres://ann:secret@db.example.com/tf?sslmode=disable"',
        'conn_str = "host=DB.example.com dbname=tf user=bob password=other"\nschema_name = "terraform_remote_state"',
    ),
    "http": ('address = "https://u:p@State.example.com:443/prod/"', 'address = "http://state.example.com/./prod"'),
    "consul": ('path = "tf/prod"', 'path = "/tf/prod/"\naddress = "consul.example.com:8500"'),
    "kubernetes": ('secret_suffix = "prod"', 'secret_suffix = "prod"\nnamespace = "default"'),
    "remote": (
        'organization = "acme"\nworkspaces {\n name = "prod"\n}',
        'hostname = "app.terraform.io"\norganization = "ACME"\nworkspaces {\n name = "prod"\n}',
    ),
    "oss": ('bucket = "b"', 'bucket = "b"\nkey = "terraform.tfstate"'),
    "oss with other parts": ('bucket = "b"\nprefix = "env:/a"\nkey = "t"', 'bucket = "b"\nkey = "a/t"'),
    "cos": (
        'bucket = "b-1250000000"\nprefix = "a"\nregion = "ap-guangzhou"',
        'bucket = "b-1250000000"\nprefix = "a/"\nkey = "terraform.tfstate"',
    ),
    "cos with other parts": ('bucket = "b"\nkey = "a/t"', 'bucket = "b"\nprefix = "a"\nkey = "t"'),
    "oci": ('namespace = "n"\nbucket = "b"', 'namespace = "n"\nbucket = "b"\nkey = "terraform.tfstate"\nregion = "x"'),
    "azurerm that names its cloud": (
        'storage_account_name = "a"\ncontainer_name = "tf"\nkey = "k"\nenvironment = "usgovernment"',
        'storage_account_name = "a"\ncontainer_name = "tf"\nkey = "k"',
    ),
    "artifactory": ('url = "u"\nrepo = "r"\nsubpath = "s"', 'subpath = "s"\nurl = "u"\nrepo = "r"'),
}


@pytest.mark.parametrize("kind", SAME)
def test_equal_locations_in_two_spellings_are_equal(kind: str) -> None:
    one, other = SAME[kind]
    name = kind.partition(" ")[0]
    files = {"environments/dev/main.tf": block(name, one), "environments/prod/main.tf": block(name, other)}
    assert pairs(files) == [("dev", "prod")]


OTHERS = {
    "s3": ('bucket = "b"\nkey = "dev"', 'bucket = "b"\nkey = "prod"'),
    "s3 elsewhere": (
        'bucket = "b"\nkey = "k"\nendpoint = "http://one:9000"',
        'bucket = "b"\nkey = "k"\nendpoint = "http://two:9000"',
    ),
    "azurerm": (
        'storage_account_name = "a"\ncontainer_name = "tf"\nkey = "k"',
        'storage_account_name = "b"\ncontainer_name = "tf"\nkey = "k"',
    ),
    "pg": ('conn_str = "postgres://db/tf"\nschema_name = "dev"', 'conn_str = "postgres://db/tf"\nschema_name = "prod"'),
    "http": ('address = "http://s/dev"', 'address = "http://s/prod"'),
    "kubernetes": ('secret_suffix = "a"\nnamespace = "dev"', 'secret_suffix = "a"\nnamespace = "prod"'),
    "azurerm of two clouds": (
        'storage_account_name = "a"\ncontainer_name = "tf"\nkey = "k"\nenvironment = "usgovernment"',
        'storage_account_name = "a"\ncontainer_name = "tf"\nkey = "k"\nenvironment = "china"',
    ),
    "gcs": ('bucket = "b"\nprefix = "dev"', 'bucket = "b"\nprefix = "prod"'),
    "gcs of two emulators": (
        'bucket = "b"\nstorage_custom_endpoint = "http://one:4443/storage/v1/b"',
        'bucket = "b"\nstorage_custom_endpoint = "http://two:4443/storage/v1/b"',
    ),
    "consul": ('path = "tf/dev"', 'path = "tf/prod"'),
    "oss": ('bucket = "b"\nprefix = "dev"', 'bucket = "b"\nprefix = "prod"'),
    "cos": ('bucket = "b"\nkey = "dev"', 'bucket = "b"\nkey = "prod"'),
    "oci": ('namespace = "n"\nbucket = "b"\nkey = "dev"', 'namespace = "n"\nbucket = "b"\nkey = "prod"'),
    "oci of two regions": (
        'namespace = "n"\nbucket = "b"\nregion = "eu-frankfurt-1"',
        'namespace = "n"\nbucket = "b"\nregion = "uk-london-1"',
    ),
    "local": ('path = "x"', 'path = "x"'),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_different_locations_are_different(kind: str) -> None:
    one, other = OTHERS[kind]
    name = kind.partition(" ")[0]
    files = {"environments/dev/main.tf": block(name, one), "environments/prod/main.tf": block(name, other)}
    assert pairs(files) == []


@pytest.mark.parametrize(
    "text",
    [
        'bucket = "states"',
        'bucket = "states"\nkey = var.key',
        'bucket = "states"\nkey = "%{ if true }prod/app%{ endif }"',
        'bucket = "states"\nkey = lower("PROD")',
    ],
)
def test_a_location_with_an_unknown_part_equals_no_other(text: str) -> None:
    files = {**PROD, "environments/dev/main.tf": block("s3", text)}
    assert address(files).unknown == ("key",)
    assert pairs(files) == []


def test_a_template_in_json_is_not_a_literal() -> None:
    value = '{"bucket": "states", "key": "%{ if true }prod/app%{ endif }"}'
    files = {"environments/dev/main.tf.json": f'{{"terraform": {{"backend": {{"s3": {value}}}}}}}'}
    assert address(files).unknown == ("key",)


def test_a_location_never_shows_a_password() -> None:
    files = {"environments/dev/main.tf": block("pg", 'conn_str = "postgres://ann:hunter2@db/tf"')}
    assert "hunter2" not in str(address(files)) and "ann" not in str(address(files))
    files = {"environments/dev/main.tf": block("http", 'address = "https://ann:hunter2@s/dev"')}
    assert "hunter2" not in str(address(files))


def test_each_stack_has_its_own_local_state_with_its_place() -> None:
    found = address({"environments/dev/main.tf": block("local", 'path = "../prod/terraform.tfstate"')})
    assert (found.type, dict(found.parts)["path"]) == ("local", "dev/dev/terraform.tfstate")
    found = address(PROD, "prod")
    assert found.place is not None
    assert (found.place.path, found.place.line) == ("environments/prod/main.tf", 2)
