"""Generates the files from the facts of a repository and the templates: the same facts give the same files."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources

from terrace.apps.workflows.oidc import trust
from terrace.apps.workflows.owners import owner_lines
from terrace.apps.workflows.permissions import permission_blocks
from terrace.apps.workflows.pins import pins
from terrace.apps.workflows.repository_facts import RepositoryFacts, word
from terrace.apps.workflows.settings import FOLDER
from terrace.apps.workflows.templates import fill, template
from terrace.checks.scanners.all import SCANNERS
from terrace.config.model import Environment

FIRST = 3
"""Number of the workflow that deploys to the first environment: 00 to 02 check changes."""

_WORKFLOWS = (
    "00-pr-validation",
    "01-security-scan",
    "99-destroy",
    "chatops",
    "compliance-report",
    "monitor-drift",
    "reusable-apply",
    "reusable-notify",
    "reusable-plan",
    "rollback",
    "state-backup",
    "tick",
)
_BINARIES = {"tofu": "tofu", "embedded": "nothing"}
"""Template blocks that install the program of `terraform.binary`; Terraform for all others."""

_ACTIONS = ("compliance-check", "terrace-plan", "terrace-setup")
_FORMS = {
    "pull_request_template.md": "pull_request_template.md",
    "ISSUE_TEMPLATE/deployment-request.yml": "deployment-request.yml",
    "ISSUE_TEMPLATE/incident.yml": "incident.yml",
    "ISSUE_TEMPLATE/waiver.yml": "waiver.yml",
}
_RULESETS = ("ruleset-ledger", "ruleset-ledger-writer", "ruleset-protected-branch")


def generate(facts: RepositoryFacts) -> Mapping[str, str]:
    """Returns all files by their path from the root of the repository."""
    values = _values(facts)
    files = {f".github/workflows/{name}.yml": fill(template(f"workflows/{name}.yml"), values) for name in _WORKFLOWS}
    files |= {f".github/actions/{name}/action.yml": fill(template(f"actions/{name}.yml"), values) for name in _ACTIONS}
    files |= {f"{FOLDER}/{name}.json": fill(template(f"terrace/{name}.json"), values) for name in _RULESETS}
    files |= {f".github/{path}": fill(template(f"forms/{name}"), values) for path, name in _FORMS.items()}
    if owner_lines(facts):
        files[".github/CODEOWNERS"] = fill(template("forms/CODEOWNERS"), values)
    for cloud in facts.clouds:
        files |= {f"{FOLDER}/oidc-{cloud}/{name}": text for name, text in trust(facts, cloud).items()}
    for index, environment in enumerate(facts.config.environments):
        files[f".github/workflows/{_deploy(index, environment)}.yml"] = _deploy_workflow(facts, index, values)
    return dict(sorted(files.items()))


def _deploy(index: int, environment: Environment) -> str:
    return f"{FIRST + index:02}-deploy-{environment.name}"


def _values(facts: RepositoryFacts) -> Mapping[str, str]:
    """Returns the values of the placeholders: blocks, actions by their commits, and settings of the repository."""
    aws = "aws" in facts.clouds
    terraform = facts.config.terraform
    blocks = {
        path.name.removesuffix(".yml").replace("-", " "): path.read_text(encoding="utf-8")
        for path in (resources.files("terrace.apps.workflows") / "files" / "blocks").iterdir()
    }
    actions = {name: f"{name}@{pin.commit} # {pin.version}" for name, pin in pins().items()}
    deploys = [
        f"{FIRST + index:02} Deploy {environment.name}" for index, environment in enumerate(facts.config.environments)
    ]
    return {
        **blocks,
        **permission_blocks(),
        **actions,
        "branch": facts.config.branch,
        "branch word": word(facts.config.branch),
        "deploy workflows": ", ".join(f'"{name}"' for name in (*deploys, "Rollback", "99 Destroy", "ChatOps")),
        "inputs": blocks["aws inputs"] if aws else "",
        "role": blocks["aws role"] if aws else "",
        "credentials": blocks["aws credentials"] if aws else "",
        "azure": blocks["azure env"] if "azure" in facts.clouds else "",
        "terraform": blocks.get(_BINARIES.get(terraform.binary, "terraform"), ""),
        "terraform version": terraform.version,
        "environment options": "\n".join(f"- {word(name)}" for name in facts.names),
        "boxes": blocks["boxes"] if (roles := _roles(facts)) else "",
        "role options": "\n".join(f"- label: {word(role)}" for role in roles),
        "owned": "\n".join(owner_lines(facts)),
        "tools": blocks["tools"] if (tools := _tools(facts)) else "",
        "tool names": " ".join(tools),
        "extra": "[embedded]" if terraform.binary == "embedded" else "",
        "version": facts.version,
    }


def _deploy_workflow(facts: RepositoryFacts, index: int, values: Mapping[str, str]) -> str:
    environment = facts.config.environments[index]
    name = environment.name
    first = environment.after is None
    why = (
        f"# Deploys merged changes to {name}, at every push to {facts.config.branch}."
        if first
        else f"# Promotes the successful release of {environment.after} to {name}. Started manually; with `deploy: "
        "automatic` in\n# terrace.yaml, `tick` does the same automatically."
    )
    return fill(
        template("workflows/deploy.yml"),
        {
            **values,
            "why": why,
            "number": f"{FIRST + index:02}",
            "environment": name,
            "environment word": word(name),
            "command": "deploy" if first else "promote",
            "trigger": "  push:\n    branches: [<<branch word>>]" if first else "",
        },
    )


def _tools(facts: RepositoryFacts) -> tuple[str, ...]:
    """Returns the third-party tools for the checks that terrace.yaml enables: GitHub's runners have none of them."""
    config = facts.config
    named = tuple(name for name in SCANNERS if name in config.checks and config.level(name) != "off")
    return ("opa", *named) if config.has_policies else named


def _roles(facts: RepositoryFacts) -> tuple[str, ...]:
    """Returns all required roles, in promotion order."""
    return tuple(
        dict.fromkeys(role for environment in facts.config.environments for role in facts.approvers(environment))
    )
