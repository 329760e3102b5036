"""A driver that was declared dead wakes up; an unknown outcome ends by people who answer for it, by nothing less."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from simulation import laws
from simulation.choices import Choices
from simulation.people import People
from simulation.process import Process
from simulation.script import kill, staged
from simulation.test_found import DIES_UNRECORDED, approved, lost, promoted, result, up_to
from simulation.world import signature
from terrace.errors import BadInput, NotReady
from terrace.ledger import folds, holds, kinds
from terrace.ledger.deployment import Step
from terrace.ledger.model import Draft
from terrace.pipelines.context import Context, prove_nothing
from terrace.pipelines.holds import hold
from terrace.pipelines.recovery.attestations import answers, required_people
from terrace.pipelines.recovery.settlement import settle
from terrace.plans.ports import Evidence


def runs(people: People) -> list[str]:
    return [applied.run.machine for applied in people.world.applied]


@pytest.mark.parametrize("moment", ["before applier.start", "before ledger.read", "before ledger.append"])
def test_a_driver_that_was_declared_dead_and_wakes_up_starts_nothing(moment: str) -> None:
    """It stands still right before its apply; on another machine somebody declares it dead and takes over."""
    people, script = staged()
    prepared: list[Process] = []
    script.at("after applier.prepare", prepared.append)

    def taken_over(process: Process) -> None:
        people.resume("dev", "bob", 1, dead="it stands still")

    script.at(moment, taken_over, lambda process: bool(prepared) and process is prepared[0])
    people.deploy("dev", machine=0)
    assert laws.broken(people.world) == []
    assert people.world.cloud.twice == []
    assert "one" not in runs(people), "it woke up and started its apply all the same"


def test_a_driver_hears_that_it_was_declared_dead_although_nobody_took_over_yet() -> None:
    people, script = staged()

    def declared(process: Process) -> None:
        latest = folds.latest(people.history, "dev")
        assert latest is not None
        said = Draft(kinds.RECOVERY_ATTESTED, latest.id, "bob", {"reason": "it stands still"})
        people.world.ledger.append([said], head=people.history.head)

    script.at("before applier.start", declared)
    people.deploy("dev", machine=0)
    latest = folds.latest(people.history, "dev")
    assert latest is not None
    (first, *_) = [record for record in latest.steps if record.step is Step.APPLY]
    assert (first.result, first.detail.evidence) == ("failed", Evidence.NO_WORD.name.lower())
    assert "bob declared that" in first.message
    assert runs(people) == []


def test_a_driver_that_cannot_ask_the_ledger_again_starts_nothing() -> None:
    people, script = staged()
    asked: list[Process] = []
    script.at("before applier.start", asked.append)

    def unreachable(process: Process) -> None:
        raise NotReady("the ledger is out of reach")

    script.at("before ledger.read", unreachable, lambda process: bool(asked))
    people.deploy("dev", machine=0)
    assert runs(people) == []
    assert result(people, "dev") == "failed"


# --- the way out ---------------------------------------------------------------------------------------------------


def settled(people: People, environment: str, who: str, reason: str = "looked", dead: str = "gone") -> object:
    def run(context: Context) -> object:
        settings = context.config.environment(environment)
        deployment = folds.find_unsettled(
            context.ledger.read(), environment, required_people(settings), answers(context)
        )
        assert deployment is not None
        signed = replace(context, vouch=lambda text: signature(who))
        return settle(signed, deployment, tuple(r.stack for r in deployment.in_doubt), reason, dead)

    return people.command(who, run, 0)


def unheld(people: People, environment: str, who: str = "bob") -> bool:
    def run(context: Context) -> object:
        people_ = required_people(context.config.environment(environment))
        return hold(context, environment, "why", kinds.ENVIRONMENT_UNHELD, people_)

    people.command(who, run, 0)
    return holds.hold(people.history, environment) is None


def test_letting_go_of_an_environment_with_an_unknown_outcome_is_refused() -> None:
    people, _ = staged()
    lost(people, "dev")
    assert not unheld(people, "dev")
    assert "the result of deployment" in str(people.world.errors[-1])
    assert "terrace resume dev" in (people.world.errors[-1].hint or "")
    settled(people, "dev", "bob")
    assert unheld(people, "dev")
    people.put_in_order_by_hand("dev")
    people.deploy("dev")
    assert result(people, "dev") == "succeeded"


def test_nobody_answers_for_an_unknown_outcome_without_a_proof_or_with_the_key_of_another() -> None:
    people, _ = staged()
    lost(people, "dev")

    def said(actor: str, key: str | None) -> object:
        def run(context: Context) -> object:
            deployment = folds.latest(context.ledger.read(), "dev")
            assert deployment is not None
            vouch = prove_nothing if key is None else lambda text: signature(key)
            stacks = tuple(record.stack for record in deployment.in_doubt)
            return settle(replace(context, vouch=vouch), deployment, stacks, "looked", "")

        return people.command(actor, run, 0)

    for name, key in (("bob", None), ("bob", "cid")):
        said(name, key)
        assert "there is no proof of who accepts it" in str(people.world.errors[-1])
    latest = folds.latest(people.history, "dev")
    assert latest is not None
    for record in latest.in_doubt:
        forged = {"stack": record.stack, "attempt": record.attempt, "reason": "looked", "addresses": []}
        draft = Draft(kinds.RECOVERY_SETTLED, latest.id, "bob", forged)
        people.world.ledger.append([draft], head=people.history.head)
    assert not unheld(people, "dev"), "a ledger writer answers for nobody"
    said("bob", "bob")
    answered = people.history.events[-1]
    assert unheld(people, "dev")
    assert answered.payload["declaration"]["signature"]


def test_where_approvals_are_asked_two_people_answer_for_an_unknown_outcome() -> None:
    people, _ = staged()
    up_to(people, "dev")
    people.world.now += timedelta(hours=1)
    promoted(people)
    people.world.choices = people.world.shared.choices = Choices(DIES_UNRECORDED)
    approved(people, "staging")
    assert result(people, "staging") == "unknown"
    settled(people, "staging", "bob")
    assert not unheld(people, "staging"), "one of two"
    settled(people, "staging", "bob", "I am very sure")
    assert not unheld(people, "staging"), "one person twice is one person"
    settled(people, "staging", "cid")
    assert unheld(people, "staging")


@pytest.mark.parametrize("why", ["", "  "])
def test_nobody_answers_for_an_unknown_outcome_without_a_reason(why: str) -> None:
    people, _ = staged()
    lost(people, "dev")
    settled(people, "dev", "bob", why)
    assert isinstance(people.world.errors[-1], BadInput)
    assert not unheld(people, "dev")


def test_nobody_answers_for_an_apply_that_may_still_run() -> None:
    people, script = staged()
    script.at("before applier.wait", kill)
    people.deploy("dev", machine=0)
    people.resume("dev", "bob", 1, dead="it is gone")
    assert result(people, "dev") == "unknown"
    settled(people, "dev", "bob", dead="")
    assert "still runs" in str(people.world.errors[-1])
    assert not unheld(people, "dev")
