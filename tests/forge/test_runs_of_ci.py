"""What a run of GitHub Actions proves about who requested a deployment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from forge.fake import FakeGitHub
from forge.sample import sample
from terrace.adapters.github.client import GitHub, Place
from terrace.adapters.github.credentials import Token
from terrace.adapters.github.workflow_runs import workflow_run
from terrace.apps.wiring.forge import instigator, run_of_ci
from terrace.apps.wiring.reviews import why_not_asked
from terrace.config.model import Config, Person
from terrace.gates.approvals.ci_runs import why_unproven
from terrace.gates.approvals.people import People

PLACE = Place("acme", "infrastructure")
PEOPLE = People(Config(people={"ann": Person("ann", login="ann-codes")}))
MINUTE = timedelta(minutes=1)


@pytest.fixture
def fake() -> FakeGitHub:
    return FakeGitHub(grants={"actions": "read"})


def why(fake: FakeGitHub, requester: str = "ann", run: str = "77", after: timedelta = MINUTE) -> str:
    github = GitHub(PLACE, Token("t"), transport=fake.transport(), sleep=lambda _: None)
    return why_unproven(workflow_run(github, PLACE, run), "main", PEOPLE, requester, fake.now + after)


@pytest.mark.parametrize("event", ["push", "workflow_dispatch", "issue_comment", "repository_dispatch"])
def test_a_run_of_the_protected_branch_proves_who_started_it(fake: FakeGitHub, event: str) -> None:
    fake.ran_by(77, "Ann-Codes", event=event)
    assert why(fake) == ""
    assert why(fake, "bob") == "it was started by ann, and not by bob"
    fake.ran_by(77, "eve", event=event)
    assert why(fake, "@eve") == ""
    assert why(fake, "eve") == "it was started by @eve, and not by eve"


@pytest.mark.parametrize("event", ["schedule", "workflow_run"])
def test_a_run_that_no_person_started_proves_no_person(fake: FakeGitHub, event: str) -> None:
    fake.ran_by(77, "ann-codes", event=event)
    assert why(fake, "@terrace") == ""
    assert why(fake) == "it was started by @terrace, and not by ann"


def test_a_run_that_is_made_up_proves_nothing(fake: FakeGitHub) -> None:
    fake.ran_by(77, "ann-codes")
    for run in ("78", "", "77/attempts/1", "../77", "٧٧", "7" * 30):
        assert why(fake, run=run) == "the forge has no such run in this repository", run


@pytest.mark.parametrize(
    "told",
    [
        {"event": "pull_request"},
        {"event": "pull_request_target"},
        {"event": "merge_group"},
        {"branch": "hostile"},
        {"branch": None},
    ],
)
def test_a_run_of_a_branch_that_anybody_may_push_proves_nothing(fake: FakeGitHub, told: dict[str, Any]) -> None:
    fake.ran_by(77, "ann-codes", **told)
    assert why(fake).startswith("its workflow is not that of main")


@pytest.mark.parametrize("of", ["repository", "head_repository"])
def test_a_run_of_a_fork_proves_nothing(fake: FakeGitHub, of: str) -> None:
    fork = sample(fake._contract, "minimal-repository", full_name="ann-codes/infrastructure")
    fake.ran_by(77, "ann-codes")
    fake.workflow_runs[77][of] = fork
    assert why(fake).startswith("its workflow is not that of main")


def test_a_run_proves_only_what_was_opened_while_it_ran(fake: FakeGitHub) -> None:
    fake.ran_by(77, "ann-codes")
    assert why(fake, after=timedelta(days=1)) == "", "it still runs"
    assert why(fake, after=-timedelta(hours=1)) == "the deployment was not opened while it ran"
    fake.ran_by(77, "ann-codes", status="completed")
    assert why(fake) == ""
    assert why(fake, after=timedelta(hours=1)) == "the deployment was not opened while it ran"


def test_a_run_of_gitlab_names_an_account_and_proves_none() -> None:
    """Its variables say who started it, and whoever starts a pipeline may set variables."""
    environ = {"GITLAB_CI": "true", "CI_PIPELINE_ID": "77", "GITLAB_USER_LOGIN": "ann-gl"}
    config = Config(people={"ann": Person("ann", login="ann-gl")})
    assert instigator(environ, config) == "ann"
    assert "proves nothing" in why_not_asked(run_of_ci(environ))
    for made_up in ("gitlab 77", "gitlab", "github", "github ", "", "GitHub 77", "other 7"):
        assert why_not_asked(made_up), made_up
    assert why_not_asked("github 77") == ""
