"""The end of a command in a job of GitHub Actions: outputs, a summary, an exit code; elsewhere nothing is written."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from support.configuration import load
from terrace.adapters.git.access import by_token
from terrace.apps.cli.job_result import Ending, after_deployment, after_tick, due_matrix, end_job, environment_matrix
from terrace.apps.wiring.forge import access, instigator
from terrace.report.json.deployments import DeployJson
from terrace.report.json.tick import TickAction, tick_action
from terrace.report.markdown.run_page import deployment_summary
from terrace.report.words import ResultWord

CONFIG = load(b"version: 1\nenvironments: {dev: {}}\npeople: {ann: {login: ann-codes}}\n")


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files of a job."""
    monkeypatch.setenv("TERRACE_CI", "github")
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    return tmp_path


def deployment(result: ResultWord, *reasons: str) -> DeployJson:
    return DeployJson(
        deployment="abc",
        environment="prod",
        commit="0123456789abcdef",
        result=result,
        reasons=reasons,
        steps=(),
        tag=None,
    )


def action(result: ResultWord) -> TickAction:
    return tick_action(deployment(result), "")


@pytest.mark.parametrize(
    ("result", "code", "ends"), [("waiting", 1, 0), ("succeeded", 0, 0), ("blocked", 1, 1), ("failed", 1, 1)]
)
def test_only_waiting_ends_a_job_otherwise(job: Path, result: ResultWord, code: int, ends: int) -> None:
    assert end_job(after_deployment(deployment(result), "deadbeef"), code) == ends
    outputs = dict(line.split("=", 1) for line in (job / "output").read_text().splitlines())
    assert outputs == {"result": result, "environment": "prod", "deployment": "abc", "digest": "deadbeef"}
    assert f"prod: {result}" in (job / "summary").read_text()


def test_what_broke_stays_broken(job: Path) -> None:
    assert end_job(after_deployment(deployment("waiting"), ""), 3) == 3


def test_elsewhere_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    assert end_job(after_deployment(deployment("waiting"), ""), 1) == 1
    assert not (tmp_path / "output").exists()


def test_no_value_makes_an_output_of_its_own(job: Path) -> None:
    end_job(Ending({"result": "failed\nresult=succeeded"}), 1)
    assert (job / "output").read_text() == "result=failed result=succeeded\n"


def test_environments_make_a_matrix(job: Path) -> None:
    end_job(environment_matrix(["dev", "prod", "dev"]), 0)
    end_job(due_matrix(["dev"], [], ["prod"]), 0)
    assert (job / "output").read_text() == 'environments=["dev", "prod"]\nplan=["dev"]\napply=[]\nchecks=["prod"]\n'


@pytest.mark.parametrize(
    ("results", "good", "result"),
    [
        ([], True, "succeeded"),
        ([], False, "attention"),
        (["succeeded", "waiting"], True, "waiting"),
        (["waiting", "succeeded"], True, "waiting"),
        (["waiting", "failed", "succeeded"], True, "failed"),
        (["waiting"], False, "attention"),
    ],
)
def test_a_tick_ends_as_the_worst_of_what_it_did(results: list[ResultWord], good: bool, result: str) -> None:
    ending = after_tick(map(action, results), good=good)
    assert ending.outputs["result"] == result


def test_a_page_shows_text_from_outside_as_text() -> None:
    hostile = "</td><img src=x> @team #1 | `code` [x](y)"
    page = deployment_summary(deployment("blocked", hostile), "")
    for active in ("<img", "@team", "#1 ", "[x]("):
        assert active not in page


def test_a_page_names_the_plans_that_people_agree_to() -> None:
    assert "`/terrace approve prod deadbeef`" in deployment_summary(deployment("waiting"), "deadbeef")
    assert "/terrace approve" not in deployment_summary(deployment("waiting"), "")


# --- who we are in a run -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "login", "name"),
    [
        ("push", "ann-codes", "ann"),
        ("workflow_dispatch", "stranger", "@stranger"),
        # GitHub names whoever touched the schedule last.
        ("schedule", "ann-codes", "@terrace"),
        ("workflow_run", "ann-codes", "@terrace"),
    ],
)
def test_a_run_is_somebodys(event: str, login: str, name: str) -> None:
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": event, "GITHUB_ACTOR": login}
    assert instigator(environ, CONFIG) == name


def test_whoever_runs_it_again_is_who_asked() -> None:
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "ann-codes", "GITHUB_TRIGGERING_ACTOR": "other"}
    assert instigator(environ, CONFIG) == "@other"
    assert instigator({"GITHUB_ACTOR": "ann-codes"}, CONFIG) == ""


def test_git_shows_the_token_to_the_server_of_the_run_alone() -> None:
    environ = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "acme/infra",
        "GITHUB_TOKEN": "ghs_secret",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "a.b",
        "GIT_CONFIG_VALUE_0": "c",
    }
    shown = access(environ)()
    assert shown["GIT_CONFIG_COUNT"] == "3"
    assert {shown["GIT_CONFIG_KEY_1"], shown["GIT_CONFIG_KEY_2"]} == {"http.https://github.com/.extraheader"}
    assert shown["GIT_CONFIG_VALUE_1"] == ""
    assert base64.b64decode(shown["GIT_CONFIG_VALUE_2"].rpartition(" ")[2]) == b"x-access-token:ghs_secret"
    assert "ghs_secret" not in json.dumps(shown)


@pytest.mark.parametrize(
    "change", [{"GITHUB_ACTIONS": ""}, {"GITHUB_SERVER_URL": "http://github.com"}, {"GITHUB_TOKEN": ""}]
)
def test_without_a_run_or_a_token_git_is_as_it_is(change: dict[str, str]) -> None:
    environ = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "acme/infra",
        "GITHUB_TOKEN": "ghs_secret",
    }
    assert access({**environ, **change})() == {}


def test_git_itself_reads_it(tmp_path: Path) -> None:
    from terrace.adapters.git.command import git

    env = by_token("https://github.com", "t", {})
    told = git(tmp_path, "config", "--get-urlmatch", "http.extraheader", "https://github.com/acme/infra", env=env)
    assert told.out.startswith(b"AUTHORIZATION: basic ")
    other = git(tmp_path, "config", "--get-urlmatch", "http.extraheader", "https://example.com/x", env=env)
    assert other.out == b""
