"""The pipeline of GitLab CI, and the settings that only a maintainer of the project can change."""

from __future__ import annotations

from collections.abc import Sequence

from terrace.apps.workflows.repository_facts import word
from terrace.apps.workflows.settings import Setting
from terrace.apps.workflows.templates import fill, template
from terrace.checks.scanners.all import SCANNERS
from terrace.config.model import Config, Environment

FILE = ".gitlab-ci.yml"


def pipeline(config: Config, version: str) -> str:
    """Returns the text of the pipeline file."""
    tools = _tools(config)
    return fill(
        template("gitlab/pipeline.yml"),
        {
            "version": version,
            "branch": config.branch,
            "tools": f"- terrace tools install {' '.join(tools)}" if tools else "",
            "deployments": "\n".join(_deployment(environment, config.branch) for environment in config.environments),
        },
    )


def settings() -> tuple[Setting, ...]:
    """Returns the settings that need a maintainer."""
    return (
        Setting(
            "a project access token (scope api, role Developer), as the masked variable GITLAB_TOKEN",
            "the job token can read comments but not write them, and cannot push the ledger",
            "Settings > Access tokens, then Settings > CI/CD > Variables",
        ),
        Setting(
            "the keys TERRACE_DIGEST_KEY (masked) and TERRACE_BACKUP_KEY (masked and protected)",
            "the first compares plans; the second encrypts state backups and authenticates results in the ledger "
            "(where backups have recipients: TERRACE_LEDGER_KEY, masked and protected). Only the protected branch "
            "can read protected variables",
            "Settings > CI/CD > Variables   (create a key: openssl rand -base64 32)",
        ),
        Setting(
            "the credentials of each environment as variables of that environment: protected ones for applies, and "
            "read-only ones for merge requests",
            "anyone who can push a branch can read the variables of its pipelines",
            "Settings > CI/CD > Variables, with an environment scope; `credentials: {plan, apply}` in terrace.yaml",
        ),
        Setting(
            "pipelines must succeed",
            "a change that does not pass must not be merged",
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
    return fill(
        template("gitlab/deployment.yml"),
        {
            "job": f"{command}-{environment.name}",
            "environment": word(environment.name),
            "command": command,
            # The person who starts the job decides to replace a pending deployment.
            "options": " --yes" if by_hand else "",
            "rule": f"{merged}\n  when: manual" if by_hand else merged,
        },
    )


def _tools(config: Config) -> Sequence[str]:
    named = [name for name in SCANNERS if name in config.checks and config.level(name) != "off"]
    return ["opa", *named] if config.has_policies else named
