"""`terrace chatops` as the two jobs of a workflow run it: people talk, the ledger remembers, nothing is done twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest

from forge.fake import FakeGitHub
from forge.served import served
from support.cli import MODULE, Done, World, three_environments, world
from support.git import commit, git

pytestmark = pytest.mark.slow


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    grants = dict.fromkeys(("issues", "deployments", "actions"), "write")
    made = FakeGitHub(me="github-actions[bot]", now=datetime.now(UTC), grants=grants)
    made.open_pull_request(12)
    made.permissions.update(bob="write", carol="write", mona="write", eve="read")
    with served(made):
        yield made


class Room:
    """A repository whose dev has its tip, and people who talk at the pull request that it came from."""

    def __init__(self, shop: World, fake: FakeGitHub, events: Path) -> None:
        self.shop, self.fake, self.events = shop, fake, events
        shop.variables |= {
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": f"{fake.owner}/{fake.name}",
            "GITHUB_API_URL": fake.api,
            "GITHUB_EVENT_NAME": "issue_comment",
            "GITHUB_EVENT_PATH": str(events / "event.json"),
            "GITHUB_OUTPUT": str(events / "output"),
            "GITHUB_TOKEN": "ghs_secret",
        }
        tip = git(shop.work, "rev-parse", "main").strip()
        fake.pull(12, "a" * 40, author="mona", merged=tip)
        fake.origins[tip] = [12]

    def says(self, who: str, text: str) -> int:
        """Somebody writes a comment; GitHub tells of it."""
        id_ = self.fake.someone_comments(12, who, text)
        event = {"action": "created", "comment": {"id": id_, "user": {"login": "bob"}, "body": "/terrace status"}}
        (self.events / "event.json").write_text(json.dumps(event))
        (self.events / "output").write_text("")
        return id_

    def heard(self, who: str, text: str) -> tuple[Done, str]:
        """The first job, and the answer that stands below the comment then."""
        id_ = self.says(who, text)
        return self.shop.run("chatops", "--json"), self.answer(id_)

    def answer(self, to: int) -> str:
        found = [c["body"] for c in self.fake.comments.values() if f'"kind":"reply","to":"{to}"' in c["body"]]
        assert len(found) <= 1, "one answer to a comment"
        return found[0] if found else ""

    def handle(self, environment: str) -> str:
        rows = self.shop.ok("status", "--json").json["environments"]
        return str(next(row for row in rows if row["name"] == environment)["handle"])

    @property
    def output(self) -> str:
        return (self.events / "output").read_text()


@pytest.fixture
def room(fake: FakeGitHub, tmp_path: Path) -> Room:
    shop = world(tmp_path, three_environments())
    shop.ok("deploy", "dev")
    return Room(shop, fake, tmp_path)


def test_a_release_goes_on_because_somebody_said_so(room: Room) -> None:
    shop, fake = room.shop, room.fake
    assert shop.run("promote", "staging").code == 1
    handle = room.handle("staging")
    (page,) = (c for c in fake.comments.values() if '"kind":"release"' in c["body"])
    assert "### Terrace: staging is waiting" in page["body"]
    assert "+ create module.thing.terraform_data.it" in page["body"]
    assert f"`/terrace approve staging {handle}`" in page["body"]

    refused = {
        "eve": ("needs the permission 'write'", f"/terrace approve staging {handle}"),
        "mona": ("the author of a change cannot approve it", f"/terrace approve staging {handle}"),
        "bob": (f"are {handle} now", f"/terrace approve staging {'0' * 32}"),
    }
    for who, (why, text) in refused.items():
        done, answer = room.heard(who, text)
        assert (done.code, done.json["done"]) == (1, False)
        assert why.replace("'", "") in answer.replace("&#39;", "").replace("'", ""), answer
        assert room.output == "environment=\n"

    done, answer = room.heard("bob", f"Looks fine.\n/terrace approve staging {handle}")
    assert done.code == 0, done.err
    assert "is recorded" in answer and "staging continues" in answer
    assert room.output == "environment=staging\n"
    events = shop.ok("ledger", "verify", "--json").json["events"]
    shop.ok("chatops")
    assert shop.ok("ledger", "verify", "--json").json["events"] == events, "a replay writes nothing"

    acted = shop.ok("chatops", "--act", "--json").json
    assert "succeeded" in acted["happened"]
    again = shop.ok("chatops", "--json").json
    assert "already recorded" in again["happened"], "a run that is started again says so, and does nothing"
    (newest, *_) = shop.ok("history", "--json").json["deployments"]
    assert (newest["environment"], newest["result"]) == ("staging", "succeeded")
    assert [(a["actor"], a["proof"]) for a in newest["approvals"]] == [("bob", "forge")]
    assert "### Terrace: deployed to dev, staging" in page["body"], "the same comment tells that it went on"
    (shown,) = (one for one in fake.deployments.values() if one["environment"] == "staging")
    assert [status["state"] for status in fake.statuses[shown["id"]]] == ["queued", "success"]
    assert "ghs_secret" not in json.dumps([one.body for one in fake.asked])


def test_nobody_approves_their_own_work_from_somewhere_else(room: Room) -> None:
    room.fake.grants = {"issues": "write"}
    asked = room.shop.run("promote", "staging")
    assert (asked.code, "deployments: write" in asked.err) == (1, True)
    (page,) = (c["body"] for c in room.fake.comments.values() if '"kind":"release"' in c["body"])
    assert room.handle("staging") in page, "what the token may not do keeps nothing back that it may"
    room.fake.pull(12, "a" * 40, author="bob", merged=git(room.shop.work, "rev-parse", "main").strip())
    room.fake.open_pull_request(30, "An issue about something else")
    room.fake.pulls.pop(30, None)
    id_ = room.fake.someone_comments(30, "bob", f"/terrace approve staging {room.handle('staging')}")
    event(room, "issue_comment", action="created", comment={"id": id_})
    own = "the author of a change cannot approve it (change 12)"
    assert own in room.shop.run("chatops", "--json").json["happened"]
    room.shop.variables["GITHUB_RUN_ID"] = "77"
    room.fake.run_reviewed(77, "bob", "staging")
    told = room.shop.ok("approve", "staging", room.handle("staging"), "--from-run").out
    assert own in told
    assert room.shop.run("resume", "staging").code == 1


def test_what_was_said_must_still_be_there_when_it_counts(room: Room) -> None:
    room.shop.run("promote", "staging")
    comment = room.says("bob", f"/terrace approve staging {room.handle('staging')}")
    room.shop.ok("chatops")
    said = room.fake.comments.pop(comment)
    gone = room.shop.run("resume", "staging")
    assert (gone.code, "no longer exists on the forge" in " ".join(gone.out.split())) == (1, True)
    room.fake.comments[comment] = {**said, "user": {**said["user"], "login": "eve"}}
    assert room.shop.run("resume", "staging").code == 1, "somebody else says it"
    room.fake.comments[comment] = {**said, "updated_at": "2099-12-31T00:00:00Z"}
    assert room.shop.run("resume", "staging").code == 1, "it was edited"
    room.fake.comments[comment] = said
    assert room.shop.run("resume", "staging", GITHUB_TOKEN="").code == 1, "nobody can be asked"
    room.shop.ok("resume", "staging")


def test_a_newer_plan_voids_what_was_said_of_an_older_one(room: Room) -> None:
    room.shop.run("promote", "staging")
    handle = room.handle("staging")
    room.shop.push({"modules/thing/main.tf": MODULE.replace("-1", "-2")})
    room.shop.ok("deploy", "dev")
    room.shop.run("promote", "staging")
    done, answer = room.heard("bob", f"/terrace approve staging {handle}")
    assert (done.code, "now, not" in answer) == (1, True)
    assert room.shop.status()["staging"]["waiting_for"] == ["0 of 1 people have approved"]


def test_a_command_that_changes_something_is_taken_up_once(room: Room) -> None:
    room.shop.push({"modules/thing/main.tf": MODULE.replace("-1", "-2")})
    room.fake.pull(12, "a" * 40, author="mona", merged=git(room.shop.work, "rev-parse", "main").strip())
    room.says("bob", "/terrace deploy dev")
    room.shop.ok("chatops")
    assert room.output == "environment=dev\n"
    room.shop.ok("chatops", "--act")
    assert room.shop.state("dev")["outputs"]["it"]["value"] == "dev-2"
    back, _ = room.heard("bob", "/terrace rollback dev the site is down")
    assert back.code == 0
    room.shop.ok("chatops", "--act")
    assert room.shop.state("dev")["outputs"]["it"]["value"] == "dev-1"
    again = room.shop.run("chatops", "--json")
    assert (again.code, "already processed" in again.json["happened"]) == (1, True)
    assert room.output.endswith("environment=\n"), "nothing is left to do"
    room.shop.ok("chatops", "--act")
    assert room.shop.state("dev")["outputs"]["it"]["value"] == "dev-1", "it is not taken back any further"

    fresh, answer = room.heard("bob", "/terrace unlock dev looked into it")
    assert (fresh.code, "accepts deployments again" in answer) == (0, True)
    room.shop.ok("hold", "dev", "--reason", "once more")
    assert room.shop.run("chatops").code == 1, "told again, it lets go of nothing that was held since"
    assert room.shop.status()["dev"]["state"] == "held"


def test_talk_gets_an_answer_and_changes_nothing(room: Room) -> None:
    before = room.shop.ok("ledger", "verify", "--json").json["events"]
    said: dict[str, tuple[str, str]] = {
        "eve": ("/terrace status", "| `staging` | never |"),
        "bob": ("/terrace explain format", "format&#58;"),
        "carol": ("/terrace help", "- `/terrace approve ENV HASH` approves"),
        "mona": ("/terrace deplyo dev", "`/terrace deploy ENV`"),
    }
    for who, (text, expected) in said.items():
        assert expected.replace("/", "/") in room.heard(who, text)[1].replace("&#91;", "[").replace("&#93;", "]")
    steps = "**Next steps**\n\n- `dev`: `terrace promote staging`\n- `staging`: `terrace promote staging`, after"
    assert steps in room.heard("bob", "/terrace status")[1]
    assert room.heard("renovate[bot]", "/terrace deploy dev")[1] == ""
    assert room.heard("bob", "> /terrace deploy dev")[1] == ""
    room.fake.pull(12, "a" * 40)
    assert "Merge this one first" in room.heard("bob", "/terrace deploy dev")[1]
    old = room.says("bob", "/terrace rollback dev")
    room.fake.comments[old].update(created_at="2026-01-01T00:00:00Z", updated_at="2026-01-01T00:00:00Z")
    assert room.shop.run("chatops").code == 1
    assert "more than an hour old" in room.answer(old)
    assert room.shop.ok("ledger", "verify", "--json").json["events"] == before


def test_elsewhere_it_says_what_is_missing(tmp_path: Path) -> None:
    shop = world(tmp_path, three_environments())
    done = shop.run("chatops")
    assert (done.code, "not a GitHub Actions run" in done.err) == (2, True)


def test_what_nobody_reviewed_does_not_enter(room: Room) -> None:
    text = (room.shop.work / "terrace.yaml").read_text() + "forge: {reviewed: required}\n"
    tip = room.shop.push({"terrace.yaml": text, "modules/thing/main.tf": MODULE.replace("-1", "-2")})
    blocked = room.shop.run("deploy", "dev", "--json")
    assert (blocked.code, blocked.json["result"]) == (1, "blocked")
    assert blocked.json["reasons"] == [f"{tip[:12]} reached main without a merged pull request"]
    before = git(room.shop.work, "rev-parse", f"{tip}~1").strip()
    room.fake.pull(13, before, author="mona", merged=tip)
    room.fake.origins[tip] = [13]
    room.fake.reviewed(13, "bob", commit=before)
    more = room.shop.run("deploy", "dev", "--json")
    assert (more.code, more.json["result"]) == (1, "blocked")
    assert "is not the merge of the reviewed" in more.json["reasons"][0]
    room.fake.pull(13, tip, author="mona", merged=tip)
    room.fake.reviewed(13, "bob", commit=tip)
    unasked = room.shop.run("deploy", "dev", "--json", GITHUB_TOKEN="")
    assert (unasked.json["result"], "not connected to a forge" in unasked.json["reasons"][0]) == ("waiting", True)
    room.shop.ok("deploy", "dev")


def test_reviewers_of_an_environment_answer_for_what_their_run_showed_them(room: Room) -> None:
    shop, fake = room.shop, room.fake
    shop.variables["GITHUB_RUN_ID"] = "77"
    shop.run("promote", "staging")
    handle = room.handle("staging")
    nobody = shop.ok("approve", "staging", handle, "--from-run")
    assert "required no review of staging" in nobody.out
    fake.run_reviewed(77, "stranger", "staging")
    fake.run_reviewed(77, "bob", "prod")
    assert "no person in terrace.yaml has this account" in shop.ok("approve", "staging", handle, "--from-run").out
    assert shop.run("resume", "staging").code == 1
    fake.run_reviewed(77, "bob", "staging")
    stale = shop.run("approve", "staging", "0" * 32, "--from-run")
    assert (stale.code, f"are {handle} now" in stale.err) == (2, True)
    short = shop.run("approve", "staging", "00000000", "--from-run")
    assert (short.code, "00000000 is not the hash of the pending plans" in short.err) == (2, True)
    told = shop.ok("approve", "staging", handle, "--from-run", "--json").json
    assert (told["verdict"], told["reviews"][-1]) == ("pass", {"login": "bob", "answer": "approve", "counts": True})
    events = shop.ok("ledger", "verify", "--json").json["events"]
    shop.ok("approve", "staging", handle, "--from-run")
    assert shop.ok("ledger", "verify", "--json").json["events"] == events, "the same again writes nothing"
    shop.variables["GITHUB_RUN_ATTEMPT"] = "2"
    assert "was restarted" in shop.ok("approve", "staging", "00000000", "--from-run").out
    kept = fake.run_approvals.pop(77)
    assert shop.run("resume", "staging").code == 1, "GitHub does not say so any more"
    fake.run_approvals[77] = kept
    shop.ok("resume", "staging")
    assert "(forge, review by bob of run 77)" in shop.ok("show", "staging").out


def event(room: Room, name: str, **told: object) -> None:
    room.shop.variables["GITHUB_EVENT_NAME"] = name
    (room.events / "event.json").write_text(json.dumps(told))
    (room.events / "output").write_text("")


def as_an_app(room: Room) -> None:
    """From here on Terrace writes as an App of its own, whose token the workflow got for it."""
    room.fake.me = room.shop.variables["TERRACE_GITHUB_LOGIN"] = "terrace[bot]"


def test_a_review_answers_when_it_says_so_at_the_commit_that_it_saw(room: Room) -> None:
    room.shop.run("promote", "staging")
    line = f"/terrace approve staging {room.handle('staging')}"
    early = room.fake.reviewed(12, "bob", body=line)
    event(room, "pull_request_review", action="submitted", pull_request={"number": 12}, review={"id": early})
    told = room.shop.run("chatops", "--json").json["happened"]
    assert "as its own App" in told, "every workflow can write as the bot of GitHub"
    as_an_app(room)
    for who, state, head, why in (
        ("bob", "COMMENTED", "a" * 40, "does not approve the change"),
        ("bob", "APPROVED", "e" * 40, "after the review"),
        ("mona", "APPROVED", "a" * 40, "the author of a change"),
    ):
        id_ = room.fake.reviewed(12, who, state, head, body=line)
        event(room, "pull_request_review", action="submitted", pull_request={"number": 12}, review={"id": id_})
        assert why in room.shop.run("chatops", "--json").json["happened"]
    id_ = room.fake.reviewed(12, "bob", body=f"Fine with me.\n{line}")
    event(room, "pull_request_review", action="submitted", pull_request={"number": 12}, review={"id": id_})
    room.shop.ok("chatops")
    assert room.output == "environment=staging\n"
    (said,) = (c for c in room.fake.comments.values() if '"kind": "testimony"' in c["body"])
    room.fake.reviews.clear()
    kept = room.fake.comments.pop(said["id"])
    assert room.shop.run("resume", "staging").code == 1, "nobody says any more that it was said"
    room.fake.comments[said["id"]] = {**kept, "user": {**kept["user"], "login": "eve"}}
    assert room.shop.run("resume", "staging").code == 1, "somebody else says it as if they were us"
    bot = {"TERRACE_GITHUB_LOGIN": "github-actions[bot]"}
    room.fake.comments[said["id"]] = {**kept, "user": {**kept["user"], "login": "github-actions[bot]"}}
    assert room.shop.run("resume", "staging", **bot).code == 1, "every workflow can say it as that bot"
    room.fake.comments[said["id"]] = kept
    room.shop.ok("resume", "staging")


def test_a_box_of_a_deployment_request_is_an_answer_of_whoever_ticks_it(room: Room) -> None:
    text = (
        (room.shop.work / "terrace.yaml")
        .read_text()
        .replace("after: dev, approvals: 1", "after: dev, approvals: {owners: 1}")
    )
    room.shop.push({"terrace.yaml": text})
    room.shop.ok("deploy", "dev")
    room.shop.run("promote", "staging")
    as_an_app(room)
    body = "### Environment\n\nstaging\n\n### Who agrees\n\n- [ ] owners\n- [ ] security\n"
    room.fake.open_pull_request(20, "Deploy to staging")
    human = {"login": "bob", "type": "User"}
    event(room, "issues", action="opened", issue={"number": 20, "body": body}, sender=human)
    room.shop.ok("chatops")
    asked = room.fake.issues[20]["body"]
    assert f"`{room.handle('staging')}`" in asked

    def ticks(who: str, role: str) -> Done:
        after = asked.replace(f"- [ ] {role}", f"- [x] {role}")
        told = {"issue": {"number": 20, "body": after}, "changes": {"body": {"from": asked}}}
        event(room, "issues", action="edited", sender={"login": who, "type": "User"}, **told)
        return room.shop.run("chatops", "--json")

    assert "only members of the team" in ticks("bob", "security").json["happened"]
    assert "only members of the team" in ticks("eve", "owners").json["happened"]
    assert ticks("bob", "owners").json["environment"] == "staging"
    room.shop.ok("resume", "staging")
    (newest, *_) = room.shop.ok("history", "--json").json["deployments"]
    assert [(a["actor"], a["role"], a["proof"]) for a in newest["approvals"]] == [("bob", "owners", "forge")]
    asked = room.fake.issues[20]["body"]
    assert "are no longer" in ticks("bob", "owners").json["happened"], "it is over"


def test_a_run_that_waits_at_an_environment_is_let_in_once_the_gates_pass(room: Room) -> None:
    shop, fake = room.shop, room.fake
    tip = git(shop.work, "rev-parse", "main").strip()
    shop.run("promote", "staging")
    fake.pending_runs(90, tip, "staging")
    fake.pending_runs(91, tip, "staging-watch")

    def round_() -> str:
        done = shop.ok("worker", "--once", "--answers-only", GITHUB_ACTIONS="", TERRACE_GITHUB_LOGIN=fake.me)
        return done.out + done.err

    assert "run 90 is pending for staging: 0 of 1 people have approved" in round_()
    room.says("bob", f"/terrace approve staging {room.handle('staging')}")
    shop.ok("chatops")
    assert "run 90 is approved for staging" in round_()
    assert fake.doors == [(90, "approved", "every gate passes")]
    assert shop.status()["staging"]["state"] == "waiting", "nothing was deployed here"
    round_()
    assert len(fake.doors) == 1
    fake.pending_runs(92, "f" * 40, "staging")
    assert "run 92 is pending for staging" in round_(), "nobody here knows that commit"
    git(shop.work, "switch", "--quiet", "--create", "side")
    fake.pending_runs(93, commit(shop.work, {"README.md": "hello\n"}), "staging")
    git(shop.work, "switch", "--quiet", "main")
    assert "run 93 is rejected for staging" in round_()
    assert 91 in fake.waiting, "what is no environment of terrace.yaml is left to others"
    # Each has the newest commit of main: a pull request from main into a branch of one's own has it too.
    for run, told in ((94, {"event": "pull_request"}), (95, {"branch": "hostile"}), (96, {"event": "merge_group"})):
        fake.pending_runs(run, tip, "staging", **told)
        assert f"run {run} is rejected for staging: its workflow is not that of main" in round_()


def test_what_answered_an_earlier_deployment_answers_no_later_one(room: Room) -> None:
    room.shop.run("promote", "staging")
    handle = room.handle("staging")
    first = room.says("bob", f"/terrace approve staging {handle}")
    room.shop.ok("chatops")
    answer = room.heard("carol", f"/terrace reject staging {handle} not now")[1]
    assert "The deployment has ended, and nothing more of it is applied" in answer
    assert room.shop.status()["staging"]["state"] == "failed"
    assert room.shop.run("promote", "staging").code == 1, "carol said no to this commit"
    (line,) = [one for one in answer.split("`") if one.startswith("/terrace withdraw")]
    assert "not proven" not in room.heard("bob", line.replace("WHY", "I say so"))[1]
    assert room.shop.run("promote", "staging").code == 1, "it takes carol, or two others"
    assert "is withdrawn" in room.heard("carol", line.replace("WHY", "it was another plan"))[1]
    room.says("bob", f"/terrace approve staging {handle}")
    room.shop.run("promote", "staging")
    assert room.handle("staging") != handle, "the plans are the same, and the deployment is another one"
    room.shop.run("chatops")
    (waits,) = room.shop.status()["staging"]["waiting_for"]
    assert waits.startswith("0 of 1 people have approved")
    event(room, "issue_comment", action="created", comment={"id": first})
    again = room.shop.run("chatops", "--json")
    assert again.code == 1
    (waits,) = room.shop.status()["staging"]["waiting_for"]
    assert waits.startswith("0 of 1 people have approved")


def test_an_environment_that_is_gone_is_told_with_the_way_out(room: Room) -> None:
    rules = "version: 1\nenvironments: {staging: {}}\n"
    room.shop.push({"terrace.yaml": rules, "environments/dev/main.tf": None})
    _, answer = room.heard("bob", "/terrace status")
    assert "the stacks of the protected branch are unknown" in answer, "environments/prod is in no environment"
    room.shop.push({"environments/prod/main.tf": None})
    _, answer = room.heard("bob", "/terrace status")
    told = unescape(answer)
    assert "dev is deployed from" in told and "terrace destroy dev dev --reason WHY" in told, told
    done, answer = room.heard("bob", "/terrace deploy dev")
    assert (done.code, done.json["done"]) == (1, False)
    told = unescape(answer)
    assert "no longer names the environment" in told and "terrace destroy dev --reason WHY" in told, told
