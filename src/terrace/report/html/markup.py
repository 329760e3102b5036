"""HTML as a type of its own: text becomes `Markup` only through the functions here, which escape it.

Pages consist of `Markup`, so unescaped text is a type error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from terrace.text import clip, field, readable

LONGEST = 600
"""Characters of one text that are shown."""


class Markup(str):
    """HTML that is safe to show."""

    __slots__ = ()


NOTHING = Markup("")


def html(template: str, /, **values: str | int) -> Markup:
    """Fills the fields `{name}` of a template. A value that is not Markup is escaped.

    The template is a literal of the source, and never text from outside; a test holds that.
    """
    escaped = {name: value if isinstance(value, int | Markup) else text(value) for name, value in values.items()}
    return Markup(template.format(**escaped))


def join(parts: Iterable[Markup], separator: Markup = NOTHING) -> Markup:
    """Returns parts one after the other."""
    return Markup(separator.join(parts))


def text(value: str, limit: int = LONGEST) -> Markup:
    """Returns one line of text, escaped, in which invisible characters are made visible."""
    return Markup(escape(clip(value, limit)))


def prose(value: str, limit: int = LONGEST) -> Markup:
    """Returns a sentence of Terrace or of a tool, in which text between backticks is code."""
    return Markup(re.sub("`([^`<>]+)`", r"<code>\1</code>", text(value, limit)))


def code(value: str, limit: int = LONGEST) -> Markup:
    """Returns text as code."""
    return html("<code>{value}</code>", value=text(value, limit))


def whole_line(value: str, limit: int = LONGEST) -> Markup:
    """Returns one line of a text with its spaces, escaped, in which invisible characters are made visible."""
    return Markup(escape(field(value, limit)))


def block(value: str, limit: int = 4000) -> Markup:
    """Returns text whose line breaks are kept."""
    shown = readable(value[:limit]) + ("\n…" if len(value) > limit else "")
    return Markup(f"<pre>{escape(shown)}</pre>")
