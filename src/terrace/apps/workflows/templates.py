"""Templates with placeholders `<<name>>`. GitHub's own `${{ }}` is not changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources

_LINE = re.compile(r"^(?P<indent> *)<<(?P<name>[^<>]+)>>\n", re.MULTILINE)
_WORD = re.compile(r"<<([^<>]+)>>")
_GAP = re.compile(r"\n{3,}")


def template(name: str) -> str:
    """Returns one of Terrace's templates."""
    return (resources.files("terrace.apps.workflows") / "files" / name).read_text(encoding="utf-8")


def fill(text: str, values: Mapping[str, str]) -> str:
    """Returns the text with all placeholders replaced. A placeholder alone on a line is replaced by all lines of its
    value with the same indentation, or removed where the value is empty. Raises KeyError for a placeholder without a
    value."""

    def block(match: re.Match[str]) -> str:
        lines = fill(values[match["name"]], values).splitlines()
        return "".join(f"{match['indent']}{line}".rstrip() + "\n" for line in lines)

    whole = _WORD.sub(lambda match: values[match[1]], _LINE.sub(block, text))
    return _GAP.sub("\n\n", whole).rstrip("\n") + "\n"
