"""One table of keys: what it promises to editors and readers is what the loader does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.checks.all import CHECKS
from terrace.config.check_keys import AUDIT, CHECK, WAIVERS
from terrace.config.checks import Settings, settings_of
from terrace.config.environment_keys import (
    APPROVALS,
    CREDENTIALS,
    DRIFT,
    ENVIRONMENT,
    HTTP,
    IGNORE,
    REMEDIATE,
    ROLLOUT,
    RUN,
)
from terrace.config.keys import BACKUPS, PERSON, STACK, TERRAFORM, sections, terrace_record
from terrace.config.kinds import Duration, Key, Record
from terrace.config.loosening import loosened
from terrace.config.model import (
    ApprovalRule,
    AuditSettings,
    Backups,
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
    StackPattern,
    StackSetting,
    TerraformSettings,
    WaiverRules,
)
from terrace.config.schema import json_schema, reference
from terrace.config.yaml_nodes import Problem, Scalar
from terrace.errors import Place

PAGE = Path(__file__).parents[2] / "docs/reference/terrace-yaml.md"
TERRACE = terrace_record(CHECKS)
OWN_KEYS = [settings.key.name for settings in settings_of(CHECKS)]
NAMES = st.sampled_from(["dev", "staging", "prod", "ann", "bob"])
DURATIONS = st.integers(0, 10_000).map(lambda n: timedelta(seconds=n))


def test_the_reference_page_is_what_the_code_says() -> None:
    assert PAGE.read_text() == reference(CHECKS), "run `make docs`"


@pytest.mark.parametrize(
    ("kind", "record", "spelt"),
    [
        (
            Config,
            TERRACE,
            dict.fromkeys(
                ["source", "fail_on", "shown", "view_data", "stack_patterns", "former", "settings", "known_checks"]
            ),
        ),
        (Environment, ENVIRONMENT, {"name": None}),
        (Rollout, ROLLOUT, {}),
        (DriftSettings, DRIFT, {}),
        (IgnoreRule, IGNORE, {}),
        (Remediate, REMEDIATE, {}),
        (ApprovalRule, APPROVALS, {}),
        (HttpProbe, HTTP, {"url": "http"}),
        (CommandProbe, RUN, {"argv": "run"}),
        (Credentials, CREDENTIALS, {}),
        (StackSetting, STACK, {"line": None}),
        (StackPattern, STACK, {"line": None}),
        (Person, PERSON, {"name": None}),
        (TerraformSettings, TERRAFORM, {}),
        (Backups, BACKUPS, {}),
        (CheckSetting, CHECK, {}),
        (WaiverRules, WAIVERS, {}),
        (AuditSettings, AUDIT, {}),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_every_field_can_be_set_and_every_key_sets_one(kind: Any, record: Record, spelt: dict[str, str | None]) -> None:
    """A field that no key sets would be a default that nobody can change; a key without one would do nothing."""
    wanted = {spelt.get(field.name, field.name) for field in fields(kind)} - {None}
    others = {"version", *OWN_KEYS} if record is TERRACE else set()
    assert wanted == {key.name for key in record.keys} - others


@pytest.mark.parametrize("settings", settings_of(CHECKS), ids=lambda one: one.key.name)
def test_the_keys_of_a_check_are_the_fields_of_its_settings(settings: Settings[Any]) -> None:
    if settings.record is not None:
        assert [field.name for field in fields(settings.default)] == [key.name for key in settings.record.keys]


def _pairs() -> Iterator[tuple[str, Key, Any]]:
    """The keys whose default is a plain value, with the default of the record that they fill."""
    records: tuple[tuple[Record, Any], ...] = (
        (ENVIRONMENT, Environment("x")),
        (ROLLOUT, Rollout()),
        (DRIFT, DriftSettings()),
        (REMEDIATE, Remediate()),
        (APPROVALS, ApprovalRule()),
        (HTTP, HttpProbe("x")),
        (RUN, CommandProbe(("x",))),
        (TERRAFORM, TerraformSettings()),
        (BACKUPS, Backups()),
        (TERRACE, Config()),
    )
    for record, default in records:
        for key in record.keys:
            # Where the file was read holds for these two; the record has a name for tests.
            value = None if key.name in ("branch", "remote") else getattr(default, key.name, None)
            if isinstance(value, int | str | timedelta) and value not in ("", 0):
                yield record.word, key, value


@pytest.mark.parametrize(("record", "key", "value"), tuple(_pairs()), ids=lambda v: getattr(v, "name", None))
def test_the_default_that_is_told_is_the_default_that_is(record: str, key: Key, value: Any) -> None:
    told = int(key.default) if key.default.isdecimal() else key.default
    problems: list[Problem] = []
    assert key.kind.read(Scalar(told, Place("x"), key.default), problems) == value, record
    assert problems == []


def _objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for inner in schema.values():
            yield from _objects(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _objects(inner)


def test_the_schema_describes_every_key_and_takes_no_other() -> None:
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


def test_every_pattern_means_the_same_to_an_editor() -> None:
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
    assert Duration().read(Scalar(text, Place("x"), text), []) == meant


def test_the_page_says_what_is_refused_and_what_may_stand_in_git() -> None:
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
def test_no_rules_are_looser_than_themselves(config: Config) -> None:
    assert loosened(config, config) == ()


@given(CONFIGS, CONFIGS)
def test_of_two_different_sets_of_approvals_one_is_looser(one: Config, other: Config) -> None:
    """Whatever is given up between two rules is found from one side or from the other."""
    ours = {e.name: e.approvals for e in one.environments}
    theirs = {e.name: e.approvals for e in other.environments}
    if any(ours[name].count != theirs[name].count for name in ours.keys() & theirs.keys()):
        assert loosened(one, other) or loosened(other, one)
