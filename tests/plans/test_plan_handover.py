"""Plans come out of a file as they went in, and nothing else does."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.errors import Corrupt, Diagnostic, NotReady, Place, TerraformFailed
from terrace.plans.handover import Failure, Handed, decode, encode
from terrace.plans.model import MASKED, UNKNOWN, Action, Digest, OutputChange, Plan, ResourceChange
from terrace.stacks.model import Stack

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.just(MASKED)
    | st.just(UNKNOWN)
    | st.decimals(allow_nan=False, allow_infinity=False)
)
NAMES = st.sampled_from(["a", "b", "$terrace", "is"])
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=8)


def plan(before: object, after: object) -> Plan:
    change = ResourceChange(
        'aws_x.y["k"]',
        "aws_x",
        "y",
        Action.UPDATE,
        index="k",
        before=before,
        after=after,
        unknown=(("a", 0, "b"),),
        unset=(("a", 0, "b"),),
        documents={"policy": {"Statement": [after]}},
        taken={"policy": "aws_x.z"},
        after_marks={"a": "m"},
    )
    output = OutputChange("o", Action.CREATE, None, after, sensitive=True)
    return Plan(
        Stack.conventional("prod", "environments/prod/network"),
        "c" * 40,
        Digest("d" * 64, "key"),
        (change,),
        (output,),
        drift=(change,),
        links=(("a", "b"),),
        origins={"aws_x.y": {"policy": ("aws_x.z",)}},
        shown=b"\x00\xff",
    )


@given(VALUES, VALUES)
def test_a_plan_comes_out_as_it_went_in(before: object, after: object) -> None:
    made = plan(before, after)
    there = decode(encode(Handed("c" * 40, (made,))))
    assert there.plans == (made,)
    assert there.plans[0].shown == made.shown


def test_numbers_keep_their_digits() -> None:
    there = decode(encode(Handed("c", (plan(Decimal("1.10"), {"n": Decimal("1E+3")}),))))
    assert str(there.plans[0].changes[0].before) == "1.10"


def test_what_could_not_be_planned_says_so_again() -> None:
    said = Diagnostic("error", "no", "because", Place("a.tf", 3, 1), "aws_x.y")
    failed = TerraformFailed("it failed", diagnostics=(said,), hint="mend it")
    plain = NotReady("no key", hint="set it", place=Place("b.tf", 1))
    handed = Handed("c", failures={"prod": Failure.of(failed), "dev": Failure.of(plain)})
    there = decode(encode(handed))
    again = there.failures["prod"].again()
    assert isinstance(again, TerraformFailed)
    assert (again.message, again.hint, again.diagnostics, again.place) == ("it failed", "mend it", (said,), said.place)
    other = there.failures["dev"].again()
    assert (type(other), other.message, other.hint, other.place) == (NotReady, "no key", "set it", plain.place)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"commit": "c", "schema": "terrace/other@1"}', encode(Handed("c"))[:-1]]
)
def test_what_nobody_encoded_is_refused(content: bytes) -> None:
    with pytest.raises(Corrupt):
        decode(content)
