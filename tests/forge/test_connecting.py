"""Where the repository is, who writes there, and to whom a token is never sent."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from forge.answers import NOW
from forge.fake import FakeGitHub
from terrace.adapters.github.client import Place
from terrace.adapters.github.connecting import connect, place
from terrace.errors import NotReady

HERE = Place("acme", "infrastructure")


@pytest.mark.parametrize(
    "remote",
    [
        "git@github.com:acme/infrastructure.git",
        "https://github.com/acme/infrastructure",
        "https://someone@github.com/acme/infrastructure.git",
        "ssh://git@github.com/acme/infrastructure.git",
        "ssh://git@ssh.github.com:443/acme/infrastructure.git",
    ],
)
def test_a_remote_on_github_com_is_enough(remote: str) -> None:
    assert place({}, remote=remote) == HERE


@pytest.mark.parametrize(
    "remote", [None, "git@gitlab.com:acme/infrastructure.git", "../elsewhere", "https://github.com.evil.example/a/b"]
)
def test_a_token_goes_nowhere_because_a_remote_leads_there(remote: str | None) -> None:
    assert place({}, remote=remote) is None


def test_an_enterprise_server_is_named_by_terrace_yaml_or_the_run() -> None:
    api = "https://ghe.example.com/api/v3"
    remote = "git@ghe.example.com:acme/infrastructure.git"
    assert place({}, api=api, remote=remote) == Place("acme", "infrastructure", api)
    assert place({}, api=api, remote="git@github.com:acme/infrastructure.git") is None
    run = {"GITHUB_REPOSITORY": "acme/infrastructure", "GITHUB_API_URL": api}
    assert place(run, remote="git@github.com:other/one.git") == Place("acme", "infrastructure", api)


@pytest.mark.parametrize("path", ["acme", "acme/a/b", "../x", "a b/c", "acme/.."])
def test_what_is_no_repository_is_said(path: str) -> None:
    with pytest.raises(NotReady, match="owner/name"):
        place({"GITHUB_REPOSITORY": path})


def test_without_a_token_there_is_no_forge() -> None:
    assert connect({}, HERE) is None


def test_a_workflow_writes_as_the_bot_of_github() -> None:
    found = connect({"GITHUB_TOKEN": "t", "GITHUB_ACTIONS": "true"}, HERE, transport=FakeGitHub().transport())
    assert found is not None and found.login == "github-actions[bot]"


def test_a_person_is_asked_who_they_are() -> None:
    found = connect({"GH_TOKEN": "t"}, HERE, transport=FakeGitHub(me="mona").transport())
    assert found is not None and found.login == "mona"


def test_an_app_lets_itself_in_and_writes_as_itself() -> None:
    fake = FakeGitHub()
    fake.open_pull_request(1)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    found = connect(
        {"TERRACE_GITHUB_APP_ID": "7", "TERRACE_GITHUB_APP_KEY": pem, "GITHUB_TOKEN": "t"},
        HERE,
        transport=fake.transport(),
        clock=NOW.timestamp,
    )
    assert found is not None and found.login == "terrace[bot]"
    assert found.github.read("issues/1")["number"] == 1
    assert found.github.read("issues/1")["number"] == 1
    assert fake.count("apps/create-installation-access-token") == 1
    assert [one.operation for one in fake.asked][:3] == [
        "apps/get-authenticated",
        "apps/get-repo-installation",
        "apps/create-installation-access-token",
    ]


def test_an_app_without_its_key_is_told_where_it_goes() -> None:
    with pytest.raises(NotReady, match="TERRACE_GITHUB_APP_KEY is not"):
        connect({"TERRACE_GITHUB_APP_ID": "7"}, HERE)
