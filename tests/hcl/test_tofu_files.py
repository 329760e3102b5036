"""Terraform and OpenTofu each read their own version of a file."""

from __future__ import annotations

import pytest

from support.trees import DictTree
from terrace.config.model import Config, Environment
from terrace.hcl.facts_store import NoStore
from terrace.hcl.tofu_files import has_tofu_files, select_files
from terrace.hcl.tree import submodules
from terrace.stacks.inventory import Inventory

CLOUD = "terraform {\n  cloud {}\n}\n"
LOCAL = 'terraform {\n  backend "local" {}\n}\n'
CONFIG = Config(environments=(Environment("dev"),))
FILES = {
    "environments/dev/main.tf": CLOUD,
    "environments/dev/main.tofu": LOCAL,
    "environments/dev/other.tf": "",
    "environments/dev/extra.tofu": "",
    "environments/dev/data.tf.json": "{}",
    "environments/dev/data.tofu.json": "{}",
    "environments/dev/x.tofutest.hcl": "",
    "main.tf": "",
}


def read(product: str | None) -> list[str]:
    tree = select_files(DictTree(FILES), product)
    inventory = Inventory.of_tree("c", CONFIG, tree, NoStore())
    return sorted(path.rpartition("/")[2] for path in inventory.graph.folders["environments/dev"].files)


def test_terraform_ignores_opentofu_files() -> None:
    assert read("terraform") == ["data.tf.json", "main.tf", "other.tf"]


def test_opentofu_reads_its_own_version_of_a_file() -> None:
    assert read("tofu") == ["data.tofu.json", "extra.tofu", "main.tofu", "other.tf"]


def test_an_unknown_product_reads_all_files() -> None:
    assert len(read(None)) == 6


@pytest.mark.parametrize(("product", "refused"), [("terraform", {"dev"}), ("tofu", set()), (None, {"dev"})])
def test_only_files_that_the_product_reads_refuse_a_stack(product: str | None, refused: set[str]) -> None:
    tree = select_files(DictTree(FILES), product)
    assert Inventory.of_tree("c", CONFIG, tree, NoStore()).refusals.keys() == refused


def test_an_ignored_file_is_not_in_the_tree() -> None:
    tree = select_files(DictTree(FILES), "tofu")
    assert "environments/dev/main.tf" not in tree.entries
    with pytest.raises(KeyError):
        tree.read("environments/dev/main.tf")
    assert tree.read("main.tf") == b"", "only a file of the same name beside it is read in its place"


def test_without_files_of_opentofu_the_tree_is_the_same() -> None:
    tree = DictTree({"main.tf": "", "main.tofu.md": ""})
    assert not has_tofu_files(tree)
    assert select_files(tree, "tofu") is tree


def test_a_filtered_tree_keeps_its_submodules() -> None:
    tree = DictTree({"a/main.tf": "", "a/main.tofu": "", "vendor/net": "@ " + "a" * 40})
    for product in ("terraform", "tofu"):
        assert list(submodules(select_files(tree, product))) == ["vendor/net"]
