"""Files of the trust root beside terrace.yaml: code owners, signers, pipelines of CI, and policies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from terrace.config.model import CommandProbe, Config
from terrace.hcl.layout import is_configuration, join
from terrace.hcl.tree import Entry
from terrace.stacks.submodules import GITMODULES

CODE_OWNERS = ("CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
"""Paths where forges read the code owners."""

_PIPELINE = re.compile(
    r"\.github/(workflows|actions)/.+"
    r"|(.+/)?action\.ya?ml"
    r"|(.*/)?[^/]*\.gitlab-ci\.ya?ml|\.gitlab/(ci|agents)/.+"
    r"|\.circleci/.+|\.buildkite/.+|\.woodpecker(/.+|\.ya?ml)|\.drone\.ya?ml|\.forgejo/workflows/.+|\.gitea/workflows/.+"
    r"|(.*/)?(azure-pipelines[^/]*|bitbucket-pipelines|cloudbuild|buildspec)\.ya?ml|(.*/)?Jenkinsfile[^/]*"
)
_SETTINGS = ".github/terrace/"


def is_pipeline(path: str) -> bool:
    """Returns whether CI runs a file: it decides which commands get the credentials of environments."""
    return _PIPELINE.fullmatch(path) is not None


def rule_of(path: str, config: Config, kinds: tuple[str, ...]) -> str | None:
    """Returns the role of a file in the trust root, as a clause; None where it has none.

    `kinds` are the endings of policies.
    """
    folders = tuple(f"{folder}/" for folder in config.policy_sources)
    if path == config.signers:
        return "it lists whose approvals are valid"
    if folders and path.startswith(folders) and path.endswith(kinds) and not path.endswith("_test.rego"):
        return "plans are evaluated by it"
    if path in CODE_OWNERS:
        return "it lists who must review which files"
    if is_pipeline(path):
        return "CI runs it, and can reach the credentials of environments"
    if any(path == name or path.endswith(f"/{name}") for name in _programs(config)):
        return "terrace.yaml runs it, as a probe or as Terraform"
    if config.submodules and path.rpartition("/")[2] == GITMODULES:
        return "it lists where submodules are fetched from, with the credentials of Git"
    if path.startswith(_SETTINGS):
        return "it sets what the forge protects, and which run can use which role of a cloud"
    return None


def _programs(config: Config) -> frozenset[str]:
    """Returns the files of the repository that terrace.yaml runs: in doubt, every argument that can be one."""
    probes = [probe for environment in config.environments for probe in (*environment.smoke, *environment.health)]
    named = [word for probe in probes if isinstance(probe, CommandProbe) for word in probe.argv]
    named += [config.terraform.binary] if "/" in config.terraform.binary else []
    return frozenset(joined for word in named if (joined := join("", word)))


def first_pipelines(edited: Iterable[str], before: Mapping[str, Entry]) -> frozenset[str]:
    """Returns the edited files that CI runs, where there was no such file before: so far nothing ran them."""
    if any(is_pipeline(path) for path in before):
        return frozenset()
    return frozenset(path for path in edited if is_pipeline(path))


def reviewers(config: Config) -> str:
    """Returns who should review a change of the rules: the approvers of the last environment that needs approval."""
    asking = [environment for environment in config.environments if environment.approvals.requires_any]
    if not asking:
        return "an owner of the repository"
    last = asking[-1]
    teams = [f"{team} ({', '.join(config.teams.get(team, ())) or 'no one'})" for team in last.approvals.roles]
    return f"the approvers of {last.name}" + (f": {', '.join(teams)}" if teams else "")


def same_configuration(old: str, before: Mapping[str, Entry], new: str, after: Mapping[str, Entry]) -> bool:
    """Returns whether most configuration files of two folders are the same: then the stack has moved."""
    was, is_ = _contents(old, before), _contents(new, after)
    return bool(was) and 2 * len(was & is_) >= len(was)


def _contents(folder: str, entries: Mapping[str, Entry]) -> frozenset[str]:
    prefix = f"{folder}/" if folder not in ("", ".") else ""
    inside = {path: entry.blob for path, entry in entries.items() if path.startswith(prefix)}
    names = {path.removeprefix(prefix): blob for path, blob in inside.items()}
    return frozenset(blob for name, blob in names.items() if "/" not in name and is_configuration(name))
