"""Root modules are recognized by the content of their folders, and those without a stack are reported."""

from __future__ import annotations

import pytest

from support.trees import DictTree, inventory
from terrace.config.environment_names import rank, split_name, usual_rank
from terrace.hcl.facts_store import NoStore
from terrace.stacks.root_modules import find_root_modules

TF = 'resource "terraform_data" "x" {}\n'
BACKEND = 'terraform {\n  backend "s3" {}\n}\n'
PROVIDER = 'provider "aws" {\n  region = "eu-west-1"\n}\n'
ALIAS = 'provider "aws" {\n  alias = "other"\n}\n'


def calls(source: str) -> str:
    return f'module "m" {{\n  source = "{source}"\n}}\n'


def roots(files: dict[str, str]) -> list[str]:
    return [root.path for root in find_root_modules(DictTree(files), NoStore()).root_modules]


@pytest.mark.parametrize(
    "files",
    [
        {"main.tf": BACKEND},
        {"main.tf": "terraform {\n  cloud {}\n}\n"},
        {"main.tf": PROVIDER},
        {"main.tf.json": '{"provider": {"aws": {"region": "eu-west-1"}}}'},
        {"main.tf.json": '{"terraform": {"backend": {"gcs": {}}}}'},
        {"main.tofu": BACKEND},
        {"main.tf": TF, ".terraform.lock.hcl": ""},
        {"main.tf": TF, "terraform.tfvars": ""},
        {"main.tf": TF, "x.auto.tfvars.json": "{}"},
    ],
)
@pytest.mark.parametrize("folder", ["", "infra/", "deep/er/still/"])
def test_a_root_module_is_recognized_by_its_content(files: dict[str, str], folder: str) -> None:
    assert roots({f"{folder}{name}": text for name, text in files.items()}) == [folder.rstrip("/")]


@pytest.mark.parametrize(
    "files",
    [
        {"main.tf": TF},
        {"main.tf": ALIAS},
        {"main.tf": 'provider "aws" {}\n'},
        {"modules/old/main.tf": PROVIDER},
        {"modules/old/main.tf": TF, "modules/old/.terraform.lock.hcl": ""},
        {"examples/full/main.tf": BACKEND},
        {"x/tests/setup/main.tf": BACKEND},
        {"test/prod/main.tf": BACKEND},
        {"a/.terraform/modules/m/main.tf": BACKEND},
        {"a/.hidden.tf": BACKEND},
        {"child/main.tf": PROVIDER, "top/main.tf": calls("../child")},
        {"main.tf": PROVIDER, "examples/one/main.tf": PROVIDER + calls("../..")},
    ],
)
def test_modules_examples_and_tests_are_not_root_modules(files: dict[str, str]) -> None:
    assert roots(files) == []


def test_a_backend_makes_a_root_module_of_a_folder_that_another_calls() -> None:
    files = {"modules/a/main.tf": BACKEND, "b/main.tf": BACKEND + calls("../modules/a")}
    assert roots(files) == ["b", "modules/a"]


def test_test_is_an_environment_where_others_are_beside_it() -> None:
    assert roots({f"{e}/main.tf": BACKEND for e in ("test", "prod")}) == ["prod", "test"]
    assert roots({"live/test/main.tf": BACKEND, "live/dev/main.tf": BACKEND}) == ["live/dev", "live/test"]
    assert roots({"test/main.tf": BACKEND, "live/main.tf": BACKEND}) == ["live"], (
        "`live` does not count, because it is vague too"
    )


def test_signs_name_the_file_and_the_line() -> None:
    (root,) = find_root_modules(DictTree({"a/main.tf": TF + BACKEND + PROVIDER}), NoStore()).root_modules
    assert [(sign.what, str(sign.place)) for sign in root.signs] == [
        ("backend s3", "a/main.tf:3"),
        ("provider aws", "a/main.tf:5"),
    ]


# --- not a stack -------------------------------------------------------------------------------------------------


def told(files: dict[str, str]) -> list[str]:
    return [notice.message for notice in inventory(files).graph.notices]


