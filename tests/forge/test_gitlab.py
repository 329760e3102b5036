"""What is GitLab's own: quick actions, a job's token, many pages, its ways to say no."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge.fake import Stumble
from forge.gitlab import FakeGitLab
from forge.served import served
from support.cli import MODULE, three_environments, world
from support.git import git
from terrace.adapters.gitlab.client import GitLab, Refused
from terrace.adapters.gitlab.jobs import MergeRequestJob, merge_request_job, token
from terrace.adapters.gitlab.page import MergeRequestPage
from terrace.apps.wiring.pages import page
from terrace.errors import NotReady

MARKER = "<!-- terrace:v1 -->"
HEAD = "7" * 40
URL = "https://gitlab.example.com/acme/infrastructure"

JOB = {
    "GITLAB_CI": "true",
    "GITLAB_TOKEN": "glpat-ours",
    "CI_API_V4_URL": "https://gitlab.example.com/api/v4",
    "CI_MERGE_REQUEST_PROJECT_ID": "5",
    "CI_MERGE_REQUEST_PROJECT_URL": URL,
    "CI_MERGE_REQUEST_IID": "12",
    "CI_COMMIT_SHA": HEAD,
    "CI_PIPELINE_ID": "77",
}


@pytest.fixture
def fake() -> FakeGitLab:
    return FakeGitLab()


def written(fake: FakeGitLab, naps: list[float] | None = None, token: str = "glpat-ours") -> MergeRequestPage:
    sleep = (naps if naps is not None else []).append
    return MergeRequestPage(GitLab(fake.api, 5, token, transport=fake.transport(), sleep=sleep), merge_request_job(JOB))


def test_a_job_tells_which_merge_request_it_is_for() -> None:
    assert merge_request_job(JOB) == MergeRequestJob("https://gitlab.example.com/api/v4", 5, URL, 12, HEAD, 77)
    assert isinstance(page(JOB), MergeRequestPage)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("CI_MERGE_REQUEST_IID", None, "not for a merge request"),
        ("CI_MERGE_REQUEST_IID", "12/../13", "CI_MERGE_REQUEST_IID does not have the form"),
        ("CI_MERGE_REQUEST_PROJECT_ID", "5?x", "CI_MERGE_REQUEST_PROJECT_ID"),
        ("CI_COMMIT_SHA", "main", "CI_COMMIT_SHA"),
        ("CI_API_V4_URL", "file:///etc", "CI_API_V4_URL"),
        ("GITLAB_TOKEN", "", "CI_JOB_TOKEN can read comments but not write them"),
    ],
)
def test_what_is_missing_or_odd_is_said_with_its_name(name: str, value: str | None, why: str) -> None:
    told = {key: text for key, text in {**JOB, name: value}.items() if text is not None}
    with pytest.raises(NotReady, match=why) as error:
        page(told)
    assert error.value.hint


def test_where_nothing_runs_it_a_folder_is_named() -> None:
    with pytest.raises(NotReady) as error:
        page({})
    assert "TERRACE_PAGE=DIR" in (error.value.hint or "")
    assert token(JOB) == "glpat-ours"


def test_what_looks_like_a_quick_action_is_not_done(fake: FakeGitLab) -> None:
    body = f"{MARKER}\nname:\n/merge\n  /approve\n\n```diff\n+ a\n```\nnext: `/terrace status`\n"
    one = written(fake)
    one.comment(MARKER, body)
    one.comment(MARKER, body)
    (note,) = fake.notes.values()
    assert fake.actions == []
    assert "\n\\/merge\n  \\/approve\n" in note["body"]
    assert not any(asked.startswith("PUT") for asked in fake.asked), "the same again is no change"


def test_ours_is_found_on_the_last_of_many_pages(fake: FakeGitLab) -> None:
    fake.page_size = 7
    for number in range(30):
        fake.someone_notes(2, f"talk {number}")
    address = written(fake).comment(MARKER, f"{MARKER}\none")
    assert written(fake).comment(MARKER, f"{MARKER}\ntwo") == address
    assert address.startswith(f"{URL}/-/merge_requests/12#note_")
    assert len(fake.notes) == 31


def test_two_jobs_that_raced_leave_one_note_and_a_deleted_one_is_written_anew(fake: FakeGitLab) -> None:
    for text in ("one", "two"):
        fake.someone_notes(1, f"{MARKER}\n{text}")
    written(fake).comment(MARKER, f"{MARKER}\nthree")
    assert [note["body"] for note in fake.notes.values()] == [f"{MARKER}\nthree"]
    fake.notes.clear()
    written(fake).comment(MARKER, f"{MARKER}\nfour")
    assert len(fake.notes) == 1


def test_another_pipeline_has_a_verdict_of_its_own_and_a_changed_one_is_added(fake: FakeGitLab) -> None:
    for passed, title in ((True, "pass"), (False, "held"), (False, "held"), (True, "x" * 300)):
        written(fake).conclude("terrace", passed=passed, title=title, summary="", remarks=())
    assert [(one["status"], len(one["description"])) for one in fake.statuses] == [
        ("success", 4),
        ("failed", 4),
        ("success", 255),
    ]
    assert {one["pipeline_id"] for one in fake.statuses} == {77}


def test_a_token_that_may_not_is_told_what_it_lacks(fake: FakeGitLab) -> None:
    fake.scopes["glpat-ours"] = "read_api"
    with pytest.raises(
        NotReady, match="no permission for POST /merge_requests/12/notes: The request requires api"
    ) as error:
        written(fake).comment(MARKER, MARKER)
    assert "scope `api`" in (error.value.hint or "")
    with pytest.raises(NotReady, match="does not accept the token"):
        written(fake, token="gone").comment(MARKER, MARKER)


def test_a_limit_is_waited_for_and_a_gitlab_that_is_down_is_said(fake: FakeGitLab) -> None:
    naps: list[float] = []
    fake.stumbles = [Stumble(429, {"retry-after": "7"})]
    written(fake, naps).comment(MARKER, MARKER)
    assert (naps, len(fake.notes)) == ([7.0], 1)
    fake.stumbles = [Stumble(status) for status in (503, 0, 500, 502)]
    with pytest.raises(NotReady, match="did not report the outcome of GET /merge_requests/12/notes: HTTP 502"):
        written(fake, naps).comment(MARKER, MARKER)


def test_no_redirect_takes_the_token_elsewhere(fake: FakeGitLab) -> None:
    fake.stumbles = [Stumble(302, {"location": "https://evil.example/"})]
    with pytest.raises(Refused, match="rejects GET"):
        written(fake).comment(MARKER, MARKER)


def test_in_a_folder_a_comment_and_a_verdict_are_files(tmp_path: Path) -> None:
    made = page({"TERRACE_PAGE": str(tmp_path / "page")})
    assert made.comment('<!-- terrace:v1 {"kind":"check"} -->', "hello") == str(
        tmp_path / "page/terrace-v1-kind-check.md"
    )
    made.conclude("terrace", passed=True, title="pass", summary="", remarks=())
    assert sorted(path.name for path in (tmp_path / "page").iterdir()) == ["terrace-v1-kind-check.md", "terrace.json"]


@pytest.mark.slow
def test_a_check_in_a_job_of_gitlab_becomes_one_note_and_one_status(fake: FakeGitLab, tmp_path: Path) -> None:
    shop = world(tmp_path, three_environments())
    git(shop.work, "switch", "--quiet", "--create", "change")
    (shop.work / "modules/thing/main.tf").write_text(MODULE.replace("-1", "-2"))
    with served(fake) as api:
        shop.variables |= {**JOB, "CI_API_V4_URL": f"{api}/api/v4"}
        done = shop.ok("check", "--publish", "--report", "junit=check.xml")
        (shop.work / "environments/dev/extra.tf").write_text("locals {a=1}\n")
        assert shop.run("check", "--publish").code == 1
    (note,) = fake.notes.values()
    assert "### Terrace: **blocked**" in note["body"]
    assert [one["status"] for one in fake.statuses] == ["success", "failed"]
    assert f"published: {URL}/-/merge_requests/12#note_{note['id']}" in done.err
    assert "glpat-ours" not in done.out + done.err + note["body"]
