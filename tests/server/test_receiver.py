"""What is taken in and what is not: nothing without a signature, nothing twice, nothing that is not on disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from forge.answers import NOW
from server.deliveries import SECRET, delivered, headers, pushed, said
from terrace.adapters.github.webhooks import genuine
from terrace.apps.server.inbox import Inbox
from terrace.apps.server.receiver import LONGEST, PATH, Limits, application, secrets_of
from terrace.errors import NotReady

OLD = "0f" * 16


class Client:
    """Asks the receiver without a network."""

    def __init__(self, app: Starlette) -> None:
        self._transport = httpx.ASGITransport(app)

    def get(self, path: str) -> httpx.Response:
        return self._asked("GET", path, b"", {})

    def post(
        self, path: str, content: bytes | AsyncIterator[bytes] = b"", headers: Mapping[str, str | bytes] | None = None
    ) -> httpx.Response:
        return self._asked("POST", path, content, headers or {})

    def _asked(
        self, verb: str, path: str, content: bytes | AsyncIterator[bytes], headers: Mapping[str, str | bytes]
    ) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="http://receiver") as client:
                given = [(name.encode(), v if isinstance(v, bytes) else v.encode()) for name, v in headers.items()]
                return await client.request(verb, path, content=content, headers=given)

        return asyncio.run(ask())


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    made = Inbox(tmp_path / "inbox.db", lambda: NOW)
    yield made
    made.close()


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def client(inbox: Inbox, lines: list[str]) -> Client:
    secrets = (SECRET.encode(), OLD.encode())
    return Client(application(inbox, secrets, {"push", "issue_comment"}, lines.append))


def test_what_is_signed_is_kept_as_it_came(client: Client, inbox: Inbox, lines: list[str]) -> None:
    body = said(900)
    answer = client.post(PATH, content=body, headers=headers(body, "issue_comment"))
    assert (answer.status_code, answer.json()) == (202, {"result": "new"})
    kept = inbox.begin()
    assert kept is not None
    assert (kept.id, kept.event, kept.body) == ("11111111-aaaa", "issue_comment", body)
    assert lines == ["11111111-aaaa issue_comment: new"]


def test_either_secret_signs_while_one_takes_the_place_of_the_other(client: Client) -> None:
    for number, secret in enumerate((SECRET, OLD)):
        body = pushed(f"branch-{number}")
        given = headers(body, id_=f"1111111{number}", secret=secret)
        assert client.post(PATH, content=body, headers=given).status_code == 202


@pytest.mark.parametrize(
    "changed",
    [
        {"x-hub-signature-256": ""},
        {"x-hub-signature-256": "sha256=" + "0" * 64},
        {"x-hub-signature-256": headers(pushed("other"))["x-hub-signature-256"]},
        {"x-hub-signature-256": headers(pushed())["x-hub-signature-256"].removeprefix("sha256=")},
        {"x-hub-signature-256": headers(pushed())["x-hub-signature-256"].upper()},
        {"x-hub-signature-256": headers(pushed(), secret="wrong" * 5)["x-hub-signature-256"]},
        {"x-hub-signature-256": b"sha256=\xff\xfe"},
    ],
)
def test_what_is_not_signed_leaves_nothing_behind(
    client: Client, inbox: Inbox, changed: dict[str, str | bytes]
) -> None:
    answer = client.post(PATH, content=pushed(), headers={**headers(pushed()), **changed})
    assert answer.status_code == 401
    assert inbox.count() == {}


def test_the_signature_is_that_of_the_bytes_and_not_of_what_they_mean() -> None:
    body = pushed()
    signature = headers(body)["x-hub-signature-256"]
    assert genuine(body, signature, [SECRET.encode()])
    assert not genuine(body + b" ", signature, [SECRET.encode()])
    assert not genuine(body, signature, [])


def test_what_is_sent_again_is_kept_once(client: Client, inbox: Inbox) -> None:
    body = pushed()
    answers = [client.post(PATH, content=body, headers=headers(body)) for _ in range(3)]
    assert [one.status_code for one in answers] == [202, 200, 200]
    inbox.begin()
    inbox.end("11111111-aaaa", "done", "deployed")
    assert client.post(PATH, content=body, headers=headers(body)).json() == {"result": "known"}
    assert inbox.begin() is None


def test_an_old_body_under_a_new_id_is_no_new_delivery(client: Client, inbox: Inbox) -> None:
    body = pushed()
    client.post(PATH, content=body, headers=headers(body))
    for event, id_ in (("push", "22222222-bbbb"), ("issue_comment", "33333333-cccc")):
        answer = client.post(PATH, content=body, headers=headers(body, event, id_))
        assert (answer.status_code, answer.json()) == (200, {"result": "known"})
    assert inbox.count() == {"waiting": 1}


@pytest.mark.parametrize("other", [(pushed("other"), "push"), (pushed(), "issue_comment")])
def test_another_delivery_by_a_known_id_is_refused(client: Client, inbox: Inbox, other: tuple[bytes, str]) -> None:
    body, event = other
    client.post(PATH, content=pushed(), headers=headers(pushed()))
    assert client.post(PATH, content=body, headers=headers(body, event)).status_code == 409
    kept = inbox.begin()
    assert kept is not None and (kept.body, kept.event) == (pushed(), "push")


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"x-github-event": "ping"}, 200),
        ({"x-github-event": "star"}, 202),
        ({"x-github-event": "../push"}, 400),
        ({"x-github-event": ""}, 400),
        ({"x-github-delivery": "a b"}, 400),
        ({"x-github-delivery": ""}, 400),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_what_is_nothing_for_us_is_answered_and_not_kept(
    client: Client, inbox: Inbox, changed: dict[str, str], status: int
) -> None:
    body = delivered("ping") if "ping" in changed.values() else pushed()
    assert client.post(PATH, content=body, headers={**headers(body), **changed}).status_code == status
    assert inbox.count() == {}


def test_what_is_too_long_is_not_read_to_its_end(client: Client, inbox: Inbox) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1024 * 1024
            yield b"x" * 1024 * 1024

    assert client.post(PATH, content=b"x", headers={"content-length": str(LONGEST + 1)}).status_code == 413
    assert client.post(PATH, content=endless()).status_code == 413
    assert sent <= LONGEST + 2 * 1024 * 1024
    assert inbox.count() == {}


def test_more_than_memory_is_meant_for_is_turned_away_for_now(inbox: Inbox, lines: list[str]) -> None:
    client = Client(application(inbox, (SECRET.encode(),), {"push"}, lines.append, Limits(held=len(pushed()))))
    assert client.post(PATH, content=pushed() + b" ", headers=headers(pushed())).status_code == 503
    for _ in range(3):
        assert client.post(PATH, content=pushed(), headers=headers(pushed())).status_code in (200, 202)


def test_what_cannot_be_kept_is_not_answered_for(client: Client, inbox: Inbox, lines: list[str]) -> None:
    assert client.get("/health").json() == {"ready": True}
    inbox.close()
    body = pushed()
    answer = client.post(PATH, content=body, headers=headers(body))
    assert (answer.status_code, "on disk" in answer.text) == (503, False)
    assert client.get("/health").status_code == 503
    assert "cannot be used now" in lines[0]


def test_only_its_own_paths_are_answered(client: Client) -> None:
    assert client.get(PATH).status_code == 405
    assert client.post("/").status_code == 404


def test_a_receiver_without_a_good_secret_does_not_start() -> None:
    assert secrets_of({"TERRACE_WEBHOOK_SECRET": f"{SECRET} {OLD}\n"}) == (SECRET.encode(), OLD.encode())
    for text in ("", "  ", "short", f"{SECRET} short"):
        with pytest.raises(NotReady) as told:
            secrets_of({"TERRACE_WEBHOOK_SECRET": text})
        assert "openssl rand" in (told.value.hint or "")


def test_an_old_delivery_is_forgotten_once_it_cannot_be_sent_again(tmp_path: Path) -> None:
    moment = NOW
    inbox = Inbox(tmp_path / "inbox.db", lambda: moment)
    client = Client(application(inbox, (SECRET.encode(),), {"push"}, lambda _: None))
    for days in (0, 366):
        moment = NOW + timedelta(days=days)
        body = pushed(f"day-{days}")
        client.post(PATH, content=body, headers=headers(body, id_=f"day-{days:06}"))
        inbox.begin()
        inbox.end(f"day-{days:06}", "done", "")
    assert [entry.id for entry in inbox.entries()] == ["day-000366"]
    inbox.close()