def test_root_modules_without_a_stack_are_reported() -> None:
    files = {
        "environments/dev/main.tf": BACKEND + calls("../../modules/m"),
        "modules/m/main.tf": PROVIDER,
        "environments/prod/eu/network/main.tf": BACKEND,
        "bootstrap/main.tf": PROVIDER,
        "examples/one/main.tf": PROVIDER,
        "unsure/main.tf": TF,
    }
    (message,) = told(files)
    assert message == (
        "2 folders with a backend or a provider are not part of any stack: bootstrap, environments/prod/eu/network"
    )
    (notice,) = inventory(files).graph.notices
    assert (notice.path, notice.line) == ("bootstrap/main.tf", 1)


def test_many_are_counted_and_few_are_named() -> None:
    (message,) = told({f"a{number}/main.tf": BACKEND for number in range(9)})
    assert message.startswith("9 folders")
    assert message.endswith("a0, a1, a2, a3, a4 and 4 more")


def test_a_stack_that_is_reached_through_a_link_is_a_stack() -> None:
    files = {
        "real/app/main.tf": BACKEND,
        "environments/dev/app": "-> ../../real/app",
        "environments/dev/net/main.tf": BACKEND,
    }
    assert told(files) == []


def test_a_module_of_a_root_module_without_a_stack_is_not_counted() -> None:
    assert told({"a/main.tf": BACKEND + calls("../b"), "b/main.tf": PROVIDER}) == [
        "1 folder with a backend or a provider is not part of any stack: a"
    ]


@pytest.mark.parametrize(
    ("expected", "left"),
    [
        ("[bootstrap, legacy]", []),
        ('["legacy/*"]', ["bootstrap"]),
        ("[legacy/a]", ["bootstrap", "legacy/b/deep"]),
        ("[.]", ["bootstrap", "legacy/a", "legacy/b/deep"]),
        ("[boot, legac, bootstrap/main.tf]", ["bootstrap", "legacy/a", "legacy/b/deep"]),
    ],
)
def test_root_modules_in_not_stacks_are_not_reported(expected: str, left: list[str]) -> None:
    files = {f"{folder}/main.tf": BACKEND for folder in ("bootstrap", "legacy/a", "legacy/b/deep")}
    files["environments/dev/main.tf"] = TF
    files["terrace.yaml"] = f"version: 1\nenvironments: {{dev: {{}}}}\nnot_stacks: {expected}\n"
    assert [root.path for root in inventory(files).outside] == left


def test_no_pattern_matches_folders_in_not_stacks() -> None:
    files = {f"live/{e}/{s}/main.tf": BACKEND for e in ("dev", "prod") for s in ("net", "scratch")}
    text = 'version: 1\nenvironments: {dev: {}, prod: {}}\nstacks: [{path: "live/*/*", environment: "{1}"}]\n'
    files["terrace.yaml"] = text + 'not_stacks: ["live/*/scratch"]\n'
    found = inventory(files)
    assert [stack.key for stack in found.stacks] == ["dev/net", "prod/net"]
    assert found.outside == ()


# --- names -------------------------------------------------------------------------------------------------------


def test_the_common_order_has_the_common_spellings() -> None:
    names = ["prd", "dr", "UAT", "nonprod", "Dev", "stg", "sandbox", "pre-prod", "qa", "tst"]
    assert sorted(names, key=lambda name: rank(name) or 0) == [
        "sandbox", "Dev", "tst", "qa", "nonprod", "UAT", "stg", "pre-prod", "prd", "dr",
    ]  # fmt: skip
    assert [rank(name) for name in ("prodx", "de", "", "pro-d")] == [None] * 4


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("acme-prod", ("acme-", "prod", "")),
        ("prod_eu", ("", "prod", "_eu")),
        ("acme-non-prod", ("acme-", "non-prod", "")),
        ("a.dev.b", ("a.", "dev", ".b")),
        ("prod", None),
        ("product-team", None),
        ("dev-and-prod", None),
        ("", None),
    ],
)
def test_a_common_spelling_is_found_among_the_words_of_a_name(name: str, found: tuple[str, str, str] | None) -> None:
    assert split_name(name) == found
    assert (usual_rank(name) is not None) == (found is not None or rank(name) is not None)
