"""The schema, the reference page and the loader agree, because one table of keys defines them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.checks.all import CHECKS
from terrace.config.checks import Settings, settings_of
from terrace.config.keys.terrace_yaml import sections, terrace_record
from terrace.config.kinds import Duration, Reading
from terrace.config.loosening import find_loosened_rules
from terrace.config.model import (
    ApprovalRule,
    AuditSettings,
    CheckSetting,
    CommandProbe,
    Config,
    Credentials,
    DriftSettings,
    Environment,
    HttpProbe,
    IgnoreRule,
    Person,
    Remediate,
    RiskRule,
    Rollout,
    StackSetting,
)
from terrace.config.records import Key, Record
from terrace.config.schema import json_schema, reference
from terrace.config.yaml_nodes import Scalar
from terrace.errors import Place

PAGE = Path(__file__).parents[2] / "docs/reference/terrace-yaml.md"
TERRACE = terrace_record(CHECKS)
OWN_KEYS = [settings.key.name for settings in settings_of(CHECKS)]
NAMES = st.sampled_from(["dev", "staging", "prod", "ann", "bob"])
DURATIONS = st.integers(0, 10_000).map(lambda n: timedelta(seconds=n))


def test_the_reference_page_matches_the_code() -> None:
    assert PAGE.read_text() == reference(CHECKS), "run `make docs`"


OF_LOAD = {
    "Config": {"source", "former", "known_checks", "settings"},
    "Environment": {"name"},
    "Person": {"name"},
    "StackPattern": {"line"},
    "BeforePlan": {"line"},
}
"""Fields without a key. `load` sets them."""

SPREAD = {"Config": {"stacks", "stack_patterns", "policies", "shown", "view_data", "checks", "fail_on", "environments"}}
"""Fields that a key sets together with other fields."""

RECORDS = [pytest.param(record, id=title) for title, record in sections(CHECKS) if is_dataclass(record.makes)]


@pytest.mark.parametrize("record", RECORDS)
def test_every_field_can_be_set_and_every_key_sets_one(record: Record[Any]) -> None:
    """A field without a key could not be changed; a key without a field would have no effect."""
    kind = cast(type, record.makes)
    own = {field.name for field in fields(kind)} - OF_LOAD.get(kind.__name__, set()) - SPREAD.get(kind.__name__, set())
    assert own == {key.sets or key.name for key in record.keys if isinstance(key.sets, str)} | (
        {"login"} if kind is Person else set()
    )


@pytest.mark.parametrize("settings", settings_of(CHECKS), ids=lambda one: one.key.name)
def test_the_keys_of_a_check_are_the_fields_of_its_settings(settings: Settings[Any]) -> None:
    if settings.record is not None:
        assert [field.name for field in fields(settings.default)] == [key.name for key in settings.record.keys]


def _pairs() -> Iterator[Any]:
    """Yields the keys with a plain default, with the default of their field."""
    for title, record in sections(CHECKS):
        for key in record.keys:
            name = key.sets or key.name
            for field in fields(record.makes) if is_dataclass(record.makes) else ():
                if field.name == name and isinstance(field.default, int | str | timedelta):
                    yield pytest.param(record, key, field.default, id=f"{title}-{key.name}")


@pytest.mark.parametrize(("record", "key", "value"), tuple(_pairs()))
def test_a_default_is_described_by_its_field(record: Record[Any], key: Key, value: Any) -> None:
    """The table describes a default only where the value of the field does not."""
    assert key.default != record.spell_default(replace(key, default=""))
    if not key.default and value not in ("", 0):
        text = record.spell_default(key)
        meant = int(text) if text.isdecimal() else {"true": True, "false": False}.get(text, text)
        reading = Reading()
        assert key.kind.read(Scalar(meant, Place("x"), text), reading) == value
        assert reading.problems == []


def _objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for inner in schema.values():
            yield from _objects(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _objects(inner)


def test_the_schema_describes_every_key_and_refuses_others() -> None:
    schema = json_schema(CHECKS)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    objects = list(_objects(schema))
    assert {tuple(one["properties"]) for one in objects} == {tuple(k.name for k in r.keys) for _, r in sections(CHECKS)}
    for one in objects:
        assert one["additionalProperties"] is False
        assert all(found["description"] for found in one["properties"].values())
    assert schema["required"] == ["version"]
    assert schema["properties"]["version"]["const"] == 1


def _patterns(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        found = schema.get("pattern")
        if isinstance(found, str):
            yield found
        for inner in schema.values():
            yield from _patterns(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _patterns(inner)


def test_every_pattern_has_the_same_meaning_in_an_editor() -> None:
    """JSON Schema's regular expressions are ECMAScript's, which know nothing of Python's inline flags and anchors."""
    patterns = set(_patterns(json_schema(CHECKS)))
    assert len(patterns) > 5
    for pattern in patterns:
        assert re.compile(pattern)
        assert not re.search(r"\(\?[aiLmsux]|\(\?P|\\[AZ]", pattern), pattern


