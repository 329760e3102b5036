"""A tick is an answer only if it is all that changed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from terrace.forge.deployment_request import Request, find_ticked_role, request, update_request

HASH, OTHER = "1a2b3c4d" * 4, "deadbeef" * 4
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
    assert request(update_request(BODY, HASH)) == Request("prod", HASH, ("security", "infrastructure-lead"))
    assert request("just an issue with - [ ] a box") is None


def test_a_request_that_shows_something_else_than_it_says_is_none() -> None:
    for hidden in (
        f"<!--\n{BODY}\n-->\n\n{BODY.replace('prod', 'dev')}",
        f"{BODY.replace('prod', 'dev')}\n{BODY}",
        f"<details>\n\n### Environment\n\nprod\n\n</details>\n\n{BODY}",
        f"```\n{BODY}\n```",
        '[x]: /y "\n### Environment\nprod\n"\n\n- [ ] security\n',
        f"> ### Environment\n>\n> prod\n\n{BODY}",
        f"{BODY}\n### What waits\n\n`1a2b3c4d`\n\n### What waits\n\n`deadbeef`\n",
        BODY.replace("- [ ]", "    - [ ]"),
    ):
        assert request(hidden) is None, hidden


def test_one_box_is_one_answer() -> None:
    assert find_ticked_role(BODY, BODY.replace("- [ ] security", "- [x] security")) == "security"
    assert find_ticked_role(BODY, BODY.replace("- [ ] security", "- [X] security").replace("\n", "\r\n")) == "security"


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
        assert find_ticked_role(BODY, after) is None
    assert find_ticked_role(BODY.replace("- [ ] security", "- [x] security"), BODY) is None, (
        "taking it back says nothing"
    )


def test_what_waits_now_clears_every_box() -> None:
    old = update_request(BODY, HASH).replace("[ ]", "[x]")
    new = update_request(old, OTHER)
    assert request(new) == Request("prod", OTHER, ("security", "infrastructure-lead"))
    assert "[x]" not in new
    assert update_request(new, OTHER) == new
    assert request(update_request(new, "")) == Request("prod", "", ("security", "infrastructure-lead"))


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_text_breaks_it(before: str, after: str) -> None:
    assert find_ticked_role(before, after) is None or after != before
    request(before)
