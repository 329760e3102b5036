"""Proposals for layouts that are mixed, unusual, or made to mislead."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.configuration import load
from support.trees import DictTree
from terrace.apps.cli.proposed_config import terrace_yaml
from terrace.errors import BadInput
from terrace.hcl.facts_store import NoStore
from terrace.stacks.discovery import environments, find_stacks
from terrace.stacks.proposals import Proposal, propose

BACKEND = 'terraform {\n  backend "s3" {}\n}\n'
LITERAL = 'terraform {\n  backend "s3" {\n    key = "one"\n  }\n}\n'
TF = 'resource "terraform_data" "x" {}\n'


def roots(*folders: str) -> dict[str, str]:
    return {f"{folder}/main.tf" if folder else "main.tf": BACKEND for folder in folders}


def proposal(files: dict[str, str]) -> Proposal:
    """The proposal, after the file that is written was read back: it must make the stacks that were proposed."""
    tree = DictTree(files)
    made = propose(tree, NoStore())
    if made.environments:
        config = load(terrace_yaml(made.environments, made.entries).encode(), discovered=environments(tree))
        stacks, problems = find_stacks(tree, config)
        assert problems == ()
        assert {(stack.key, stack.path) for stack in stacks} == set(made.stacks)
        assert len({stack.key for stack in stacks}) == len(stacks)
    return made


def stacks(files: dict[str, str]) -> list[str]:
    return [key for key, _ in proposal(files).stacks]


def named(files: dict[str, str]) -> list[tuple[str, str | None]]:
    return [(one.name, one.after) for one in proposal(files).environments]


def test_two_production_environments_follow_the_same_environment() -> None:
    files = roots("live/dev", "live/staging-eu", "live/prod-eu", "live/prod-us")
    assert named(files) == [
        ("dev", None),
        ("staging-eu", "dev"),
        ("prod-eu", "staging-eu"),
        ("prod-us", "staging-eu"),
    ]
    assert [one.asks for one in proposal(files).environments] == [False, False, True, True]


def test_the_common_part_of_names_is_not_in_the_environment() -> None:
    files = roots("acme-dev-eu/net", "acme-prod-eu/net", "acme-dev-eu/app", "acme-prod-eu/app")
    assert stacks(files) == ["dev/app", "dev/net", "prod/app", "prod/net"]
    (entry,) = proposal(files).entries
    assert (entry.path, entry.environment) == ("acme-*-eu/*", "{1}")


@pytest.mark.parametrize("name", ["dev-tools", "test-runner", "load-balancer", "product", "live", "test", "int"])
def test_a_component_with_the_name_of_an_environment_is_not_one(name: str) -> None:
    made = proposal(roots(f"infra/{name}", "infra/network"))
    assert [one.name for one in made.environments] == ["default"] or name in ("test",)
    assert ("infra/network" in dict(made.stacks).values()) or name == "test"


def test_the_most_specific_folder_name_is_the_environment() -> None:
    assert stacks(roots("stacks/dev-portal/prod", "stacks/dev-portal/dev")) == ["dev", "prod"]
    assert stacks(roots("live/prod/net", "live/dev/net")) == ["dev/net", "prod/net"]
    assert stacks(roots("envs/test/db", "envs/live/db")) == ["live/db", "test/db"]


def test_an_environment_of_only_some_components_is_proposed() -> None:
    files = roots("stacks/app/test", "stacks/network/prod", "stacks/network/dev")
    assert stacks(files) == ["dev/network", "prod/network", "test/app"]
    assert len(proposal(files).entries) == 1
    assert [one.path for one in proposal(roots("vpc/test", "live/dev/vpc", "live/prod/vpc")).unplaced] == []
    assert "vpc/test" not in dict(proposal(roots("vpc/test", "live/dev/vpc")).stacks).values()


def test_stacks_with_one_name_in_one_environment_get_names_from_their_paths() -> None:
    files = roots("aws/dev/net", "aws/prod/net", "azure/dev/net", "azure/prod/net")
    assert stacks(files) == ["dev/aws-net", "dev/azure-net", "prod/aws-net", "prod/azure-net"]
    deep = roots("a/dev/x/net", "a/dev/y/net", "b/dev/net")
    assert stacks(deep) == ["dev/net", "dev/x-net", "dev/y-net"]


def test_a_pattern_matches_only_stack_folders() -> None:
    files = {**roots("live/dev/net", "live/prod/net", "live/prod/db"), "live/prod/shared/main.tf": "# nothing\n"}
    files["live/dev/lib/main.tf"] = TF
    files["live/dev/net/main.tf"] = BACKEND + 'module "lib" {\n  source = "../lib"\n}\n'
    made = proposal(files)
    assert "live/dev/lib" not in dict(made.stacks).values()


def test_many_components_have_one_pattern() -> None:
    files = roots(*(f"c{number}/{e}" for number in range(20) for e in ("dev", "prod")))
    (entry,) = proposal(files).entries
    assert (entry.path, entry.environment, entry.name) == ("*/*", "{2}", "{1}")


def test_conventional_folders_need_no_entry_and_others_beside_them_do() -> None:
    files = roots("environments/dev/app", "environments/prod/app", "infra/dev/net", "infra/prod/net")
    made = proposal(files)
    assert [key for key, _ in made.stacks] == ["dev/app", "dev/net", "prod/app", "prod/net"]
    assert [entry.path for entry in made.entries] == ["infra/*/net"]


def test_conventional_folders_that_are_too_deep_have_a_pattern() -> None:
    files = roots("environments/dev/eu/net", "environments/prod/eu/net", "environments/prod/us/net")
    assert stacks(files) == ["dev/eu-net", "prod/eu-net", "prod/us-net"]


def test_root_modules_without_environment_names_get_the_environment_default() -> None:
    made = proposal(roots("network", "apps/shop", "jobs/shop", "database"))
    assert [(one.name, one.asks, one.protected) for one in made.environments] == [("default", True, True)]
    assert [key for key, _ in made.stacks] == [
        "default/apps-shop",
        "default/database",
        "default/jobs-shop",
        "default/network",
    ]


# --- variable files ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place",
    ["{}.tfvars", "env/{}.tfvars", "environments/{}.tfvars", "config/{}/main.tfvars", "vars/app-{}.tfvars"],
)
def test_variable_files_name_the_environments_of_a_root_module(place: str) -> None:
    files = {"app/main.tf": TF + 'provider "aws" {\n  region = "x"\n}\n'}
    files |= {f"app/{place.format(name)}": "" for name in ("dev", "prod")}
    made = proposal(files)
    assert [(one.environment, one.var_files) for one in made.entries] == [
        (name, (f"app/{place.format(name)}",)) for name in ("dev", "prod")
    ]
    assert [key for key, _ in made.stacks] == ["dev/app", "prod/app"]


@pytest.mark.parametrize(
    "place",
    ["{}.s3.tfbackend", "backend/{}.hcl", "backend-{}.conf", "{}/backend.tfvars", "backend-{}.tfvars"],
)
def test_backend_files_are_proposed(place: str) -> None:
    files = {"main.tf": BACKEND, "dev.tfvars": "", "prod.tfvars": ""}
    files |= {place.format(e): f'key = "{e}"\n' for e in ("dev", "prod")}
    entries = proposal(files).entries
    assert [one.backend_files for one in entries] == [(place.format("dev"),), (place.format("prod"),)]
    assert [one.var_files for one in entries] == [("dev.tfvars",), ("prod.tfvars",)]


def test_a_root_module_that_uses_workspaces_has_one_for_each_environment() -> None:
    text = LITERAL + "locals {\n  size = terraform.workspace\n}\n"
    made = proposal({"app/main.tf": text, "app/dev.tfvars": "", "app/prod.tfvars": ""})
    assert [(one.environment, one.workspace, one.name) for one in made.entries] == [
        ("dev", "dev", "app"),
        ("prod", "prod", "app"),
    ]


def test_workspaces_that_no_file_names_are_listed_with_a_hint() -> None:
    made = proposal({"main.tf": LITERAL + "locals {\n  size = terraform.workspace\n}\n"})
    assert [key for key, _ in made.stacks] == ["default"]
    (told,) = made.unplaced
    assert "terraform workspace list" in told.hint


def test_two_environments_never_get_the_same_location() -> None:
    """That dev and prod share a state is worse than having to write an entry."""
    for block in (LITERAL, BACKEND):
        made = proposal({"app/main.tf": block, "app/dev.tfvars": "", "app/prod.tfvars": "", **roots("live/dev")})
        (left,) = made.unplaced
        assert left.path == "app"
        assert "they would share a state" in left.why
        assert "backend_config" in left.hint


def test_automatically_loaded_variable_files_are_not_environments() -> None:
    made = proposal({**roots("app"), "app/dev.auto.tfvars": "", "app/terraform.tfvars": ""})
    assert [one.name for one in made.environments] == ["default"]


# --- other tools -------------------------------------------------------------------------------------------------


def test_stacks_of_terramate_are_root_modules_like_others() -> None:
    files = {**roots("stacks/dev/net", "stacks/prod/net"), "stacks/dev/net/stack.tm.hcl": "stack {}\n"}
    made = proposal(files)
    assert [key for key, _ in made.stacks] == ["dev/net", "prod/net"]
    assert [tool.tool for tool in made.conventions] == ["Terramate"]


def test_stacks_that_cdktf_synthesized_are_proposed() -> None:
    text = '{"provider": {"aws": [{"region": "x"}]}, "terraform": {"backend": {"s3": {"key": "k"}}}}'
    files = {f"cdktf.out/stacks/shop-{e}/cdk.tf.json": text for e in ("dev", "prod")} | {"cdktf.json": "{}"}
    made = proposal(files)
    assert [(one.path, one.environment) for one in made.entries] == [("cdktf.out/stacks/shop-*", "{1}")]
    assert [tool.tool for tool in made.conventions] == ["CDKTF"]
    (alone,) = proposal({"cdktf.json": "{}", "main.ts": ""}).conventions
    assert "commit cdktf.out" in alone.hint


def test_atmos_components_get_hints_about_their_files() -> None:
    files = {**roots("components/terraform/vpc"), "atmos.yaml": "", "stacks/dev.yaml": "", "stacks/prod.yaml": ""}
    (tool,) = proposal(files).conventions
    assert (tool.tool, "var_files" in tool.hint) == ("Atmos", True)


def test_units_of_terragrunt_beside_plain_stacks_are_left_out() -> None:
    files = {**roots("live/dev/net", "live/prod/net"), "live/dev/app/terragrunt.hcl": "", "live/terragrunt.hcl": ""}
    files["live/dev/mixed/terragrunt.hcl"] = ""
    files["live/dev/mixed/main.tf"] = BACKEND
    made = proposal(files)
    assert "live/dev/mixed" not in dict(made.stacks).values()
    assert [one.path for one in made.unplaced] == ["live/dev/app", "live/dev/mixed"]


# --- any repository ---------------------------------------------------------------------------------------------

USUAL = ["dev", "prod", "prod-eu", "acme-dev", "acme-prod", "net", "app", "live", "test", "modules", "environments"]
ODD = ["a b", "-x", "a:b", "#x", "é", "'\"", "yes", "007", "a*b", "{1}", "x\ny", "\udcff", "null", "1e3", "~", "[a]"]
PARTS = st.sampled_from([*USUAL, *ODD])
FOLDERS = st.lists(st.lists(PARTS, max_size=4).map("/".join), min_size=1, max_size=12)


@given(FOLDERS, st.lists(st.sampled_from(["dev.tfvars", "prod.tfvars", "x.auto.tfvars"]), max_size=2))
def test_the_proposal_for_any_folders_is_valid_and_correct(folders: list[str], more: list[str]) -> None:
    files: dict[str, Any] = roots(*folders) | {f"{folders[0]}/{name}".lstrip("/"): "" for name in more}
    tree = DictTree(files)
    try:
        environments(tree)
    except BadInput:
        return
    proposal(files)


# --- accounts and tags -------------------------------------------------------------------------------------------


def aws(account: str, more: str = "") -> str:
    return f'{BACKEND}provider "aws" {{\n  allowed_account_ids = [{account}]\n{more}}}\n'


def tagged(environment: str) -> str:
    return f'  default_tags {{\n    tags = {{\n      Environment = "{environment}"\n    }}\n  }}\n'


DEV, PROD = '"111111111111"', '"222222222222"'


def assumes(account: str) -> str:
    role = f'    role_arn = "arn:aws:iam::{account}:role/deploy"\n'
    return f'{BACKEND}provider "aws" {{\n  assume_role {{\n{role}  }}\n}}\n'


@pytest.mark.parametrize(
    "text",
    [
        aws(PROD),
        assumes("222222222222"),
        aws("local.account") + 'locals {\n  account = "222222222222"\n}\n',
        aws("var.account") + 'variable "account" {\n  default = "222222222222"\n}\n',
        assumes("${var.account}") + 'variable "account" {\n  default = "222222222222"\n}\n',
    ],
)
def test_a_root_module_without_a_name_belongs_to_the_environment_whose_account_it_uses(text: str) -> None:
    files = {"live/dev/net/main.tf": aws(DEV), "live/prod/net/main.tf": aws(PROD), "shared/dns/main.tf": text}
    made = proposal(files)
    assert dict(made.stacks)["prod/dns"] == "shared/dns"
    assert made.remarks == () and made.unplaced == ()


def test_accounts_in_variable_files_and_in_json_are_found() -> None:
    files = {
        "live/dev/net/main.tf": aws("var.account") + 'variable "account" {}\n',
        "live/dev/net/terraform.tfvars": 'account = "111111111111"\n',
        "live/prod/net/main.tf": aws(PROD),
        "dns/main.tf.json": '{"terraform": {"backend": {"s3": {}}}, "provider": {"aws": '
        '{"assume_role": {"role_arn": "arn:aws:iam::111111111111:role/x"}}}}',
    }
    assert dict(proposal(files).stacks)["dev/dns"] == "dns"


@pytest.mark.parametrize(
    ("provider", "argument", "one", "two"),
    [("azurerm", "subscription_id", "0000-a", "0000-b"), ("google", "project", "acme-x1", "acme-y2")],
)
def test_subscriptions_and_projects_are_accounts(provider: str, argument: str, one: str, two: str) -> None:
    def uses(account: str) -> str:
        return f'{BACKEND}provider "{provider}" {{\n  {argument} = "{account}"\n}}\n'

    files = {"live/dev/net/main.tf": uses(one), "live/prod/net/main.tf": uses(two), "dns/main.tf": uses(two)}
    assert dict(proposal(files).stacks)["prod/dns"] == "dns"


def test_an_account_of_two_environments_is_reported_only() -> None:
    files = {"live/dev/net/main.tf": aws(DEV), "live/prod/net/main.tf": aws(DEV), "shared/dns/main.tf": aws(DEV)}
    made = proposal(files)
    (left,) = made.unplaced
    assert left.path == "shared/dns"
    assert "dev and prod use its AWS account 111111111111" in left.why
    assert made.remarks == (), "two environments in one account are usual"


def test_tags_name_an_environment_where_no_path_does() -> None:
    files = {"net/main.tf": aws(DEV, tagged("dev")), "app/main.tf": aws(PROD, tagged("production"))}
    made = proposal(files)
    assert [(one.name, one.after) for one in made.environments] == [("dev", None), ("production", "dev")]
    assert "the tags of a provider (net/main.tf:4)" in made.environments[0].why
    assert dict(made.stacks) == {"dev/net": "net", "production/app": "app"}
    spelt = {**roots("live/dev/x", "live/prod/x"), "app/main.tf": aws(PROD, tagged("production"))}
    assert dict(proposal(spelt).stacks)["prod/app"] == "app", "the environment as its folder is called"


@pytest.mark.parametrize("tag", ["platform", "${var.environment}", "a b"])
def test_a_tag_with_an_uncommon_name_is_not_an_environment(tag: str) -> None:
    files = {"net/main.tf": aws(DEV, tagged(tag)), "app/main.tf": aws(DEV)}
    assert [one.name for one in proposal(files).environments] == ["default"]


def test_providers_with_an_alias_are_ignored() -> None:
    other = aws(PROD, '  alias = "prod"\n')
    files = {"live/dev/net/main.tf": aws(DEV), "live/prod/net/main.tf": aws(PROD), "shared/dns/main.tf": other}
    assert [one.path for one in proposal(files).unplaced] == ["shared/dns"]


def test_contradictions_between_names_and_accounts_are_reported() -> None:
    files = {
        "live/dev/net/main.tf": aws(DEV),
        "live/dev/app/main.tf": aws(PROD),
        "live/dev/both/main.tf": aws(f"{DEV}, {PROD}"),
        "live/prod/net/main.tf": aws(PROD, tagged("dev")),
    }
    assert proposal(files).remarks == (
        "live/prod/net is proposed for prod, but its tags name dev (live/prod/net/main.tf:4)",
        "dev uses 2 AWS accounts: 111111111111 (live/dev/net), 222222222222 (live/dev/app)",
    )
    nameless = {"net/main.tf": aws(DEV), "app/main.tf": aws(PROD)}
    assert proposal(nameless).remarks == ("default uses 2 AWS accounts: 111111111111 (net), 222222222222 (app)",)


def test_account_folders_without_names_become_patterns_by_their_tags() -> None:
    common = {"1111": tagged("dev"), "2222": tagged("prod"), "3333": tagged("shared")}
    files = {f"aws/{number}/common.tf": aws(DEV, tags).removeprefix(BACKEND) for number, tags in common.items()}
    for number in common:
        for region in ("eu", "us"):
            for stack in ("vpc", "eks"):
                files[f"aws/{number}/{region}/{stack}/main.tf"] = BACKEND
                files[f"aws/{number}/{region}/{stack}/common.tf"] = "-> ../../common.tf"
    made = proposal(files)
    assert {(one.path, one.environment, one.name) for one in made.entries} == {
        ("aws/1111/*/*", "dev", "{1}-{2}"),
        ("aws/2222/*/*", "prod", "{1}-{2}"),
    }
    assert len(made.stacks) == 8, "a folder whose files others link to is not a root module"
    assert {one.path for one in made.unplaced} == {f"aws/3333/{r}/{s}" for r in ("eu", "us") for s in ("vpc", "eks")}
    assert all("its tags name 'shared', an uncommon name" in one.why for one in made.unplaced)


def test_a_linked_folder_with_a_backend_is_a_root_module() -> None:
    files = {
        "live/dev/app/main.tf": aws(DEV),
        "live/prod/app/main.tf": "-> ../../dev/app/main.tf",
        "live/prod/net/main.tf": aws(PROD),
    }
    assert "dev/app" in dict(proposal(files).stacks)


def test_an_unplaced_root_module_with_workspaces_gets_a_hint_for_each() -> None:
    files = {
        **roots("live/dev/x", "live/prod/x"),
        "jobs/main.tf": f"{BACKEND}locals {{\n  e = terraform.workspace\n}}\n",
    }
    (left,) = proposal(files).unplaced
    assert "workspace: NAME}" in left.hint and "terraform workspace list" in left.hint


def test_an_environment_follows_none_of_several_with_other_names() -> None:
    files = roots("p/web-nonprod", "p/web-prod", "p/data-nonprod", "p/data-prod", "azure/prod/hub")
    assert dict(named(files)) == {
        "data-nonprod": None,
        "web-nonprod": None,
        "data-prod": "data-nonprod",
        "web-prod": "web-nonprod",
        "prod": None,
    }
    assert {one.name for one in proposal(files).environments if one.asks} == {"data-prod", "web-prod", "prod"}
