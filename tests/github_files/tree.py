"""The generated files of one repository: three environments, two clouds, teams with accounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from support.configuration import load
from terrace.apps.workflows.generating import generate
from terrace.apps.workflows.repository_facts import RepositoryFacts

CONFIG = """\
version: 1
environments:
  dev: {deploy: automatic}
  staging: {after: dev, soak: 15m, approvals: 1}
  prod: {after: staging, soak: 1h, approvals: {owners: 1, security: 1}}
teams: {owners: [bob], security: [carol]}
people:
  ann: {emails: [ann@example.com], login: ann-codes}
  bob: {emails: [bob@example.com], login: bob-gh}
  carol: {emails: [carol@example.com]}
policies: [policies]
checks: {checkov: advisory, trivy: "off"}
backups: {url: "s3://copies/of-states"}
"""


def facts(
    config: str = CONFIG, clouds: tuple[str, ...] = ("aws", "azure"), repository: str = "acme/infra"
) -> RepositoryFacts:
    """What the files are made of."""
    return RepositoryFacts(load(config.encode()), clouds, repository, "1.2.3")


@cache
def files() -> Mapping[str, str]:
    """Every generated file."""
    return generate(facts())


def written(folder: Path, tree: Mapping[str, str]) -> Path:
    """A folder with these files."""
    for path, text in tree.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


@dataclass(frozen=True)
class Step:
    """A step, and the file and job that it stands in."""

    file: str
    job: str
    told: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.file} {self.job} {self.told.get('name') or self.told.get('uses')}"


@cache
def read(path: str) -> Any:
    """A file as YAML 1.2 reads it: `on` is a word."""
    return YAML(typ="safe", pure=True).load(files()[path])


def workflows() -> tuple[str, ...]:
    """The paths of all workflows."""
    return tuple(path for path in files() if path.startswith(".github/workflows/"))


def jobs() -> Iterator[tuple[str, str, Any]]:
    """Every job of every workflow, with its file and its name."""
    for path in workflows():
        for name, job in read(path)["jobs"].items():
            yield path, name, job


def steps() -> Iterator[Step]:
    """Every step of every workflow and of every composite action."""
    for path, name, job in jobs():
        yield from (Step(path, name, step) for step in job.get("steps", ()))
    for path in files():
        if path.endswith("/action.yml"):
            yield from (Step(path, "", step) for step in read(path)["runs"]["steps"])
