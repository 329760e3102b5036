"""Every key of terrace.yaml declares which values are looser, and each looser value is reported."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest

from support.configuration import load
from terrace.checks.all import CHECKS
from terrace.config.before_plan import BeforePlan
from terrace.config.checks import settings_of
from terrace.config.comparisons import (
    Added,
    AddedMembers,
    Changed,
    Entries,
    Fewer,
    Higher,
    Inside,
    InsteadOf,
    Lower,
    Never,
    Ordered,
    PartOf,
    Removed,
)
from terrace.config.keys.terrace_yaml import sections
from terrace.config.kinds import Duration, Either, Kind, ListOf, MapOf
from terrace.config.loosening import find_loosened_rules
from terrace.config.model import Config, IgnoreRule
from terrace.config.records import Key
from terrace.config.section_comparisons import AtRisk, Commands, Emails, PinnedPack, PolicyFolders, Probes, Remediation
from terrace.config.stack_comparisons import StackEntries

SECTIONS = sections(CHECKS)

BASE = """\
version: 1
environments:
  dev:
    approvals: {count: 2, roles: {owners: 1}, expires: 2h}
    rollback: {count: 2, roles: {owners: 1}}
    risk: {medium: 2, high: {owners: 2}, critical: block}
    smoke: [{http: "https://a.example/", contains: ok, name: a}, {run: [./smoke], name: b}]
    drift:
      ignore: [{address: a.b, attributes: [c], owner: ann, reason: r, until: 2026-12-31}]
      remediate: {approvals: 2}
    credentials: {plan: {A: env:PLAN}, apply: {A: env:APPLY}}
