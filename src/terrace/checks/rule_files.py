"""Files beside terrace.yaml that decide what is let through: reviewers, signers, what CI runs, what judges plans."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from terrace.config.model import CommandProbe, Config
from terrace.hcl.layout import is_configuration, join
from terrace.hcl.tree import Entry
from terrace.stacks.submodules import GITMODULES

CODE_OWNERS = ("CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
"""Where forges look for the owners of files."""

_PIPELINE = re.compile(
    r"\.github/(workflows|actions)/.+"
    r"|(.+/)?action\.ya?ml"
    r"|(.*/)?[^/]*\.gitlab-ci\.ya?ml|\.gitlab/(ci|agents)/.+"
    r"|\.circleci/.+|\.buildkite/.+|\.woodpecker(/.+|\.ya?ml)|\.drone\.ya?ml|\.forgejo/workflows/.+|\.gitea/workflows/.+"
    r"|(.*/)?(azure-pipelines[^/]*|bitbucket-pipelines|cloudbuild|buildspec)\.ya?ml|(.*/)?Jenkinsfile[^/]*"
)
_SETTINGS = ".github/terrace/"


def is_pipeline(path: str) -> bool:
    """Whether CI runs a file: it decides which commands get the credentials of environments."""
    return _PIPELINE.fullmatch(path) is not None


def rule_of(path: str, config: Config, kinds: tuple[str, ...]) -> str | None:
    """What a file decides, as a clause; None where it decides nothing. `kinds` are the ends of policies' names."""
    folders = tuple(f"{folder}/" for folder in config.policy_sources)
    if path == config.signers:
        return "it says whose approvals count"
    if folders and path.startswith(folders) and path.endswith(kinds) and not path.endswith("_test.rego"):
        return "plans are judged by it"
    if path in CODE_OWNERS:
        return "it says who must review which files"
    if is_pipeline(path):
        return "CI runs it, with the credentials of environments in reach"
    if any(path == name or path.endswith(f"/{name}") for name in _programs(config)):
        return "terrace.yaml has it run, as a probe or as Terraform"
    if config.submodules and path.rpartition("/")[2] == GITMODULES:
        return "it says where submodules are fetched from, with the credentials of Git"
    if path.startswith(_SETTINGS):
        return "it says what the forge guards, and which run may use which role of a cloud"
    return None


def _programs(config: Config) -> frozenset[str]:
    """Files of the repository that terrace.yaml has run: in doubt, every argument of a command that may be one."""
    probes = [probe for one in config.environments for probe in (*one.smoke, *one.health)]
    named = [word for probe in probes if isinstance(probe, CommandProbe) for word in probe.argv]
    named += [config.terraform.binary] if "/" in config.terraform.binary else []
    return frozenset(joined for word in named if (joined := join("", word)))


def first_pipelines(edited: Iterable[str], before: Mapping[str, Entry]) -> frozenset[str]:
    """Those of the edited files that CI runs, where no such file was there before: so far nothing ran them."""
    if any(is_pipeline(path) for path in before):
        return frozenset()
    return frozenset(path for path in edited if is_pipeline(path))


def reviewers(config: Config) -> str:
    """Who is to look at a change of the rules: those who approve the last environment that asks for approvals."""
    asking = [environment for environment in config.environments if environment.approvals.requires_any]
    if not asking:
        return "an owner of the repository"
    last = asking[-1]
    teams = [f"{team} ({', '.join(config.teams.get(team, ())) or 'nobody'})" for team in last.approvals.roles]
    return f"those who approve {last.name}" + (f": {', '.join(teams)}" if teams else "")


def same_configuration(old: str, before: Mapping[str, Entry], new: str, after: Mapping[str, Entry]) -> bool:
    """Whether most of the configuration files of a folder are those of another: then the stack has moved there."""
    was, is_ = _contents(old, before), _contents(new, after)
    return bool(was) and 2 * len(was & is_) >= len(was)


def _contents(folder: str, entries: Mapping[str, Entry]) -> frozenset[str]:
    prefix = f"{folder}/" if folder not in ("", ".") else ""
    inside = {path: entry.blob for path, entry in entries.items() if path.startswith(prefix)}
    names = {path.removeprefix(prefix): blob for path, blob in inside.items()}
    return frozenset(blob for name, blob in names.items() if "/" not in name and is_configuration(name))
