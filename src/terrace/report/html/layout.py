"""The frame of every HTML page: its head, its content security policy and its style."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

from terrace.report.html.markup import Markup, html, join
from terrace.report.html.style import STYLE


def page(title: str, body: Iterable[Markup], style: str = "") -> str:
    """Returns a page. `style` is CSS of Terrace's own that the page needs besides the common one."""
    css = STYLE + style
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    # Nothing is loaded, and only this style applies, whatever a text contains.
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = html(
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<title>{title}</title>\n<style>{css}</style>\n</head>\n<body>",
        policy=Markup(policy),
        title=title,
        css=Markup(css),
    )
    return join([head, *body, Markup("</body>\n</html>\n")], Markup("\n"))
