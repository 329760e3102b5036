"""What the simulation found. Each was a history in which something went wrong, cut down to what it takes."""

from __future__ import annotations

from datetime import timedelta

from simulation import laws
from simulation.choices import Choices
from simulation.people import People
from simulation.process import Process
from simulation.script import When, kill, staged
from simulation.site import Wanted, thing
from terrace.errors import NotReady
from terrace.ledger import folds, holds
from terrace.pipelines.deploy.lifecycle import Refused
from terrace.stacks.model import AutomaticRollback, Recovery

DIES_UNRECORDED = bytes([255, 255, 0, 0])
"""What makes the next apply die, all of it done and none of it in its state."""


def up_to(people: People, *environments: str) -> None:
    """Take the tip up the ladder so far. What reads another stack's outputs is approved once those are known."""
    for environment in environments:
        people.world.now += timedelta(hours=1)
        people.deploy(environment, who="eve")
        for _ in range(2):
            approved(people, environment)
        for _ in range(5):
            people.world.now += timedelta(minutes=3)
            people.tick()
        assert result(people, environment) == "succeeded", people.story


def approved(people: People, environment: str, machine: int = 0) -> None:
    """Everybody approves, and it goes on."""
    for who in ("bob", "cid", "dan"):
        people.answer(environment, who)
    people.resume(environment, machine=machine)


def promoted(people: People, machine: int = 0) -> None:
    """What is good in dev waits for approvals in staging."""
    people.world.now += timedelta(hours=1)
    people.promote("staging", "eve", machine)


def failing(people: People) -> None:
    """A release that fails in staging once something was applied waits there, on top of a good one."""
    up_to(people, "dev", "staging")
    things = {thing("staging/app"): "v-bad", "terraform_data.more": "v-bad"}
    people.merge("ann", staging__app=Wanted(things, "apply"))
    up_to(people, "dev")
    promoted(people)


def mended(people: People) -> None:
    """Somebody at the other machine mends it, and takes that into staging."""
    people.merge("ann", staging__app=Wanted({thing("staging/app"): "v-mended"}))
    people.deploy("dev", machine=1)
    promoted(people, machine=1)
    approved(people, "staging", machine=1)
    assert good(people, "staging") == people.world.branch.tip.id


def lost(people: People, environment: str) -> None:
    """An apply of that environment dies, and what it made is in no state."""
    people.world.shared.choices = Choices(DIES_UNRECORDED)
    people.deploy(environment, machine=0)
    assert result(people, environment) == "unknown"


def result(people: People, environment: str) -> str | None:
    latest = folds.latest(people.history, environment)
    return latest.result if latest is not None else None


def good(people: People, environment: str) -> str | None:
    found = folds.last_good(people.history, environment)
    return found.commit if found is not None else None


def went_back(people: People) -> bool:
    """Whether anything was rolled back by itself."""
    return any(isinstance(d.origin, AutomaticRollback) for d in folds.deployments(people.history))


def about_to_apply(people: People, environment: str) -> When:
    """The moment at which everything is backed up and no apply is begun."""

    def when(process: Process) -> bool:
        latest = folds.latest(people.history, environment)
        return latest is not None and any(r.step.value == "backup" for r in latest.steps) and not latest.touched

    return when


def test_who_holds_between_consent_and_intent_is_heard() -> None:
    people, script = staged()
    script.at("before ledger.append", lambda process: people.hold("dev"), about_to_apply(people, "dev"))
    people.deploy("dev")
    assert holds.hold(people.history, "dev") is not None
    assert people.world.applied == []


def test_a_clock_that_was_set_back_hides_no_newer_release_from_a_rollback() -> None:
    people, script = staged()
    failing(people)

    def earlier(process: Process) -> None:
        people.world.now -= timedelta(minutes=4)
        mended(people)

    script.at("after ledger.append", earlier, lambda process: result(people, "staging") == "failed")
    approved(people, "staging")
    assert not went_back(people)
    assert good(people, "staging") == people.world.branch.tip.id


def test_a_release_that_comes_in_while_a_rollback_is_made_is_not_undone_by_it() -> None:
    people, script = staged()
    failing(people)
    script.at(
        "before ledger.append", lambda process: mended(people), lambda process: result(people, "staging") == "failed"
    )
    approved(people, "staging")
    assert not went_back(people)
    assert good(people, "staging") == people.world.branch.tip.id


