"""The pipeline of `terrace init gitlab`: as GitLab's schema has it, a call of Terrace a line, nothing beside itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from support.cli import World, three_environments, world
from support.configuration import load
from terrace.apps.cli import job_result
from terrace.apps.wiring.forge import access, instigator
from terrace.apps.workflows.gitlab import pipeline

CONFIG = load(
    b"version: 1\nenvironments:\n  dev: {}\n  prod: {after: dev, approvals: 1}\nchecks: {checkov: advisory}\n"
    b"people: {ann: {login: ann-gl}}\nteams: {owners: [ann]}\n",
    "terrace.yaml",
)


@pytest.fixture(scope="module")
def jobs() -> dict[str, Any]:
    return dict(YAML(typ="safe").load(pipeline(CONFIG, "1.2.3")))


def test_it_is_as_the_schema_of_gitlab_ci_has_it(tmp_path: Path) -> None:
    file = tmp_path / ".gitlab-ci.yml"
    file.write_text(pipeline(CONFIG, "1.2.3"))
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_line_of_a_script_is_one_call_of_terrace(jobs: dict[str, Any]) -> None:
    scripts = {name: job["script"] for name, job in jobs.items() if isinstance(job, dict) and "script" in job}
    assert scripts == {
        "check": ["terrace check --publish --report junit=check.xml"],
        "check-of-strangers": ["terrace check --static"],
        "deploy-dev": ["terrace deploy dev"],
        "promote-prod": ["terrace promote prod --yes"],
        "tick": ["terrace tick"],
        "drift": ["terrace drift look"],
    }
    pinned = ["git config terrace.branch main", "git config terrace.remote origin"]
    assert jobs["default"]["before_script"][:2] == pinned
    assert jobs["default"]["before_script"][-1] == "terrace tools install checkov"


def test_nothing_that_changes_an_environment_is_cut_off_or_runs_beside_itself(jobs: dict[str, Any]) -> None:
    assert jobs["default"]["interruptible"] is False
    groups = [jobs[name]["resource_group"] for name in ("deploy-dev", "promote-prod", "tick")]
    assert groups == ["terrace-dev", "terrace-prod", "terrace-tick"]
    assert not any("interruptible" in jobs[name] for name in ("deploy-dev", "promote-prod", "tick"))
    assert jobs["promote-prod"]["rules"][0]["when"] == "manual"
    assert "when" not in jobs["deploy-dev"]["rules"][0]


def test_a_merge_request_of_strangers_is_not_planned(jobs: dict[str, Any]) -> None:
    ours, theirs = jobs["check"]["rules"], jobs["check-of-strangers"]["rules"]
    assert [ours[0]["if"].replace(" == $", " != $")] == [theirs[0]["if"]]
    assert len(ours) == len(theirs) == 1


def test_in_a_job_of_gitlab_waiting_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERRACE_CI", "gitlab")
    assert job_result.end_job(job_result.Ending({"result": "waiting"}, str), 1) == 0
    assert job_result.end_job(job_result.Ending({"result": "failed"}, str), 1) == 1


def test_whoever_set_the_job_going_is_who_deploys() -> None:
    job = {"GITLAB_CI": "true", "GITLAB_USER_LOGIN": "ann-gl", "CI_PIPELINE_SOURCE": "push"}
    assert instigator(job, CONFIG) == "ann"
    assert instigator({**job, "GITLAB_USER_LOGIN": "eve"}, CONFIG) == "@eve"
    assert instigator({**job, "CI_PIPELINE_SOURCE": "schedule"}, CONFIG) == "@terrace"


def test_git_shows_the_token_to_the_server_of_the_job_alone() -> None:
    job = {"GITLAB_CI": "true", "GITLAB_TOKEN": "glpat-ours", "CI_SERVER_URL": "https://gitlab.example.com"}
    shown = access(job)()
    assert {shown["GIT_CONFIG_KEY_0"], shown["GIT_CONFIG_KEY_1"]} == {"http.https://gitlab.example.com/.extraheader"}
    assert access({**job, "CI_SERVER_URL": "http://gitlab.example.com"})() == {}
    assert access({**job, "GITLAB_TOKEN": ""})() == {}


@pytest.mark.slow
def test_it_is_written_once_and_never_over_anothers(tmp_path: Path) -> None:
    shop: World = world(tmp_path, three_environments())
    told = shop.ok("init", "gitlab")
    assert "wrote .gitlab-ci.yml" in told.out
    assert "CI/CD > Variables" in told.out
    assert "terrace promote prod" in (shop.work / ".gitlab-ci.yml").read_text()
    again = shop.run("init", "gitlab")
    assert (again.code, ".gitlab-ci.yml exists" in again.err, "--dry-run" in again.err) == (2, True, True)
