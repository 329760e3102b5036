"""In which ways one configuration lets more through than another: what a change to the rules must be asked about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from terrace.stacks.config import ApprovalRule, Config, Environment, Grade, RiskLevel, RiskRule

_LEVELS = ("off", "advisory", "required")
_GRADES = get_args(Grade)
LEVELS_OF_RISK: tuple[RiskLevel, ...] = get_args(RiskLevel)


def loosened(old: Config, new: Config) -> tuple[str, ...]:
    """A sentence for every way in which `new` lets more through than `old`; none for equal configurations.

    In doubt it speaks: whether another probe, key or binary is as good as the old one is for people to say.
    """
    return tuple(_ways(old, new))


def _ways(old: Config, new: Config) -> Iterator[str]:
    yield from _environments(old, new)
    yield from _stacks(old, new)
    yield from _people(old, new)
    for what in ("branch", "remote", "signers", "ledger"):
        if getattr(old, what) != getattr(new, what):
            yield f"{what} changes from {getattr(old, what)} to {getattr(new, what)}"
    for what in ("repository", "api"):
        was, is_ = getattr(old.forge, what), getattr(new.forge, what)
        if was != is_:
            yield f"forge.{what} changes from {was or 'nothing'} to {is_ or 'nothing'}: others are asked who approved"
    if old.forge.reviewed == "required" and new.forge.reviewed == "off":
        yield "what nobody reviewed may be deployed"
    if old.backups != new.backups:
        yield "backups go elsewhere or use another key"
    for what in ("binary", "version"):
        was, is_ = getattr(old.terraform, what), getattr(new.terraform, what)
        if was != is_:
            yield f"terraform.{what} changes from {was} to {is_}"
    for folder in sorted(set(old.policies) - set(new.policies)):
        yield f"the policies of {folder} judge no longer"
    for folder in sorted(set(new.policies) - set(old.policies) if old.policies else ()):
        yield f"{folder} judges beside the old policies, and may except what they refuse"
    for folder in sorted(set(old.policies) & set(new.policies)):
        was, is_ = old.shown.get(folder), new.shown.get(folder)
        if was != is_:
            yield f"the policies of {folder} judge another input or other namespaces"
    if old.audit.every and (not new.audit.every or new.audit.every > old.audit.every):
        yield "everything that stands is looked at less often"
    yield from _checks(old, new)


def _environments(old: Config, new: Config) -> Iterator[str]:
    before = {environment.name: environment for environment in old.environments}
    left = {environment.name for environment in new.environments}
    for name in (name for name in before if name not in left):
        yield f"{name} loses its rules"
    for environment in new.environments:
        known = before.get(environment.name)
        if known is not None:
            yield from _environment(known, environment)
        elif _powers(environment):
            yield f"{environment.name} is new and gets credentials or variables"


def _environment(old: Environment, new: Environment) -> Iterator[str]:
    name = old.name
    if old.after is not None and old.after != new.after:
        yield f"{name} no longer needs a success in {old.after} first"
    if new.soak < old.soak:
        yield f"{name} soaks for a shorter time"
    if old.deploy == "manual" and new.deploy == "automatic":
        yield f"{name} deploys by itself"
    yield from _approvals(name, old.approvals, new.approvals)
    yield from _at_risk(old, new)
    if set(old.smoke) - set(new.smoke):
        yield f"{name} loses or changes a smoke test"
    yield from _watching(old, new)
    yield from _drift(old, new)
    if _powers(new) - _powers(old):
        yield f"{name} gets other credentials or variables"
    for what in ("rpo", "rto"):
        was, is_ = getattr(old, what), getattr(new, what)
        if was is not None and (is_ is None or is_ > was):
            yield f"{name} has a longer {what}, or none"


def _at_risk(old: Environment, new: Environment) -> Iterator[str]:
    """Levels of risk at which less is asked for."""
    for level in LEVELS_OF_RISK:
        was, is_ = _asked_at(old, level), _asked_at(new, level)
        if was.blocked and not is_.blocked:
            yield f"{old.name} takes releases of {level} risk"
        for way in _approvals(old.name, was.approvals, is_.approvals):
            yield f"{way}, at {level} risk"


def _asked_at(environment: Environment, level: RiskLevel) -> RiskRule:
    """What every rule up to that level asks for together."""
    rules = [environment.risk[at] for at in LEVELS_OF_RISK[: LEVELS_OF_RISK.index(level) + 1] if at in environment.risk]
    roles: dict[str, int] = {}
    for rule in rules:
        roles |= {role: max(number, roles.get(role, 0)) for role, number in rule.approvals.roles.items()}
    count = max((rule.approvals.count for rule in rules), default=0)
    return RiskRule(ApprovalRule(count, roles), any(rule.blocked for rule in rules))


def _watching(old: Environment, new: Environment) -> Iterator[str]:
    """Ways in which a release is watched less once it is live, or undone and taken down more easily."""
    name = old.name
    if set(old.health) - set(new.health):
        yield f"{name} loses or changes a health probe"
    if new.rollout.bake < old.rollout.bake:
        yield f"{name} bakes for a shorter time"
    fewer = new.rollout.passes < old.rollout.passes
    if fewer or new.rollout.passes * old.rollout.of < old.rollout.passes * new.rollout.of:
        yield f"{name} is content with fewer healthy measurements"
    if new.rollout.every > old.rollout.every:
        yield f"{name} is measured less often"
    if old.on_failure != new.on_failure:
        yield f"{name} answers a failed release with {new.on_failure} instead of {old.on_failure}"
    if old.protected and not new.protected:
        yield f"{name} is no longer protected from `terrace destroy`"
    for way in _approvals(name, old.rollback or old.approvals, new.rollback or new.approvals):
        if (old.rollback, new.rollback) != (None, None):
            yield f"{way}, to go back"


def _drift(old: Environment, new: Environment) -> Iterator[str]:
    """Ways in which less drift is seen, or more of it is acted on by itself."""
    name, was, is_ = old.name, old.drift, new.drift
    if was.every and (not is_.every or is_.every > was.every):
        yield f"{name} is looked at for drift less often"
    yield from (f"{name} ignores drift of {rule.address}" for rule in is_.ignore if rule not in was.ignore)
    if is_.remediate is None:
        return
    if was.remediate is None:
        yield f"{name} takes drift back by itself"
        return
    more = {(g, a) for g, names in is_.remediate.allow.items() for a in names}
    more -= {(g, a) for g, names in was.remediate.allow.items() for a in names}
    yield from (f"{name} takes back drift of {attribute} of {glob}" for glob, attribute in sorted(more))
    if is_.remediate.at_most > was.remediate.at_most or is_.remediate.share > was.remediate.share:
        yield f"{name} takes back more drift at once"
    before, after = was.remediate.approvals or old.approvals, is_.remediate.approvals or new.approvals
    if (was.remediate.approvals, is_.remediate.approvals) != (None, None):
        yield from (f"{way}, to take drift back" for way in _approvals(name, before, after))


def _powers(environment: Environment) -> frozenset[tuple[str, str, str]]:
    """Every variable that Terraform gets there: for what, its name, where its value is."""
    given = environment.credentials
    by_purpose = {"plan": given.plan, "apply": given.apply, "both": {name: f"env:{name}" for name in environment.env}}
    return frozenset((purpose, name, where) for purpose, found in by_purpose.items() for name, where in found.items())


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


def _stacks(old: Config, new: Config) -> Iterator[str]:
    """Stacks that come under other rules, or that no longer wait for others."""
    known = {(stack.environment, stack.path): stack for stack in new.stacks}
    for stack in old.stacks:
        there = known.get((stack.environment, stack.path))
        if there is None:
            elsewhere = sorted(e for e, path in known if path == stack.path)
            moved = f"moves to {', '.join(elsewhere)}" if elsewhere else "is no longer set"
            yield f"the stack {stack.path} of {stack.environment} {moved}"
        elif set(stack.after) - set(there.after):
            gone = ", ".join(sorted(set(stack.after) - set(there.after)))
            yield f"the stack {stack.path} of {stack.environment} no longer goes after {gone}"


def _people(old: Config, new: Config) -> Iterator[str]:
    for team, members in new.teams.items():
        joined = sorted(set(members) - set(old.teams.get(team, ())))
        if joined:
            yield f"{', '.join(joined)} may speak for {team}"
    for name, person in old.people.items():
        now = new.people.get(name)
        if now is None or set(person.emails) - set(now.emails):
            yield f"commits of {name} are no longer known as theirs"
    speakers = {member for members in new.teams.values() for member in members}
    for name, person in new.people.items():
        known = old.people[name].emails if name in old.people else ()
        added = sorted(set(person.emails) - set(known))
        if added and name in speakers:
            yield f"{', '.join(added)} may speak as {name}"
        if name in speakers and person.login != (old.people[name].login if name in old.people else ""):
            yield f"the account {person.login or name} may speak as {name}"


def _checks(old: Config, new: Config) -> Iterator[str]:
    for name in sorted(old.checks.keys() | new.checks.keys()):
        was, is_ = old.level(name), new.level(name)
        if _LEVELS.index(is_) < _LEVELS.index(was):
            yield f"the check {name} goes from {was} to {is_}"
        if _GRADES.index(new.fails_on(name)) > _GRADES.index(old.fails_on(name)):
            yield f"the check {name} holds a change from {new.fails_on(name)} on instead of {old.fails_on(name)}"
    if _GRADES.index(new.fail_on) > _GRADES.index(old.fail_on):
        yield f"checks hold a change from {new.fail_on} on instead of {old.fail_on}"
    if new.waivers.longest > old.waivers.longest:
        yield f"waivers count for up to {new.waivers.longest.days} days instead of {old.waivers.longest.days}"
    yield from _hygiene(old, new)


def _hygiene(old: Config, new: Config) -> Iterator[str]:
    """Ways in which the checks of hygiene ask for less."""
    for what in ("modules", "environments"):
        fewer = set(getattr(old.required_files, what)) - set(getattr(new.required_files, what))
        if fewer:
            yield f"{what} need no {', '.join(sorted(fewer))}"
    for what in ("resources", "data", "modules", "variables", "outputs", "locals"):
        before, after = getattr(old.naming, what), getattr(new.naming, what)
        if before not in (after, "any"):
            yield f"names of {what} are judged by {after!r} instead of {before!r}"
    if old.docs.modules == "all" != new.docs.modules:
        yield "modules need no page in their README"
    gone = sorted(set(old.platforms) - set(new.platforms))
    if gone:
        yield f"lock files need not know providers for {', '.join(gone)}"
    was, is_ = old.commits, new.commits
    added = sorted(set(is_.types) - set(was.types))
    if added:
        yield f"commits may be of type {', '.join(added)}"
    if was.scopes and (not is_.scopes or set(is_.scopes) - set(was.scopes)):
        yield "commits may have more scopes"
    if is_.subject > was.subject:
        yield f"the first line of a commit may have {is_.subject} characters instead of {was.subject}"
