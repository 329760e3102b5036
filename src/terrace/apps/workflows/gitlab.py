"""The pipeline of GitLab CI as text, and what only a maintainer of the project can set there."""

from __future__ import annotations

from collections.abc import Sequence

from terrace.apps.workflows.filling import filled, template
from terrace.apps.workflows.premises import word
from terrace.apps.workflows.settings import Setting
from terrace.checks.all import SCANNERS
from terrace.config.model import Config, Environment

FILE = ".gitlab-ci.yml"


def pipeline(config: Config, version: str) -> str:
    """The file: the same configuration, the same text."""
    tools = _tools(config)
    return filled(
        template("gitlab/pipeline.yml"),
        {
            "version": version,
            "branch": config.branch,
            "tools": f"- terrace tools install {' '.join(tools)}" if tools else "",
            "deployments": "\n".join(_deployment(environment, config.branch) for environment in config.environments),
        },
    )


def settings() -> tuple[Setting, ...]:
    """Settings that need a maintainer."""
    return (
        Setting(
            "an access token of the project (scope api, role Developer), as the masked variable GITLAB_TOKEN",
            "the job token can read comments but not write them, and cannot push the ledger",
            "Settings > Access tokens, then Settings > CI/CD > Variables",
        ),
        Setting(
            "the keys TERRACE_DIGEST_KEY (masked) and TERRACE_BACKUP_KEY (masked and protected)",
            "plans are compared by the one; copies of states are sealed with the other, and it proves in the ledger "
            "what a deployment did (where copies have recipients: TERRACE_LEDGER_KEY, masked and protected). "
            "Protected variables reach the protected branch only",
            "Settings > CI/CD > Variables   (make one: openssl rand -base64 32)",
        ),
        Setting(
            "the credentials of each environment as variables of that environment: protected those that apply, and "
            "others, which can only read, for merge requests",
            "anyone who can push a branch can read the variables of its pipelines",
            "Settings > CI/CD > Variables, with an environment scope; `credentials: {plan, apply}` in terrace.yaml",
        ),
        Setting(
            "pipelines must succeed",
            "a change that does not pass may not be merged",
            "Settings > Merge requests > Merge checks",
        ),
        Setting(
            "two schedules on the protected branch: TERRACE=tick every 5 minutes, TERRACE=drift every half hour",
            "no process waits: a scheduled run continues deployments after approvals and timers",
            "Build > Pipeline schedules",
        ),
    )


def _deployment(environment: Environment, branch: str) -> str:
    by_hand = environment.after is not None
    command = "promote" if by_hand else "deploy"
    merged = f'- if: $CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == "{branch}"'
    return filled(
        template("gitlab/deployment.yml"),
        {
            "job": f"{command}-{environment.name}",
            "environment": word(environment.name),
            "command": command,
            "rule": f"{merged}\n  when: manual" if by_hand else merged,
        },
    )


def _tools(config: Config) -> Sequence[str]:
    named = [name for name in SCANNERS if name in config.checks and config.level(name) != "off"]
    return ["opa", *named] if config.policies else named