@given(st.integers(0, 999), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_a_duration_is_the_sum_of_its_parts(days: int, hours: int, minutes: int, seconds: int) -> None:
    text = f"{days}d{hours}h{minutes}m{seconds}s"
    meant = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    assert Duration().read(Scalar(text, Place("x"), text), Reading()) == meant


def test_the_page_lists_reserved_keys_and_allowed_literal_values() -> None:
    page = reference(CHECKS)
    for word in ("`windows`", "`notify`", "test, testing, fake"):
        assert word in page


APPROVAL_RULES = st.builds(
    ApprovalRule, st.integers(0, 3), st.dictionaries(NAMES, st.integers(1, 3)), DURATIONS, st.booleans()
)
VARIABLES = st.dictionaries(st.sampled_from(["A", "B"]), st.sampled_from(["env:A", "env:B"]))
PROBES = st.lists(st.builds(HttpProbe, NAMES) | st.builds(CommandProbe, st.tuples(NAMES)), max_size=2).map(tuple)
ENVIRONMENTS = st.builds(
    Environment,
    name=NAMES,
    after=st.none() | NAMES,
    deploy=st.sampled_from(["manual", "automatic"]),
    soak=DURATIONS,
    approvals=APPROVAL_RULES,
    smoke=PROBES,
    health=PROBES,
    rollout=st.builds(Rollout, DURATIONS, DURATIONS, st.integers(1, 3), st.integers(3, 5)),
    on_failure=st.sampled_from(["pause", "rollback"]),
    rollback=st.none() | APPROVAL_RULES,
    protected=st.booleans(),
    credentials=st.builds(Credentials, VARIABLES, VARIABLES),
    env=st.lists(NAMES, max_size=3).map(tuple),
    drift=st.builds(
        DriftSettings,
        DURATIONS,
        st.lists(
            st.builds(IgnoreRule, NAMES, NAMES, NAMES, st.dates(date(2026, 1, 1), date(2027, 1, 1))), max_size=2
        ).map(tuple),
        st.none() | st.builds(Remediate, at_most=st.integers(1, 9), share=st.integers(1, 100)),
    ),
    risk=st.dictionaries(
        st.sampled_from(["medium", "high", "critical"]), st.builds(RiskRule, APPROVAL_RULES, st.booleans()), max_size=2
    ),
)
CONFIGS = st.builds(
    Config,
    environments=st.lists(ENVIRONMENTS, max_size=3, unique_by=lambda e: e.name).map(tuple),
    stacks=st.lists(
        st.builds(StackSetting, NAMES, NAMES, NAMES, st.lists(NAMES, max_size=3).map(tuple)),
        max_size=3,
        unique_by=lambda s: (s.path, s.environment),
    ).map(tuple),
    teams=st.dictionaries(NAMES, st.lists(NAMES, max_size=3).map(tuple)),
    people=st.dictionaries(NAMES, st.builds(Person, NAMES, st.lists(NAMES, max_size=3).map(tuple))),
    checks=st.dictionaries(NAMES, st.builds(CheckSetting, st.sampled_from(["required", "advisory", "off"]))),
    branch=NAMES,
    audit=st.builds(AuditSettings, DURATIONS),
)


@given(CONFIGS)
def test_rules_are_not_looser_than_themselves(config: Config) -> None:
    assert find_loosened_rules(config, config) == ()


@given(CONFIGS, CONFIGS)
def test_of_two_different_sets_of_approvals_one_is_looser(one: Config, other: Config) -> None:
    """A difference between two rules is reported in one direction or in the other."""
    ours = {e.name: e.approvals for e in one.environments}
    theirs = {e.name: e.approvals for e in other.environments}
    if any(ours[name].count != theirs[name].count for name in ours.keys() & theirs.keys()):
        assert find_loosened_rules(one, other) or find_loosened_rules(other, one)
