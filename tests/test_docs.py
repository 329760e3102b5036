"""Documents that are made from code say what the code says, and links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.configuration import load

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def test_the_reference_is_what_the_code_says(tmp_path: Path) -> None:
    """In a process of its own: click keeps the help option of the context in which a command was first used."""
    subprocess.run([sys.executable, ROOT / "docs/generate.py", tmp_path], check=True)
    for page in sorted(tmp_path.iterdir()):
        assert (ROOT / "docs/reference" / page.name).read_text() == page.read_text(), "run `make docs`"
    assert (tmp_path / "commands.md").is_file()


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
