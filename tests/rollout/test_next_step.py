"""The pure heart of a deployment, driven by a small world that may crash between any two moments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from terrace.gates.model import GateResult, Outcome, Verdict
from terrace.ledger.deployment import Deployment, Step, StepRecord, StepResult
from terrace.ledger.events.steps import Detail
from terrace.rollout.next_step import Asked, Finish, Horizon, Perform, Task, Wait, next_step
from terrace.stacks.model import Manual

START = datetime(2026, 1, 5, 12, tzinfo=UTC)


def opened(*waves: tuple[str, ...]) -> Deployment:
    return Deployment("d1", "prod", "c" * 40, Manual("ann"), "ann", START, waves or (("prod",),), "policy")


def verdict(outcome: Outcome) -> Verdict:
    return Verdict("prod", (GateResult("approvals", outcome, "one more yes is needed"),))


def passes(plans: tuple[StepRecord, ...]) -> Verdict:
    return verdict(Outcome.PASS)


@dataclass
class World:
    """Performs what is asked, remembers what became real, and can forget everything that a crash would lose."""

    deployment: Deployment
    in_hand: set[str] = field(default_factory=set)
    applied: list[str] = field(default_factory=list)
    attempts: int = 0
    empty: frozenset[str] = frozenset()

    def begin(self, task: Task) -> StepRecord:
        if task.resumes is not None:
            return task.resumes
        self.attempts += 1
        at = START + timedelta(seconds=self.attempts)
        record = StepRecord(task.step, task.stack, f"a{self.attempts}", at)
        self.deployment = replace(self.deployment, steps=(*self.deployment.steps, record))
        return record

    def end(self, record: StepRecord, result: StepResult = "succeeded") -> None:
        detail = Detail(empty=record.stack in self.empty, digest="d", tag="t")
        done = replace(record, result=result, ended_at=record.began_at, message="said so", detail=detail)
        steps = tuple(done if r.attempt == done.attempt else r for r in self.deployment.steps)
        self.deployment = replace(self.deployment, steps=steps)
        if record.step in (Step.PLAN, Step.BACKUP) and result == "succeeded":
            self.in_hand.add(record.attempt)
        if record.step is Step.APPLY and result == "succeeded":
            self.applied.append(record.stack)

    def crash(self) -> None:
        self.in_hand.clear()

    def ask(self) -> Perform | Wait | Finish:
        return next_step(self.deployment, Asked(passes), frozenset(self.in_hand))

    def run(self) -> Finish:
        for _ in range(200):
            answer = self.ask()
            assert not isinstance(answer, Wait)
            if isinstance(answer, Finish):
                return answer
            for task in answer.tasks:
                self.end(self.begin(task))
        raise AssertionError("it never ends")


def steps_of(world: World) -> list[str]:
    return [f"{r.step.value} {r.stack}".strip() for r in world.deployment.steps]


def test_a_stack_is_planned_backed_up_applied_and_saved_then_smoke_and_tag() -> None:
    world = World(opened())
    assert world.run() == Finish("succeeded")
    assert steps_of(world) == ["plan prod", "backup prod", "apply prod", "snapshot prod", "smoke", "tag"]


def test_a_wave_starts_when_the_one_before_is_done_and_its_stacks_go_side_by_side() -> None:
    world = World(opened(("prod/network",), ("prod/a", "prod/b")))
    assert world.run().result == "succeeded"
    assert world.applied == ["prod/network", "prod/a", "prod/b"]
    planned = steps_of(world).index("plan prod/a")
    assert steps_of(world).index("snapshot prod/network") < planned
    assert steps_of(world)[planned : planned + 2] == ["plan prod/a", "plan prod/b"]


def test_a_stack_with_nothing_to_do_is_not_applied() -> None:
    world = World(opened(), empty=frozenset({"prod"}))
    assert world.run().result == "succeeded"
    assert steps_of(world) == ["plan prod", "smoke", "tag"]


def test_it_waits_for_consent_and_plans_again_in_another_process() -> None:
    world = World(opened())
    first = world.ask()
    assert isinstance(first, Perform)
    world.end(world.begin(first.tasks[0]))
    waits = next_step(world.deployment, Asked(lambda plans: verdict(Outcome.WAIT)), frozenset(world.in_hand))
    assert isinstance(waits, Wait)
    world.crash()
    again = world.ask()
    assert again == Perform((Task(Step.PLAN, "prod"),)), "a plan of another process is never applied"


def test_a_blocked_verdict_ends_it_with_the_reasons() -> None:
    world = World(opened())
    first = world.ask()
    assert isinstance(first, Perform)
    world.end(world.begin(first.tasks[0]))
    answer = next_step(world.deployment, Asked(lambda plans: verdict(Outcome.BLOCK)), frozenset())
    assert answer == Finish("blocked", ("one more yes is needed",))


def test_an_apply_without_an_end_is_looked_into_and_never_begun_again() -> None:
    world = World(opened())
    while True:
        answer = world.ask()
        assert isinstance(answer, Perform)
        record = world.begin(answer.tasks[0])
        if record.step is Step.APPLY:
            break
        world.end(record)
    world.crash()
    answer = world.ask()
    assert answer == Perform((Task(Step.APPLY, "prod", resumes=record),))
    world.end(record, "unknown")
    assert world.ask() == Finish("unknown", ("prod: said so",))


def test_after_a_failed_apply_the_state_is_saved_and_nothing_more_is_applied() -> None:
    world = World(opened(("prod/a",), ("prod/b",)))
    while True:
        answer = world.ask()
        if isinstance(answer, Finish):
            break
        assert isinstance(answer, Perform)
        for task in answer.tasks:
            world.end(world.begin(task), "failed" if task.step is Step.APPLY else "succeeded")
    assert answer == Finish("failed", ("prod/a: apply failed: said so",))
    assert steps_of(world) == ["plan prod/a", "backup prod/a", "apply prod/a", "snapshot prod/a"]


def test_a_failed_smoke_test_fails_the_deployment() -> None:
    world = World(opened())
    while not isinstance(answer := world.ask(), Finish):
        assert isinstance(answer, Perform)
        for task in answer.tasks:
            world.end(world.begin(task), "failed" if task.step is Step.SMOKE else "succeeded")
    assert answer == Finish("failed", ("smoke: said so",))
    assert "tag" not in steps_of(world)


def test_where_people_are_asked_the_later_waves_are_planned_ahead_and_again_in_their_turn() -> None:
    world = World(opened(("prod/network",), ("prod/app",)))
    asked: list[list[str]] = []

    def consent(outcome: Outcome) -> Callable[[tuple[StepRecord, ...]], Verdict]:
        def answer(plans: tuple[StepRecord, ...]) -> Verdict:
            asked.append([p.stack for p in plans])
            return verdict(outcome)

        return answer

    while not isinstance(answer := next_step(world.deployment, Asked(consent(Outcome.WAIT)), frozenset()), Wait):
        assert isinstance(answer, Perform)
        for task in answer.tasks:
            world.end(world.begin(task))
    assert asked[-1] == ["prod/network", "prod/app"], "both plans are shown to those who consent"
    assert world.run().result == "succeeded"
    assert steps_of(world)[:2] == ["plan prod/network", "plan prod/app"]
    first_of_app = steps_of(world).index("apply prod/app")
    assert "plan prod/app" in steps_of(world)[steps_of(world).index("snapshot prod/network") : first_of_app]


def test_with_a_wide_horizon_everything_is_planned_side_by_side_at_first() -> None:
    world = World(opened(("prod/network",), ("prod/app",)))
    answer = next_step(world.deployment, Asked(passes, horizon=Horizon.ALL), frozenset())
    assert answer == Perform((Task(Step.PLAN, "prod/network"), Task(Step.PLAN, "prod/app")))


def test_a_plan_ahead_that_nobody_ended_is_made_again_before_it_waits() -> None:
    world = World(opened(("prod/network",), ("prod/app",)))
    network, app = Task(Step.PLAN, "prod/network"), Task(Step.PLAN, "prod/app")
    world.end(world.begin(network))
    world.begin(app)

    def nobody(plans: tuple[StepRecord, ...]) -> Verdict:
        return verdict(Outcome.WAIT)

    assert next_step(world.deployment, Asked(nobody, horizon=Horizon.ALL), frozenset()) == Perform((app,))
    world.end(world.begin(app))
    assert isinstance(next_step(world.deployment, Asked(nobody, horizon=Horizon.ALL), frozenset()), Wait)


@settings(max_examples=300)
@given(st.data())
def test_killed_anywhere_it_goes_on_and_applies_each_stack_once(data: st.DataObject) -> None:
    """Crashes before the intent, after it, and after the act; a resumed apply really succeeded or really did not."""
    waves = data.draw(st.sampled_from([(("p",),), (("p/a", "p/b"),), (("p/a",), ("p/b", "p/c"))]))
    crashes = data.draw(st.lists(st.sampled_from(["before acting", "before recording"]), max_size=6))
    quiet = data.draw(st.lists(st.integers(0, 3), min_size=len(crashes), max_size=len(crashes)))
    world = World(opened(*waves))
    while not isinstance(answer := world.ask(), Finish):
        assert isinstance(answer, Perform)
        open_before = world.deployment.in_doubt
        for task in answer.tasks:
            if task.step is Step.APPLY and task.resumes is None:
                assert not open_before, "nothing new is applied while an outcome is open"
                planned = world.deployment.last(Step.PLAN, task.stack)
                assert planned is not None
                assert planned.attempt in world.in_hand, "only a plan made moments ago is applied"
                assert task.stack not in world.applied, "a stack is applied once"
        records = [world.begin(task) for task in answer.tasks]
        assert world.attempts < 300, "it never ends"
        if crashes and quiet[0] == 0:
            quiet.pop(0)
            if crashes.pop(0) == "before recording":
                world.end(records[0])
            world.crash()
            continue
        if quiet:
            quiet[0] -= 1
        for record in records:
            world.end(record)
    assert answer.result == "succeeded"
    assert sorted(world.applied) == sorted(key for wave in waves for key in wave)
