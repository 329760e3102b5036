"""Secrets in a text, and texts that only look like one."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.planted import look_alikes, secrets
from terrace.checks.secrets.text import allows_bare, find_secrets


def found(path: str, text: str) -> list[str]:
    return [s.kind.name for s in find_secrets(text, bare=allows_bare(path))]


@pytest.mark.parametrize("name", secrets(0))
def test_what_is_planted_is_found_as_what_it_is(name: str) -> None:
    for seed in range(12):
        kind, path, text = secrets(seed)[name]
        assert found(path, f"# first\n{text}\n# last\n") == [kind], (seed, text)


@pytest.mark.parametrize("name", look_alikes(0))
def test_what_only_looks_like_one_is_passed_over(name: str) -> None:
    for seed in range(12):
        path, text = look_alikes(seed)[name]
        assert found(path, f"# first\n{text}\n# last\n") == [], text


def test_two_secrets_of_one_line_are_two() -> None:
    assert found("a.tf", 'x = { db_password = "Tr0ub4dor", admin_password = "c0rrect-h0rse" }') == ["password"] * 2


@given(st.text(), st.booleans())
def test_any_text_can_be_read(text: str, bare: bool) -> None:
    spans = [(s.start, s.end) for s in find_secrets(f"{text}\npassword = {text}", bare=bare)]
    assert spans == sorted(spans)
    assert all(0 <= start < end for start, end in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
