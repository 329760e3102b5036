"""The generated workflows, run: from a pull request to production and back, each job on a machine of its own."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from forge.fake import FakeGitHub
from support.backends import Http
from support.cli import MODULE
from support.git import commit, git
from workflows.runs import Ran, Runs

pytestmark = pytest.mark.slow


def tip(runs: Runs) -> str:
    return git(runs.shop.work, "rev-parse", "main").strip()


def pushed(runs: Runs) -> Ran:
    """The run that a push to main sets going."""
    return runs.run("03-deploy-dev.yml", "push", tip(runs), {"ref": "refs/heads/main", "after": tip(runs)})


def started(runs: Runs, workflow: str, **inputs: str) -> Ran:
    """The run that somebody starts by hand."""
    return runs.run(workflow, "workflow_dispatch", tip(runs), {"ref": "refs/heads/main"}, **inputs)


def says(runs: Runs, who: str, text: str) -> tuple[Ran, str]:
    """The run that a comment sets going, and the answer that it gets."""
    id_ = runs.fake.someone_comments(12, who, text)
    told = {"action": "created", "issue": {"number": 12}, "comment": {"id": id_, "body": text}}
    ran = runs.run("chatops.yml", "issue_comment", tip(runs), told)
    found = [c["body"] for c in runs.fake.comments.values() if f'"kind":"reply","to":"{id_}"' in c["body"]]
    return ran, found[0] if found else ""


def value(states: Http, environment: str) -> str:
    """What is live there."""
    found: str = json.loads(states.store.states[f"/{environment}"])["outputs"]["it"]["value"]
    return found


def shown(fake: FakeGitHub, environment: str) -> list[str]:
    """The newest status of each deployment that GitHub shows there, oldest first."""
    return [fake.statuses[id_][-1]["state"] for id_, d in fake.deployments.items() if d["environment"] == environment]


def merged(runs: Runs, change: str) -> None:
    """A change comes to main by pull request 12."""
    commit = runs.shop.push({"modules/thing/main.tf": MODULE.replace("-1", change)})
    runs.fake.open_pull_request(12)
    runs.fake.pull(12, "a" * 40, author="mona", merged=commit)
    runs.fake.origins[commit] = [12]


def test_a_release_goes_from_main_to_production(runs: Runs, states: Http, fake: FakeGitHub) -> None:
    merged(runs, "-2")
    pushed(runs).ok()
    assert (value(states, "dev"), shown(fake, "dev")) == ("dev-2", ["success"])

    waiting = started(runs, "04-deploy-staging.yml").ok()
    assert "required no review of staging" in waiting.said, "the environment has no reviewers"
    assert ("/staging" in states.store.states, shown(fake, "staging")) == (False, ["queued"])
    (page,) = (c["body"] for c in fake.comments.values() if '"kind":"release"' in c["body"])
    line = re.search(r"/terrace approve staging [0-9a-f]{32}", page)
    assert line is not None
    refused, why = says(runs, "mona", line[0])
    assert (refused.code != 0, "the author of a change" in why) == (True, True)
    _, answer = says(runs, "bob", line[0])
    assert "succeeded" in answer
    assert (value(states, "staging"), shown(fake, "staging")) == ("staging-2", ["success"])

    for who in ("bob", "carol"):
        fake.run_reviewed(runs.count + 1, who, "prod")
    started(runs, "05-deploy-prod.yml").ok()
    assert (value(states, "prod"), shown(fake, "prod")) == ("prod-2", ["success"])
    history = runs.shop.ok("history", "--json", **runs.connected).json["deployments"]
    assert [(a["actor"], a["proof"]) for a in history[0]["approvals"]] == [("bob", "forge"), ("carol", "forge")]
    assert len([tag for tag in git(runs.shop.remote, "tag", "--list").split() if tag.startswith("deployed/")]) == 3


def test_what_was_deployed_is_taken_back_and_taken_down(runs: Runs, states: Http, fake: FakeGitHub) -> None:
    pushed(runs).ok()
    old = tip(runs)
    merged(runs, "-2")
    with ThreadPoolExecutor(2) as pool:
        both = [one.result() for one in [pool.submit(pushed, runs), pool.submit(pushed, runs)]]
    assert value(states, "dev") == "dev-2"
    assert 0 in [one.code for one in both], "\n".join(one.said[-3000:] for one in both)
    serials = json.loads(states.store.states["/dev"])["serial"]
    assert serials == 2, "one of two runs applied it, and the other found nothing to do or waited"
    runs.shop.run("tick", **runs.connected)

    again = runs.run("03-deploy-dev.yml", "push", old, {"ref": "refs/heads/main", "after": old})
    assert (again.code, value(states, "dev")) == (0, "dev-2"), "an old run that is started again applies no old plan"

    started(runs, "rollback.yml", environment="dev", reason="it is sick").ok()
    assert value(states, "dev") == "dev-1"
    started(runs, "99-destroy.yml", environment="dev", confirm="prod", reason="over").ok()
    assert value(states, "dev") == "dev-1", "the name was not typed once more"
    started(runs, "99-destroy.yml", environment="dev", confirm="dev", reason="over").ok()
    assert json.loads(states.store.states["/dev"])["resources"] == []


def test_a_pull_request_is_checked_and_strangers_plan_nothing(runs: Runs, states: Http, fake: FakeGitHub) -> None:
    ran = proposed(runs, 21, {"modules/thing/main.tf": MODULE.replace("-1", "-2")})
    ran.ok()
    (comment,) = (c["body"] for c in fake.comments.values() if '"kind":"check"' in c["body"])
    assert ("### Terrace: pass" in comment, "3 to create" in comment) == (True, True)
    assert [run["conclusion"] for run in fake.runs.values()] == ["success"]

    ran = proposed(runs, 22, {"environments/dev/more.tf": "locals {a=1}\n"})
    assert ran.code != 0
    assert "Terrace gate" in ran.said
    assert [run["conclusion"] for run in fake.runs.values()][-1] == "failure"

    before = len(fake.asked)
    ran = proposed(runs, 23, {"modules/thing/main.tf": MODULE.replace("-1", "-3")}, foreign=True)
    assert ran.code != 0, "what nobody planned does not pass"
    assert "Check what needs no plan" in ran.said
    assert "Run Main Plan" not in ran.said, "a stranger's code was run"
    assert not [one for one in fake.asked[before:] if one.verb != "GET"], "a stranger's run writes nothing"


def test_what_runs_by_the_clock_ends_well(runs: Runs, states: Http, fake: FakeGitHub) -> None:
    pushed(runs).ok()
    for workflow in ("01-security-scan.yml", "state-backup.yml", "compliance-report.yml", "tick.yml"):
        started(runs, workflow).ok()
    scans = sorted(path.name for path in runs.place.rglob("*.sarif") if path.parent.name == "artifacts")
    assert "terrace-dev.sarif" in scans, "what code scanning was sent"
    assert list(runs.place.glob("*/artifacts/compliance-report/compliance.html"))
    copies = [path for path in (runs.shop.work.parents[1] / "copies").rglob("*") if path.is_file()]
    assert copies, "a copy of the state of dev"
    assert not [path for path in copies if b"dev-1" in path.read_bytes()], "and it is sealed"
    assert (value(states, "dev"), shown(fake, "dev")) == ("dev-1", ["success"]), "nothing was due, and nothing was done"


def test_an_action_that_nothing_stands_in_for_fails_the_run(runs: Runs) -> None:
    step = f"{{uses: nobody/knows@{'0' * 40}}}"
    job = f"on: workflow_dispatch\njobs:\n  odd: {{runs-on: ubuntu-24.04, steps: [{step}]}}\n"
    runs.shop.push({".github/workflows/odd.yml": job})
    ran = started(runs, "odd.yml")
    assert ran.code != 0
    assert "failed to read 'action.yml' from action 'nobody/knows@" in ran.said


def proposed(runs: Runs, number: int, files: dict[str, str], *, foreign: bool = False) -> Ran:
    """Somebody opens a pull request; its run, at the merge that GitHub makes of it."""
    work = runs.shop.work
    git(work, "switch", "--quiet", "--create", f"change-{number}", "main")
    head = commit(work, files, "feat: a change")
    git(work, "push", "--quiet", "origin", f"HEAD:refs/pull/{number}/merge", f"HEAD:refs/pull/{number}/head")
    git(work, "switch", "--quiet", "main")
    runs.fake.open_pull_request(number)
    here = {"full_name": f"{runs.fake.owner}/{runs.fake.name}"}
    there = {"full_name": "stranger/infrastructure"} if foreign else here
    pull = {
        "number": number,
        "user": {"login": "mona"},
        "head": {"sha": head, "ref": f"change-{number}", "repo": there},
        "base": {"ref": "main", "sha": tip(runs), "repo": here},
    }
    told = {"action": "opened", "number": number, "pull_request": pull}
    return runs.run("00-pr-validation.yml", "pull_request", head, told)
