"""Check runs on a GitHub that stumbles: no run and no annotation is there twice, no verdict without its reasons."""

from __future__ import annotations

import pytest

from forge.fake import FakeGitHub, Stumble
from terrace.adapters.github.client import GitHub, Place
from terrace.adapters.github.credentials import Token
from terrace.adapters.github.page import CheckRuns
from terrace.forge.ports import Annotation

COMMIT = "5" * 40
REMARKS = [Annotation(f"environments/dev/f{n}.tf", n + 1, "failure", "a rule", "is broken") for n in range(120)]


@pytest.fixture
def fake() -> FakeGitHub:
    return FakeGitHub()


@pytest.fixture
def runs(fake: FakeGitHub) -> CheckRuns:
    place = Place(fake.owner, fake.name)
    return CheckRuns(GitHub(place, Token("t"), transport=fake.transport(), sleep=lambda _: None))


def test_annotations_go_in_portions_and_the_verdict_comes_last(fake: FakeGitHub, runs: CheckRuns) -> None:
    run = runs.begin("terrace", COMMIT, "12/1")
    runs.end(run, "failure", "3 hold it", "a summary", REMARKS)
    asked = [one.body for one in fake.asked if one.operation == "checks/update"]
    assert [len(body["output"]["annotations"]) for body in asked] == [50, 50, 20]
    assert [body.get("conclusion") for body in asked] == [None, None, "failure"]
    assert fake.runs[run]["status"] == "completed"


def test_a_run_with_nothing_to_remark_passes(fake: FakeGitHub, runs: CheckRuns) -> None:
    run = runs.begin("terrace", COMMIT, "12/1")
    runs.end(run, "success", "passed", "a summary", [])
    assert (fake.runs[run]["conclusion"], fake.annotations.get(run, [])) == ("success", [])


def test_the_same_key_is_the_same_run(fake: FakeGitHub, runs: CheckRuns) -> None:
    assert runs.begin("terrace", COMMIT, "12/1") == runs.begin("terrace", COMMIT, "12/1")
    assert runs.begin("terrace", COMMIT, "12/2") not in (None, next(iter(fake.runs)))
    assert len(fake.runs) == 2


@pytest.mark.parametrize("at", range(7))
@pytest.mark.parametrize("done", [True, False])
def test_nothing_is_there_twice_wherever_github_stumbles(
    fake: FakeGitHub, runs: CheckRuns, at: int, done: bool
) -> None:
    fake.stumbles = [None] * at + [Stumble(502, done_first=done)]
    run = runs.begin("terrace", COMMIT, "12/1")
    runs.end(run, "failure", "3 hold it", "a summary", REMARKS)
    assert len(fake.runs) == 1
    assert [one["path"] for one in fake.annotations[run]] == [one.path for one in REMARKS]
    assert fake.runs[run]["conclusion"] == "failure"
