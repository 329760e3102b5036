"""A tick is an answer only if it is all that changed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from terrace.gates.conversation.boxes import Request, about, request, ticked

BODY = """### Environment

prod

### Release

_No response_

### Who agrees

- [ ] security
- [ ] infrastructure-lead
"""


def test_a_form_becomes_a_request() -> None:
    assert request(BODY) == Request("prod", "", ("security", "infrastructure-lead"))
    assert request(BODY.replace("\n", "\r\n")) == request(BODY)
    assert request(about(BODY, "1a2b3c4d")) == Request("prod", "1a2b3c4d", ("security", "infrastructure-lead"))
    assert request("just an issue with - [ ] a box") is None


def test_one_box_is_one_answer() -> None:
    assert ticked(BODY, BODY.replace("- [ ] security", "- [x] security")) == "security"
    assert ticked(BODY, BODY.replace("- [ ] security", "- [X] security").replace("\n", "\r\n")) == "security"


def test_anything_else_is_none() -> None:
    both = BODY.replace("[ ]", "[x]")
    for after in (
        BODY,
        both,
        BODY.replace("- [ ] security", "- [x] owners"),
        BODY.replace("- [ ] security", "- [x] security").replace("prod", "dev"),
        BODY.replace("- [ ] security", "- [x] security\nmore"),
        BODY.replace("- [ ] security", " - [x] security"),
    ):
        assert ticked(BODY, after) is None
    assert ticked(BODY.replace("- [ ] security", "- [x] security"), BODY) is None, "taking it back says nothing"


def test_what_waits_now_clears_every_box() -> None:
    old = about(BODY, "1a2b3c4d").replace("[ ]", "[x]")
    new = about(old, "deadbeef")
    assert request(new) == Request("prod", "deadbeef", ("security", "infrastructure-lead"))
    assert "[x]" not in new
    assert about(new, "deadbeef") == new
    assert request(about(new, "")) == Request("prod", "", ("security", "infrastructure-lead"))


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_text_breaks_it(before: str, after: str) -> None:
    assert ticked(before, after) is None or after != before
    request(before)
