"""Masked values of two sides: which of them differ, without the values."""

from __future__ import annotations

from typing import Any

import pytest

from terrace.plans.masking import changed_secrets, mask


def rules(*tokens: str | None) -> dict[str, Any]:
    return {"rules": [{"name": "a", "token": token} for token in tokens]}


OBJECT = {"settings": {"token": True}}
LIST = {"rules": [{"token": True}, {"token": True}]}


@pytest.mark.parametrize(
    ("before", "after", "sensitive", "expected"),
    [
        ({"settings": {"size": 1, "token": "a"}}, {"settings": {"size": 2, "token": "a"}}, OBJECT, ()),
        ({"settings": {"token": "a"}}, {"settings": {"token": "b"}}, OBJECT, (("settings", "token"),)),
        ({"settings": {"token": ""}}, {"settings": {"token": None}}, OBJECT, ()),
        (rules("a", "b"), rules("b", "a"), LIST, ()),
        (rules("a", "b"), rules("a", "c"), LIST, (("rules",),)),
        (rules("a"), rules("a", "c"), LIST, ()),
        (rules("a", "c"), rules("a"), LIST, ()),
        ({"password": "a"}, {"password": "b"}, {"password": True}, (("password",),)),
        ({"password": "a"}, {"password": "b"}, {}, ()),
    ],
    ids=["visible", "nested", "nothing", "order", "in a list", "added", "removed", "whole", "not sensitive"],
)
def test_a_masked_value_that_differs_is_named_by_its_path(
    before: Any, after: Any, sensitive: Any, expected: tuple[Any, ...]
) -> None:
    masked = mask(before, sensitive), mask(after, sensitive)
    assert tuple(changed_secrets(before, masked[0], after, masked[1])) == expected
