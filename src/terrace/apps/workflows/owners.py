"""CODEOWNERS: the reviewers of each path, from the people who approve deployments."""

from __future__ import annotations

import re
from collections.abc import Iterable

from terrace.apps.workflows.repository_facts import RepositoryFacts
from terrace.config.model import Environment

_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,38}[A-Za-z0-9])?")
_SPECIAL = re.compile(r"([\s#\\?\[\]!])")
_CAPTURE = re.compile(r"\{(\d+)\}")


def owner_lines(facts: RepositoryFacts) -> tuple[str, ...]:
    """Returns the lines of the file; none if terrace.yaml has no person with an account."""
    config = facts.config
    guarded = [environment for environment in config.environments if _people(facts, environment)]
    if not guarded:
        return ()
    careful = _people(facts, guarded[-1])
    judging = dict.fromkeys((".github/", ".terrace/", "terrace.yaml", *(f"{path}/" for path in config.policy_sources)))
    lines = [_line("", _people(facts, environment)) for environment in guarded if _has_root(facts, environment)]
    lines += [_line(path, careful) for path in judging]
    for environment in guarded:
        paths = (f"environments/{environment.name}/", *_elsewhere(facts, environment))
        lines += [_line(path, _people(facts, environment)) for path in paths]
    return tuple(lines)


def _elsewhere(facts: RepositoryFacts, environment: Environment) -> Iterable[str]:
    """Folders of an environment's stacks that are not where the convention has them."""
    home = f"environments/{environment.name}"
    paths = {s.path for s in facts.config.stacks if s.environment == environment.name and s.path}
    # With the environment in the place of its capture; `*` means the same to the forge.
    for stack_pattern in facts.config.stack_patterns:
        capture = _CAPTURE.search(stack_pattern.environment)
        if capture is None:
            paths |= {stack_pattern.path} if stack_pattern.environment == environment.name else set()
        elif (value := _capture(stack_pattern.environment, capture, environment.name)) is not None:
            parts = stack_pattern.path.split("*")
            number = int(capture[1])
            paths.add("*".join(parts[:number]) + value + "*".join(parts[number:]))
    return sorted(f"{path}/" for path in paths if path != home and not path.startswith(f"{home}/"))


def _capture(template: str, capture: re.Match[str], name: str) -> str | None:
    """What a capture is where the template makes this name; None where it cannot, `*` if it is unknown."""
    before, after = template[: capture.start()], template[capture.end() :]
    if _CAPTURE.search(after):
        return "*"
    fits = len(name) > len(before + after) and name.startswith(before) and name.endswith(after)
    return name[len(before) : len(name) - len(after)] if fits else None


def _has_root(facts: RepositoryFacts, environment: Environment) -> bool:
    """Returns whether a stack of the environment is in the root of the repository: then every file may belong to it."""
    return any(not s.path and s.environment == environment.name for s in facts.config.stacks)


def _people(facts: RepositoryFacts, environment: Environment) -> tuple[str, ...]:
    members = {member for team in facts.approvers(environment).values() for member in team}
    return tuple(login for login in facts.logins(members) if _LOGIN.fullmatch(login))


def _line(path: str, logins: tuple[str, ...]) -> str:
    shown = _SPECIAL.sub(r"\\\1", path)
    return f"{f'/{shown}' if path else '*'} {' '.join(f'@{login}' for login in logins)}"
