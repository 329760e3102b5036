"""An answer to somebody's command, as a comment: what happened, why, and what comes next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from terrace.forge.testimony import Testimony
from terrace.report.markdown.escape import code, plain, prose
from terrace.text import clipped

MOST = 20
"""Reasons that are told."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a command.

    `happened` is one sentence, `reasons` say more; all may hold text from outside. `following` are lines that somebody
    may write next, `hint` is what else helps. `block` is Markdown of ours that goes below.
    """

    happened: str
    reasons: tuple[str, ...] = ()
    following: tuple[str, ...] = ()
    block: str = ""
    hint: str = ""


def marker(said: str) -> str:
    """The first line of the answer to something said: by it, and by who wrote it, the answer is found again."""
    return f'<!-- terrace:v1 {{"kind":"reply","to":{json.dumps(said).replace("-", "&#45;")}}} -->'


def as_markdown(reply: Reply, to: str) -> str:
    """The answer to the comment of that id. Nobody is called, and no text from outside formats anything."""
    parts = [marker(to), plain(clipped(reply.happened, 500))]
    if reply.reasons:
        more = [f"- and {len(reply.reasons) - MOST} more"] if len(reply.reasons) > MOST else []
        parts.append("\n".join([*(f"- {plain(clipped(one))}" for one in reply.reasons[:MOST]), *more]))
    if reply.block:
        parts.append(reply.block)
    following = [code(clipped(one, 200)) for one in dict.fromkeys(reply.following)]
    if reply.hint:
        following.insert(0, prose(clipped(reply.hint, 300)))
    if following:
        parts.append("**Next**: " + " · ".join(following))
    return "\n\n".join(parts) + "\n"


def commands(forms: Mapping[str, str]) -> str:
    """Every command as it is written, and what it does."""
    return "\n".join(f"- {code(form)} {plain(does)}" for form, does in forms.items())


def testimony_page(seen: Testimony) -> str:
    """What we saw, as a comment of ours: it is asked for again when it counts, and so never changed."""
    how = "in a review" if seen.kind == "review" else "by a tick"
    verb = "approves" if seen.answer == "approve" else "rejects"
    what = f"{code(seen.login)} {verb} {code(seen.environment)} {code(seen.handle)} {how}."
    return f"{seen.marker}\n\n{what} While this stands here unchanged, it counts.\n"
