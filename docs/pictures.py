"""Draws the pictures of screens and pages. `make picture`.

Pages as Chromium shows them, on a desktop and on a phone, light and dark; screens at 80 and 120 columns. All show the
rich example of the tests. The comment is rendered by markdown-it with GitHub's tables and looks; what GitHub's own
renderer takes out (scripts, styles) the comment never holds.
"""

from __future__ import annotations

import html
import io
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from markdown_it import MarkdownIt
from rich.console import Console

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from support.check_outcomes import NETWORK, rich_outcome  # noqa: E402
from terrace.ledger.deployment import Deployment, Step, StepRecord  # noqa: E402
from terrace.ledger.events.steps import Detail  # noqa: E402
from terrace.plans.kept_plans import PlannedChanges  # noqa: E402
from terrace.report.html.check import check_page  # noqa: E402
from terrace.report.html.deployment import deployment_page  # noqa: E402
from terrace.report.markdown.comment import comment  # noqa: E402
from terrace.report.terminal.checks import check_report  # noqa: E402
from terrace.report.terminal.deployments import deployment_tree  # noqa: E402
from terrace.report.terminal.screen import Record  # noqa: E402
from terrace.stacks.model import Promotion  # noqa: E402

DESKTOP, PHONE = (1120, 1420), (500, 1500)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)

_LOOKS = """
body { font: 14px/1.5 "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; color: #1f2328; margin: 24px; }
.box { border: 1px solid #d1d9e0; border-radius: 6px; max-width: 880px; }
.who { background: #f6f8fa; border-bottom: 1px solid #d1d9e0; padding: 8px 16px; color: #59636e; }
.who b { color: #1f2328; }
.body { padding: 16px; }
h3 { font-size: 1.25em; margin: 0 0 16px; }
table { border-collapse: collapse; margin: 0 0 16px; }
th, td { border: 1px solid #d1d9e0; padding: 6px 13px; }
code { background: #818b981f; border-radius: 6px; padding: .2em .4em; font: 85% ui-monospace, Menlo, monospace; }
pre { background: #f6f8fa; border-radius: 6px; padding: 16px; overflow: auto; line-height: 1.45; }
pre code { background: none; padding: 0; }
blockquote { border-left: .25em solid #d1d9e0; color: #59636e; margin: 0 0 16px; padding: 0 1em; }
blockquote.stop { border-color: #cf222e; color: #1f2328; } blockquote.stop b { color: #d1242f; }
ul { padding-left: 2em; margin: 0 0 16px; } p { margin: 0 0 16px; } details { margin: 0 0 16px; }
.add { color: #116329; background: #dafbe1; } .del { color: #82071e; background: #ffebe9; }
.chg { color: #953800; background: #ffd8b5; }
"""


_DARK = """
@media (prefers-color-scheme: dark) {
body { background: #0d1117; color: #f0f6fc; } .box, th, td, .who { border-color: #3d444d; }
.who { background: #151b23; color: #9198a1; } .who b { color: #f0f6fc; } pre { background: #151b23; }
blockquote { border-color: #3d444d; color: #9198a1; } blockquote.stop { color: #f0f6fc; }
.add { color: #aff5b4; background: #033a16; } .del { color: #ffdcd7; background: #67060c; }
.chg { color: #ffdfb6; background: #5a1e02; } }
@media (max-width: 40rem) { body { margin: 8px; } .body { padding: 12px; } table { display: block; overflow: auto; } }
"""


def waiting_deployment() -> Deployment:
    """Returns a promotion of the example that waits for an approval."""
    plan = StepRecord(
        Step.PLAN, NETWORK.key, "a1", NOON, NOON + timedelta(seconds=4), "succeeded",
        "1 to create, 1 to update, 1 to replace, 1 to delete", Detail(),
    )  # fmt: skip
    return Deployment(
        "5b1c66f0a2d4", "prod", "b" * 40, Promotion("staging", "ann"), "ann", NOON, ((NETWORK.key,),), "p", (plan,),
        waiting=("owners: 0 of 1 approvals",),
    )  # fmt: skip


def comment_page(markdown: str) -> str:
    """The comment in its box."""
    rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    rendered = re.sub(r'<code class="language-diff">(.*?)</code>', _coloured, rendered, flags=re.DOTALL)
    rendered = rendered.replace("<blockquote>\n<p>[!CAUTION]", '<blockquote class="stop"><p><b>Caution</b><br>')
    who = '<div class="who"><b>terrace</b> <i>bot</i> commented 2 minutes ago</div>'
    return (
        '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<style>{_LOOKS}{_DARK}</style>"
        f'<div class="box">{who}<div class="body">{rendered}</div></div>'
    )


def _coloured(found: re.Match[str]) -> str:
    classes = {"+": "add", "-": "del", "!": "chg"}
    lines = html.unescape(found[1]).splitlines()
    return (
        "<code>"
        + "\n".join(
            f'<span class="{classes[line[0]]}">{html.escape(line)}</span>' if line[:1] in classes else html.escape(line)
            for line in lines
        )
        + "</code>"
    )


def draw_page(chromium: str, text: str, picture: str, size: tuple[int, int], scheme: str) -> None:
    """Writes the picture of a page. `scheme` is light or dark."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(text, encoding="utf-8")
        width, height = size
        options = (
            "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder}/profile",
            f"--window-size={width},{height}", f"--blink-settings=preferredColorScheme={int(scheme == 'light')}",
        )  # fmt: skip
        shot = f"--screenshot={HERE / picture}"
        subprocess.run([chromium, *options, shot, file.as_uri()], check=True, capture_output=True)


def draw_screen(screen: Record, picture: str, columns: int, title: str) -> None:
    """Writes the picture of what a terminal of that width shows."""
    console = Console(record=True, width=columns, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(screen)
    text = console.export_svg(title=title, unique_id="terrace")
    # Fonts from a network would make the picture depend on somebody else.
    (HERE / picture).write_text(re.sub(r"\s*@font-face \{.*?\}\n", "\n", text, flags=re.DOTALL))


def main() -> None:
    """Writes the pictures; exits with 1 where Chromium is not installed."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is needed, and it is not on PATH")
    example, waiting = rich_outcome(), waiting_deployment()
    changes = PlannedChanges({NETWORK.key: example.assessment.plans[NETWORK.key]})
    check, deployment = check_page(example), deployment_page(waiting, (), changes)
    remark = comment_page(comment(example))
    draw_page(chromium, check, "check.png", DESKTOP, "light")
    draw_page(chromium, remark, "comment.png", (960, 1310), "light")
    draw_page(chromium, check, "pictures/check-phone.png", PHONE, "dark")
    draw_page(chromium, remark, "pictures/comment-phone.png", PHONE, "dark")
    draw_page(chromium, deployment, "pictures/deployment.png", (1120, 1100), "dark")
    draw_page(chromium, deployment, "pictures/deployment-phone.png", PHONE, "light")
    for columns in (80, 120):
        draw_screen(check_report(example), f"pictures/check-{columns}.svg", columns, "terrace check")
        shown = deployment_tree(waiting, changes=changes)
        draw_screen(shown, f"pictures/deployment-{columns}.svg", columns, "terrace promote prod")


if __name__ == "__main__":
    main()