stacks: [{path: infra/net, environment: dev}]
before_plan: [{run: [make], in: lambda, inputs: [src], outputs: [out], env: [A], timeout: 5m}]
teams: {owners: [ann]}
people: {ann: {emails: [ann@example.com]}}
policies: [{path: policies, input: plan, namespaces: [main], data: [data]}]
policy_pack: {version: 1, hash: 0123456789abcdef}
ledger_id: 0123456789ab
checks: {format: required, policy: {level: required, fail_on: low}}
"""

PLACES: dict[str, tuple[Any, ...]] = {
    "terrace.yaml": (),
    "environments.NAME": ("environments", "dev"),
    "environments.NAME.approvals": ("environments", "dev", "approvals"),
    "environments.NAME.rollout": ("environments", "dev", "rollout"),
    "environments.NAME.credentials": ("environments", "dev", "credentials"),
    "environments.NAME.drift": ("environments", "dev", "drift"),
    "environments.NAME.volatile": ("environments", "dev", "volatile"),
    "environments.NAME.drift.remediate": ("environments", "dev", "drift", "remediate"),
    "stacks[]": ("stacks", ("dev", "infra/net")),
    "people.NAME": ("people", "ann"),
    "checks.NAME": ("checks", "policy"),
    **{one: (one,) for one in ("forge", "terraform", "backups", "checks", "waivers", "commits", "policy_pack")},
    **{one: (one,) for one in ("required_files", "docs", "naming", "audit")},
}
"""The place of the values of each record. Of a record with several entries, one of them."""

HARMLESS = {
    ("environments.NAME", "url"),
    ("environments.NAME.drift", "logs"),
    ("terrace.yaml", "version"),
    ("stacks[]", "var_files"),
    ("terraform", "parallel"),
    ("terraform", "lock_wait"),
}
"""The keys without a looser value. Each has its reason in the table; an additional one needs a review here."""

PARTS = {
    ("environments.NAME.risk", "medium"): ("medium: 2", "medium: 1", "dev needs fewer approvals: 1 instead of 2"),
    ("environments.NAME.risk", "high"): (
        "high: {owners: 2}, ",
        "",
        "dev needs fewer approvals of the team owners: 0 instead of 2",
    ),
    ("environments.NAME.risk", "critical"): (", critical: block", "", "dev accepts releases of critical risk"),
    ("environments.NAME.smoke[] with `http`", "http"): (
        "a.example",
        "b.example",
        "a smoke test of dev is removed or changed",
    ),
    ("environments.NAME.smoke[] with `http`", "expect"): (
        "name: a",
        "name: a, expect: 500",
        "a smoke test of dev is removed or changed",
    ),
    ("environments.NAME.smoke[] with `http`", "contains"): (
        "contains: ok, ",
        "",
        "a smoke test of dev is removed or changed",
    ),
    ("environments.NAME.smoke[] with `http`", "timeout"): (
        "name: a",
        "name: a, timeout: 1d",
        "a smoke test of dev is removed or changed",
    ),
    ("environments.NAME.smoke[] with `http`", "attempts"): (
        "name: a",
        "name: a, attempts: 99",
        "a smoke test of dev is removed or changed",
    ),
    ("environments.NAME.smoke[] with `http`", "name"): (
        "name: a",
        "name: c",
        "a smoke test of dev is removed or changed",
    ),
    ("environments.NAME.smoke[] with `run`", "run"): ("[./smoke]", "[./x, -y]", "dev runs the command './x -y'"),
    ("environments.NAME.smoke[] with `run`", "timeout"): (
        "name: b",
        "name: b, timeout: 1d",
        "a smoke test of dev is removed or changed",
    ),
    ("environments.NAME.smoke[] with `run`", "name"): (
        "name: b",
        "name: c",
        "a smoke test of dev is removed or changed",
    ),
    ("environments.NAME.drift.ignore[]", "address"): ("a.b", "'*'", "dev ignores drift of *"),
    ("environments.NAME.drift.ignore[]", "attributes"): ("attributes: [c], ", "", "dev ignores drift of a.b"),
    ("environments.NAME.drift.ignore[]", "owner"): ("owner: ann", "owner: eve", "dev ignores drift of a.b"),
    ("environments.NAME.drift.ignore[]", "reason"): ("reason: r", "reason: s", "dev ignores drift of a.b"),
    ("environments.NAME.drift.ignore[]", "until"): ("2026-12-31", "2099-12-31", "dev ignores drift of a.b"),
    ("stacks[]", "path"): ("infra/net", "infra/other", "the stack infra/net of dev is no longer listed"),
    ("stacks[]", "environment"): ("environment: dev", "environment: p", "the stack infra/net of dev moves to p"),
    ("before_plan[]", "run"): ("[make]", "[make, evil]", "every stack runs the command 'make evil' before a plan"),
    ("before_plan[]", "in"): ("in: lambda", "in: other", "every stack runs the command 'make' before a plan"),
    ("before_plan[]", "inputs"): ("[src]", "[src, more]", "gives the command 'make' other input files"),
    ("before_plan[]", "outputs"): ("[out]", "[out, more]", "allows the command 'make' to write more"),
    ("before_plan[]", "env"): ("[A]", "[A, TOKEN]", "passes TOKEN to the command 'make'"),
    ("before_plan[]", "network"): ("env: [A]", "env: [A], network: true", "gives the command 'make' network access"),
    ("before_plan[]", "timeout"): ("5m", "6m", "gives the command 'make' a longer timeout"),
    ("policies[] as a mapping", "path"): ("path: policies", "path: others", "the policies in policies no longer apply"),
    ("policies[] as a mapping", "input"): (
        ", input: plan, namespaces: [main], data: [data]",
        "",
        "have another input",
    ),
    ("policies[] as a mapping", "namespaces"): (
        "[main]",
        "[other]",
        "have another input, other data or other namespaces",
    ),
    ("policies[] as a mapping", "data"): ("[data]", "[other]", "have another input"),
    ("policy_pack", "version"): (
        "policy_pack: {version: 1, hash: 0123456789abcdef}\n",
        "",
        "the policy pack no longer applies",
    ),
    ("policy_pack", "hash"): ("0123456789abcdef", "fedcba9876543210", "the rules of the policy pack change from"),
}
"""Keys that are compared together with the others of their record: a text of the file, and what it becomes."""

IGNORED = IgnoreRule("a", "ann", "r", date(2026, 12, 31))
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def of_kind(kind: Kind) -> tuple[Any, Any]:
    """Returns two different values of a kind."""
    match kind:
        case Either():
            return of_kind(kind.kinds[0])
        case MapOf():
            return {"A": "env:A"}, {"A": "env:B"}
        case ListOf():
            return ("A",), ("B",)
        case _:
            return "one", "two"


def looser(key: Key) -> Iterator[tuple[Any, Any]]:
    """Yields old values of a key with looser new ones, at least one for each kind of difference."""
    less, more = (HOUR, DAY) if isinstance(key.kind, Duration) else (1, 2)
    match key.looser:
        case Lower():
            yield more, less
        case Higher(unlimited=unlimited):
            yield less, more
            yield from ((more, never) for never in unlimited)
        case Ordered(values=words):
            yield from ((one, other) for at, one in enumerate(words) for other in words[at + 1 :])
        case Changed():
            one, other = of_kind(key.kind)
            yield one, other
            if isinstance(one, tuple | dict):
                yield one, type(one)()
                yield type(one)(), one
        case Added(empty_is_all=everything):
            a, b = (IGNORED, replace(IGNORED, address="b")) if key.name == "ignore" else ("a", "b")
            yield (a,), (a, b)
            yield (a,), (b,)
            if everything:
                yield ("a",), ()
        case Removed():
            yield ("a", "b"), ("a",)
            yield ("a",), ()
        case Fewer():
            yield {"owners": 2}, {"owners": 1}
            yield {"owners": 2}, {}
        case AddedMembers():
            yield {}, {"team": ("a",)}
            yield {"team": ("a",)}, {"team": ("a", "b")}
        case Commands():
            make = BeforePlan(("make",))
            yield (), (make,)
            yield (make,), ()
            yield (make,), (BeforePlan(("make", "all")),)
            yield (make,), (replace(make, network=True),)
        case Emails():
            yield ("a",), ()
            yield (), ("a",)
            yield ("a",), ("b",)
        case other:
            raise AssertionError(f"{key.name}: there are no values for {other}")


_NESTED = (Inside, InsteadOf, Entries, StackEntries, Remediation, AtRisk, Probes, PolicyFolders, PinnedPack)
"""Comparisons of values with keys of their own: those keys are tried one by one, the comparisons below."""


def leaves() -> Iterator[tuple[str, Key]]:
    for title, record in SECTIONS:
        yield from ((title, key) for key in record.keys)


def put(config: Config, place: tuple[Any, ...], key: Key, value: Any) -> Config:
    """Returns the configuration with another value of one key."""
    match place:
        case ():
            given = key.fields(value)
            return replace(config, **{**given, "settings": {**config.settings, **given.get("settings", {})}})
        case ("environments", "dev", *steps):
            environment = _put_inside(config.environment("dev"), steps, key, value)
            return replace(config, environments=(environment, *config.environments[1:]))
        case ("stacks", _):
            return replace(config, stacks=(replace(config.stacks[0], **key.fields(value)),))
        case ("people", name):
            return replace(config, people={**config.people, name: replace(config.people[name], **key.fields(value))})
        case ("checks", name):
            return replace(config, checks={**config.checks, name: replace(config.checks[name], **key.fields(value))})
        case ("checks",):
            return replace(config, **key.fields(value))
        case (section,) if section in {one.key.name for one in settings_of(CHECKS)}:
            (of,) = (one for one in settings_of(CHECKS) if one.key.name == section)
            own = replace(config.setting(of), **key.fields(value))
            return replace(config, settings={**config.settings, section: own})
        case (section,):
            return replace(config, **{section: replace(getattr(config, section), **key.fields(value))})
    raise AssertionError(place)


def _put_inside(record: Any, steps: list[str], key: Key, value: Any) -> Any:
    if not steps:
        return replace(record, **key.fields(value))
    return replace(record, **{steps[0]: _put_inside(getattr(record, steps[0]), steps[1:], key, value)})


@cache
def base() -> Config:
    """Returns the configuration of BASE, which nothing changes."""
    return load(BASE.encode())


def reported(place: tuple[Any, ...], key: Key, old: Any, new: Any) -> tuple[str, ...]:
    """Returns the sentences for a configuration in which one value changes."""
    before, after = (put(base(), place, key, value) for value in (old, new))
    return find_loosened_rules(before, after)


@pytest.mark.parametrize(
    ("title", "key"),
    [
        pytest.param(title, key, id=f"{title}-{key.name}")
        for title, key in leaves()
        if not isinstance(key.looser, (Never, PartOf, *_NESTED))
    ],
)
def test_a_looser_value_of_every_key_is_reported(title: str, key: Key) -> None:
    place = PLACES[title]
    cases = list(looser(key))
    assert cases
    for old, new in cases:
        sentences = reported(place, key, old, new)
        assert sentences, (old, new)
        entry = [str(step) for step in place if step in ("dev", "ann", "policy")]
        assert all(name in sentence for sentence in sentences for name in entry), sentences
        assert reported(place, key, old, old) == ()


@pytest.mark.parametrize(
    ("title", "key"),
    [
        pytest.param(title, key, id=f"{title}-{key.name}")
        for title, key in leaves()
        if isinstance(key.looser, Lower | Higher | Ordered | Fewer)
    ],
)
def test_a_stricter_value_is_not_reported(title: str, key: Key) -> None:
    for old, new in looser(key):
        assert reported(PLACES[title], key, new, old) == (), (new, old)


def test_only_these_keys_have_no_looser_value() -> None:
    assert {(title, key.name) for title, key in leaves() if isinstance(key.looser, Never)} == HARMLESS


def test_every_key_that_is_compared_with_its_record_is_tried() -> None:
    assert {(title, key.name) for title, key in leaves() if isinstance(key.looser, PartOf)} == set(PARTS)


@pytest.mark.parametrize(("part", "change"), PARTS.items(), ids=lambda v: "-".join(v) if len(v) == 2 else "")
def test_a_looser_key_of_a_record_is_reported(part: tuple[str, str], change: tuple[str, str, str]) -> None:
    old, new, expected = change
    # A second environment, so that a stack has somewhere to move.
    base = BASE.replace("stacks:", "  p: {}\nstacks:")
    assert base.count(old) >= 1, part
    ways = find_loosened_rules(load(base.encode()), load(base.replace(old, new).encode()))
    assert any(expected in way for way in ways), ways


def test_every_record_of_the_table_is_covered() -> None:
    parts = {title for title, _ in PARTS}
    assert {title for title, _ in SECTIONS} == PLACES.keys() | parts


# --- what an attacker would add ----------------------------------------------------------------------------------

RULES = """\
version: 1
environments:
  dev: {}
  prod:
    after: dev
    approvals: 1
    credentials: {plan: {KEY: env:PROD_PLAN}, apply: {KEY: env:PROD_APPLY}}
    smoke: [{http: "https://a.example/"}]
