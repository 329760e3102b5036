"""A stack that Terrace cannot deploy is refused with its place, the reason and a hint, and blocks no other stack."""

from __future__ import annotations

import pytest

from support.trees import change, inventory, why
from terrace.errors import BadInput

TF = 'resource "terraform_data" "x" {}\n'
CLOUD = "terraform {\n  cloud {}\n}\n"
LADDER = "version: 1\nenvironments: {dev: {}, prod: {after: dev}}\n"


def stack(environment: str, name: str, after: str = "") -> str:
    return f"  - {{path: infra/{environment}/{name}, environment: {environment}, after: [{after}]}}\n"


@pytest.mark.parametrize(
    ("files", "place", "said"),
    [
        (
            {"environments/dev/bad/main.tf": "\nterraform {\n  cloud {}\n}\n"},
            "environments/dev/bad/main.tf:3",
            "`cloud`",
        ),
        (
            {"environments/dev/bad/main.tf.json": '{"terraform": {"cloud": {"organization": "o"}}}'},
            "environments/dev/bad/main.tf.json:1",
            "`cloud`",
        ),
        (
            {"environments/dev/bad/main.tf": 'terraform {\n  backend "remote" {\n    organization = "o"\n  }\n}\n'},
            "environments/dev/bad/main.tf:2",
            "remote",
        ),
        (
            {
                "environments/dev/bad/main.tf": 'terraform {\n  backend "s3" {}\n}\n',
                "environments/dev/bad/z_override.tf": 'terraform {\n  backend "remote" {}\n}\n',
            },
            "environments/dev/bad/z_override.tf:2",
            "remote",
        ),
        (
            {"environments/dev/bad/main.tf": TF, "environments/dev/bad/terragrunt.hcl": ""},
            "environments/dev/bad/terragrunt.hcl:1",
            "Terragrunt",
        ),
        (
            {
                "environments/dev/bad/main.tf": 'module "m" {\n  source = "../../../vendor/net/vpc"\n}\n',
                "vendor/net": f"@ {'a' * 40}",
            },
            "environments/dev/bad/main.tf:1",
            "module 'm' is in the Git submodule vendor/net,",
        ),
        (
            {
                "environments/dev/bad/main.tf": 'module "a" {\n  source = "../../../modules/a"\n}\n',
                "modules/a/main.tf": '\nmodule "inner" {\n  source = "./net"\n}\n',
                "modules/a/net": f"@ {'a' * 40}",
            },
            "modules/a/main.tf:2",
            "module 'inner' is in the Git submodule modules/a/net,",
        ),
        (
            {
                "terrace.yaml": f"{LADDER}stacks: [{{path: sub/bad, environment: dev}}]\n",
                "sub": f"@ {'a' * 40}",
            },
            "terrace.yaml:3",
            "is in the Git submodule sub,",
        ),
        (
            {"terrace.yaml": f"{LADDER}stacks: [{{path: gone/bad, environment: dev}}]\n"},
            "terrace.yaml:3",
            "no configuration",
        ),
    ],
)
def test_one_stack_is_refused_with_its_place_and_the_others_are_not(
    files: dict[str, str], place: str, said: str
) -> None:
    found = inventory({"environments/dev/good/main.tf": TF, "environments/prod/good/main.tf": TF, **files})
    assert list(found.refusals) == ["dev/bad"]
    refusal = found.refusals["dev/bad"]
    assert (str(refusal.place), said in refusal.message) == (place, True), refusal
    assert refusal.hint
    assert [one.key for one in found.deployable("dev")] == ["dev/good"]
    assert {one.key for one in found.stacks} == {"dev/good", "dev/bad", "prod/good"}, "it stays visible"
    with pytest.raises(BadInput, match="dev/bad is refused"):
        found.require_usable(found.stack("dev/bad"))


def test_an_unreadable_file_blocks_no_other_stack() -> None:
    files = {
        "environments/dev/good/main.tf": TF,
        "environments/dev/bad/main.tf": "resource {{{ \ufffd",
        "environments/dev/worse/main.tf.json": '{"terraform": ',
    }
    found = inventory(files)
    assert found.refusals == {}
    assert {notice.path for notice in found.graph.notices} == {
        "environments/dev/bad/main.tf",
        "environments/dev/worse/main.tf.json",
    }


def test_the_workspace_default_is_a_constant() -> None:
    files = {"environments/dev/main.tf": "locals {\n  tags = { workspace = terraform.workspace }\n}\n"}
    assert inventory(files).refusals == {}


