"""`.terrace/waivers.yaml` and the baseline: every fault in them is reported with its place."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.assess.waiver import BASELINE, PATH, Waiver
from terrace.checks.all import CHECKS
from terrace.config.model import Config, Person, WaiverRules
from terrace.config.problems import BadConfig
from terrace.waivers.reading import read_waivers
from terrace.waivers.writing import with_waiver

CONFIG = Config(known_checks=CHECKS, teams={"owners": ("bob",)}, people={"ann": Person("ann")})
RIGHT = {
    "rule": "twos",
    "address": "a.b",
    "owner": "ann",
    "reason": "it moves",
    "granted": "2026-01-01",
    "expires": "2026-06-30",
}


def text(*records: dict[str, str], key: str = "waivers") -> bytes:
    lines = ["version: 1", f"{key}:"]
    for record in records:
        lines += [f"  {'-' if at == 0 else ' '} {name}: {value}" for at, (name, value) in enumerate(record.items())]
    return "\n".join(lines).encode()


def problems(content: bytes, path: str = PATH, config: Config = CONFIG) -> list[str]:
    with pytest.raises(BadConfig) as told:
        read_waivers(content, path, config)
    assert told.value.exit_code == 2
    return [str(one) for one in told.value.problems]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rule": ""}, "3:5: expected a rule, or a family of rules, found nothing"),
        ({"owner": "anne"}, "5:12: 'anne' is not a person or team in terrace.yaml (hint: did you mean 'ann'?)"),
        ({"reason": "'TODO!'"}, "6:13: 'TODO!' is not a reason"),
        ({"granted": "2026-13-01"}, "7:14: expected a date like `2026-12-31`, found '2026-13-01'"),
        ({"expires": "2025-12-31"}, "8:14: it expires before it is granted"),
        ({"expires": "2026-07-01"}, "8:14: it is valid for 181 days (hint: at most 180 days"),
        ({"path": "a.tf"}, "9:11: it has both an address and a path"),
        ({"address": "a.*"}, "4:14: 'a.*' would waive too much (hint: `*` can only be an index"),
        ({"address": "'*'"}, "would waive too much"),
        ({"rule": "plan"}, "3:11: 'plan' cannot be waived: the effect of a stack without a plan is unknown"),
        ({"rule": "secrets"}, "secrets have a file of their own, .terrace/secrets.yaml"),
        ({"until": "2026-01-02"}, "9:5: `until` is not a key of a waiver"),
        ({"expired": "2026-01-02"}, "(hint: did you mean `expires`?)"),
        ({"status": "unkown"}, "9:13: expected `fail` or `unknown`, found 'unkown' (hint: did you mean"),
        ({"since": "2026-01-01"}, "`since` is not a key of a waiver"),
    ],
)
def test_every_mistake_in_a_record_has_its_place(change: dict[str, str], said: str) -> None:
    (told, *more) = problems(text({**RIGHT, **change}))
    assert said in told
    assert told.startswith(f"{PATH}:")
    assert len(more) <= 1


@pytest.mark.parametrize("path", ["**/main.tf", "*/main.tf", "*", "a/**", "a/*b*/c", "/etc/passwd", "../a"])
def test_a_path_waives_no_more_than_it_shows(path: str) -> None:
    record = {**{k: v for k, v in RIGHT.items() if k != "address"}, "path": f"'{path}'"}
    assert problems(text(record))


@pytest.mark.parametrize("path", ["modules/*/main.tf", "modules/a/*", "a/x*.tf", "main.tf"])
def test_a_path_may_have_a_star_that_stays_in_its_folder(path: str) -> None:
    record = {**{k: v for k, v in RIGHT.items() if k != "address"}, "path": f"'{path}'"}
    (waiver,) = read_waivers(text(record), PATH, CONFIG)
    assert waiver.path == path


def test_all_mistakes_are_reported_together_in_the_order_of_the_file() -> None:
    lacking = {k: v for k, v in RIGHT.items() if k != "owner"}
    told = problems(text(lacking, {**RIGHT, "reason": "tbd"}, {**RIGHT, "owner": "x"}))
    assert [one.split(": ")[0] for one in told] == [f"{PATH}:3:5", f"{PATH}:11:13", f"{PATH}:14:11", f"{PATH}:16:12"]
    assert "is listed twice, first at line 8" in told[2]


def test_any_name_can_own_a_waiver_where_terrace_yaml_names_none() -> None:
    (waiver,) = read_waivers(text({**RIGHT, "owner": "x@example.com"}), PATH, Config())
    assert waiver.owner == "x@example.com"
    (team,) = read_waivers(text({**RIGHT, "owner": "owners"}), PATH, CONFIG)
    assert (team.owner, team.line, team.source) == ("owners", 3, PATH)


def test_terrace_yaml_sets_the_longest_duration() -> None:
    longer = Config(waivers=WaiverRules(timedelta(days=365)))
    assert read_waivers(text({**RIGHT, "expires": "2026-12-31"}), PATH, longer)
    assert (
        "at most 30 days" in problems(text(RIGHT), config=replace(longer, waivers=WaiverRules(timedelta(days=30))))[0]
    )


def test_a_record_of_the_baseline_names_one_place_and_the_day_it_came() -> None:
    known = {**RIGHT, "since": "2025-01-01", "count": "2"}
    (record,) = read_waivers(text(known, key="known"), BASELINE, CONFIG)
    assert (record.is_baseline, record.count, record.since) == (True, 2, date(2025, 1, 1))
    assert "`since` is missing" in problems(text(RIGHT, key="known"), BASELINE)[0]
    told = problems(text({**known, "address": "a.b[*]"}, key="known"), BASELINE)
    assert "a record of the baseline names one place" in told[0]
    assert "`waivers` is not a key" in problems(text(known), BASELINE)[0]


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"version: 1\n", b"version: 1\nwaivers: []\n"])
def test_nothing_is_waived_where_nothing_is_said(content: bytes) -> None:
    assert read_waivers(content, PATH, CONFIG) == ()


@pytest.mark.parametrize(
    "content",
    [b"- rule: x\n", b"version: 2\n", b"waivers: []\n", b"../x", b"\xff", b"a: [", b"version: 1\nwaivers: {}"],
)
def test_another_file_is_refused(content: bytes) -> None:
    assert problems(content)


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=30)


@given(words, words, words)
def test_a_written_record_is_read_back_and_the_others_stay(rule: str, address: str, reason: str) -> None:
    waiver = Waiver(
        rule, "ann", f"so: {reason} # it", date(2026, 1, 1), date(2026, 2, 1), address=address.replace("*", "+")
    )
    before = "# Ours.\n" + text(RIGHT).decode() + "\n# The end.\n"
    after = with_waiver(before, waiver)
    assert after.startswith(before.partition("# The end.")[0].rstrip("\n"))
    assert "# The end." in after
    try:
        first, second = read_waivers(after.encode(), PATH, CONFIG)
    except BadConfig as error:
        # What may not be waived, or says it twice, is refused for what it says and not for how it is written.
        assert all("cannot be waived" in p.message or "twice" in p.message for p in error.problems)
        return
    assert (first.rule, replace(second, line=0)) == ("twos", waiver)
