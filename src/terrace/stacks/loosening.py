"""In which ways one configuration lets more through than another: what a change to the rules must be asked about."""

from __future__ import annotations

from collections.abc import Iterator

from terrace.stacks.config import ApprovalRule, Config, Environment

_LEVELS = ("off", "advisory", "required")


def loosened(old: Config, new: Config) -> tuple[str, ...]:
    """A sentence for every way in which `new` lets more through than `old`; none for equal configurations."""
    return tuple(_ways(old, new))


def _ways(old: Config, new: Config) -> Iterator[str]:
    later = {environment.name: environment for environment in new.environments}
    for before in old.environments:
        after = later.get(before.name)
        if after is None:
            yield f"{before.name} loses its rules"
        else:
            yield from _environment(before, after)
    yield from _people(old, new)
    for what in ("branch", "remote", "signers", "ledger"):
        if getattr(old, what) != getattr(new, what):
            yield f"{what} changes from {getattr(old, what)} to {getattr(new, what)}"
    if old.backups != new.backups:
        yield "backups go elsewhere or use another key"
    for name in sorted(old.checks.keys() | new.checks.keys()):
        was = old.checks[name].level if name in old.checks else "required"
        is_ = new.checks[name].level if name in new.checks else "required"
        if _LEVELS.index(is_) < _LEVELS.index(was):
            yield f"the check {name} goes from {was} to {is_}"


def _environment(old: Environment, new: Environment) -> Iterator[str]:
    name = old.name
    if old.after is not None and old.after != new.after:
        yield f"{name} no longer needs a success in {old.after} first"
    if new.soak < old.soak:
        yield f"{name} soaks for a shorter time"
    if old.deploy == "manual" and new.deploy == "automatic":
        yield f"{name} deploys by itself"
    yield from _approvals(name, old.approvals, new.approvals)
    kept = set(new.smoke)
    if any(probe not in kept for probe in old.smoke):
        yield f"{name} loses or changes a smoke test"
    if old.credentials != new.credentials or set(new.env) - set(old.env):
        yield f"{name} gets other credentials or variables"


def _approvals(name: str, old: ApprovalRule, new: ApprovalRule) -> Iterator[str]:
    if new.count < old.count:
        yield f"{name} needs {new.count} approvals instead of {old.count}"
    for role, number in old.roles.items():
        if new.roles.get(role, 0) < number:
            yield f"{name} needs {new.roles.get(role, 0)} approvals of {role} instead of {number}"
    if old.asked and new.expires > old.expires:
        yield f"approvals of {name} count for longer"
    if new.unsigned and not old.unsigned:
        yield f"{name} takes approvals without a signature"


def _people(old: Config, new: Config) -> Iterator[str]:
    for team, members in new.teams.items():
        joined = sorted(set(members) - set(old.teams.get(team, ())))
        if joined:
            yield f"{', '.join(joined)} may speak for {team}"
    for name, person in old.people.items():
        now = new.people.get(name)
        if now is None or set(person.emails) - set(now.emails):
            yield f"commits of {name} are no longer known as theirs"
