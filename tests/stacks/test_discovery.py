"""Which stacks a repository holds, and what cannot be one."""

from __future__ import annotations

import pytest

from support.trees import DictTree, landscape
from terrace.errors import BadInput
from terrace.stacks.discovery import environments
from terrace.stacks.graph import waves

TF = 'resource "terraform_data" "x" {}\n'


def keys(files: dict[str, str]) -> list[str]:
    return [stack.key for stack in landscape(files).stacks]


def test_environments_and_stacks_are_found_by_folder() -> None:
    files = {
        "environments/dev/main.tf": TF,
        "environments/prod/network/main.tf.json": "{}",
        "environments/prod/app/main.tofu": TF,
        "environments/prod/app/deeper/main.tf": TF,
        "environments/notes/README.md": "",
        "environments/dev/.hidden.tf": TF,
        "modules/m/main.tf": TF,
    }
    assert keys(files) == ["dev", "prod/app", "prod/network"]
    assert environments(DictTree(files)) == ("dev", "prod")


def test_another_layout_is_told_by_terrace_yaml() -> None:
    files = {
        "infra/net/main.tf": TF,
        "infra/shared/main.tf": TF,
        "terrace.yaml": "version: 1\nenvironments: {prod: {}}\nstacks:\n"
        "  - {path: infra/net, environment: prod}\n"
        "  - {path: infra/shared, environment: prod, name: app, after: [net], var_files: [vars/prod.tfvars]}\n",
    }
    found = {stack.key: stack for stack in landscape(files).stacks}
    assert sorted(found) == ["prod/app", "prod/net"]
    assert found["prod/app"].after == ("prod/net",)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"environments/a b/main.tf": TF}, "cannot name an environment"),
        ({"environments/--help/main.tf": TF}, "cannot name an environment"),
        ({"environments/dev/x\ny/main.tf": TF}, "cannot name an environment"),
        ({"environments/$(touch x)/main.tf": TF}, "cannot name an environment"),
        ({"environments/\udcff/main.tf": TF}, "cannot name an environment"),
        ({"environments/prod/main.tf": TF, "environments/prod/prod/main.tf": TF}, "are both the stack prod"),
        (
            {"environments/dev/main.tf": TF, "terrace.yaml": "version: 1\nenvironments: {prod: {}}\n"},
            "which terrace.yaml does not name",
        ),
        (
            {
                "environments/dev/a/main.tf": TF,
                "terrace.yaml": "version: 1\nenvironments: {dev: {}}\n"
                "stacks: [{path: environments/dev/a, environment: dev, after: [b]}]\n",
            },
            "no stack is called 'b'",
        ),
    ],
)
def test_what_cannot_be_a_stack_is_refused_with_a_hint(files: dict[str, str], said: str) -> None:
    with pytest.raises(BadInput, match=said.replace("(", r"\(")) as caught:
        landscape(files)
    assert caught.value.hint


def backend(key: str) -> str:
    return f'terraform {{\n  backend "s3" {{\n    bucket = "b"\n    key = "{key}"\n  }}\n}}\n'


def reads(key: str) -> str:
    return (
        'data "terraform_remote_state" "n" {\n  backend = "s3"\n  config = {\n'
        f'    bucket = "b"\n    key = "{key}"\n  }}\n}}\n'
    )


def test_stacks_go_in_the_order_of_what_they_read_and_of_after() -> None:
    files = {
        "environments/prod/app/main.tf": backend("app") + reads("network"),
        "environments/prod/network/main.tf": backend("network"),
        "environments/prod/dns/main.tf": backend("dns"),
        "environments/prod/last/main.tf": backend("last"),
        "terrace.yaml": "version: 1\nenvironments: {prod: {}}\n"
        "stacks: [{path: environments/prod/last, environment: prod, after: [app]}]\n",
    }
    found = landscape(files)
    order = [[stack.key for stack in wave] for wave in waves(found.of("prod"), found.graph)]
    assert order == [["prod/dns", "prod/network"], ["prod/app"], ["prod/last"]]


def test_stacks_that_wait_for_each_other_are_refused() -> None:
    files = {
        "environments/prod/a/main.tf": backend("a") + reads("b"),
        "environments/prod/b/main.tf": backend("b") + reads("a"),
    }
    found = landscape(files)
    with pytest.raises(BadInput, match="in a circle"):
        waves(found.of("prod"), found.graph)