people: {ann: {emails: [ann@example.com]}}
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "people: {",
            "people: {eve: {login: eve-gh}, ",
            "commits and approvals by the account eve-gh count as commits and approvals by eve",
        ),
        (
            "people: {",
            "people: {eve: {}, ",
            "commits and approvals by the account eve count as commits and approvals by eve",
        ),
        (
            "people: {",
            "people: {eve: {emails: [e@example.com]}, ",
            "commits and approvals by e@example.com count as commits and approvals by eve",
        ),
        ("[ann@example.com]", "[]", "commits by ann are no longer recognized as theirs"),
        (
            "ann: {emails",
            "ann: {login: eve, emails",
            "commits and approvals by the account eve count as commits and approvals by ann",
        ),
        ('smoke: [{http: "https://a.example/"}', 'smoke: [{http: "https://a.example/"}, {run: [sh, -c, x]}', "sh -c x"),
        ("    smoke", "    health: [{run: [./own]}]\n    smoke", "prod runs the command './own'"),
        (
            "    smoke",
            "    health: [{http: 'https://e.example/${KEY}'}]\n    smoke",
            "sends outputs to https://e.example",
        ),
        ("  dev: {}\n", "  dev: {smoke: [{run: [./own]}]}\n", "dev runs the command './own'"),
        (
            "people:",
            "stacks: [{path: environments/prod, environment: dev}]\npeople:",
            "the stack environments/prod of prod becomes a stack of dev as well",
        ),
        (
            "people:",
            "stacks: [{path: environments/prod/net, environment: dev}]\npeople:",
            "the stack environments/prod/net of prod becomes a stack of dev as well",
        ),
        (
            "people:",
            "stacks: [{path: environments/dev, environment: dev, backend_config: {key: prod}}]\npeople:",
            "the stack environments/dev of dev has other backend settings",
        ),
        (
            "people:",
            "stacks: [{path: environments/prod, environment: prod, name: fresh}]\npeople:",
            "is called fresh instead of prod",
        ),
        (
            "  prod:\n",
            "  eve: {credentials: {plan: {KEY: env:PROD_PLAN}, apply: {KEY: env:PROD_APPLY}}}\n  prod:\n",
            "eve is new",
        ),
        ("  prod:\n", "  eve: {}\n  prod:\n", "eve is new"),
        ("  dev: {}\n", "  dev: {credentials: {apply: {KEY: env:PROD_APPLY}}}\n", "dev gets other credentials"),
        ("  dev: {}\n", "  dev: {env: [PROD_APPLY]}\n", "dev gets other credentials or variables"),
        ("    after: dev\n", "", "prod no longer needs a successful deployment to dev first"),
        ("  prod:", "  production:", "the environment prod and its rules are removed"),
        ("  prod:", "  production:", "production is new"),
        ("people:", "terraform: {binary: ./tofu}\npeople:", "terraform.binary changes from auto to ./tofu"),
        ("people:", "terraform: {plan_timeout: 1d}\npeople:", "terraform.plan_timeout changes from 1h to 1d"),
        ("people:", "terraform: {state_timeout: 0}\npeople:", "terraform.state_timeout changes from 15m to 0"),
        ("people:", "waivers: {longest: 3650d}\npeople:", "waivers are valid for up to 3650d instead of 180d"),
        ("people:", "forge: {api: 'https://e.example'}\npeople:", "another forge decides who approved"),
        ("people:", "ledger: sqlite:own.db\npeople:", "ledger changes from git to sqlite:own.db"),
        ("people:", "backups: {url: 's3://eve/x'}\npeople:", "backups are stored elsewhere"),
        ("people:", "signers: docs/keys\npeople:", "signers changes"),
        ("people:", "branch: eve\npeople:", "branch changes from main to eve"),
        ("people:", "remote: eve\npeople:", "remote changes from origin to eve"),
        ("people:", "required_files: {modules: []}\npeople:", "modules no longer need README.md"),
        ("people:", "checks: {secrets: off}\npeople:", "the check secrets goes from required to off"),
        ("people:", "checks: {trust-root: advisory}\npeople:", "the check trust-root goes from required to advisory"),
        ("people:", "checks: {plan-secrets: {fail_on: critical}}\npeople:", "the check plan-secrets blocks a change"),
        ("people:", "forge: {issues: off}\npeople:", "drift no longer has an issue"),
    ],
)
def test_what_an_attacker_adds_to_the_rules_is_reported(old: str, new: str, expected: str) -> None:
    assert old in RULES
    ways = find_loosened_rules(load(RULES.encode()), load(RULES.replace(old, new, 1).encode()))
    assert any(expected in way for way in ways), ways


