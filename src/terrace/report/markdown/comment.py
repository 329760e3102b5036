"""The result of a check as a comment on a pull request: the verdict and what needs a person first, then the details.

Parts that do not fit are left out as a whole, the least important first, and the comment says where to find them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from terrace.assess.model import Finding, Status
from terrace.assess.risk import GRAVE_LEVELS, Risk
from terrace.clouds.stateful import is_stateful
from terrace.config.naming import quote_word
from terrace.gates.model import Outcome, Verdict
from terrace.plans.attribute_diff import is_exposing, resource_diff
from terrace.plans.model import Action, Plan, ResourceChange
from terrace.plans.summaries import ACTIONS, CHANGING, describe_actions, notices
from terrace.report.check_outcome import (
    CheckOutcome,
    also_reported,
    blocking_reason,
    finding_text,
    group_findings,
    is_known,
    place,
    waived_counts,
    worst_first,
)
from terrace.report.diff_words import plan_line
from terrace.report.markdown.escape import code, code_block, plain, prose
from terrace.report.markdown.plan_changes import plan_diff
from terrace.stacks.model import ChangeSet
from terrace.text import clip
from terrace.words import and_more, attribute_path, join_some, plural

MARKER = '<!-- terrace:v1 {"kind":"check"} -->'
"""The first line. Terrace recognizes its comment by this line and by the author."""

ROOM = 60_000
"""Maximum bytes of a comment. GitHub accepts 65,536 characters; some of its documents say bytes."""

MOST = 20
"""Maximum lines of one part."""

ROOM_OF_A_PLAN = 15_000
"""Maximum bytes of one plan; the riskiest changes come first."""

_GRAVE = (Action.DELETE, Action.REPLACE, Action.FORGET, Action.UNKNOWN)
_LONGEST = 160
_READERS = 10


def comment(record: CheckOutcome) -> str:
    """Returns the comment; it is never longer than ROOM."""
    head = [MARKER, _headline(record), *_warnings(record), _table(record)]
    last = _next(record)
    parts = [*_parts(record)]
    shown, omitted_count = _select_fitting(parts, ROOM - len("\n\n".join([*head, last]).encode()) - 400)
    if omitted_count:
        omitted = f"{plural(omitted_count, 'part')} {'does' if omitted_count == 1 else 'do'} not fit here."
        last = f"{omitted} `terrace check` shows everything, and so does `--report html=FILE`.\n\n{last}"
    return "\n\n".join([*head, *shown, last]) + "\n"


def _select_fitting(parts: list[str], room: int) -> tuple[list[str], int]:
    """Returns the parts that fit, in their order, and how many are left out."""
    selected = []
    for part in parts:
        size = len(part.encode()) + 2
        if size <= room:
            selected.append(part)
            room -= size
    return selected, len(parts) - len(selected)


_DIFFS = 10
"""Maximum number of diffs of unformatted files."""

_DIFF_LINES = 40
"""Maximum number of lines of each."""


def _parts(record: CheckOutcome) -> Iterator[str]:
    """Returns everything below the table, the most important first."""
    assessment = record.assessment
    if record.blocking:
        grouped = group_findings(record.blocking)
        yield _bullet_list(
            f"**Blocked by** {len(record.blocking)}", [prose(blocking_reason(finding)) for finding in grouped]
        )
    attention = list(_attention(assessment.plans.values()))
    if attention:
        yield _bullet_list("**Needs attention**", attention)
    yield from _format_diffs(assessment.findings)
    if counts := waived_counts(assessment.findings):
        yield plain(counts)
    unknown = [finding for finding in worst_first(assessment.unknown) if not finding.blocks]
    if unknown:
        yield _bullet_list(
            "**Not checked, or inconclusive**", [prose(blocking_reason(f)) for f in group_findings(unknown)]
        )
    yield _risk(record.risk)
    yield from _readers(assessment.change_set)
    renamed = {rename.old: rename.new for rename in assessment.change_set.renamed}
    yield from (
        f"− {code(s.key)} is renamed to {code(renamed[s.key])}, which has its state"
        if s.key in renamed
        else f"− {code(s.key)} is removed: its resources stay until `terrace destroy`"
        for s in assessment.change_set.removed
    )
    busy = [plan for plan in assessment.plans.values() if not plan.is_empty]
    busy.sort(key=lambda plan: (-len(_grave(plan)), plan.stack.key))
    # The plan that destroys the most is unfolded, so that no reader misses it; so is a single plan.
    first = busy[0] if busy and (len(busy) == 1 or _grave(busy[0])) else None
    yield from (_plan(plan, "<details open>" if plan is first else "<details>") for plan in busy)
    others = [f for f in worst_first(assessment.findings) if not f.blocks and f.status is not Status.UNKNOWN]
    new = group_findings(finding for finding in others if not is_known(finding))
    before = group_findings(finding for finding in others if is_known(finding))
    if new:
        title = f"{plural(len(new), 'more finding')} (advisory or waived)"
        yield _fold(title, "\n".join(map(_finding, new)))
    if before:
        yield _fold(plural(len(before), "known finding"), "\n".join(map(_finding, before)))
    yield from map(_gates, record.ahead)


def _format_diffs(findings: Iterable[Finding]) -> Iterator[str]:
    """Returns the start of the diff of each file that is not formatted."""
    unformatted = [f for f in findings if f.rule == "format" and f.detail and not is_known(f)]
    for finding in unformatted[:_DIFFS]:
        lines = finding.detail.strip("\n").split("\n")
        more = and_more(len(lines) - _DIFF_LINES, "line")
        shown = [text[:_LONGEST] for text in lines[:_DIFF_LINES]]
        title = f"Format of {finding.path}: {finding.fix}"
        yield _fold(title, code_block([*shown, *([more] if more else [])], "diff"))


def _readers(change_set: ChangeSet) -> Iterator[str]:
    """Returns the stacks that read outputs of impacted stacks: they are planned after these."""
    lines = [
        f"{code(dependent.stack)} {'reads' if dependent.certain else 'may read'} outputs of "
        f"{code(dependent.of)}: planned after it"
        for dependent in change_set.dependents
    ]
    if lines:
        more = and_more(len(lines) - _READERS)
        yield "\n".join(f"- {line}" for line in [*lines[:_READERS], *([more] if more else [])])


# --- the top -----------------------------------------------------------------------------------------------------


def _headline(record: CheckOutcome) -> str:
    assessment, change = record.assessment, record.assessment.change_set
    totals = {action: sum(plan.count(action) for plan in assessment.plans.values()) for action in CHANGING}
    numbers = [
        f"**{n} to {ACTIONS[action].word}**" if action in _GRAVE else f"{n} to {ACTIONS[action].word}"
        for action, n in totals.items()
        if n
    ]
    verdict = "pass" if record.passed else "**blocked**"
    if record.passed and record.risk.level in GRAVE_LEVELS:
        verdict = f"pass, **risk {record.risk.level}**"
    unplanned = len(change.impacts) - len(assessment.plans)
    summary = (
        ", ".join(numbers) or _state_actions(assessment.plans.values()) or ("nothing to do" if not unplanned else "")
    )
    if unplanned:
        summary += f"{', ' if summary else ''}{plural(unplanned, 'stack')} not planned"
    return f"### Terrace: {verdict} · {summary}\n\nat {change.head[:12]}, compared with {change.base[:12]}"


def _state_actions(plans: Iterable[Plan]) -> str:
    """Returns what plans do that create, update, replace and delete nothing: imports, moves, outputs."""
    return ", ".join(
        dict.fromkeys(f"{code(plan.stack.key)}: {describe_actions(plan)}" for plan in plans if describe_actions(plan))
    )


def _warnings(record: CheckOutcome) -> Iterator[str]:
    """Returns a line for every environment in which resources are deleted or replaced."""
    lost: dict[str, list[ResourceChange]] = {}
    for plan in record.assessment.plans.values():
        if _grave(plan):
            lost.setdefault(plan.stack.environment, []).extend(_grave(plan))
    for name, changes in lost.items():
        data = [change for change in changes if is_stateful(change.type)]
        named = join_some([code(clip(change.shown_address, _LONGEST)) for change in data or changes], 3)
        if len(changes) == 1:
            data_note = "it may hold data" if data else "it probably holds no data"
        else:
            data_note = f"{len(data)} of them may hold data" if data else "none of them is known to hold data"
        resources = plural(len(changes), "resource")
        yield f"> [!CAUTION]\n> {code(name)}: {resources} deleted or replaced, {data_note}: {named}"


def _table(record: CheckOutcome) -> str:
    """Returns a row for every environment: its changes, its findings, and what its gates wait for."""
    assessment = record.assessment
    ahead = {verdict.environment: verdict for verdict in record.ahead}
    names = dict.fromkeys([i.stack.environment for i in assessment.change_set.impacts] + list(ahead))
    rows = [
        f"| Environment | Stacks | {' | '.join(ACTIONS[action].sign for action in CHANGING)} | Checks | Gates |",
        "| --- | --- | ---: | ---: | ---: | ---: | --- | --- |",
    ]
    for name in names:
        keys = [i.stack.key for i in assessment.change_set.impacts if i.stack.environment == name]
        plans = [assessment.plans[key] for key in keys if key in assessment.plans]
        numbers = " | ".join(str(sum(plan.count(action) for plan in plans)) for action in CHANGING)
        stacks = f"{len(keys)}" if len(plans) == len(keys) else f"{len(plans)} of {len(keys)} planned"
        blocking = sum(1 for finding in record.blocking if finding.stack in keys)
        checks = f"{blocking} blocking" if blocking else "pass" if len(plans) == len(keys) else "unknown"
        rows.append(f"| {code(name)} | {stacks} | {numbers} | {checks} | {_gates_cell(ahead.get(name))} |")
    return "\n".join(rows) if names else "No stack is impacted."


def _gates_cell(verdict: Verdict | None) -> str:
    if verdict is None or verdict.outcome is Outcome.PASS:
        return "pass" if verdict is not None else ""
    # Names only: the reasons, which are below the table, would make a row fill the screen of a phone.
    names = dict.fromkeys(result.gate for result in verdict.open)
    return f"{verdict.outcome.value}: {prose(clip(', '.join(names), 120))}"


def _next(record: CheckOutcome) -> str:
    """Returns what to do now, as commands."""
    if not record.passed:
        rules = dict.fromkeys(finding.rule for finding in record.blocking[:3])
        explained = ", ".join(code(f"terrace explain {quote_word(clip(rule, 60))}") for rule in rules)
        more = f" See {explained}." if explained else ""
        return f"**Next**: fix the blocking findings and push.{more} `terrace check` reports the same on your machine."
    first = next(iter(record.ahead), None)
    if first is None:
        return "**Next**: merge it."
    name = clip(first.environment, 60)
    return f"**Next**: merge it, then {code(f'terrace deploy {name}')}; `terrace status` shows what it waits for."


# --- the parts ---------------------------------------------------------------------------------------------------


def _bullet_list(title: str, lines: list[str]) -> str:
    more = and_more(len(lines) - MOST)
    return "\n".join([title, "", *(f"- {line}" for line in (*lines[:MOST], *([more] if more else [])))])


def _grave(plan: Plan) -> list[ResourceChange]:
    """Returns changes that delete or may delete, those of resources that may hold data first."""
    changes = [change for change in plan.effective if change.action in _GRAVE]
    return sorted(changes, key=lambda change: (not is_stateful(change.type), change.address))


def _attention(plans: Iterable[Plan]) -> Iterator[str]:
    for plan in plans:
        yield from (f"{code(clip(plan.stack.key))}: {prose(clip(notice))}" for notice in notices(plan))
        for change in _grave(plan):
            data = "; it may hold data" if is_stateful(change.type) else ""
            forced = ", ".join(map(attribute_path, change.replace_paths[:3]))
            why = f" because of {code(clip(forced, _LONGEST))}" if forced else ""
            where = code(clip(f"{plan.stack.key}: {change.shown_address}", _LONGEST))
            yield f"{change.action.value} {where}{why}{data}"
        for change in plan.effective:
            if opened := resource_diff(change).exposes if is_exposing(change) else ():
                where = code(clip(f"{plan.stack.key}: {change.shown_address}", _LONGEST))
                yield f"{where}: {plain(', '.join(opened))}"
        if plan.errored or not plan.complete:
            stack = code(clip(plan.stack.key))
            yield f"the plan of {stack} is not complete: the parts that it leaves out were not checked"


def _risk(risk: Risk) -> str:
    lines = [f"{reason.points} {plain(reason.factor)}: {prose(clip(reason.what))}" for reason in risk.reasons[:5]]
    more = and_more(len(risk.reasons) - len(lines), "reason")
    return _bullet_list(f"**Risk: {risk.level}** ({risk.score} of 100)", [*lines, *([more] if more else [])])


def _plan(plan: Plan, fold: str) -> str:
    lines = plan_diff(plan, ROOM_OF_A_PLAN)
    return _fold(f"{plan.stack.key}: {plan_line(plan)}", code_block(lines, "diff"), fold)


def _finding(finding: Finding) -> str:
    word = finding.status.value if finding.status is Status.WAIVED else "advisory"
    at = f" at {code(clip(where))}" if (where := place(finding)) else ""
    fix = f" — {prose(clip(finding.fix))}" if finding.fix else ""
    text = prose(clip(finding_text(finding) + also_reported(finding)))
    return f"- {word}: **{plain(clip(finding.rule))}**: {text}{at}{fix}"


def _fold(title: str, body: str, fold: str = "<details>") -> str:
    return f"{fold}<summary>{plain(clip(title))}</summary>\n\n{body}\n\n</details>"


def _gates(verdict: Verdict) -> str:
    lines = []
    for result in verdict.results:
        how = f" → {prose(clip(result.satisfy))}" if result.satisfy else ""
        lines.append(f"- {result.outcome.value}: {plain(clip(result.gate))}: {prose(clip(result.reason))}{how}")
    return _fold(f"Gates of {verdict.environment}: {verdict.outcome.value}", "\n".join(lines))
