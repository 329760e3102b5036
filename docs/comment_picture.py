"""Draws docs/comment.png: the comment of a check as a pull request shows it. `python docs/comment_picture.py`.

Markdown is rendered by markdown-it with GitHub's tables and its looks; what GitHub's own renderer takes out (scripts,
styles) the comment never holds.
"""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from markdown_it import MarkdownIt

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from support.check_outcomes import rich  # noqa: E402
from terrace.report.markdown.comment import comment  # noqa: E402

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


def page(markdown: str) -> str:
    """The comment in its box."""
    rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    rendered = re.sub(r'<code class="language-diff">(.*?)</code>', _coloured, rendered, flags=re.DOTALL)
    rendered = rendered.replace("<blockquote>\n<p>[!CAUTION]", '<blockquote class="stop"><p><b>Caution</b><br>')
    who = '<div class="who"><b>terrace</b> <i>bot</i> commented 2 minutes ago</div>'
    return (
        f'<!doctype html><meta charset="utf-8"><style>{_LOOKS}</style>'
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


def main() -> None:
    """Write the picture; exit 1 where there is no Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is needed, and there is none on PATH")
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "comment.html"
        file.write_text(page(comment(rich())), encoding="utf-8")
        looks = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=960,1310")
        shot = f"--screenshot={HERE / 'comment.png'}"
        subprocess.run([chromium, *looks, shot, file.as_uri()], check=True, capture_output=True)


if __name__ == "__main__":
    main()
