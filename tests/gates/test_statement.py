"""A statement says one thing, and what it says can be read back."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.errors import BadInput
from terrace.gates.approvals.statement import Statement, read_statement, statement_bytes
from terrace.gates.model import Subject

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SUBJECT = Subject("l0", "prod", "prod/app", "abc", "d1", "p1", "lin")
STATEMENT = Statement("bob", "security", "approve", (SUBJECT,), AT, "looks good", "d1")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
subjects = st.builds(Subject, texts, texts, texts, texts, texts, texts, texts)
zones = st.integers(-600, 600).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=zones)
statements = st.builds(
    Statement,
    actor=texts,
    role=texts,
    answer=st.sampled_from(["approve", "reject"]),
    subjects=st.lists(subjects, max_size=3).map(tuple),
    at=moments,
    comment=texts,
    deployment=texts,
)


def test_a_person_can_read_what_they_sign() -> None:
    assert statement_bytes(STATEMENT).decode() == (
        "Terrace: an answer to a waiting deployment, version 2\n"
        'deployment: "d1"\n'
        'answer: "approve"\n'
        'actor: "bob"\n'
        'role: "security"\n'
        'at: "2026-03-02T12:00:00+00:00"\n'
        'comment: "looks good"\n'
        "\n"
        "subject 1 of 1\n"
        'ledger: "l0"\n'
        'environment: "prod"\n'
        'stack: "prod/app"\n'
        'commit: "abc"\n'
        'digest: "d1"\n'
        'policy: "p1"\n'
        'lineage: "lin"\n'
    )


@given(statements)
def test_a_statement_is_read_back_unchanged(statement: Statement) -> None:
    assert read_statement(statement_bytes(statement).decode()) == statement


def test_a_statement_of_version_1_is_still_read() -> None:
    old = replace(STATEMENT, deployment="")
    text = statement_bytes(old).decode()
    assert text.startswith("Terrace: an answer to a waiting deployment, version 1\nanswer:")
    assert read_statement(text) == old


@given(statements, statements)
def test_different_statements_are_different_texts(one: Statement, other: Statement) -> None:
    assert (statement_bytes(one) == statement_bytes(other)) is (one == other)


@pytest.mark.parametrize("field", [f.name for f in fields(Subject)])
def test_every_part_of_a_subject_is_in_the_text(field: str) -> None:
    changed = replace(STATEMENT, subjects=(replace(SUBJECT, **{field: "another"}),))
    assert statement_bytes(changed) != statement_bytes(STATEMENT)


def test_a_comment_cannot_pretend_to_be_another_line() -> None:
    sly = replace(STATEMENT, comment='fine"\n\nsubject 1 of 1\nledger: "x"')
    assert read_statement(statement_bytes(sly).decode()) == sly
    assert len(statement_bytes(sly).splitlines()) == len(statement_bytes(STATEMENT).splitlines())


@given(st.data())
def test_any_other_text_is_refused(data: st.DataObject) -> None:
    text = statement_bytes(STATEMENT).decode()
    at = data.draw(st.integers(0, len(text)))
    other = text[:at] + data.draw(st.text(max_size=3)) + text[at + data.draw(st.integers(0, 3)) :]
    if other == text:
        return
    with suppress(BadInput):
        assert read_statement(other) != STATEMENT


@pytest.mark.parametrize("text", ["", "\n", "hello", "[" * 100_000, "Terrace: an answer to a waiting deployment"])
def test_texts_of_another_kind_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        read_statement(text)


def test_surrogates_in_a_text_are_refused() -> None:
    """Two halves of a surrogate pair would give the same text as the one character."""
    with pytest.raises(BadInput, match="Unicode"):
        statement_bytes(replace(STATEMENT, comment="\ud83d\ude00"))


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(BadInput, match="zone"):
        statement_bytes(replace(STATEMENT, at=datetime(2026, 3, 2)))
