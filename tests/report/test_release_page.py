"""The comment about a release: its content, its length, and text from outside without effect."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from support.plans import change, plan_of
from terrace.ledger.deployment import Deployment, Step, StepRecord
from terrace.ledger.events.steps import ApplyProgressRecord, Detail, DiagnosticRecord
from terrace.plans.kept_plans import PlannedChanges
from terrace.plans.model import Action
from terrace.report.json.deployments import deployment_json
from terrace.report.markdown.release_page import MARKER, Release, release_page
from terrace.report.markdown.run_page import deployment_summary
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


def test_a_deployed_environment_is_a_link_to_its_address() -> None:
    urls = {"dev": "https://dev.example.com/", "prod": "https://shop.example.com/a_(b)?q=[1]"}
    done = replace(deployment(), result="succeeded", ended_at=NOON, waiting=())
    rendered = (
        MarkdownIt("commonmark")
        .enable("table")
        .render(release_page(Release("c" * 40, {"dev": None, "prod": done}, {}, urls=urls)))
    )
    assert '<a href="https://shop.example.com/a_(b)?q=%5B1%5D"><code>prod</code></a>' in rendered
    assert "dev.example.com" not in rendered, "nothing is deployed there"
    failed = replace(done, result="failed")
    assert "](<" not in release_page(Release("c" * 40, {"prod": failed}, {}, urls=urls))


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


def test_the_comment_shows_the_values_of_kept_plans() -> None:
    ports = {"from_port": 443, "cidr_blocks": ["10.0.0.0/8"]}, {"from_port": 22, "cidr_blocks": ["0.0.0.0/0"]}
    kept = plan_of([change("aws_security_group_rule.web", Action.UPDATE, *ports)])
    changes = PlannedChanges({"prod/app": kept})
    one = deployment()
    text = release_page(Release("c" * 40, {"dev": None, "prod": one}, {"prod": "1a2b3c4d"}, changes=changes))
    assert (
        """```diff
# prod/app: 1 to change
! update aws_security_group_rule.web
-     cidr_blocks[0] = "10.0.0.0/8"
+     cidr_blocks[0] = "0.0.0.0/0"  # open to everyone
-     from_port = 443
+     from_port = 22
```"""
        in text
    )
    missing = PlannedChanges({}, {"prod/app": "they are not kept here"})
    text = release_page(Release("c" * 40, {"dev": None, "prod": one}, {"prod": "1a2b3c4d"}, changes=missing))
    assert "! values not shown: they are not kept here\n- replace aws_db_instance.main" in text


def test_the_comment_names_the_changes_of_a_failed_apply() -> None:
    progress = ApplyProgressRecord(
        completed=(("replace", "a.one"),),
        failed=(("create", "a.two"),),
        in_flight=(("delete", "a.three"),),
        not_started=(("update", "a.four"),),
        more={"not_started": 2},
    )
    refused = DiagnosticRecord("error", "quota exceeded", address="a.two")
    detail = Detail(progress=progress, diagnostics=(refused,))
    apply = StepRecord(Step.APPLY, "prod/app", "a2", NOON, NOON, "failed", "quota exceeded", detail)
    failed = replace(deployment(), steps=(apply,), waiting=(), result="failed", reasons=("failed",), ended_at=NOON)
    listed = """Changes of the failed apply of `prod/app`:

```
Completed before the failure (1)
  replaced a.one
Failed (1)
  create a.two: quota exceeded
Started, result unknown (1)
  destroy a.three
Not started (3)
  update a.four
  and 2 more
```
"""
    assert listed in page(failed)
    assert listed.rstrip() in deployment_summary(deployment_json("deploy", failed), "")
    assert "Changes of the failed apply" not in page(deployment())


def test_a_large_stack_does_not_hide_the_others() -> None:
    large = plan_of([change(f"aws_a.b{n}", Action.CREATE, None, {"name": "x" * 90}) for n in range(2_000)])
    small = plan_of([change("aws_db_instance.main", Action.DELETE, {"id": "db"}, None)])
    steps = tuple(
        StepRecord(Step.PLAN, key, key, NOON, NOON, "succeeded", "", Detail(create=1)) for key in ("prod/a", "prod/b")
    )
    two = replace(deployment(), waves=(("prod/a", "prod/b"),), steps=steps)
    changes = PlannedChanges({"prod/a": large, "prod/b": small})
    text = release_page(Release("c" * 40, {"prod": two}, {"prod": "1a2b3c4d"}, changes=changes))
    assert "- delete aws_db_instance.main" in text
    assert len(text.encode()) < 30_000


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