def test_a_first_file_with_the_default_rules_loosens_nothing() -> None:
    before = load(b"", discovered=("dev", "prod"))
    expected = b"version: 1\nenvironments: {dev: {}, prod: {after: dev, approvals: 1}}\n"
    assert find_loosened_rules(before, load(expected, discovered=("dev", "prod"))) == ()


PATTERNS = (
    RULES
    + """\
stacks:
  - {path: "live/*/*", environment: "{1}"}
  - {path: infra/net, environment: prod}
"""
)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("{path: live/prod/net, environment: dev}", "the stack live/prod/net of prod becomes a stack of dev"),
        ('{path: "live/prod/*", environment: dev}', "stacks of {1} that match live/*/* can become stacks of dev"),
        ('{path: "live/*/n*", environment: "{2}"}', "stacks of {1} that match live/*/* can become stacks of {2}"),
        ('{path: "environments/*", environment: dev}', "stacks of environments/ that match environments/* become"),
        (
            '{path: "e*/*/*", environment: "{3}"}',
            "stacks of environments/ that match e*/*/* become stacks of {3} as well",
        ),
        ('{path: "environments/prod/*", environment: dev}', "become stacks of dev as well"),
        ('{path: "environments/prod/*", environment: prod, name: "x-{1}"}', "get another name or another location"),
        (
            '{path: "environments/*/*", environment: "{1}", backend_config: {key: "{1}"}}',
            "another location for their state",
        ),
    ],
)
def test_a_pattern_or_an_entry_for_directories_of_another_environment_is_reported(entry: str, expected: str) -> None:
    ways = find_loosened_rules(load(PATTERNS.encode()), load(f"{PATTERNS}  - {entry}\n".encode()))
    assert any(expected in way for way in ways), ways


