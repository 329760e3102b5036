"""Documents that are made from code say what the code says, and links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from support.configuration import load

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def test_the_reference_is_what_the_code_says() -> None:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    for name, text in generate.pages().items():
        assert (ROOT / "docs/reference" / name).read_text() == text, "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_every_page_is_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    left = [ROOT / "README.md"]
    while left:
        page = left.pop().resolve()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        left += [page.parent / target for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text())]
    docs = {p.resolve() for p in ROOT.glob("docs/**/*.md")}
    assert docs <= seen


def test_the_entries_of_the_page_about_existing_repositories_are_right() -> None:
    page = (ROOT / "docs/how-to/existing-repository.md").read_text()
    entries = re.findall(r"\{path: .*?\}(?=`|\n)", page)
    assert len(entries) > 8
    for entry in entries:
        text = f"version: 1\nenvironments: {{dev: {{}}, prod: {{}}}}\nstacks: [{entry}]\n"
        config = load(text.encode())
        assert len(config.stacks) + len(config.stack_patterns) == 1, entry
