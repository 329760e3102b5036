"""Requests to GitHub: what is waited for, what is tried again, what never is, and how a no is told."""

from __future__ import annotations

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from forge.answers import NOW
from forge.fake import FakeGitHub, Stumble
from terrace.adapters.github.client import GitHub, Place
from terrace.adapters.github.comments import Comments
from terrace.adapters.github.credentials import App, Token, claim
from terrace.errors import NotReady

MARKER = "<!-- terrace:v1 plan -->"


class Naps:
    """Sleeps that take no time, and are remembered."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


@pytest.fixture
def fake() -> FakeGitHub:
    made = FakeGitHub()
    made.open_pull_request(12)
    return made


@pytest.fixture
def naps() -> Naps:
    return Naps()


@pytest.fixture
def github(fake: FakeGitHub, naps: Naps) -> GitHub:
    place = Place(fake.owner, fake.name)
    return GitHub(place, Token("t"), transport=fake.transport(), sleep=naps, clock=NOW.timestamp)


def test_a_comment_is_made_once_and_then_changed(fake: FakeGitHub, github: GitHub) -> None:
    comments = Comments(github, fake.me)
    first = comments.keep(12, MARKER, f"{MARKER}\none")
    assert comments.keep(12, MARKER, f"{MARKER}\ntwo") == first
    assert comments.keep(12, MARKER, f"{MARKER}\ntwo") == first
    assert [c["body"] for c in fake.comments.values()] == [f"{MARKER}\ntwo"]
    assert (fake.count("issues/create-comment"), fake.count("issues/update-comment")) == (1, 1)


def test_a_marker_further_down_is_something_that_a_change_shows(fake: FakeGitHub, github: GitHub) -> None:
    comments = Comments(github, fake.me)
    other = f"<!-- terrace:v1 check -->\n```\n{MARKER}\n```"
    comments.keep(12, "<!-- terrace:v1 check -->", other)
    comments.keep(12, MARKER, f"{MARKER}\nours")
    assert [c["body"] for c in fake.comments.values()] == [other, f"{MARKER}\nours"]


def test_being_told_to_wait_for_no_time_at_all_has_an_end(fake: FakeGitHub, github: GitHub) -> None:
    fake.stumbles = [Stumble(429, {"retry-after": "0"}) for _ in range(500)]
    with pytest.raises(NotReady):
        github.read("issues/12")


def test_a_marker_in_somebody_elses_comment_is_not_ours(fake: FakeGitHub, github: GitHub) -> None:
    theirs = fake.someone_comments(12, "mallory", f"{MARKER}\napproved, honestly")
    Comments(github, fake.me).keep(12, MARKER, f"{MARKER}\nours")
    assert fake.comments[theirs]["body"] == f"{MARKER}\napproved, honestly"
    assert len(fake.comments) == 2


def test_ours_is_found_on_the_last_of_many_pages(fake: FakeGitHub, github: GitHub) -> None:
    fake.page_size = 7
    for number in range(30):
        fake.someone_comments(12, "mona", f"talk {number}")
    comments = Comments(github, fake.me)
    comments.keep(12, MARKER, f"{MARKER}\none")
    comments.keep(12, MARKER, f"{MARKER}\ntwo")
    assert fake.count("issues/create-comment") == 1


def test_two_runs_that_raced_leave_one_comment(fake: FakeGitHub, github: GitHub) -> None:
    fake.someone_comments(12, fake.me, f"{MARKER}\nof one run")
    fake.someone_comments(12, fake.me, f"{MARKER}\nof the other")
    Comments(github, fake.me).keep(12, MARKER, f"{MARKER}\nnow")
    assert [c["body"] for c in fake.comments.values()] == [f"{MARKER}\nnow"]


@pytest.mark.parametrize("status", [502, 0])
def test_what_was_made_and_not_told_is_not_made_again(
    fake: FakeGitHub, github: GitHub, naps: Naps, status: int
) -> None:
    fake.stumbles = [None, Stumble(status, done_first=True)]
    Comments(github, fake.me).keep(12, MARKER, f"{MARKER}\none")
    assert len(fake.comments) == 1
    assert fake.count("issues/create-comment") == 1
    assert naps.taken == [1.0]


@pytest.mark.parametrize("status", [500, 502, 503, 504, 0])
def test_what_was_not_made_is_made_again(fake: FakeGitHub, github: GitHub, status: int) -> None:
    fake.stumbles = [None, Stumble(status)]
    Comments(github, fake.me).keep(12, MARKER, f"{MARKER}\none")
    assert len(fake.comments) == 1
    assert fake.count("issues/create-comment") == 2


def test_a_github_that_is_down_is_said(fake: FakeGitHub, github: GitHub, naps: Naps) -> None:
    fake.stumbles = [Stumble(503) for _ in range(9)]
    with pytest.raises(NotReady, match=r"did not report the outcome of GET issues/12: HTTP 503") as told:
        github.read("issues/12")
    assert "githubstatus.com" in (told.value.hint or "")
    assert naps.taken == [2.0, 4.0, 8.0]


def test_a_limit_is_waited_for(fake: FakeGitHub, github: GitHub, naps: Naps) -> None:
    reset = str(int(NOW.timestamp()) + 40)
    fake.stumbles = [
        Stumble(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}, {"message": "API rate limit"}),
        Stumble(429, {"retry-after": "7"}),
    ]
    assert github.read("issues/12")["number"] == 12
    assert naps.taken == [41.0, 7.0]


def test_a_limit_that_takes_too_long_is_said_with_its_end(fake: FakeGitHub, github: GitHub, naps: Naps) -> None:
    reset = str(int(NOW.timestamp()) + 1800)
    fake.stumbles = [Stumble(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}, {"message": "limit"})]
    with pytest.raises(NotReady, match="until 12:30:01 UTC"):
        github.read("issues/12")
    assert naps.taken == []


def test_a_secondary_limit_makes_nothing_twice(fake: FakeGitHub, github: GitHub, naps: Naps) -> None:
    said = {"message": "You have exceeded a secondary rate limit."}
    fake.stumbles = [None, Stumble(403, {}, said)]
    Comments(github, fake.me).keep(12, MARKER, MARKER)
    assert naps.taken == [60.0]
    assert len(fake.comments) == 1


def test_a_missing_permission_is_named_with_where_to_give_it(fake: FakeGitHub, github: GitHub) -> None:
    fake.grants = {"checks": "write"}
    with pytest.raises(NotReady, match="no permission for POST issues/12/comments") as told:
        Comments(github, fake.me).keep(12, MARKER, MARKER)
    assert "`permissions: {issues: write}`" in (told.value.hint or "")


def test_a_renamed_repository_is_followed(fake: FakeGitHub, naps: Naps) -> None:
    fake.renamed_from = "old-name"
    github = GitHub(Place(fake.owner, "old-name"), Token("t"), transport=fake.transport(), sleep=naps)
    Comments(github, fake.me).keep(12, MARKER, MARKER)
    assert len(fake.comments) == 1


def test_a_comment_deleted_meanwhile_is_written_anew(fake: FakeGitHub, github: GitHub) -> None:
    comments = Comments(github, fake.me)
    comments.keep(12, MARKER, f"{MARKER}\none")
    fake.vanishing = True
    comments.keep(12, MARKER, f"{MARKER}\ntwo")
    assert [c["body"] for c in fake.comments.values()] == [f"{MARKER}\ntwo"]


def test_a_redirect_to_another_host_is_refused(naps: Naps) -> None:
    fake = FakeGitHub(stumbles=[Stumble(301, {"location": "https://evil.example/repos/a/b"})])
    github = GitHub(Place("acme", "infrastructure"), Token("t"), transport=fake.transport(), sleep=naps)
    with pytest.raises(NotReady, match="another host"):
        github.read("issues/12")


def test_an_app_renews_its_token_before_it_ends(fake: FakeGitHub) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    now = NOW.timestamp()
    claims: list[str] = []

    def exchange(said: str) -> tuple[str, object]:
        from datetime import timedelta

        claims.append(said)
        return f"token {len(claims)}", NOW + timedelta(seconds=3600 * len(claims))

    app = App("123", pem, exchange, lambda: now)  # type: ignore[arg-type]
    assert (app.token(), app.token()) == ("token 1", "token 1")
    now += 3600 - 300
    assert app.token() == "token 2"
    with pytest.raises(NotReady, match="cannot be read"):
        claim("123", b"nonsense", now)


def test_a_page_instead_of_an_answer_is_no_answer() -> None:
    def proxy(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text="<html>Please log in</html>")

    github = GitHub(Place("acme", "infrastructure"), Token("t"), transport=httpx.MockTransport(proxy))
    with pytest.raises(NotReady, match="not JSON"):
        github.read("issues/1")