def test_an_entry_that_becomes_part_of_a_pattern_of_another_environment_is_reported() -> None:
    after = PATTERNS.replace("{path: infra/net, environment: prod}", '{path: "infra/*", environment: dev}')
    ways = find_loosened_rules(load(PATTERNS.encode()), load(after.encode()))
    assert "the stack infra/net of prod becomes a stack of dev" in ways


def test_entries_that_become_a_pattern_are_compared_one_by_one() -> None:
    same = PATTERNS.replace("{path: infra/net, environment: prod}", '{path: "infra/*", environment: prod}')
    assert find_loosened_rules(load(PATTERNS.encode()), load(same.encode())) == ()
    renamed = same.replace('"infra/*",', '"infra/*", name: "x-{1}",')
    (way,) = find_loosened_rules(load(PATTERNS.encode()), load(renamed.encode()))
    assert "the stack infra/net of prod is called x-net instead of net" in way


@pytest.mark.parametrize(
    "entry",
    [
        '{path: "environments/*/*", environment: "{1}"}',
        '{path: "other/*", environment: dev}',
        '{path: "environments/dev/*", environment: dev}',
        '{path: "live/*/*/*", environment: "{1}"}',
    ],
)
def test_a_pattern_for_directories_without_another_environment_is_not_reported(entry: str) -> None:
    assert find_loosened_rules(load(PATTERNS.encode()), load(f"{PATTERNS}  - {entry}\n".encode())) == ()


