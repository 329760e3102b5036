"""The comment about a release: its content, its length, and text from outside without effect."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from terrace.ledger.deployment import Deployment, Step, StepRecord
from terrace.ledger.events.steps import Detail
from terrace.report.markdown.release_page import MARKER, Release, release_page
from terrace.rollout.release_difference import ChangedValues, ReleaseDifference
from terrace.stacks.model import Manual
from terrace.stacks.repository import Author, Commit

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
OURS = re.compile(r"<details open><summary>Pending plans</summary>|</details>")


def deployment(changes: int = 1, address: str = "aws_db_instance.main", why: str = "0 of 1 people") -> Deployment:
    detail = Detail(changes=(("replace", address),) * changes, replace=changes)
    plan = StepRecord(Step.PLAN, "prod/app", "a1", NOON, NOON, "succeeded", "", detail)
    return Deployment(
        "d1", "prod", "c" * 40, Manual("ann"), "ann", NOON, (("prod/app",),), "p", (plan,), waiting=(why,)
    )


def page(one: Deployment) -> str:
    return release_page(Release("c" * 40, {"dev": None, "prod": one}, {"prod": "1a2b3c4d"}))


def bringing(one: Deployment, message: str = "SHOP 1 is bigger", name: str = "ann") -> ReleaseDifference:
    before = replace(one, id="d0", commit="a" * 40, result="succeeded", ended_at=NOON)
    return ReleaseDifference(
        "dev",
        "prod",
        one,
        before,
        commits=(Commit("c" * 40, f"{message}\n\nbody"),),
        people=(Author(name, "ann@x"),),
        values=(ChangedValues("prod/terraform.tfvars", ("-size = 1", "+size = 2")),),
    )


def test_the_comment_shows_pending_plans_and_the_commands() -> None:
    text = page(deployment())
    assert text.startswith(f"{MARKER}\n\n### Terrace: prod is waiting\n\nat cccccccccccc\n")
    assert "| `dev` | not deployed yet | | |\n| `prod` | waiting | 2026-01-05 12:00 UTC | 0 of 1 people |" in text
    assert "```diff\n# prod/app: 1 to change\n- replace aws_db_instance.main\n```" in text
    assert "`/terrace approve prod 1a2b3c4d` or `/terrace reject prod 1a2b3c4d WHY`" in text


def test_the_comment_shows_what_the_release_brings() -> None:
    pending = deployment()
    text = release_page(Release("c" * 40, {"prod": pending}, {"prod": "1a2b3c4d"}, {"prod": bringing(pending)}))
    assert "`prod` gets after `aaaaaaaaaaaa`: 1 commit by ann\n\n- SHOP 1 is bigger (cccccccccccc)" in text
    assert "```diff\n# prod/terraform.tfvars\n-size = 1\n+size = 2\n```" in text


def test_a_long_plan_fits() -> None:
    text = page(deployment(5000))
    assert len(text.encode()) < 30_000
    assert re.search(r"! and [\d,]+ more: terrace show d1\n```", text)


@given(st.text(max_size=60), st.text(max_size=60))
def test_text_from_outside_formats_links_and_mentions_nothing(address: str, why: str) -> None:
    one = deployment(1, address, why)
    brings = {"prod": bringing(one, why, address)}
    text = release_page(Release("c" * 40, {"dev": None, "prod": one}, {"prod": "1a2b3c4d"}, brings))
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    flat = [token for one in tokens for token in (one, *(one.children or ()))]
    markup = [t.content.strip() for t in flat if t.type in ("html_block", "html_inline")]
    assert all(piece == MARKER or OURS.fullmatch(piece) for piece in markup), markup
    assert not {"link_open", "image", "em_open", "hr"} & {t.type for t in flat}
    assert sum(t.type == "heading_open" for t in flat) == 1
    assert sum(t.type == "fence" for t in flat) == 2
    assert not [t.content for t in flat if t.type == "text" and re.search(r"@\w|#\d", t.content)]
