"""Files that are in the checkout but not in the commit are reported if plans would read them."""

from __future__ import annotations

import pytest

from support.trees import DictTree, inventory
from terrace.stacks.uncommitted import find_uncommitted

DEV = "environments/dev"
FILES = {
    f"{DEV}/main.tf": (
        'module "m" {\n  source = "../../modules/m"\n}\n'
        'locals {\n  code = filebase64("${path.module}/build/app.zip")\n}\n'
        'resource "x" "y" {\n  content = fileset("${path.module}/dist", "**")\n}\n'
    ),
    "environments/prod/main.tf": "",
    "modules/m/main.tf": "",
}


def said(*files: str, stacks: tuple[str, ...] | None = None) -> list[str]:
    return [one.message for one in find_uncommitted(inventory(FILES), DictTree(FILES), files, stacks)]


@pytest.mark.parametrize(
    ("path", "why"),
    [
        (f"{DEV}/backend.tf", "Terraform reads it as configuration"),
        (f"{DEV}/more_override.tf.json", "Terraform reads it as configuration"),
        ("modules/m/generated.tf", "Terraform reads it as configuration"),
        (f"{DEV}/terraform.tfvars", "Terraform reads variables from it"),
        (f"{DEV}/secrets.auto.tfvars", "Terraform reads variables from it"),
        (f"{DEV}/build/app.zip", f"{DEV}/main.tf:5"),
    ],
)
def test_an_uncommitted_file_that_a_plan_would_read_is_reported_with_the_reason(path: str, why: str) -> None:
    (told,) = said(path)
    assert told.startswith(f"{path} is in the checkout but not in the commit, so plans do not use it (")
    assert why in told


@pytest.mark.parametrize(
    "path",
    [
        f"{DEV}/main.tf",
        f"{DEV}/notes.txt",
        f"{DEV}/other.tfvars",
        f"{DEV}/.terraform/modules/m/main.tf",
        f"{DEV}/terraform.tfstate",
        f"{DEV}/terraform.tfstate.backup",
        f"{DEV}/.terraform.lock.hcl",
        "modules/m/terraform.tfvars",
        "modules/unused/main.tf",
        "node_modules/x/main.tf",
        f"{DEV}/vendor/",
    ],
)
def test_an_uncommitted_file_that_no_plan_would_read_is_not_reported(path: str) -> None:
    assert said(path) == []


def test_a_folder_of_results_is_one_notice_with_their_number() -> None:
    (told,) = said(*(f"{DEV}/dist/{number}.js" for number in range(300)))
    assert told.startswith(f"{DEV}/dist/0.js and 299 more are in the checkout")


def test_only_files_of_the_given_stacks_are_reported() -> None:
    path = f"{DEV}/terraform.tfvars"
    assert said(path, stacks=("prod",)) == []
    assert len(said(path, stacks=("dev",))) == 1


def test_the_hint_names_the_command_and_keeps_secrets_out_of_git() -> None:
    (found,) = find_uncommitted(inventory(FILES), DictTree(FILES), (f"{DEV}/a b.auto.tfvars",))
    assert f"git add --force '{DEV}/a b.auto.tfvars'" in (found.hint or "")
    assert "TF_VAR_" in (found.hint or "")
