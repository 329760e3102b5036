"""`terrace status` and `terrace explain`: the running step, the gates now, what is live, and the next command."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from support.records import data_of
from terrace.gates.model import GateResult, Outcome, Verdict
from terrace.ledger.deployment import Deployment, Holder, Lease, Step, StepRecord
from terrace.ledger.holds import Hold
from terrace.report.json.environments import environment_statuses
from terrace.report.next_steps import next_steps
from terrace.report.terminal.explanation import explanation
from terrace.report.terminal.screen import plain_text
from terrace.report.terminal.situation import status_report
from terrace.rollout.next_step import Next, Perform, Wait
from terrace.rollout.situation import Situation
from terrace.stacks.model import Manual

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
PLANNED = StepRecord(Step.PLAN, "prod/net", "a1", NOON, NOON, "succeeded")
APPLYING = StepRecord(Step.APPLY, "prod/net", "a2", NOON)
OPEN = Deployment("d1", "prod", "c" * 40, Manual("ann"), "ann", NOON, (("prod/net",),), "p", steps=(PLANNED, APPLYING))


WAITING = replace(OPEN, steps=(PLANNED,), waiting=("0 of 1 people have approved",))
APPROVE = GateResult("approvals", Outcome.WAIT, "1 of 2 people have approved", "`terrace approve prod` by bob")
SOAK = GateResult("soak", Outcome.WAIT, "soaking in dev for 1h", "run `terrace tick`", NOON + timedelta(hours=1))
HELD = Hold("a freeze", "ann", NOON)


def situation(latest: Deployment | None, step: Next | None = None, hold: Hold | None = None) -> Situation:
    return Situation("prod", latest, None, hold, step, handle="f" * 32 if step is not None else "", previous="dev")


def wait(*gates: GateResult) -> Wait:
    return Wait(Verdict("prod", gates))


def shown(one: Situation) -> str:
    return plain_text(status_report([one], {}, NOON + timedelta(hours=3)))


def test_a_running_apply_is_shown_with_its_age() -> None:
    running = replace(OPEN, lease=Lease(Holder("h", "b", 1, "ann@host"), 1, NOON))
    assert "apply prod/net started 3h ago" in shown(situation(running))
    assert "`terrace show prod --log --follow`" in shown(situation(running))
    (row,) = environment_statuses([situation(running)], {}, {})
    (step,) = data_of(row)["running"]
    assert step == {"step": "apply", "stack": "prod/net", "attempt": "a2", "since": "2026-01-05T12:00:00Z"}


def test_a_waiting_deployment_runs_no_step() -> None:
    (row,) = environment_statuses([situation(WAITING)], {}, {})
    assert data_of(row)["running"] == []
    assert "net started" not in shown(situation(WAITING))


def test_the_reasons_are_those_of_the_gates_now_and_not_those_that_were_recorded() -> None:
    text = shown(situation(WAITING, wait(APPROVE)))
    assert "1 of 2 people have approved" in text
    assert "0 of 1" not in text
    (row,) = environment_statuses([situation(WAITING, wait(APPROVE))], {}, {})
    assert data_of(row)["waiting_for"] == ["1 of 2 people have approved"]


def test_the_command_to_answer_names_the_pending_plans() -> None:
    assert next_steps(situation(WAITING, wait(APPROVE))) == (
        f"`terrace approve prod {'f' * 32}` by bob",
        "`terrace resume prod`, once every gate passes",
    )


def test_time_alone_needs_a_tick_and_its_moment_is_shown() -> None:
    waits = situation(WAITING, wait(SOAK))
    assert next_steps(waits) == ("`terrace tick` after 2026-01-05 13:00:00 UTC, or `terrace resume prod --wait`",)
    assert "passes at 2026-01-05 13:00:00 UTC (in 30m)" in plain_text(explanation(waits, NOON + timedelta(minutes=30)))


def test_an_approved_deployment_waits_for_nothing_but_a_resume() -> None:
    approved = situation(WAITING, Perform(()))
    assert "every gate passes" in shown(approved)
    assert next_steps(approved) == ("`terrace resume prod`",)
    (row,) = environment_statuses([approved], {}, {})
    assert data_of(row)["waiting_for"] == []


def test_gates_that_cannot_be_evaluated_are_not_guessed() -> None:
    broken = replace(situation(WAITING), problem="the forge cannot be reached")
    assert "the gates cannot be evaluated now: the forge cannot be reached" in shown(broken)


def test_the_address_of_an_environment_is_in_its_row() -> None:
    here = replace(situation(None), url="https://shop.example.com/")
    assert "https://shop.example.com/" in shown(here)
    assert "URL" not in shown(situation(None)), "no column where no environment has one"
    (row,) = environment_statuses([here], {}, {})
    assert data_of(row)["url"] == "https://shop.example.com/"


def test_a_hold_names_its_release_and_comes_before_the_reasons() -> None:
    failed = replace(OPEN, result="failed", ended_at=NOON, reasons=("smoke: 500",))
    text = shown(situation(failed, hold=HELD))
    assert text.index("on hold: a freeze (by ann)") < text.index("smoke: 500")
    assert "`terrace unhold prod --reason WHY`" in text


def test_a_failed_apply_names_the_log_of_its_stack_and_the_way_back() -> None:
    failing = replace(APPLYING, result="failed", ended_at=NOON, message="no")
    failed = replace(OPEN, steps=(PLANNED, failing), result="failed", ended_at=NOON, reasons=("prod/net: ...",))
    good = replace(OPEN, id="d0", result="succeeded", ended_at=NOON)
    assert next_steps(replace(situation(failed), released=good)) == (
        "`terrace show prod --log prod/net` shows what Terraform printed",
        "fix the cause and merge it, then `terrace deploy dev` and `terrace promote prod`",
        "or preview the rollback: `terrace rollback prod --plan-only`",
    )


def test_a_release_that_bakes_is_live() -> None:
    applied = replace(APPLYING, result="succeeded", ended_at=NOON)
    baking = replace(OPEN, steps=(PLANNED, applied), waiting=("baking",))
    assert situation(baking).live == baking
    assert situation(WAITING).live is None


def test_an_environment_that_was_never_deployed_has_its_first_command() -> None:
    assert next_steps(situation(None)) == ("`terrace promote prod`, after a success in dev",)
    assert next_steps(replace(situation(None), previous="")) == ("`terrace deploy prod`",)
