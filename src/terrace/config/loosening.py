"""Comparison of two configurations: the ways in which one allows more than the other.

Each key declares in the table of keys which values allow more (`comparisons`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from terrace.config.comparisons import compare_records
from terrace.config.default_environments import conventional_environments
from terrace.config.keys.terrace_yaml import terrace_record
from terrace.config.model import CheckSetting, Config


def find_loosened_rules(old: Config, new: Config) -> tuple[str, ...]:
    """Returns a sentence for each way in which `new` allows more than `old`; none for equal configurations.

    In doubt there is one: people decide whether another probe, key or binary is as good as the old one.
    """
    named = {*old.checks, *new.checks}
    before, after = _with_checks(old, named), _with_checks(new, named)
    return tuple(dict.fromkeys(compare_records(terrace_record(new.known_checks), "", before, after)))


def _with_checks(config: Config, names: Iterable[str]) -> Config:
    """Returns the configuration with the levels of these checks filled in."""
    return replace(config, checks={name: CheckSetting(config.level(name), config.fails_on(name)) for name in names})


def add_default_rules(old: Config, new: Config) -> Config:
    """Returns the configuration that a first terrace.yaml is compared with: `old` with the default rules of every
    environment that the file names, as if it had been found by directory.

    Nothing is deployed to an environment without a directory and without an entry in a file. So the first file loosens
    nothing for it as long as it is as strict as the default rules. Without policies, their check had no effect.
    """
    names = {environment.name for environment in old.environments}
    after = {environment.name: environment.after for environment in new.environments}
    defaults = conventional_environments(names | after.keys())
    added = tuple(replace(rule, after=after[rule.name]) for rule in defaults if rule.name not in names)
    checks = {
        **old.checks,
        **({"policy": new.checks["policy"]} if "policy" in new.checks and not old.has_policies else {}),
    }
    return replace(old, environments=(*old.environments, *added), checks=checks)
