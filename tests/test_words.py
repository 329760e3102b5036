"""Numbers, lists, spans of time and attribute paths in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from terrace.words import ago, and_more, attribute_path, duration, join_some, plural


def test_a_noun_follows_its_number() -> None:
    assert [plural(n, "stack") for n in (0, 1, 2, 1234)] == ["0 stacks", "1 stack", "2 stacks", "1,234 stacks"]
    assert plural(2, "person", "people") == "2 people"


def test_a_list_ends_with_the_number_of_items_that_it_leaves_out() -> None:
    assert join_some(["a", "b"], 2) == "a, b"
    assert join_some(["a", "b", "c"], 2) == "a, b and 1 more"
    assert join_some([], 2) == ""
    assert [and_more(n, "finding") for n in (-1, 0, 1, 2)] == ["", "", "and 1 more finding", "and 2 more findings"]


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(0), "0s"),
        (timedelta(seconds=-5), "0s"),
        (timedelta(milliseconds=1), "1s"),
        (timedelta(minutes=90), "1h 30m"),
        (timedelta(hours=1, seconds=5), "1h 5s"),
        (timedelta(days=3), "3d"),
    ],
)
def test_a_duration_has_the_units_of_terrace_yaml(span: timedelta, text: str) -> None:
    assert duration(span) == text


def test_a_duration_in_few_units_leaves_the_smaller_ones_out() -> None:
    span = timedelta(days=1, hours=2, minutes=3)
    assert [duration(span, units) for units in (1, 2, 3)] == ["1d", "1d 2h", "1d 2h 3m"]
    assert duration(timedelta(days=1, minutes=3), 2) == "1d"


def test_the_age_of_a_moment_has_one_unit() -> None:
    now = datetime(2026, 1, 5, 12, tzinfo=UTC)
    assert ago(now - timedelta(hours=3, minutes=59), now) == "3h ago"
    assert ago(None, now) == "-"


def test_an_attribute_path_is_written_as_terraform_writes_it() -> None:
    assert attribute_path(("ingress", 0, "cidr_blocks", 1)) == "ingress[0].cidr_blocks[1]"
