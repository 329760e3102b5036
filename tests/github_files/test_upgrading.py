"""Three texts decide about each file; whatever people did to one of them is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.apps.workflows.pins import Pin
from terrace.apps.workflows.record import Record, decode, encode_record, hash_file
from terrace.apps.workflows.upgrading import diff, upgrade
from terrace.errors import BadInput

OLD, NEW = Pin("v1.0.0", "a" * 40), Pin("v1.1.0", "b" * 40)
PATH = ".github/workflows/tick.yml"


def using(pin: Pin, more: str = "") -> str:
    """A workflow that uses one action."""
    return f"steps:\n  - uses: actions/checkout@{pin.commit} # {pin.version}\n{more}"


def record(files: Mapping[str, str], pin: Pin = OLD) -> Record:
    """What was remembered when these files were written."""
    return Record("0.1.0", {"actions/checkout": pin}, {path: hash_file(text) for path, text in files.items()})


AFTER = Record("0.2.0", {"actions/checkout": OLD})


def test_the_first_time_everything_is_written() -> None:
    todo = upgrade({PATH: "a\n"}, {}, Record(), AFTER)
    assert dict(todo.writes) == {PATH: "a\n"}
    assert todo.record.files == {PATH: hash_file("a\n")}


def test_a_file_that_was_there_before_is_left() -> None:
    todo = upgrade({PATH: "ours\n"}, {PATH: "theirs\n"}, Record(), AFTER)
    assert not todo.writes
    assert dict(todo.kept) == {PATH: "ours\n"}
    assert PATH not in todo.record.files


def test_a_file_that_nobody_touched_is_written_anew() -> None:
    todo = upgrade({PATH: "new\n"}, {PATH: "old\n"}, record({PATH: "old\n"}), AFTER)
    assert dict(todo.writes) == {PATH: "new\n"}
    assert todo.record.files == {PATH: hash_file("new\n")}


def test_a_file_that_somebody_changed_stays_theirs_for_good() -> None:
    first = upgrade({PATH: "new\n"}, {PATH: "theirs\n"}, record({PATH: "old\n"}), AFTER)
    assert not first.writes
    assert dict(first.kept) == {PATH: "new\n"}
    again = upgrade({PATH: "newer\n"}, {PATH: "theirs\n"}, first.record, AFTER)
    assert not again.writes
    assert dict(again.kept) == {PATH: "newer\n"}


def test_whoever_took_the_change_by_hand_has_ours_again() -> None:
    todo = upgrade({PATH: "new\n"}, {PATH: "new\n"}, record({PATH: "old\n"}), AFTER)
    assert not todo.writes
    assert not todo.kept
    assert todo.record.files == {PATH: hash_file("new\n")}


def test_what_somebody_took_away_stays_away() -> None:
    todo = upgrade({PATH: "new\n"}, {}, record({PATH: "old\n"}), AFTER)
    assert not todo.writes
    assert todo.missed == (PATH,)
    assert upgrade({PATH: "newer\n"}, {}, todo.record, AFTER).missed == (PATH,)


def test_what_is_needed_no_more_goes_unless_it_is_somebodys() -> None:
    before = record({PATH: "old\n"})
    assert upgrade({}, {PATH: "old\n"}, before, AFTER).gone == (PATH,)
    assert upgrade({}, {PATH: "theirs\n"}, before, AFTER).gone == ()
    assert upgrade({}, {}, before, AFTER).gone == ()


def test_a_newer_action_is_kept_and_makes_the_file_nobodys_own() -> None:
    there = using(NEW)
    todo = upgrade({PATH: using(OLD, "more: 1\n")}, {PATH: there}, record({PATH: using(OLD)}), AFTER)
    assert dict(todo.writes) == {PATH: using(NEW, "more: 1\n")}
    same = upgrade({PATH: using(OLD)}, {PATH: there}, record({PATH: using(OLD)}), AFTER)
    assert not same.writes
    assert not same.kept


def test_our_own_newer_action_is_written() -> None:
    todo = upgrade({PATH: using(NEW)}, {PATH: using(OLD)}, record({PATH: using(OLD)}), AFTER)
    assert dict(todo.writes) == {PATH: using(NEW)}


TEXTS = st.sampled_from(["", "a\n", "b\n", "c\n", using(OLD), using(NEW)])
TREES = st.dictionaries(st.sampled_from(["x", "y", "z"]), TEXTS)


@given(TREES, TREES, TREES)
def test_nothing_of_anybodys_is_ever_lost(
    fresh: Mapping[str, str], there: Mapping[str, str], written: Mapping[str, str]
) -> None:
    before = record(written)
    todo = upgrade(fresh, there, before, AFTER)
    for path in (*todo.writes, *todo.gone):
        if path in there:
            ours = before.files.get(path) == hash_file(there[path])
            only_pins = path in fresh and hash_file(fresh[path]) == hash_file(there[path])
            assert ours or only_pins
    # Once done, there is nothing left to do.
    now = {path: text for path, text in {**there, **todo.writes}.items() if path not in todo.gone}
    again = upgrade(fresh, now, todo.record, AFTER)
    assert not again.writes
    assert not again.gone
    assert again.kept.keys() == todo.kept.keys()


def test_the_lock_file_is_read_as_it_was_written() -> None:
    known = replace(record({PATH: "a\n"}), clouds=("aws",))
    assert decode(encode_record(known)) == known


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": "terrace/github-lock@1", "files": {"a": "../etc"}}', encode_record(AFTER)[:-9]]
)
def test_a_lock_file_that_nobody_wrote_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="lock"):
        decode(text)


def test_a_diff_is_read_like_any_other() -> None:
    assert diff("a", "one\ntwo\n", "one\n2\n").splitlines()[:2] == ["--- a/a", "+++ b/a"]
    assert diff("a", "", "one\n").startswith("--- /dev/null")
