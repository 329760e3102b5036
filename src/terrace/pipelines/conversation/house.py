"""What answers, and what an answer comes to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from terrace.config.model import Config
from terrace.forge.ports import Conversation
from terrace.pipelines.crew import Crew
from terrace.report.markdown.replies import Reply


@dataclass(frozen=True, slots=True)
class House:
    """What answers: the conversation, the rules of the protected branch, and whom to hire for a person by name.

    `clerks` look and write into the ledger without any credentials; `crew` changes environments. `explained` tells a
    rule, None where there is none of that name.
    """

    talk: Conversation
    config: Config
    clerks: Callable[[str], Crew]
    crew: Callable[[str], Crew]
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
