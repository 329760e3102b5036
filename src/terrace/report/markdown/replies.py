"""The reply to a command in a comment: the result, the reasons, and the next step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from terrace.forge.approval_confirmations import ObservedDecision
from terrace.report.markdown.escape import code, plain, prose
from terrace.text import clip
from terrace.words import and_more

MOST = 20
"""Maximum number of reasons that are listed."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The result of a command.

    `happened` is one sentence, `reasons` give details; both may contain text from outside. `following` are commands
    that a person can comment next, `hint` is other help. `block` is Markdown of Terrace that goes below.
    """

    happened: str
    reasons: tuple[str, ...] = ()
    following: tuple[str, ...] = ()
    block: str = ""
    hint: str = ""


def marker(comment: str) -> str:
    """Returns the first line of the reply to a comment. Terrace recognizes its reply by this line and by the author."""
    return f'<!-- terrace:v1 {{"kind":"reply","to":{json.dumps(comment).replace("-", "&#45;")}}} -->'


def reply_markdown(reply: Reply, to: str) -> str:
    """Returns the reply to the comment of that id. It mentions no account, and text from outside has no effect."""
    parts = [marker(to), prose(clip(reply.happened, 500))]
    if reply.reasons:
        more = and_more(len(reply.reasons) - MOST)
        lines = [f"- {prose(clip(reason))}" for reason in reply.reasons[:MOST]]
        parts.append("\n".join([*lines, *([f"- {more}"] if more else [])]))
    if reply.block:
        parts.append(reply.block)
    following = [code(clip(command, 200)) for command in dict.fromkeys(reply.following)]
    if reply.hint:
        following.insert(0, prose(clip(reply.hint, 300)))
    if following:
        parts.append("**Next**: " + " · ".join(following))
    return "\n\n".join(parts) + "\n"


def commands(forms: Mapping[str, str]) -> str:
    """Returns every command with its syntax and its effect."""
    return "\n".join(f"- {code(form)} {plain(does)}" for form, does in forms.items())


def testimony_page(decision: ObservedDecision) -> str:
    """Returns a comment that confirms an approval on the forge. Gates read it again, so it is never edited."""
    how = "in a review" if decision.kind == "review" else "by ticking a box"
    verb = "approves" if decision.answer == "approve" else "rejects"
    sentence = f"{code(decision.login)} {verb} {code(decision.environment)} {code(decision.handle)} {how}."
    return f"{decision.marker}\n\n{sentence} This is valid while the comment is unchanged.\n"
