"""Findings reach code scanning, or it is said why not; a check does not depend on it."""

from __future__ import annotations

import json

import pytest

from forge.fake import FakeGitHub, Stumble
from terrace.adapters.github.client import GitHub, Place
from terrace.adapters.github.code_scanning import CodeScanning
from terrace.adapters.github.credentials import Token

SARIF = json.dumps({"version": "2.1.0", "runs": []}).encode()
HEAD, REF = "a" * 40, "refs/pull/7/head"


@pytest.fixture
def fake() -> FakeGitHub:
    return FakeGitHub(grants={"security_events": "write"})


def take(fake: FakeGitHub, sarif: bytes = SARIF) -> str | None:
    github = GitHub(Place("acme", "infrastructure"), Token("t"), transport=fake.transport(), sleep=lambda _: None)
    return CodeScanning(github, sleep=lambda _: None).take(sarif, HEAD, REF)


def test_a_report_is_there_once_github_says_so(fake: FakeGitHub) -> None:
    assert take(fake) is None
    (report,) = fake.reports.values()
    assert (report["commit"], report["ref"], report["report"]["version"]) == (HEAD, REF, "2.1.0")
    assert fake.count("code-scanning/get-sarif") == 2


@pytest.mark.parametrize(
    ("scanning", "why"),
    [("off", "not enabled"), ("failing", "too many results"), ("slow", "has not said yet")],
)
def test_what_github_does_not_take_is_said(fake: FakeGitHub, scanning: str, why: str) -> None:
    fake.scanning = scanning
    assert why in (take(fake) or "")


def test_a_token_that_may_not_is_said(fake: FakeGitHub) -> None:
    fake.grants = {}
    assert "may not" in (take(fake) or "")


def test_a_bad_gateway_hands_it_over_again(fake: FakeGitHub) -> None:
    fake.stumbles = [Stumble(502, done_first=True)]
    assert take(fake) is None


def test_what_is_too_large_is_not_sent(fake: FakeGitHub) -> None:
    import os

    assert "up to 10 MB" in (take(fake, os.urandom(11 << 20)) or "")
    assert fake.asked == []
