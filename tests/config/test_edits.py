"""Edits of terrace.yaml: what is not edited stays as it is."""

from __future__ import annotations

import pytest

from terrace.config.edits import add_item, remove_key, replace_value

TEXT = """\
# above
version: 1   # one
policy_pack:   # why
  version: 1
  hash: "06be54306f7b96d0"   # note

  # off: []
# below
policies:
  - house   # ours
"""


def test_a_value_is_replaced_and_nothing_else() -> None:
    assert replace_value(TEXT, ("policy_pack", "hash"), '"x"') == TEXT.replace('"06be54306f7b96d0"', '"x"')
    assert replace_value(TEXT, ("policy_pack", "version"), "2") == TEXT.replace("\n  version: 1", "\n  version: 2")
    flow = "a: {b: 'ä', c: d}   # e\n"
    assert replace_value(flow, ("a", "b"), "z") == "a: {b: z, c: d}   # e\n"
    assert replace_value(flow, ("a", "c"), "z") == "a: {b: 'ä', c: z}   # e\n"


@pytest.mark.parametrize("path", [("policies",), ("nothing",), ("policy_pack",)])
def test_a_value_that_is_not_one_word_is_refused(path: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="no single value"):
        replace_value(TEXT, path, "x")


def test_a_key_is_removed_with_its_block() -> None:
    left = "# above\nversion: 1   # one\n# below\npolicies:\n  - house   # ours\n"
    assert remove_key(TEXT, "policy_pack") == left
    assert remove_key("a: {b: 1,\n  c: 2}\nd: 1\n", "a") == "d: 1\n"
    assert remove_key("a: 1\n", "b") == "a: 1\n"


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("a: 1\n", "a: 1\n\npolicies: [new]\n"),
        ("policies: [old]\n", "policies: [new, old]\n"),
        ("policies: []\na: 1\n", "a: 1\n\npolicies: [new]\n"),
        ("policies:\n  - old\na: 1\n", "policies:\n  - new\n  - old\na: 1\n"),
        ("policies:\n- old\n", "policies:\n- new\n- old\n"),
        ("policies:\n  - {path: old}   # x\n", "policies:\n  - new\n  - {path: old}   # x\n"),
    ],
)
def test_an_item_is_added_to_a_list_in_any_form(text: str, after: str) -> None:
    assert add_item(text, "policies", "new") == after
