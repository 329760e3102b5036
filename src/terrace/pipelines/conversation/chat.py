"""What answers, and what an answer comes to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from terrace.config.model import Config
from terrace.forge.ports import Conversation
from terrace.gates.approvals.people import People
from terrace.pipelines.context import Context
from terrace.report.markdown.replies import Reply


@dataclass(frozen=True, slots=True)
class House:
    """What answers: the conversation, the rules of the protected branch, and whom to hire for a person by name.

    `clerks` look and write into the ledger without any credentials; `context` changes environments. `explained` tells a
    rule, None where there is none of that name.
    """

    talk: Conversation
    config: Config
    clerks: Callable[[str], Context]
    context: Callable[[str], Context]
    explained: Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of the first turn. `left` is the environment in which a second one has something to do, "" for none."""

    reply: Reply
    done: bool = True
    left: str = ""


def refused(
    happened: str, reasons: tuple[str, ...] = (), following: tuple[str, ...] = (), hint: str | None = None
) -> Heard:
    """What is not done, and why."""
    return Heard(Reply(happened, reasons, following, hint=hint or ""), done=False)


def role_of(config: Config, environment: str, person: str) -> str:
    """The one role that they can fill there; "" where there is none or a choice, which the gates make best."""
    people = People(config)
    teams = people.teams_of(people.person(person)) & config.environment(environment).approvals.roles.keys()
    return next(iter(teams)) if len(teams) == 1 else ""