TWO = PATTERNS.replace("environment: prod}", "environment: prod, name: one}")


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (
            ["{path: infra/net, environment: prod, name: one}", "{path: infra/net, environment: prod, name: two}"],
            ["infra/net becomes another stack of prod, named two"],
        ),
        (
            ["{path: infra/net, environment: prod, name: a}", "{path: infra/net, environment: prod, name: b}"],
            [
                "the stack one of prod in infra/net is no longer listed",
                "infra/net becomes another stack of prod, named a",
                "infra/net becomes another stack of prod, named b",
            ],
        ),
        (
            [
                "{path: infra/net, environment: prod, name: one, workspace: blue}",
                "{path: infra/net, environment: prod, name: two}",
            ],
            [
                "the stack one of prod in infra/net has its state in the workspace blue instead of default",
                "infra/net becomes another stack of prod, named two",
            ],
        ),
    ],
)
def test_several_stacks_of_one_directory_are_reported_by_name(entries: list[str], expected: list[str]) -> None:
    lines = "".join(f"  - {one}\n" for one in entries)
    after = TWO.replace("  - {path: infra/net, environment: prod, name: one}\n", lines)
    assert sorted(find_loosened_rules(load(TWO.encode()), load(after.encode()))) == sorted(expected)
    assert find_loosened_rules(load(after.encode()), load(after.encode())) == ()
