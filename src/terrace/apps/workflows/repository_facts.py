"""The inputs of the generated files: terrace.yaml and the stacks, and nothing that changes without an edit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from terrace.clouds.all import CLOUDS, WITH_IDENTITY
from terrace.config.model import Config, Environment

_CLOUD_OF = {provider: name for name, cloud in CLOUDS.items() for provider in cloud.providers}
_PLAIN = re.compile(r"[A-Za-z][\w./-]*")
_TAKEN = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


@dataclass(frozen=True, slots=True)
class RepositoryFacts:
    """The properties of a repository that the files depend on. `repository` is its owner/name, "" where unknown;
    `clouds` are those of WITH_IDENTITY that it uses; `version` is the version of Terrace that the workflows install;
    `local` are stacks with a state on the machine that deploys them."""

    config: Config
    clouds: tuple[str, ...]
    repository: str
    version: str
    local: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The environments, in promotion order."""
        return tuple(environment.name for environment in self.config.environments)

    def logins(self, members: Iterable[str]) -> tuple[str, ...]:
        """The accounts of people, sorted."""
        people = self.config.people
        return tuple(sorted({(people[member].login if member in people else "") or member for member in members}))

    def approvers(self, environment: Environment) -> Mapping[str, tuple[str, ...]]:
        """The required approvers there, by team; every team if any team is enough."""
        teams = self.config.teams
        required = environment.approvals.roles or (teams if environment.approvals.count else {})
        return {team: teams.get(team, ()) for team in required}


def clouds_of(providers: Iterable[str]) -> tuple[str, ...]:
    """Returns the clouds of providers, by their sources."""
    clouds = {_CLOUD_OF.get(provider.rpartition("/")[2]) for provider in providers}
    return tuple(cloud for cloud in WITH_IDENTITY if cloud in clouds)


def word(name: str) -> str:
    """Returns a name for YAML, quoted where YAML would read it as a number, a boolean or null."""
    return name if _PLAIN.fullmatch(name) and name.lower() not in _TAKEN else f'"{name}"'
