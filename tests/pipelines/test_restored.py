"""A restore of a state: the result of the last deployment says nothing any more, until the environment is checked."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Never, cast

from support.stories import Story
from terrace.config.model import Config, Environment
from terrace.errors import NotReady
from terrace.ledger import kinds
from terrace.ledger.model import History
from terrace.pipelines.context import Context
from terrace.pipelines.drift.restored import RestoreCheck, check_restored
from terrace.pipelines.situation import recorded_situation
from terrace.report.next_steps import next_steps
from terrace.report.terminal.screen import plain_text
from terrace.report.terminal.states import unchecked_restore
from terrace.rollout.situation import Situation

CONFIG = Config(environments=(Environment("prod"),))
CHECK = "`terrace drift prod` checks the restored state"


def situation(history: History) -> Situation:
    return recorded_situation(CONFIG, "p", history, CONFIG.environment("prod"), None)


def restored(result: str = "succeeded") -> Story:
    """prod is deployed with this result, then a state of it is restored."""
    story = Story()
    story.release("one", "a" * 40, result)
    restore(story)
    return story


def restore(story: Story) -> None:
    """A restore begins and ends."""
    begun = {
        "environment": "prod",
        "restore": "r1",
        "backup": "states/prod/prod/20260105T120000Z-000007-after-000000000002-a1b2c3.tfstate.enc",
        "deployment": "one",
        "commit": "a" * 40,
        "reason": "lost",
        "holder": {"host": "here", "boot": "b", "pid": 7, "who": "ann"},
    }
    story.write(kinds.STATE_RESTORE_BEGUN, "prod", begun)
    story.write(kinds.STATE_RESTORE_ENDED, "prod", {"environment": "prod", "restore": "r1", "result": "restored"})


def check(story: Story, status: str) -> None:
    stack: dict[str, Any] = {"stack": "prod", "path": "environments/prod", "status": status, "commit": "a" * 40}
    story.write(kinds.DRIFT_CHECKED, "prod", {"every": 0, "stacks": [stack]})


def test_after_a_restore_the_next_step_is_a_check_until_the_result_of_every_stack_is_known() -> None:
    story = restored()
    assert CHECK in next_steps(situation(story.history))
    check(story, "unknown")
    assert CHECK in next_steps(situation(story.history)), "nothing is known yet"
    check(story, "drifted")
    assert CHECK not in next_steps(situation(story.history))


def test_a_check_from_before_a_restore_does_not_count() -> None:
    story = Story()
    story.release("one", "a" * 40)
    check(story, "clean")
    assert next_steps(situation(story.history)) == ()
    restore(story)
    assert CHECK in next_steps(situation(story.history))
    story.release("two", "b" * 40)
    assert next_steps(situation(story.history)) == (), "a deployment afterwards has its own result"


def test_the_reasons_of_a_failure_come_after_the_restore_since() -> None:
    restored_since = situation(restored("failed").history)
    assert restored_since.waits_for[0].startswith("a state was restored since, at 2026-01-05 12:")
    assert next_steps(restored_since)[0] == CHECK
    story = Story()
    story.release("one", "a" * 40, "failed")
    assert not any("restored" in reason for reason in situation(story.history).waits_for)


class UnreachableLedger:
    """A ledger that cannot be read."""

    def read(self) -> Never:
        raise NotReady("the remote does not answer")


def test_a_check_that_fails_is_a_result_and_not_the_failure_of_the_restore() -> None:
    context = cast(Context, SimpleNamespace(ledger=UnreachableLedger()))
    checked = check_restored(context, "prod")
    assert checked == RestoreCheck(problem="the remote does not answer")
    assert not checked.is_complete
    assert "next: terrace drift prod" in plain_text(unchecked_restore("prod", checked.problem))
