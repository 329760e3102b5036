"""In which ways one configuration lets more through than another: what a change to the rules must be asked about.

The table of keys declares for each key what makes it looser (`comparisons`); here a configuration is brought into the
shape of the table, and the table is walked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any

from terrace.config.checks import settings_of
from terrace.config.comparisons import Values, record_ways
from terrace.config.keys import terrace_record
from terrace.config.load import load
from terrace.config.model import ApprovalRule, Config, Environment, PlainPolicies, StackPattern, StackSetting


def loosened(old: Config, new: Config) -> tuple[str, ...]:
    """A sentence for every way in which `new` lets more through than `old`; none for equal configurations.

    In doubt it speaks: whether another probe, key or binary is as good as the old one is for people to say.
    """
    weighed = {*old.checks, *new.checks}
    table = terrace_record(new.known_checks)
    return tuple(dict.fromkeys(record_ways(table, "", values(old, weighed), values(new, weighed))))


def safe_defaults(old: Config, new: Config) -> Config:
    """Returns what a first terrace.yaml is compared with: the rules that hold without a file for the environments that
    it names, too, as if they had been found by folder.

    Nothing is deployed to an environment that no file names and no folder shows, so that the first file loosens nothing
    for it as long as it is as strict as those rules. Where no folder of policies judged, their check had no weight.
    """
    names = {environment.name for environment in old.environments}
    given = {environment.name: environment for environment in new.environments}
    everywhere = tuple(names | given.keys())
    usual = load(b"", discovered=everywhere, branch=old.branch, remote=old.remote, checks=old.known_checks).environments
    known = {environment.name: environment for environment in old.environments}
    added = tuple(replace(one, after=given[one.name].after) for one in usual if one.name not in known)
    checks = {**old.checks, **({"policy": new.checks["policy"]} if "policy" in new.checks and not old.policies else {})}
    return replace(old, environments=(*old.environments, *added), checks=checks)


def values(config: Config, weighed: Iterable[str] = ()) -> Values:
    """A configuration by the keys of terrace.yaml, every default filled in; of checks only those `weighed`."""
    return {
        "version": 1,
        "environments": {one.name: _environment(one) for one in config.environments},
        "stacks": _stacks((*config.stacks, *config.stack_patterns)),
        "teams": config.teams,
        "people": {
            name: {"emails": person.emails, "login": person.login or name} for name, person in config.people.items()
        },
        **{name: getattr(config, name) for name in _PLAIN},
        **{name: _fields(getattr(config, name)) for name in _RECORDS},
        **{one.key.name: one.as_read(config.setting(one)) for one in settings_of(config.known_checks)},
        "policies": {folder: _policies(config, folder) for folder in config.policies},
        "checks": {name: _check(config, name) for name in sorted(weighed)} | {"fail_on": config.fail_on},
    }


def _stacks(entries: Iterable[StackSetting | StackPattern]) -> dict[tuple[str, str], Values]:
    """The entries by environment and folder. Where several are of one environment and folder, the first has all of them
    in `several`."""
    found: dict[tuple[str, str], list[Values]] = {}
    for one in entries:
        found.setdefault((one.environment, one.path), []).append(_fields(one))
    return {place: mine[0] if len(mine) == 1 else {**mine[0], "several": tuple(mine)} for place, mine in found.items()}


_PLAIN = ("signers", "branch", "remote", "ledger", "ledger_id", "not_stacks", "before_plan", "submodules")
_RECORDS = ("forge", "terraform", "backups", "waivers", "audit")


def _fields(record: Any) -> dict[str, Any]:
    return {one.name: getattr(record, one.name) for one in fields(record)}


def _environment(environment: Environment) -> Values:
    found = _fields(environment)
    remediate = environment.drift.remediate
    return {
        **found,
        "approvals": _fields(environment.approvals),
        "rollback": _rule(environment.rollback),
        "rollout": _fields(environment.rollout),
        "credentials": _fields(environment.credentials),
        "risk": {
            level: {"blocked": rule.blocked, "approvals": _fields(rule.approvals)}
            for level, rule in environment.risk.items()
        },
        "volatile": _fields(environment.volatile),
        "drift": {
            **_fields(environment.drift),
            "remediate": {**_fields(remediate), "approvals": _rule(remediate.approvals)} if remediate else None,
        },
    }


def _rule(rule: ApprovalRule | None) -> Values | None:
    return None if rule is None else _fields(rule)


def _policies(config: Config, folder: str) -> Values:
    plain = config.shown.get(folder)
    settings = plain or PlainPolicies(data=config.view_data.get(folder, ()))
    return {"path": folder, "input": "view" if plain is None else "plan", **_fields(settings)}


def _check(config: Config, name: str) -> Values:
    return {"level": config.level(name), "fail_on": config.fails_on(name)}
