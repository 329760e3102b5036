"""Where a release is, as a comment on the change that it came by: a row an environment, what waits, what to write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from terrace.ledger.deployment import Deployment, Step
from terrace.plans.model import Action
from terrace.report.machine import result_word
from terrace.report.markdown.escape import code, fenced, plain
from terrace.text import clipped, visible

MARKER = '<!-- terrace:v1 {"kind":"release"} -->'
"""The first line: by it, and by who wrote it, the comment is found again."""

ROOM_OF_PLANS = 20_000
"""Bytes of what waits; the rest is left out, and that is said."""

_SIGNS = {
    Action.CREATE: "+",
    Action.UPDATE: "!",
    Action.REPLACE: "-",
    Action.DELETE: "-",
}


@dataclass(frozen=True, slots=True)
class Release:
    """One commit on its way. `steps` is its newest deployment to each environment up the ladder, None where there is
    none; `handles` name what waits for an answer there."""

    commit: str
    steps: Mapping[str, Deployment | None]
    handles: Mapping[str, str]


def release_page(release: Release) -> str:
    """The comment. The same release gives the same text."""
    waiting = [one for one in release.steps.values() if one is not None and one.open and one.waiting]
    parts = [MARKER, f"### Terrace: {_headline(release, waiting)}", f"at {release.commit[:12]}", _table(release)]
    for one in waiting:
        handle = release.handles.get(one.environment, "")
        if handle:
            parts.append(_plans(one))
            parts.append(
                f"**{plain(one.environment)} waits for an answer**, one line in a comment: "
                f"{code(f'/terrace approve {one.environment} {handle}')} or "
                f"{code(f'/terrace reject {one.environment} {handle} WHY')}. It holds for exactly these plans."
            )
    return "\n\n".join(parts) + "\n"


def _headline(release: Release, waiting: list[Deployment]) -> str:
    if waiting:
        return f"{plain(waiting[0].environment)} waits"
    done = [name for name, one in release.steps.items() if one is not None and one.result == "succeeded"]
    bad = [name for name, one in release.steps.items() if one is not None and one.result in ("failed", "unknown")]
    if bad:
        return f"{plain(bad[0])} did not go well"
    return f"deployed to {', '.join(map(plain, done))}" if done else "on its way"


def _table(release: Release) -> str:
    rows = ["| Environment | State | Since | |", "| --- | --- | --- | --- |"]
    for name, one in release.steps.items():
        if one is None:
            rows.append(f"| {code(name)} | not there yet | | |")
            continue
        since = f"{(one.ended_at or one.opened_at):%Y-%m-%d %H:%M} UTC"
        why = clipped("; ".join(one.waiting or one.reasons), 200)
        rows.append(f"| {code(name)} | {result_word(one)} | {since} | {plain(why)} |")
    return "\n".join(rows)


def _plans(deployment: Deployment) -> str:
    room, lines, left = ROOM_OF_PLANS, [], 0
    for line in _lines(deployment):
        room -= len(line.encode()) + 1
        if room < 0:
            left += 1
        else:
            lines.append(line)
    more = [f"! and {left} more: terrace show {deployment.id}"] if left else []
    return f"<details open><summary>What waits</summary>\n\n{fenced([*lines, *more], 'diff')}\n\n</details>"


def _word(action: str) -> str:
    # A no-op is among the changes only where the object is imported or moved.
    return "import or move" if action == Action.NO_OP.value else action


def _lines(deployment: Deployment) -> Iterator[str]:
    for stack in deployment.stacks:
        plan = deployment.last(Step.PLAN, stack)
        changes: Iterable[tuple[str, str]] = (plan.detail.changes or ()) if plan is not None else ()
        told = [
            f"{_SIGNS.get(Action(action), '!')} {_word(action)} {clipped(visible(address), 200)}"
            for action, address in changes
        ]
        total = plan.detail.total if plan else 0
        yield f"# {visible(stack)}: {total} to change"
        for notice in (plan.detail.notices or ()) if plan is not None else ():
            yield f"! {clipped(visible(notice), 300)}"
        yield from told
        if total > len(told):
            yield f"! and {total - len(told)} more"
