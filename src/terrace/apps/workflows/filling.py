"""Templates: text in which `<<name>>` stands for something. GitHub's own `${{ }}` is left as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources

_LINE = re.compile(r"^(?P<indent> *)<<(?P<name>[^<>]+)>>\n", re.MULTILINE)
_WORD = re.compile(r"<<([^<>]+)>>")
_GAP = re.compile(r"\n{3,}")


def template(name: str) -> str:
    """One of the templates that come with Terrace."""
    return (resources.files("terrace.apps.workflows") / "files" / name).read_text(encoding="utf-8")


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with every name replaced. One that is alone on a line takes as many lines as its value has, each as far
    in as the name was; none where the value is empty. Raises KeyError for a name without a value."""

    def block(found: re.Match[str]) -> str:
        lines = filled(values[found["name"]], values).splitlines()
        return "".join(f"{found['indent']}{line}".rstrip() + "\n" for line in lines)

    whole = _WORD.sub(lambda found: values[found[1]], _LINE.sub(block, text))
    return _GAP.sub("\n\n", whole).rstrip("\n") + "\n"
