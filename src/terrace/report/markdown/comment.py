"""A check as a comment of a pull request: the answer and what needs a person first, then as much as there is room for.

The parts are whole in themselves. What does not fit is left out part by part, the least first, and that is said with
where the whole is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from terrace.assess.model import Finding, Status
from terrace.assess.risk import Risk
from terrace.clouds.stateful import is_stateful
from terrace.config.naming import quote_word
from terrace.gates.model import Outcome, Verdict
from terrace.plans.model import MASKED, UNKNOWN, Action, OutputChange, Plan, ResourceChange, Value
from terrace.plans.summaries import deed, deeds, notices
from terrace.report.checked import (
    Checked,
    answered_for,
    is_known,
    place,
    said,
    seen_by,
    told_together,
    why_held,
    worst_first,
)
from terrace.report.markdown.escape import code, fenced, plain
from terrace.report.terminal import counts
from terrace.stacks.model import ChangeSet
from terrace.text import clipped

MARKER = '<!-- terrace:v1 {"kind":"check"} -->'
"""The first line: by it, and by who wrote it, the comment is found again."""

ROOM = 60_000
"""Bytes of a comment: GitHub takes 65,536 characters, and there are those who say bytes."""

MOST = 20
"""Lines of one part."""

ROOM_OF_A_PLAN = 15_000
"""Bytes of one plan: the riskiest changes come first."""

ATTRIBUTES = 8
"""Attributes of one change that are shown."""

_GRAVE = (Action.DELETE, Action.REPLACE, Action.FORGET, Action.UNKNOWN)
_NUMBERS = ((Action.CREATE, "+"), (Action.UPDATE, "~"), (Action.REPLACE, "±"), (Action.DELETE, "−"))
_SIGN = {Action.CREATE: "+", Action.DELETE: "-", Action.REPLACE: "-"}
_LONGEST = 160
_READERS = 10


def comment(record: Checked) -> str:
    """The whole comment; never longer than ROOM."""
    head = [MARKER, _headline(record), *_warnings(record), _table(record)]
    last = _next(record)
    parts = [*_parts(record)]
    kept, left = _fitting(parts, ROOM - len("\n\n".join([*head, last]).encode()) - 400)
    if left:
        what = f"{left} {'part does' if left == 1 else 'parts do'} not fit here."
        last = f"{what} The whole: `terrace check`, or its report with `--report html=FILE`.\n\n{last}"
    return "\n\n".join([*head, *kept, last]) + "\n"


def _fitting(parts: list[str], room: int) -> tuple[list[str], int]:
    """The parts that fit, in their order, and how many are left out."""
    kept = []
    for part in parts:
        size = len(part.encode()) + 2
        if size <= room:
            kept.append(part)
            room -= size
    return kept, len(parts) - len(kept)


def _parts(record: Checked) -> Iterator[str]:
    """Everything below the table, what matters most first."""
    known = record.assessment
    if record.holding:
        yield _listed(
            f"**Held by** {len(record.holding)}", [plain(why_held(one)) for one in told_together(record.holding)]
        )
    attention = list(_attention(known.plans.values()))
    if attention:
        yield _listed("**Needs attention**", attention)
    answered = answered_for(known.findings)
    if answered:
        yield plain(answered)
    unknown = [one for one in worst_first(known.unknown) if not one.blocks]
    if unknown:
        yield _listed("**Not looked at, or not to be told**", [plain(why_held(one)) for one in told_together(unknown)])
    yield _risk(record.risk)
    yield from _readers(known.change_set)
    renamed = {one.old: one.new for one in known.change_set.renamed}
    yield from (
        f"− {code(s.key)} is renamed to {code(renamed[s.key])}, which has its state"
        if s.key in renamed
        else f"− {code(s.key)} is removed: its objects stay until `terrace destroy`"
        for s in known.change_set.removed
    )
    busy = [plan for plan in known.plans.values() if not plan.is_empty]
    busy.sort(key=lambda plan: (-len(_grave(plan)), plan.stack.key))
    # What loses something most is open; whoever looks at nothing else has seen it.
    yield from (_plan(plan, "<details open>" if plan is busy[0] and _grave(plan) else "<details>") for plan in busy)
    others = [one for one in worst_first(known.findings) if not one.blocks and one.status is not Status.UNKNOWN]
    new = told_together(one for one in others if not is_known(one))
    before = told_together(one for one in others if is_known(one))
    if new:
        yield _folded(
            f"{len(new)} more {_word(len(new), 'finding')}, told only or waived", "\n".join(map(_finding, new))
        )
    if before:
        count = f"{len(before)} {_word(len(before), 'finding')}"
        yield _folded(f"{count} known from the baseline", "\n".join(map(_finding, before)))
    yield from map(_gates, record.ahead)


def _readers(change_set: ChangeSet) -> Iterator[str]:
    """The stacks that read outputs of those that are touched: they are planned after these."""
    lines = [
        f"{code(one.stack)} {'reads' if one.certain else 'may read'} outputs of {code(one.of)}: planned after it"
        for one in change_set.dependents
    ]
    if lines:
        shown = lines[:_READERS]
        more = [f"and {len(lines) - _READERS} more"] if len(lines) > _READERS else []
        yield "\n".join(f"- {one}" for one in [*shown, *more])


# --- the top -----------------------------------------------------------------------------------------------------


def _headline(record: Checked) -> str:
    known, change = record.assessment, record.assessment.change_set
    totals = {action: sum(plan.count(action) for plan in known.plans.values()) for action, _ in _NUMBERS}
    words = {Action.CREATE: "create", Action.UPDATE: "update", Action.REPLACE: "replace", Action.DELETE: "destroy"}
    numbers = [
        f"**{n} to {words[action]}**" if action in _GRAVE else f"{n} to {words[action]}"
        for action, n in totals.items()
        if n
    ]
    verdict = "pass" if record.passed else "**held**"
    unplanned = len(change.impacts) - len(known.plans)
    what = ", ".join(numbers) or _in_states(known.plans.values()) or ("nothing to do" if not unplanned else "")
    if unplanned:
        what += f"{', ' if what else ''}{unplanned} {_word(unplanned, 'stack')} not planned"
    return f"### Terrace: {verdict} · {what}\n\nat {change.head[:12]}, against {change.base[:12]}"


def _in_states(plans: Iterable[Plan]) -> str:
    """What plans do that create, update, replace and delete nothing: imports, moves, outputs."""
    return ", ".join(dict.fromkeys(f"{code(plan.stack.key)}: {deeds(plan)}" for plan in plans if deeds(plan)))


def _warnings(record: Checked) -> Iterator[str]:
    """One line for every environment that loses something, before anything else."""
    lost: dict[str, list[ResourceChange]] = {}
    for plan in record.assessment.plans.values():
        if _grave(plan):
            lost.setdefault(plan.stack.environment, []).extend(_grave(plan))
    for name, changes in lost.items():
        data = [change for change in changes if is_stateful(change.type)]
        named = ", ".join(code(clipped(change.shown_address, _LONGEST)) for change in (data or changes)[:3])
        more = f" and {len(data or changes) - 3} more" if len(data or changes) > 3 else ""
        what = f"{len(data)} of them may hold data" if data else "none of them is known to hold data"
        objects = _word(len(changes), "object")
        yield f"> [!CAUTION]\n> {code(name)}: {len(changes)} {objects} destroyed or replaced, {what}: {named}{more}"


def _table(record: Checked) -> str:
    """A row for every environment: what would happen there, what holds it, what its gates wait for."""
    known = record.assessment
    ahead = {verdict.environment: verdict for verdict in record.ahead}
    names = dict.fromkeys([i.stack.environment for i in known.change_set.impacts] + list(ahead))
    rows = [
        "| Environment | Stacks | + | ~ | ± | − | Checks | Gates |",
        "| --- | --- | ---: | ---: | ---: | ---: | --- | --- |",
    ]
    for name in names:
        keys = [i.stack.key for i in known.change_set.impacts if i.stack.environment == name]
        plans = [known.plans[key] for key in keys if key in known.plans]
        numbers = " | ".join(str(sum(plan.count(action) for plan in plans)) for action, _ in _NUMBERS)
        stacks = f"{len(keys)}" if len(plans) == len(keys) else f"{len(plans)} of {len(keys)} planned"
        held = sum(1 for one in record.holding if one.stack in keys)
        checks = f"{held} hold it" if held else "pass" if len(plans) == len(keys) else "not known"
        rows.append(f"| {code(name)} | {stacks} | {numbers} | {checks} | {_waits(ahead.get(name))} |")
    return "\n".join(rows) if names else "No stack is in its reach."


def _waits(verdict: Verdict | None) -> str:
    if verdict is None or verdict.outcome is Outcome.PASS:
        return "pass" if verdict is not None else ""
    return f"{verdict.outcome.value}: {plain(clipped('; '.join(result.reason for result in verdict.open), 120))}"


def _next(record: Checked) -> str:
    """What to do now, as commands."""
    if not record.passed:
        rules = dict.fromkeys(one.rule for one in record.holding[:3])
        explained = ", ".join(code(f"terrace explain {quote_word(clipped(rule, 60))}") for rule in rules)
        return f"**Next**: mend what holds it and push; {explained} say more, and `terrace check` finds the same here."
    first = next(iter(record.ahead), None)
    if first is None:
        return "**Next**: merge it."
    name = clipped(first.environment, 60)
    return f"**Next**: merge it, then {code(f'terrace deploy {name}')}; `terrace status` says what waits for whom."


# --- the parts ---------------------------------------------------------------------------------------------------


def _listed(title: str, lines: list[str]) -> str:
    more = [f"and {len(lines) - MOST} more"] if len(lines) > MOST else []
    return "\n".join([title, "", *(f"- {line}" for line in (*lines[:MOST], *more))])


def _grave(plan: Plan) -> list[ResourceChange]:
    """What goes away or is not known, what may hold data first."""
    found = [change for change in plan.effective if change.action in _GRAVE]
    return sorted(found, key=lambda change: (not is_stateful(change.type), change.address))


def _attention(plans: Iterable[Plan]) -> Iterator[str]:
    for plan in plans:
        yield from (f"{code(clipped(plan.stack.key))}: {plain(clipped(told))}" for told in notices(plan))
        for change in _grave(plan):
            data = "; it may hold data" if is_stateful(change.type) else ""
            forced = ", ".join(".".join(str(part) for part in path) for path in change.replace_paths[:3])
            why = f" because of {code(clipped(forced, _LONGEST))}" if forced else ""
            where = code(clipped(f"{plan.stack.key}: {change.shown_address}", _LONGEST))
            yield f"{change.action.value} {where}{why}{data}"
        if plan.errored or not plan.complete:
            yield f"the plan of {code(clipped(plan.stack.key))} is not whole: what it leaves out was not looked at"


def _risk(found: Risk) -> str:
    lines = [f"{reason.points} {plain(reason.factor)}: {plain(clipped(reason.what))}" for reason in found.reasons[:5]]
    more = len(found.reasons) - len(lines)
    return _listed(
        f"**Risk: {found.level}** ({found.score} of 100)",
        [*lines, *([f"{more} more reason{'s' * (more > 1)}"] if more else [])],
    )


def _plan(plan: Plan, fold: str) -> str:
    outputs = [list(_output(output)) for output in plan.outputs if output.action is not Action.NO_OP]
    told = [*(list(_change(change)) for change in _riskiest_first(plan)), *outputs]
    lines: list[str] = []
    room = ROOM_OF_A_PLAN
    for number, one in enumerate(told):
        room -= sum(len(line.encode("utf-8", "replace")) + 1 for line in one)
        if room < 0:
            lines.append(f"! and {len(told) - number} more")
            break
        lines += one
    return _folded(f"{plan.stack.key}: {counts(plan)}", fenced(lines, "diff"), fold)


def _riskiest_first(plan: Plan) -> list[ResourceChange]:
    grave = _grave(plan)
    return [*grave, *(change for change in plan.effective if change.action not in _GRAVE)]


def _change(change: ResourceChange) -> Iterator[str]:
    """One change as lines of a diff: the sign in the first column gives it its colour."""
    moved = f" (was {change.previous_address})" if change.previous_address else ""
    imported = " (imported)" if change.importing and change.action is not Action.NO_OP else ""
    yield f"{_SIGN.get(change.action, '!')} {deed(change)} {change.shown_address}{moved}{imported}"
    if change.action not in (Action.UPDATE, Action.REPLACE):
        return
    before, after = (side if isinstance(side, dict) else {} for side in (change.before, change.after))
    names = [name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)]
    for name in names[:ATTRIBUTES]:
        if name in before:
            yield f"-     {name} = {_value(before[name])}"
        if name in after:
            yield f"+     {name} = {_value(after[name])}"
    if len(names) > ATTRIBUTES:
        yield f"!     and {len(names) - ATTRIBUTES} more attributes"


def _output(output: OutputChange) -> Iterator[str]:
    yield f"! output {output.name}"
    if output.before is not None:
        yield f"-     {_value(output.before)}"
    if output.action is not Action.DELETE:
        yield f"+     {_value(output.after)}"


def _value(value: Value) -> str:
    if value is UNKNOWN or value is MASKED:
        return repr(value)
    return clipped(json.dumps(value, default=repr, ensure_ascii=False), _LONGEST)


def _finding(finding: Finding) -> str:
    word = finding.status.value if finding.status is Status.WAIVED else "advisory"
    at = f" at {code(clipped(where))}" if (where := place(finding)) else ""
    fix = f" — {plain(clipped(finding.fix))}" if finding.fix else ""
    return f"- {word}: **{plain(clipped(finding.rule))}**: {plain(clipped(said(finding) + seen_by(finding)))}{at}{fix}"


def _folded(title: str, body: str, fold: str = "<details>") -> str:
    return f"{fold}<summary>{plain(clipped(title))}</summary>\n\n{body}\n\n</details>"


def _gates(verdict: Verdict) -> str:
    lines = []
    for result in verdict.results:
        how = f" → {plain(clipped(result.satisfy))}" if result.satisfy else ""
        lines.append(f"- {result.outcome.value}: {plain(clipped(result.gate))}: {plain(clipped(result.reason))}{how}")
    return _folded(f"Gates of {verdict.environment}: {verdict.outcome.value}", "\n".join(lines))


def _word(number: int, one: str) -> str:
    return one if number == 1 else f"{one}s"
