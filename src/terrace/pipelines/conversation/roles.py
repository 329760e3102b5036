"""For which team somebody speaks who did not say it."""

from __future__ import annotations

from terrace.config.model import Config
from terrace.gates.approvals.people import People


def role_of(config: Config, environment: str, person: str) -> str:
    """The one role that they can fill there; "" where there is none or a choice, which the gates make best."""
    people = People(config)
    teams = people.teams_of(people.person(person)) & config.environment(environment).approvals.roles.keys()
    return next(iter(teams)) if len(teams) == 1 else ""
