"""A comment on the forge reaches Terrace: by the event of a run, or by a webhook."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from terrace.apps.mirroring import show_deployments
from terrace.apps.wiring import Workshop
from terrace.errors import BadInput, NotReady
from terrace.report.conversation import as_markdown, marker
from terrace.rollout.ports import Watcher

if TYPE_CHECKING:
    from terrace.adapters.github.conversation import GitHubConversation
    from terrace.pipelines.conversation.converse import Heard, House
    from terrace.pipelines.crew import Crew

Turn = Literal["hear", "act"]
"""Which turn: what needs no credentials of an environment, or what is left and does."""


def work_off(folder: Path, event: str, payload: Mapping[str, Any], turn: Turn, watcher: Watcher) -> Heard | None:
    """Answer the comment that an event is about; None where it is none, or is not meant for us.

    What the event says of the comment is not believed: it is asked for by its id. The same event again gets the same
    answer. Raises NotReady where the forge cannot be asked.
    """
    from terrace.pipelines.conversation import converse

    id_ = _comment(event, payload)
    if id_ is None:
        return None
    shop = Workshop(folder)
    talk = conversation(shop)
    said = talk.said(id_)
    if said is None:
        return None
    house = _house(folder, talk, shop, watcher)
    heard = converse.hear(house, said) if turn == "hear" else converse.act(house, said)
    if heard is None:
        return None
    if turn == "act":
        show_deployments(shop, [environment.name for environment in shop.trust.config.environments])
    talk.reply(said, as_markdown(heard.reply, said.id))
    return heard


def conversation(shop: Workshop) -> GitHubConversation:
    """Where people talk about the changes of this repository. Raises NotReady where there is no forge."""
    from terrace.adapters.github.conversation import GitHubConversation

    forge = shop.forge
    if forge is None:
        raise NotReady(
            "this repository is connected to no forge", hint="GITHUB_TOKEN, and `forge: {repository: owner/name}`"
        )
    return GitHubConversation(forge.github, forge.login, marker)


def _comment(event: str, payload: Mapping[str, Any]) -> str | None:
    """The id of the comment that was just written; None for any other event, an edit above all."""
    comment = payload.get("comment")
    if event != "issue_comment" or payload.get("action") != "created" or not isinstance(comment, Mapping):
        return None
    id_ = comment.get("id")
    if not isinstance(id_, int):
        raise BadInput("the event of a comment has no id of one")
    return str(id_)


def _house(folder: Path, talk: GitHubConversation, shop: Workshop, watcher: Watcher) -> House:
    from terrace.apps.cli.explain import explained
    from terrace.pipelines.conversation.converse import House

    def clerks(actor: str) -> Crew:
        return Workshop(folder, actor=actor).auditors(watcher)

    def crew(actor: str) -> Crew:
        return Workshop(folder, actor=actor).crew(watcher)

    return House(talk, shop.trust.config, clerks, crew, lambda rule: explained(str(folder), rule))
