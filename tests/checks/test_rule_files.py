"""Files that decide what is let through are found by their paths, and a stack that moves by its contents."""

from __future__ import annotations

import pytest

from terrace.checks.rule_files import first_pipelines, is_pipeline, reviewers, rule_of, same_configuration
from terrace.config.model import ApprovalRule, CommandProbe, Config, Environment, TerraformSettings
from terrace.hcl.tree import Entry

KINDS = (".rego", ".json")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (".terrace/allowed_signers", "whose approvals are valid"),
        ("policies/a.rego", "plans are evaluated by it"),
        ("CODEOWNERS", "who must review"),
        (".github/CODEOWNERS", "who must review"),
        ("docs/CODEOWNERS", "who must review"),
        (".gitlab/CODEOWNERS", "who must review"),
        (".github/workflows/05-deploy-prod.yml", "CI runs it"),
        (".github/workflows/new.yaml", "CI runs it"),
        (".github/actions/terrace-setup/action.yml", "CI runs it"),
        (".github/actions/terrace-setup/install.sh", "CI runs it"),
        ("ci/setup/action.yml", "CI runs it"),
        (".gitlab-ci.yml", "CI runs it"),
        ("ci/deploy.gitlab-ci.yml", "CI runs it"),
        (".gitlab/ci/deploy.yml", "CI runs it"),
        ("Jenkinsfile", "CI runs it"),
        (".circleci/config.yml", "CI runs it"),
        ("azure-pipelines.yml", "CI runs it"),
        (".github/terrace/oidc-aws/main.tf", "which role of a cloud"),
        (".github/terrace/ruleset-ledger.json", "what the forge protects"),
    ],
)
def test_a_file_of_the_trust_root_has_its_role(path: str, said: str) -> None:
    assert said in (rule_of(path, Config(policies=("policies",)), KINDS) or "")


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "environments/prod/main.tf",
        "policies/a_test.rego",
        "policies.rego",
        "docs/workflows/a.yml",
        ".github/ISSUE_TEMPLATE/waiver.yml",
        "modules/CODEOWNERS",
        "transaction.yml",
    ],
)
def test_other_files_decide_nothing(path: str) -> None:
    assert rule_of(path, Config(policies=("policies",)), KINDS) is None


@pytest.mark.parametrize(
    "path", ["checks/smoke.sh", "environments/prod/checks/smoke.sh", "checks/login.py", "tools/tofu"]
)
def test_a_file_that_terrace_yaml_runs_belongs_to_the_trust_root(path: str) -> None:
    probes = (CommandProbe(("./checks/smoke.sh", "--fast")), CommandProbe(("python3", "checks/login.py")))
    config = Config(
        (Environment("prod", smoke=probes[:1], health=probes[1:]),), terraform=TerraformSettings("./tools/tofu")
    )
    assert "runs it" in (rule_of(path, config, KINDS) or "")
    assert rule_of("checks/other.sh", config, KINDS) is None
    assert rule_of("x/smoke.sh", config, KINDS) is None


def test_the_first_files_of_ci_are_distinguished_from_later_ones() -> None:
    first = ".github/workflows/a.yml"
    assert first_pipelines([first, "x"], {"README.md": Entry("1")}) == {first}
    assert first_pipelines([first], {".gitlab-ci.yml": Entry("1")}) == frozenset()
    assert is_pipeline(first)


def test_those_who_approve_the_last_environment_look_at_a_change_of_the_rules() -> None:
    assert reviewers(Config()) == "an owner of the repository"
    prod = Environment("prod", approvals=ApprovalRule(roles={"owners": 1, "sre": 1}))
    config = Config((Environment("dev"), prod, Environment("lab")), teams={"owners": ("ann", "bob")})
    assert reviewers(config) == "the approvers of prod: owners (ann, bob), sre (no one)"
    assert reviewers(Config((Environment("prod", approvals=ApprovalRule(1)),))) == "the approvers of prod"


def test_a_stack_that_moves_is_known_by_its_contents() -> None:
    before = {"environments/prod/a.tf": Entry("1"), "environments/prod/b.tf": Entry("2"), "x.tf": Entry("3")}
    for blobs, same in ((("1", "2"), True), (("1", "9"), True), (("8", "9"), False)):
        after = {f"environments/dev/{number}.tf": Entry(blob) for number, blob in enumerate(blobs)}
        assert same_configuration("environments/prod", before, "environments/dev", after) is same
    assert not same_configuration("gone", before, "environments/prod", before)
