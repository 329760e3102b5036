"""A ledger writer without any other right opens deployments, and writes steps, that let more through: nothing of it
is applied. Each test plays against the real pipelines, with a Terraform in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from simulation.people import People
from simulation.process import Process
from simulation.script import Script, staged
from simulation.site import KEYS, Wanted, thing
from simulation.world import signature
from support.payloads import origin_payload
from terrace.gates.approvals.statement import Statement, statement_bytes
from terrace.gates.model import Subject
from terrace.ledger import folds, kinds
from terrace.ledger.deployment import Deployment, Step
from terrace.ledger.model import Draft
from terrace.stacks.model import (
    Automatic,
    AutomaticRollback,
    Destruction,
    Manual,
    Origin,
    Promotion,
    Recovery,
    Remediation,
    Rollback,
)

pytestmark = pytest.mark.slow

PROD = [["prod/network"], ["prod/app", "prod/web"]]


def write(people: People, kind: str, subject: str, payload: Mapping[str, Any]) -> None:
    """A ledger writer writes what they like."""
    people.world.ledger.append([Draft(kind, subject, "mallory", payload)], head=people.history.head)


def reopened(people: People, environment: str, origin: Mapping[str, Any], **more: Any) -> str:
    """A ledger writer ends the deployment that is open, and opens another one."""
    current = folds.latest(people.history, environment)
    if current is not None and current.open:
        write(people, kinds.DEPLOYMENT_ENDED, current.id, {"result": "superseded", "reasons": []})
    opening = {
        "environment": environment,
        "commit": people.world.branch.tip.id,
        "origin": origin,
        "waves": PROD,
        "policy": people.world.branch.tip.policy,
        "live": "",
        "additions": {},
        "agreed": [],
        "partial": False,
        "settles": "",
    }
    write(people, kinds.DEPLOYMENT_OPENED, "forged", {**opening, **more})
    return "forged"


def merges(people: People) -> str:
    """A release that changes every stack."""
    return people.world.merge({key: Wanted({thing(key): "v-new"}) for key in KEYS}, "ann")


def goes_on(people: People, environment: str = "prod") -> Deployment:
    """Time passes, the scheduler comes by, and somebody resumes."""
    people.world.now += timedelta(hours=2)
    people.tick()
    people.resume(environment)
    people.tick()
    latest = folds.latest(people.history, environment)
    assert latest is not None
    return latest


def applied(people: People, environment: str = "prod") -> int:
    return sum(1 for one in people.world.applied if one.plan.stack.startswith(f"{environment}/"))


@pytest.fixture
def waiting() -> People:
    """The first release is in staging, has soaked there, and waits in prod for its approvals."""
    people, _ = staged()
    for environment in ("dev", "staging"):
        people.world.now += timedelta(hours=1)
        people.deploy(environment, who="eve")
        for _ in range(2):
            for who in ("bob", "cid", "dan"):
                people.answer(environment, who)
            people.resume(environment)
    people.world.now += timedelta(hours=1)
    people.promote("prod", "eve")
    latest = folds.latest(people.history, "prod")
    assert latest is not None and latest.open and latest.waiting, people.story
    return people


PRIVILEGED: dict[str, tuple[Origin, dict[str, Any]]] = {
    "automatic rollback of nothing": (AutomaticRollback("nothing", "sick"), {}),
    "automatic rollback of one that waits": (AutomaticRollback("LATEST", "sick"), {}),
    "rollback to a commit that never was there": (Rollback("LATEST", "bob", "sick"), {"waves": PROD[::-1]}),
    "rollback that agrees to every loss": (Rollback("LATEST", "bob", "sick"), {"agreed": ["prod/app:x"]}),
    "remediation of a check that nobody made": (Remediation("e1", "bob"), {"partial": True}),
    "recovery of one that waits": (Recovery("LATEST", "bob"), {"settles": "LATEST"}),
    "recovery that settles nothing": (Recovery("LATEST", "bob"), {}),
    "destruction of what is not there": (Destruction("bob", "not needed"), {"waves": PROD[::-1]}),
    "automatic where people deploy": (Automatic(), {}),
    "promotion from elsewhere": (Promotion("dev", "bob"), {}),
    "release with its stacks in another order": (Manual("bob"), {"waves": [["prod/app", "prod/network", "prod/web"]]}),
    "release without one of its stacks": (Manual("bob"), {"waves": [["prod/network"]]}),
    "release of some stacks only": (Manual("bob"), {"partial": True}),
    "release that says what is there": (Manual("bob"), {"live": "f" * 40}),
    "release that agrees to a loss": (Manual("bob"), {"agreed": ["aws_s3_bucket.data"]}),
    "release that settles another": (Manual("bob"), {"settles": "LATEST"}),
    "release with a move": (Manual("bob"), {"additions": {"moves": [["environments/prod/app", "a.b", "a.c"]]}}),
    "release with an import": (Manual("bob"), {"additions": {"imports": [["prod/app", "a.b", "id"]]}}),
}


@pytest.mark.parametrize("case", PRIVILEGED)
def test_a_ledger_writer_opens_a_deployment_with_more_rights_and_nothing_is_applied(case: str, waiting: People) -> None:
    origin, more = PRIVILEGED[case]
    latest = folds.latest(waiting.history, "prod")
    assert latest is not None
    named = {key: latest.id if value == "LATEST" else value for key, value in more.items()}
    given = {k: latest.id if v == "LATEST" else v for k, v in origin_payload(origin).items()}
    plans = len(waiting.world.shared.plans)
    forged = reopened(waiting, "prod", given, **named)
    position = waiting.history.events[-1].position
    done = goes_on(waiting)
    assert (done.id, done.result) == (forged, "blocked"), waiting.story
    assert f"event {position} of the ledger opens deployment {forged}" in done.reasons[0]
    assert "`terrace deploy prod`" in done.reasons[0]
    assert applied(waiting) == 0
    assert len(waiting.world.shared.plans) == plans, "and nothing was planned: planning runs what a commit says"


def test_a_ledger_writer_opens_a_release_that_was_never_in_the_environment_before(waiting: People) -> None:
    """The event is as it should be, but no gate of the entry was ever asked."""
    merges(waiting)
    reopened(waiting, "prod", origin_payload(Promotion("staging", "eve")))
    done = goes_on(waiting)
    assert done.result == "blocked"
    assert "staging has" in done.reasons[0]
    assert applied(waiting) == 0


def test_a_ledger_writer_says_that_a_release_succeeded_in_staging_and_leaves_stacks_out(waiting: People) -> None:
    merges(waiting)
    tip = waiting.world.branch.tip.id
    opening = {"environment": "staging", "commit": tip, "origin": origin_payload(Manual("eve")), "waves": [[]]}
    write(waiting, kinds.DEPLOYMENT_OPENED, "lie", {**opening, "policy": "p"})
    write(waiting, kinds.DEPLOYMENT_ENDED, "lie", {"result": "succeeded", "reasons": []})
    good = folds.last_good(waiting.history, "staging")
    assert good is not None
    reopened(waiting, "prod", origin_payload(Promotion("staging", "eve")))
    done = goes_on(waiting)
    assert done.result == "blocked"
    assert applied(waiting) == 0


def test_an_id_is_opened_once(waiting: People) -> None:
    """Answers bind to a deployment: a second opening of its id would give them another meaning."""
    latest = folds.latest(waiting.history, "prod")
    assert latest is not None
    payload = {"environment": "prod", "commit": "f" * 40, "origin": {"kind": "automatic-rollback", "of": "x"}}
    write(waiting, kinds.DEPLOYMENT_OPENED, latest.id, {**payload, "waves": [["prod/app"]], "policy": "p"})
    now = folds.latest(waiting.history, "prod")
    assert now is not None
    assert (now.commit, now.origin, now.waves) == (latest.commit, latest.origin, latest.waves)


def test_the_end_of_a_deployment_is_not_rewritten(waiting: People) -> None:
    latest = folds.latest(waiting.history, "prod")
    assert latest is not None
    write(waiting, kinds.DEPLOYMENT_ENDED, latest.id, {"result": "failed", "reasons": ["it is sick"]})
    write(waiting, kinds.DEPLOYMENT_ENDED, latest.id, {"result": "succeeded", "reasons": []})
    now = folds.latest(waiting.history, "prod")
    assert now is not None
    assert (now.result, folds.last_good(waiting.history, "prod")) == ("failed", None)


def lies(people: People, deployment: str, commit: str, result: str, **more: Any) -> None:
    """A ledger writer makes up a whole deployment of prod, with every step of every stack."""
    opening = {"environment": "prod", "commit": commit, "origin": origin_payload(Manual("eve")), "waves": PROD}
    write(people, kinds.DEPLOYMENT_OPENED, deployment, {**opening, "policy": "p", **more})
    steps = [("baseline", "", {"healthy": True, "probes": []})]
    for key in (key for wave in PROD for key in wave):
        estate = people.world.cloud.estates[key]
        state = {"lineage": estate.lineage, "serial": estate.serial}
        plan = {**state, "digest": "d", "empty": False, "changes": [["update", thing(key)]]}
        state |= {"backup": f"{deployment}-{key}", "state_sha256": "s", "key_id": "k"}
        steps += [("plan", key, plan), ("backup", key, state), ("apply", key, {}), ("snapshot", key, state)]
    steps += [("smoke", "", {}), ("tag", "", {"tag": f"deployed/prod/{deployment}"})]
    for number, (step, stack, detail) in enumerate(steps):
        begun: dict[str, Any] = {"step": step, "stack": stack, "attempt": f"{deployment}-{number}", "detail": {}}
        write(people, kinds.STEP_BEGUN, deployment, begun)
        how = "failed" if result == "failed" and (step, stack) == ("apply", "prod/web") else "succeeded"
        write(people, kinds.STEP_ENDED, deployment, {**begun, "result": how, "message": how, "detail": detail})
    write(people, kinds.DEPLOYMENT_ENDED, deployment, {"result": result, "reasons": ["it is sick"]})


@pytest.fixture
def deployed(waiting: People) -> People:
    """The first release is in prod, with its signed approvals."""
    for _ in range(2):
        for who in ("bob", "cid", "dan"):
            waiting.answer("prod", who)
        waiting.resume("prod")
    for _ in range(6):
        waiting.world.now += timedelta(minutes=3)
        waiting.tick()
    good = folds.last_good(waiting.history, "prod")
    assert good is not None, waiting.story
    return waiting


def test_an_automatic_rollback_to_a_release_that_nobody_approved_asks_as_a_release(deployed: People) -> None:
    """Both the good release and the failed one are made up: the facts of the ledger fit, and no signature does."""
    good = folds.last_good(deployed.history, "prod")
    assert good is not None
    never_promoted, before = merges(deployed), applied(deployed)
    deployed.tick()
    failing = deployed.world.merge({}, "ann")
    deployed.tick()
    lies(deployed, "lie-good", never_promoted, "succeeded", live=good.commit)
    lies(deployed, "lie-failed", failing, "failed", live=never_promoted)
    deployed.tick()
    for _ in range(2):
        deployed.world.now += timedelta(minutes=5)
        deployed.tick()
        deployed.resume("prod")
    latest = folds.latest(deployed.history, "prod")
    assert latest is not None
    assert isinstance(latest.origin, AutomaticRollback), deployed.story
    assert latest.open and "0 of 1 approvals" in " ".join(latest.waiting), deployed.story
    assert applied(deployed) == before


def test_a_rollback_asks_fewer_people_only_about_a_commit_that_was_approved_before(deployed: People) -> None:
    good = folds.last_good(deployed.history, "prod")
    assert good is not None
    never_promoted, before = merges(deployed), applied(deployed)
    lies(deployed, "lie-good", never_promoted, "succeeded", live=good.commit)
    lies(deployed, "lie-newer", deployed.world.merge({}, "ann"), "succeeded", live=never_promoted)
    deployed.rollback("prod", "eve", frozenset())
    latest = folds.latest(deployed.history, "prod")
    assert latest is not None
    assert (latest.commit, latest.open) == (never_promoted, True), deployed.story
    assert any("lead: 0 of 1" in why for why in latest.waiting), "prod.rollback asks for one person, any"
    assert applied(deployed) == before


def test_an_automatic_rollback_to_what_was_approved_asks_nobody(deployed: People) -> None:
    """The same with facts: the release that went before carries its signed approvals."""
    good = folds.last_good(deployed.history, "prod")
    assert good is not None
    bad = merges(deployed)
    deployed.tick()
    lies(deployed, "lie-failed", bad, "failed", live=good.commit)
    deployed.tick()
    latest = folds.latest(deployed.history, "prod")
    assert latest is not None
    assert (type(latest.origin), latest.commit) == (AutomaticRollback, good.commit)
    assert not any("approvals" in why for why in latest.waiting), deployed.story


def test_an_automatic_rollback_sees_a_no_to_its_target_in_another_deployment(deployed: People) -> None:
    """The same, but for a signed no to the commit that is gone back to: it was given when that was opened once more."""
    good, before = folds.last_good(deployed.history, "prod"), applied(deployed)
    assert good is not None
    bad = merges(deployed)
    deployed.tick()
    given = next(e for e in deployed.history.events if e.kind == kinds.APPROVAL_GIVEN and e.subject == good.id)
    plans = tuple(Subject(**{**told, "digest": "another"}) for told in given.payload["subjects"])
    said = Statement("cid", "", "reject", plans, deployed.world.now, "it leaks", "once-more")
    no = {
        **given.payload,
        "actor": "cid",
        "role": "",
        "answer": "reject",
        "subjects": [{name: getattr(plan, name) for name in Subject.__slots__} for plan in plans],
        "at": said.at.isoformat(),
        "comment": said.comment,
        "deployment": said.deployment,
        "statement": statement_bytes(said).decode(),
        "signature": signature("cid"),
    }
    opening = {"environment": "prod", "commit": good.commit, "origin": {"kind": "manual", "by": "eve"}, "waves": PROD}
    policy = deployed.world.branch.tip.policy
    end = {"result": "superseded", "reasons": []}
    deployed.world.ledger.append(
        [
            Draft(kinds.DEPLOYMENT_OPENED, "once-more", "eve", {**opening, "policy": policy}),
            Draft(kinds.APPROVAL_GIVEN, "once-more", "cid", no),
            Draft(kinds.DEPLOYMENT_ENDED, "once-more", "eve", end),
        ],
        head=deployed.history.head,
    )
    deployed.tamper("prod/app")
    lies(deployed, "lie-failed", bad, "failed", live=good.commit)
    deployed.tick()
    latest = folds.latest(deployed.history, "prod")
    assert latest is not None
    assert isinstance(latest.origin, AutomaticRollback), deployed.story
    assert (latest.commit, latest.result) == (good.commit, "blocked"), latest.waiting
    assert any("cid rejected this: it leaks" in why for why in latest.reasons)
    assert applied(deployed) == before


# --- while a deployment is driven ------------------------------------------------------------------------------------


@pytest.fixture
def driven() -> tuple[People, Script]:
    """dev is deployed once; there is a second release, in which nothing stops its process."""
    people, script = staged()
    people.deploy("dev", who="eve")
    people.merge("ann", dev__app=Wanted({thing("dev/app"): "v-two"}))
    return people, script


def wrote(people: People) -> bool:
    """Whether the ledger writer came to write."""
    return any(event.actor == "mallory" for event in people.history.events)


def begins(people: People, step: str) -> Callable[[Process], bool]:
    """Whether a step of that kind is what was written last."""

    def holds(process: Process) -> bool:
        newest = people.history.events[-1]
        return newest.kind == kinds.STEP_BEGUN and newest.payload["step"] == step

    return holds


def test_an_apply_is_started_only_by_the_process_that_meant_it(driven: tuple[People, Script]) -> None:
    """The hash of the plan in hand stands in the ledger: whoever reads it can write an intent for it."""
    people, script = driven
    begun = (e for e in people.history.events if e.kind == kinds.STEP_BEGUN)
    earlier = next(e for e in begun if e.payload["step"] == "apply")

    def intend(process: Process) -> None:
        plan = [e for e in people.history.events if e.kind == kinds.STEP_ENDED and e.payload["step"] == "plan"][-1]
        detail = {**earlier.payload["detail"], "sha256": plan.payload["detail"]["sha256"]}
        forged = {"step": "apply", "stack": plan.payload["stack"], "attempt": "forged", "detail": detail}
        write(people, kinds.STEP_BEGUN, plan.subject, forged)

    script.at("before ledger.append", intend, begins(people, "backup"))
    people.deploy("dev", who="eve", machine=0)
    assert wrote(people), people.story
    assert "forged" not in {one.run.attempt for one in people.world.applied}


def test_an_end_of_a_plan_that_another_wrote_decides_nothing(driven: tuple[People, Script]) -> None:
    """The plan in hand does what an objection holds; a ledger writer says that it does something else."""
    people, script = driven

    def lie(process: Process) -> None:
        begun = [e for e in people.history.events if e.kind == kinds.STEP_BEGUN and e.payload["step"] == "plan"][-1]
        detail = {"digest": "approved", "empty": True, "lineage": "", "serial": 0, "changes": []}
        write(people, kinds.STEP_ENDED, begun.subject, {**begun.payload, "result": "succeeded", "detail": detail})

    before = applied(people, "dev")
    script.at("before terraform.plan", lie, begins(people, "plan"))
    people.deploy("dev", who="eve", machine=0)
    latest = folds.latest(people.history, "dev")
    assert latest is not None
    assert wrote(people) and latest.open, people.story
    assert "cannot be read" in latest.waiting[0], "two ends of one attempt hold the environment"
    assert applied(people, "dev") == before
    own = [r for r in latest.steps if r.step is Step.PLAN]
    assert own and all(r.detail.digest != "approved" for r in own[1:]), people.story


def test_a_backup_that_another_wrote_is_none(driven: tuple[People, Script]) -> None:
    people, script = driven

    def lie(process: Process) -> None:
        plan = people.history.events[-1]
        for key in ("dev/network", "dev/app"):
            begun: dict[str, Any] = {"step": "backup", "stack": key, "attempt": f"forged{len(key)}", "detail": {}}
            write(people, kinds.STEP_BEGUN, plan.subject, begun)
            write(people, kinds.STEP_ENDED, plan.subject, {**begun, "result": "succeeded", "message": ""})

    def planned(process: Process) -> bool:
        return begins(people, "plan")(process) and people.history.events[-1].payload["stack"] == "dev/app"

    script.at("before ledger.append", lie, planned)
    people.deploy("dev", who="eve", machine=0)
    latest = folds.latest(people.history, "dev")
    assert wrote(people) and latest is not None, people.story
    saved = [r.attempt for r in latest.steps if (r.step, r.stack) == (Step.BACKUP, "dev/app")]
    assert len(saved) == 2 and latest.result == "succeeded", people.story
