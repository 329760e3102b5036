"""The progress of a release as a comment on its pull request: a row for each environment, and the pending plans."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from terrace.ledger.deployment import Deployment, Step
from terrace.plans.kept_plans import PlannedChanges
from terrace.plans.model import Action
from terrace.plans.summaries import ACTIONS
from terrace.report.apply_progress import change_groups, failed_steps, progress_lines
from terrace.report.markdown.escape import code, code_block, plain, prose
from terrace.report.markdown.plan_changes import plan_diff
from terrace.report.release_words import difference_words
from terrace.report.words import result_word
from terrace.rollout.release_difference import ReleaseDifference
from terrace.text import clip, visible
from terrace.words import and_more

MARKER = '<!-- terrace:v1 {"kind":"release"} -->'
"""The first line. Terrace recognizes its comment by this line and by the author."""

ROOM_OF_PLANS = 20_000
"""Maximum bytes of pending plans; the comment says how many changes are left out."""

MOST_COMMITS = 20
"""Maximum number of commits that are listed for one environment."""

MOST_VALUES = 60
"""Maximum number of lines of changed values."""


@dataclass(frozen=True, slots=True)
class Release:
    """The progress of one commit. `steps` is its newest deployment to each environment in the promotion order, None
    where there is none; `handles` name the pending plans of each; `brings` is the effect of each that is pending,
    `changes` are their kept plans; `urls` are the addresses of environments, "" where one has none."""

    commit: str
    steps: Mapping[str, Deployment | None]
    handles: Mapping[str, str]
    brings: Mapping[str, ReleaseDifference] = field(default_factory=dict)
    changes: PlannedChanges = field(default_factory=PlannedChanges)
    urls: Mapping[str, str] = field(default_factory=dict)


def release_page(release: Release) -> str:
    """Returns the comment. It is the same for the same progress."""
    waiting = [
        deployment
        for deployment in release.steps.values()
        if deployment is not None and deployment.open and deployment.waiting
    ]
    parts = [MARKER, f"### Terrace: {_headline(release, waiting)}", f"at {release.commit[:12]}", _table(release)]
    parts += [part for deployment in release.steps.values() if deployment is not None for part in _progress(deployment)]
    for deployment in waiting:
        environment = deployment.environment
        handle = release.handles.get(environment, "")
        if handle:
            if (difference := release.brings.get(environment)) is not None:
                parts.append(_release_effect(difference))
            parts.append(_plans(deployment, release.changes))
            parts.append(
                f"**{plain(environment)} waits for approval**. Comment with one line: "
                f"{code(f'/terrace approve {environment} {handle}')} or "
                f"{code(f'/terrace reject {environment} {handle} WHY')}. The approval is valid for exactly these plans."
            )
    return "\n\n".join(parts) + "\n"


def _headline(release: Release, waiting: list[Deployment]) -> str:
    if waiting:
        return f"{plain(waiting[0].environment)} is waiting"
    done = [
        name
        for name, deployment in release.steps.items()
        if deployment is not None and deployment.result == "succeeded"
    ]
    failed = [
        name
        for name, deployment in release.steps.items()
        if deployment is not None and deployment.result in ("failed", "unknown")
    ]
    if failed:
        return f"{plain(failed[0])} did not succeed"
    return f"deployed to {', '.join(map(plain, done))}" if done else "in progress"


def _table(release: Release) -> str:
    rows = ["| Environment | State | Since | |", "| --- | --- | --- | --- |"]
    for name, deployment in release.steps.items():
        if deployment is None:
            rows.append(f"| {code(name)} | not deployed yet | | |")
            continue
        since = f"{(deployment.ended_at or deployment.opened_at):%Y-%m-%d %H:%M} UTC"
        why = clip("; ".join(deployment.waiting or deployment.reasons), 200)
        url = release.urls.get(name, "") if deployment.result == "succeeded" else ""
        shown = f"[{code(name)}](<{url}>)" if url else code(name)
        rows.append(f"| {shown} | {result_word(deployment)} | {since} | {prose(why)} |")
    return "\n".join(rows)


def _progress(deployment: Deployment) -> Iterator[str]:
    """Yields the changes of each failed apply by their state."""
    for step in failed_steps(deployment):
        if lines := progress_lines(change_groups(step)):
            yield f"Changes of the failed apply of {code(step.stack)}:\n\n{code_block(lines)}"


def _release_effect(difference: ReleaseDifference) -> str:
    """Returns the effect of the release: commits, people, tickets, and the changed values."""
    before = f" after {code(difference.replaces.commit[:12])}" if difference.replaces is not None else ""
    lines = [f"{code(difference.target)} gets{before}: {plain(clip(difference_words(difference), 400))}"]
    own = [commit for commit in difference.commits if not commit.merge]
    lines += [f"- {plain(clip(c.message.strip().split(chr(10))[0], 120))} ({c.id[:12]})" for c in own[:MOST_COMMITS]]
    if more := and_more(len(own) - MOST_COMMITS):
        lines.append(f"- {more}")
    if len(lines) > 1:
        lines.insert(1, "")
    values = [text for change in difference.values for text in (f"# {visible(change.path)}", *change.diff)][
        :MOST_VALUES
    ]
    shown = code_block([clip(visible(text), 200) for text in values], "diff")
    return "\n".join(lines) + (f"\n\nChanged values:\n\n{shown}" if values else "")


def _plans(deployment: Deployment, changes: PlannedChanges) -> str:
    room, lines, omitted = ROOM_OF_PLANS, [], 0
    for line in _lines(deployment, changes):
        room -= len(line.encode()) + 1
        if room < 0:
            omitted += 1
        else:
            lines.append(line)
    more = [f"! {and_more(omitted)}: terrace show {deployment.id}"] if omitted else []
    return f"<details open><summary>Pending plans</summary>\n\n{code_block([*lines, *more], 'diff')}\n\n</details>"


def _word(action: str) -> str:
    # The changes include a no-op only where the resource is imported or moved.
    return "import or move" if action == Action.NO_OP.value else action


def _lines(deployment: Deployment, changes: PlannedChanges) -> Iterator[str]:
    """Yields what each stack changes: with values where its plan is kept, else the addresses of the ledger.

    Each stack has the same room, so that a large one does not hide the others.
    """
    room = ROOM_OF_PLANS // max(1, len(deployment.stacks))
    for stack in deployment.stacks:
        plan = deployment.last(Step.PLAN, stack)
        total = plan.detail.total if plan else 0
        yield f"# {visible(stack)}: {total} to change"
        for notice in (plan.detail.notices or ()) if plan is not None else ():
            yield f"! {clip(visible(notice), 300)}"
        if stack in changes.plans:
            yield from plan_diff(changes.plans[stack], room)
            continue
        if why := changes.missing.get(stack, ""):
            yield f"! values not shown: {clip(why)}"
        entries: Iterable[tuple[str, str]] = (plan.detail.changes or ()) if plan is not None else ()
        lines = [
            f"{ACTIONS[Action(action)].diff_sign} {_word(action)} {clip(visible(address), 200)}"
            for action, address in entries
        ]
        yield from lines
        if more := and_more(total - len(lines)):
            yield f"! {more}"
