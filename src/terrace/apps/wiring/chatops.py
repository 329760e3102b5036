"""Handles comments, reviews and deployment requests on the forge, from the event of a run or from a webhook."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from terrace.apps.wiring.conversation import conversation
from terrace.apps.wiring.mirroring import show_deployments
from terrace.apps.wiring.project import Project
from terrace.errors import BadInput
from terrace.report.markdown.replies import reply_markdown
from terrace.rollout.ports import Watcher

if TYPE_CHECKING:
    from terrace.adapters.github.conversation import GitHubConversation
    from terrace.pipelines.context import Context
    from terrace.pipelines.conversation.chat import ChatContext, CommandResult

Turn = Literal["hear", "act"]
"""The pass: `hear` for work without credentials of an environment, `act` for the rest."""


def work_off(
    folder: Path, event: str, payload: Mapping[str, Any], turn: Turn, watcher: Watcher
) -> CommandResult | None:
    """Replies to the subject of an event: a comment, a review, or a deployment request. Returns None where it is not
    addressed to Terrace.

    The content of comments and reviews is not taken from the event: they are read by their ids. The same event gets the
    same reply. Raises NotReady where the forge cannot be reached.
    """
    project = Project(folder)
    talk = conversation(project.connected, project.trust.config.branch)
    chat = _chat_context(folder, talk, project, watcher)
    answered = _answer(chat, event, payload, turn)
    if answered is None:
        return None
    number, to, heard = answered
    if turn == "act":
        show_deployments(project, [environment.name for environment in project.trust.config.environments])
    talk.reply(number, to, reply_markdown(heard.reply, to))
    return heard


def _answer(
    chat: ChatContext, event: str, payload: Mapping[str, Any], turn: Turn
) -> tuple[int, str, CommandResult] | None:
    """Returns the number of the pull request or issue, the id of the subject, and the result of an event."""
    match event, payload.get("action"):
        case "issue_comment", "created":
            return _comment(chat, _id(payload, "comment"), turn)
        case "pull_request_review", "submitted":
            return _review(chat, _id(payload, "pull_request", "number"), _id(payload, "review"), turn)
        case "issues", "opened" | "edited":
            return _request(chat, payload) if turn == "hear" else None
        case _:
            return None


def _comment(chat: ChatContext, id_: int, turn: Turn) -> tuple[int, str, CommandResult] | None:
    from terrace.pipelines.conversation import comments

    comment = chat.talk.read_comment(str(id_))
    if comment is None:
        return None
    heard = comments.hear(chat, comment) if turn == "hear" else comments.act(chat, comment)
    return None if heard is None else (comment.number, comment.id, heard)


def _review(chat: ChatContext, number: int, id_: int, turn: Turn) -> tuple[int, str, CommandResult] | None:
    from terrace.pipelines.conversation import reviews

    review = chat.talk.review(number, str(id_))
    if review is None:
        return None
    heard = reviews.handle_review(chat, review)
    if heard is not None and turn == "act":
        heard = reviews.go_on(chat, review.login, heard)
    return None if heard is None else (number, f"review {review.id}", heard)


def _request(chat: ChatContext, payload: Mapping[str, Any]) -> tuple[int, str, CommandResult] | None:
    """Handles a deployment request: shows what is pending when it is opened, and records its boxes as approvals."""
    from terrace.forge.deployment_request import request
    from terrace.forge.model import Ticked
    from terrace.pipelines.approvals.pending import pending_handle
    from terrace.pipelines.conversation import reviews

    number, issue, sender = _id(payload, "issue", "number"), payload["issue"], payload.get("sender") or {}
    body = str(issue.get("body") or "")
    before = ((payload.get("changes") or {}).get("body") or {}).get("from")
    requested = request(body)
    if requested is None or sender.get("type") != "User":
        return None
    heard = None
    if isinstance(before, str):
        edit = Ticked(number, str(sender.get("login", "")), before=before, after=body)
        heard = reviews.box(chat, edit)
    if heard is None or not heard.done:
        context = chat.audit_context("terrace")
        reviews.update_request(
            chat, number, body, pending_handle(context.policy, context.ledger.read(), requested.environment)
        )
    return None if heard is None else (number, f"{sender.get('login', '')} {requested.handle}", heard)


def _id(payload: Mapping[str, Any], of: str, name: str = "id") -> int:
    value = (payload.get(of) or {}).get(name)
    if not isinstance(value, int):
        raise BadInput(f"the event has no {name} of its {of.replace('_', ' ')}")
    return value


def _chat_context(folder: Path, talk: GitHubConversation, project: Project, watcher: Watcher) -> ChatContext:
    from terrace.apps.wiring.rules import explain_rule
    from terrace.pipelines.conversation.chat import ChatContext

    def audit_context(actor: str) -> Context:
        return Project(folder, actor=actor).audit_context(watcher)

    def deployment_context(actor: str) -> Context:
        return Project(folder, actor=actor).deployment_context(watcher)

    return ChatContext(
        talk, project.trust.config, audit_context, deployment_context, lambda rule: explain_rule(str(folder), rule)
    )
