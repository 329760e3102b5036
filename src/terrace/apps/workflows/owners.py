"""CODEOWNERS: who is asked to review a change of what, made from the people who are asked about deployments."""

from __future__ import annotations

import re
from collections.abc import Iterable

from terrace.apps.workflows.premises import Premises
from terrace.stacks.config import Environment

_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,38}[A-Za-z0-9])?")
_SPECIAL = re.compile(r"([\s#\\*?\[\]!])")


def owned(premises: Premises) -> tuple[str, ...]:
    """The lines of the file; none where terrace.yaml names nobody with an account."""
    config = premises.config
    asked = [environment for environment in config.environments if _people(premises, environment)]
    if not asked:
        return ()
    careful = _people(premises, asked[-1])
    judging = dict.fromkeys((".github/", ".terrace/", "terrace.yaml", *(f"{path}/" for path in config.judging)))
    lines = [_line(path, careful) for path in judging]
    for environment in asked:
        paths = (f"environments/{environment.name}/", *_elsewhere(premises, environment))
        lines += [_line(path, _people(premises, environment)) for path in paths]
    return tuple(lines)


def _elsewhere(premises: Premises, environment: Environment) -> Iterable[str]:
    """Folders of an environment's stacks that are not where the convention has them."""
    home = f"environments/{environment.name}"
    found = {s.path for s in premises.config.stacks if s.environment == environment.name}
    return sorted(f"{path}/" for path in found if path != home and not path.startswith(f"{home}/"))


def _people(premises: Premises, environment: Environment) -> tuple[str, ...]:
    members = {member for team in premises.approvers(environment).values() for member in team}
    return tuple(login for login in premises.logins(members) if _LOGIN.fullmatch(login))


def _line(path: str, logins: tuple[str, ...]) -> str:
    shown = _SPECIAL.sub(r"\\\1", path)
    return f"/{shown} {' '.join(f'@{login}' for login in logins)}"