def circle() -> dict[str, str]:
    return {
        **{f"infra/dev/{name}/main.tf": TF for name in ("a", "b", "c", "d")},
        "terrace.yaml": f"{LADDER}stacks:\n"
        + stack("dev", "a", "b")
        + stack("dev", "b", "a")
        + stack("dev", "c", "a")
        + stack("dev", "d"),
    }


def test_stacks_in_a_cycle_are_refused_and_their_dependents_are_not_deployed() -> None:
    found = inventory(circle())
    assert set(found.refusals) == {"dev/a", "dev/b"}
    assert "dev/a → dev/b → dev/a" in found.refusals["dev/a"].message
    assert [one.key for one in found.deployable("dev")] == ["dev/d"]
    told = found.find_left_out("dev")["dev/c"]
    assert told.message.startswith("it depends on dev/a, which is refused: it depends on itself"), told
    assert [str(found.refusals[key].place) for key in ("dev/a", "dev/b")] == ["terrace.yaml:4", "terrace.yaml:5"]


def test_a_cycle_of_state_reads_refuses_only_its_stacks() -> None:
    def reads(own: str, other: str) -> str:
        return (
            f'terraform {{\n  backend "s3" {{\n    bucket = "b"\n    key = "{own}"\n  }}\n}}\n'
            'data "terraform_remote_state" "o" {\n  backend = "s3"\n'
            f'  config = {{ bucket = "b", key = "{other}" }}\n}}\n'
        )

    files = {
        "environments/dev/a/main.tf": reads("a", "b"),
        "environments/dev/b/main.tf": reads("b", "a"),
        "environments/dev/c/main.tf": TF,
    }
    found = inventory(files)
    assert set(found.refusals) == {"dev/a", "dev/b"}
    assert [one.key for one in found.deployable("dev")] == ["dev/c"]


def test_a_stack_refused_in_the_previous_environment_is_not_deployed() -> None:
    """Else it would come to prod without ever having been in dev."""
    files = {
        "environments/dev/app/main.tf": "terraform {\n  cloud {}\n}\n",
        "environments/dev/net/main.tf": TF,
        "environments/prod/app/main.tf": TF,
        "environments/prod/net/main.tf": TF,
        "terrace.yaml": LADDER,
    }
    found = inventory(files)
    assert set(found.refusals) == {"dev/app"}
    assert [one.key for one in found.deployable("prod")] == ["prod/net"]
    assert "dev/app, which is deployed before it, is refused" in found.find_left_out("prod")["prod/app"].message


def test_the_only_stack_of_each_environment_is_the_counterpart_of_the_other() -> None:
    files = {
        "environments/dev/main.tf": 'terraform {\n  backend "remote" {}\n}\n',
        "environments/prod/main.tf": TF,
        "terrace.yaml": LADDER,
    }
    assert set(inventory(files).find_left_out("prod")) == {"prod"}


def test_an_environment_after_itself_ends() -> None:
    files = {"environments/dev/main.tf": TF, "environments/prod/main.tf": "terraform {\n  cloud {}\n}\n"}
    assert set(inventory(files).find_left_out("prod")) == {"prod"}


def test_impact_lists_refused_stacks_too() -> None:
    before = {
        "environments/dev/bad/main.tf": CLOUD + 'module "m" {\n  source = "../../../modules/m"\n}\n',
        "environments/dev/good/main.tf": TF,
        "modules/m/main.tf": TF,
    }
    assert why(change(before, {"modules/m/main.tf": f"{TF}# new\n"})) == {
        "dev/bad": ["module modules/m/main.tf modules/m environments/dev/bad"]
    }


def test_a_cycle_in_a_long_chain_refuses_only_its_own_stacks() -> None:
    names = [f"s{number}" for number in range(40)]
    entries = [stack("dev", name, before) for name, before in zip(names, ["", *names], strict=False)]
    files = {f"infra/dev/{name}/main.tf": "" for name in names}
    found = inventory({**files, "terrace.yaml": f"{LADDER}stacks:\n" + "".join(entries)})
    assert found.refusals == {}
    closed = entries[0].replace("after: []", f"after: [{names[20]}]")
    looped = inventory({**files, "terrace.yaml": f"{LADDER}stacks:\n" + "".join([closed, *entries[1:]])})
    assert set(looped.refusals) == {f"dev/{name}" for name in names[:21]}
