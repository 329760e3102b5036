"""One contract for every place where a change is talked about: GitHub, GitLab, a folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from forge.fake import FakeGitHub, Stumble
from forge.gitlab import FakeGitLab
from terrace.adapters.folder_page import FolderPage
from terrace.adapters.github.client import GitHub, Place
from terrace.adapters.github.credentials import Token
from terrace.adapters.github.page import PullRequestPage
from terrace.adapters.gitlab.client import GitLab
from terrace.adapters.gitlab.jobs import MergeRequestJob
from terrace.adapters.gitlab.page import MergeRequestPage
from terrace.forge.ports import Annotation, Page

MARKER = '<!-- terrace:v1 {"kind":"check"} -->'
OTHER = '<!-- terrace:v1 {"kind":"waiting"} -->'
HEAD = "7" * 40
REMARKS = (Annotation("environments/dev/main.tf", 3, "failure", "a rule", "is broken"),)


@dataclass
class Somewhere:
    """A page, and what stands on it: the texts of comments, and each verdict with whether it passed and its title."""

    page: Page
    comments: Callable[[], list[str]]
    verdicts: Callable[[], list[tuple[str, bool, str]]]


@dataclass
class Forge(Somewhere):
    """One where others write too, and which may do a thing and fail to say so: the request after so many others."""

    theirs: Callable[[str], object]
    stumble: Callable[[int], None]


def _nap(_: float) -> None:
    """Takes no time."""


def _github() -> Forge:
    fake = FakeGitHub()
    fake.open_pull_request(12)
    github = GitHub(Place(fake.owner, fake.name), Token("t"), transport=fake.transport(), sleep=_nap)

    def stumble(at: int) -> None:
        fake.stumbles = [None] * at + [Stumble(502, done_first=True)]

    return Forge(
        PullRequestPage(github, 12, HEAD, fake.me, "1/1"),
        lambda: [one["body"] for one in fake.comments.values()],
        lambda: [(r["name"], r["conclusion"] == "success", r["output"]["title"]) for r in fake.runs.values()],
        lambda body: fake.someone_comments(12, "mallory", body),
        stumble,
    )


def _gitlab() -> Forge:
    fake = FakeGitLab()
    gitlab = GitLab(fake.api, fake.project, "glpat-ours", transport=fake.transport(), sleep=_nap)
    at = MergeRequestJob(fake.api, fake.project, "https://gitlab.example.com/acme/infrastructure", 12, HEAD, 77)

    def stumble(at: int) -> None:
        fake.stumbles = [None] * at + [Stumble(502, done_first=True)]

    return Forge(
        MergeRequestPage(gitlab, at),
        lambda: [one["body"] for one in fake.notes.values()],
        lambda: [(one["name"], one["status"] == "success", one["description"]) for one in fake.statuses],
        lambda body: fake.someone_notes(2, body),
        stumble,
    )


def _folder(folder: Path) -> Somewhere:
    return Somewhere(
        FolderPage(folder / "page"),
        lambda: [path.read_text() for path in sorted((folder / "page").glob("*.md"))],
        lambda: [
            (path.stem, told["passed"], told["title"])
            for path in (folder / "page").glob("*.json")
            for told in [json.loads(path.read_text())]
        ],
    )


@pytest.fixture(params=["github", "gitlab", "folder"])
def there(request: pytest.FixtureRequest, tmp_path: Path) -> Somewhere:
    made: dict[str, Callable[[], Somewhere]] = {
        "github": _github,
        "gitlab": _gitlab,
        "folder": lambda: _folder(tmp_path),
    }
    return made[request.param]()


@pytest.fixture(params=[_github, _gitlab], ids=["github", "gitlab"])
def forge(request: pytest.FixtureRequest) -> Forge:
    made: Forge = request.param()
    return made


def test_a_comment_lives_and_is_there_once(there: Somewhere) -> None:
    first = there.page.comment(MARKER, f"{MARKER}\none")
    assert there.page.comment(MARKER, f"{MARKER}\ntwo") == first
    assert there.page.comment(MARKER, f"{MARKER}\ntwo") == first
    assert there.comments() == [f"{MARKER}\ntwo"]


def test_comments_of_other_kinds_are_other_comments(there: Somewhere) -> None:
    assert there.page.comment(MARKER, f"{MARKER}\none") != there.page.comment(OTHER, f"{OTHER}\ntwo")
    assert sorted(there.comments()) == [f"{MARKER}\none", f"{OTHER}\ntwo"]


def test_what_somebody_else_wrote_stays(forge: Forge) -> None:
    forge.theirs(f"{MARKER}\napproved, honestly")
    forge.page.comment(MARKER, f"{MARKER}\nours")
    assert forge.comments() == [f"{MARKER}\napproved, honestly", f"{MARKER}\nours"]


def test_the_last_verdict_stands(there: Somewhere) -> None:
    first = there.page.conclude("terrace", passed=False, title="1 finding holds it", summary="it", remarks=REMARKS)
    again = there.page.conclude("terrace", passed=False, title="1 finding holds it", summary="it", remarks=REMARKS)
    assert (first, there.verdicts()) == (again, [("terrace", False, "1 finding holds it")])


@pytest.mark.parametrize("at", range(6))
def test_nothing_is_there_twice_whatever_was_not_told(forge: Forge, at: int) -> None:
    forge.stumble(at)
    forge.page.comment(MARKER, f"{MARKER}\none")
    forge.page.conclude("terrace", passed=True, title="pass", summary="it", remarks=REMARKS)
    assert (forge.comments(), forge.verdicts()) == ([f"{MARKER}\none"], [("terrace", True, "pass")])
