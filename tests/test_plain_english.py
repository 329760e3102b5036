"""Messages, help, docstrings and pages are plain English: none has a phrase that readers marked as odd.

`words/dialect.txt` has one regular expression per line. First readers of all messages, help texts and pages marked
these phrases. New ones can be added; none is removed.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

import terrace

SOURCE = Path(terrace.__file__).parent
ROOT = SOURCE.parents[1]
PATTERNS = [
    re.compile(line, re.IGNORECASE) for line in (Path(__file__).parent / "words/dialect.txt").read_text().splitlines()
]
PACKAGES = sorted(path.name for path in SOURCE.iterdir() if (path / "__init__.py").is_file())
PAGES = sorted([*ROOT.glob("docs/**/*.md"), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))])
SIGNED = "signed texts never change: signatures of earlier versions cover them"
FORMER = "headings of issues that earlier versions wrote are still read"
ALLOWED = {
    "Terrace: an answer to a waiting deployment, version 1": SIGNED,
    "Terrace: an answer to a waiting deployment, version 2": SIGNED,
    "Terrace: a ledger is begun anew, version 1": SIGNED,
    "Terrace: an event of the ledger counts as absent, version 1": SIGNED,
    "Terrace: several events of the ledger count as absent, version 1": SIGNED,
    "What waits": FORMER,
    r"(?m)^### (?:Pending plans|What waits)\n+[^\n]*$": FORMER,
}
"""Sentences of the source that have such a phrase for a reason, each with the reason."""


def odd(text: str) -> Iterator[str]:
    """Yields the sentences of a text with an odd phrase; code in backticks is left out."""
    plain = " ".join(re.sub(r"```.*?```|`[^`]*`", "`x`", text, flags=re.DOTALL).split())
    for sentence in re.split(r"(?<=[.;:!?]) (?=[A-Z])", plain):
        if sentence not in ALLOWED and any(pattern.search(sentence) for pattern in PATTERNS):
            yield sentence


def texts(source: str) -> Iterator[tuple[int, str]]:
    """Yields line and text of every string, docstring and comment of a Python file; values in a string become `{}`."""
    nodes = list(ast.walk(ast.parse(source)))
    inside = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield node.lineno, "".join(str(part) for part in parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.lineno, node.value
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("# ")


@pytest.mark.parametrize("package", PACKAGES)
def test_strings_docstrings_and_comments_are_plain_english(package: str) -> None:
    found = [
        f"{path.relative_to(SOURCE)}:{line}: {sentence}"
        for path in sorted((SOURCE / package).rglob("*.py"))
        for line, text in texts(path.read_text("utf-8"))
        if " " in text.strip()
        for sentence in odd(text)
    ]
    assert found == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_are_plain_english(page: Path) -> None:
    paragraphs = re.split(r"\n\n|\n(?=[-*|#] ?)", re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL))
    assert [sentence for paragraph in paragraphs for sentence in odd(paragraph)] == []


@pytest.mark.parametrize("text", ["nobody knows how it ended", "What stands there is kept.", "the file is no plan"])
def test_an_odd_sentence_is_found(text: str) -> None:
    assert list(odd(text)) == [text]


def test_code_and_values_are_not_judged() -> None:
    assert list(odd("run `what stands` again")) == []
    assert [text for _, text in texts('x = f"{nobody} waits"')] == ["{} waits"]