def test_what_two_people_bring_in_order_at_once_is_brought_in_order_once() -> None:
    people, script = staged()
    lost(people, "dev")

    def other(process: Process) -> bool:
        return process.machine.name == "two"

    script.at("before ledger.append", lambda process: people.recover("dev", "cid", machine=0), other)
    people.recover("dev", "bob", machine=1)
    recoveries = [d for d in folds.deployments(people.history) if isinstance(d.origin, Recovery)]
    assert [d.result for d in recoveries] == ["succeeded"]
    assert laws.broken(people.world) == []


def test_a_deployment_whose_machine_came_up_anew_goes_on_once_enough_people_say_that_it_is_dead() -> None:
    people, script = staged()
    up_to(people, "dev")
    promoted(people)
    people.answer("staging", "bob")
    script.at("after ledger.append", kill, about_to_apply(people, "staging"))
    people.resume("staging", machine=0)
    people.world.reboot(0)
    for machine in (0, 1):
        assert "busy" in _refused(people.resume("staging", machine=machine))
    people.resume("staging", "bob", 1, dead="the machine was replaced")
    assert "1 of 2 people declared that this process is no longer running" in _refused(
        people.resume("staging", "bob", 1, dead="I am sure")
    )
    people.resume("staging", "cid", 1, dead="the machine was replaced")
    approved(people, "staging", machine=1)
    assert result(people, "staging") == "succeeded"


def test_saying_that_one_driver_is_dead_says_nothing_of_the_next() -> None:
    people, script = staged()
    script.at("after ledger.append", kill, about_to_apply(people, "dev"))
    people.deploy("dev", machine=0)
    people.world.reboot(0)
    script.at("after terraform.plan", kill)
    people.resume("dev", "bob", 1, dead="the first one burnt down")
    people.world.reboot(1)
    assert "busy" in _refused(people.resume("dev", "bob", 0))
    people.resume("dev", "bob", 0, dead="and so did the second")
    assert result(people, "dev") == "succeeded"


def test_an_apply_of_which_nobody_can_be_asked_is_unknown_and_not_failed() -> None:
    people, script = staged()

    def unreadable(process: Process) -> None:
        raise NotReady("the folder of its run cannot be read")

    script.at("before applier.wait", unreadable)
    people.deploy("dev", machine=0)
    assert result(people, "dev") == "unknown"
    assert holds.hold(people.history, "dev") is not None


def test_a_recovery_that_failed_leaves_the_way_to_another_one() -> None:
    people, script = staged()
    lost(people, "dev")

    def unreachable(process: Process) -> None:
        raise NotReady("the backend does not answer")

    script.at("before terraform.plan", unreachable)
    people.recover("dev", "bob", machine=0)
    assert result(people, "dev") == "failed"
    people.recover("dev", "bob", machine=0)
    assert result(people, "dev") == "succeeded"
    assert people.world.cloud.twice == []
    assert holds.hold(people.history, "dev") is None


def test_nothing_goes_back_or_down_over_what_nobody_knows() -> None:
    people, _ = staged()
    up_to(people, "dev")
    people.merge("ann", dev__app=Wanted({thing("dev/app"): "v2", "terraform_data.more": "v2"}))
    lost(people, "dev")
    for command in (people.rollback, people.destroy):
        assert "finished with an unknown result" in _refused(command("dev"))
    people.recover("dev", "bob", machine=0)
    assert result(people, "dev") == "succeeded"
    people.rollback("dev")
    assert laws.broken(people.world) == []
    assert result(people, "dev") == "succeeded"


def test_what_people_hold_terrace_does_not_let_go() -> None:
    people, script = staged()
    script.at("after applier.start", lambda process: people.hold("dev"))
    lost(people, "dev")
    people.recover("dev", "bob", machine=0)
    assert result(people, "dev") == "succeeded"
    held = holds.hold(people.history, "dev")
    assert held is not None
    assert (held.reason, held.deployment) == ("said so", "")


def test_somebody_who_holds_what_terrace_holds_already_is_heard_too() -> None:
    people, _ = staged()
    lost(people, "dev")
    people.hold("dev", "cid")
    held = holds.hold(people.history, "dev")
    assert held is not None
    assert held.by == "cid"
    people.recover("dev", "bob", machine=0)
    assert result(people, "dev") == "succeeded"
    assert holds.hold(people.history, "dev") == held


def _refused(done: object) -> str:
    """The gates that refused a command, and why; "" when it was let in."""
    first = done[0] if isinstance(done, tuple) else done
    return str([(r.gate, r.reason) for r in first.verdict.open]) if isinstance(first, Refused) else ""
