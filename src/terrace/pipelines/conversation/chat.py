"""The context and the result of handling a comment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from terrace.config.model import Config
from terrace.forge.ports import Conversation
from terrace.gates.approvals.people import People
from terrace.pipelines.context import Context
from terrace.report.markdown.replies import Reply


@dataclass(frozen=True, slots=True)
class ChatContext:
    """The conversation on the forge, the rules of the protected branch, and the contexts for a person by name.

    `audit_context` creates a context that reads and writes the ledger without credentials; `deployment_context` creates
    one that can change environments. `explained` returns the explanation of a rule, None where it has no such rule.
    """

    talk: Conversation
    config: Config
    audit_context: Callable[[str], Context]
    deployment_context: Callable[[str], Context]
    explained: Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The result of the first pass. `left` is the environment in which the second pass has something to do, "" for
    none."""

    reply: Reply
    done: bool = True
    left: str = ""


def refuse(
    happened: str, reasons: tuple[str, ...] = (), following: tuple[str, ...] = (), hint: str | None = None
) -> CommandResult:
    """Returns a refusal with its reasons."""
    return CommandResult(Reply(happened, reasons, following, hint=hint or ""), done=False)


def infer_role(config: Config, environment: str, person: str) -> str:
    """Returns the one team that a person can approve as; "" where there is none or more than one, so that the gates
    choose."""
    people = People(config)
    teams = people.teams_of(people.person(person)) & config.environment(environment).approvals.roles.keys()
    return next(iter(teams)) if len(teams) == 1 else ""
