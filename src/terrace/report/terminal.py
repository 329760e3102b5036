"""Records as a person reads them in a terminal. Words carry the meaning; colour only helps the eye."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from terrace.assess.factors import factor
from terrace.assess.model import Finding
from terrace.assess.risk import Risk
from terrace.config.naming import quote_word
from terrace.drift.checks import Standing
from terrace.gates.model import Outcome, Verdict
from terrace.ledger.deployment import Deployment, Step, StepRecord
from terrace.ledger.folds import Hold
from terrace.plans.model import Action, Plan, ResourceChange
from terrace.plans.summaries import deeds, notices
from terrace.report.checked import (
    Checked,
    answered_for,
    is_known,
    place,
    said,
    told_together,
    weight,
    why_held,
    worst_first,
)
from terrace.report.machine import result_word, state_word
from terrace.report.screen import Group, Line, Record, Table, Tree, line, paragraph
from terrace.stacks.model import ChangeSet, Impact, Reason
from terrace.text import visible

MOST_CHANGES = 500
"""How many changes of a plan are shown; the ledger has all."""

SIGNS = {
    Action.CREATE: ("+", "green"),
    Action.UPDATE: ("~", "yellow"),
    Action.REPLACE: ("-/+", "red"),
    Action.DELETE: ("-", "red"),
    Action.FORGET: (".", "cyan"),
    Action.UNKNOWN: ("?", "red"),
    Action.NO_OP: (" ", "dim"),
    Action.READ: ("<", "dim"),
}

OUTCOMES = {Outcome.PASS: ("pass ", "green"), Outcome.WAIT: ("wait ", "yellow"), Outcome.BLOCK: ("block", "red")}

RESULTS = {
    "succeeded": "green",
    "deployed": "green",
    "waiting": "yellow",
    "deploying": "yellow",
    "held": "yellow",
    "failed": "red",
    "unknown": "red",
    "blocked": "red",
    "clean": "green",
    "drifted": "red",
}


def reason_words(reason: Reason) -> str:
    """One reason as a chain from what changed to the stack: `modules/a/main.tf -> modules/a -> environments/dev`, with
    the expression that reads what changed, or may."""
    chain = " → ".join(path or "." for path in (reason.path, *reason.chain))
    where = f" ({reason.place}: {reason.text})" if reason.text else f" ({reason.place})" if reason.place else ""
    return f"{reason.kind}: {chain}{where}"


def impact(change_set: ChangeSet, *, why: bool) -> Record:
    """Which stacks a change touches, and through which chain where asked."""
    count = len(change_set.impacts)
    tree = Tree(line(f"{count} {'stack' if count == 1 else 'stacks'} impacted", style="bold"))
    for one in change_set.impacts:
        _impact(tree, one, why=why)
    _readers(tree, change_set)
    for gone in _removed(change_set):
        tree.node(gone)
    for notice in change_set.notices:
        place = f"{notice.path}:{notice.line}" if notice.line else notice.path
        tree.node(line(f"note: {place}: {notice.message}", style="yellow"))
    return tree


def _removed(change_set: ChangeSet) -> Iterator[Line]:
    """The stacks that are gone: renamed, or with objects that stay."""
    renamed = {one.old: one.new for one in change_set.renamed}
    for stack in change_set.removed:
        if stack.key in renamed:
            yield line(f"{stack.key} is renamed to {renamed[stack.key]}, which has its state", style="yellow")
        else:
            yield line(f"{stack.key} is removed: its objects stay until `terrace destroy`", style="red")


def _readers(tree: Tree, change_set: ChangeSet) -> None:
    """The stacks that read outputs of those that are touched: they are planned after these."""
    for one in change_set.dependents:
        verb = "reads" if one.certain else "may read"
        place = f"{one.path}:{one.line}" if one.line else one.path
        tree.node(line(f"{one.stack} {verb} outputs of {one.of} ({place}): planned after it", style="dim"))


def _more_reasons(number: int) -> str:
    return "1 more reason" if number == 1 else f"{number} more reasons"


def _impact(tree: Tree, one: Impact, *, why: bool) -> Tree:
    doubt = " (unsure, so it counts)" if one.unsure else ""
    branch = tree.node(line(f"{one.stack.key}{doubt}"))
    shown = one.reasons if why else one.reasons[:1]
    for reason in shown:
        branch.node(line(reason_words(reason), style="dim"))
    if len(shown) < len(one.reasons):
        branch.node(line(f"and {_more_reasons(len(one.reasons) - len(shown))} (--why)", style="dim"))
    return branch


def check(
    change_set: ChangeSet,
    plans: Mapping[str, Plan],
    unplanned: Mapping[str, str],
    findings: Iterable[Finding],
    ahead: Iterable[Verdict],
    *,
    passed: bool,
    risk: Risk,
    explain: bool = False,
) -> Record:
    """The whole answer: what is touched and why, what would happen, what was found, what lies ahead."""
    count = len(change_set.impacts)
    title = f"{change_set.base[:7]} → {change_set.head[:7]}: {count} {'stack' if count == 1 else 'stacks'} impacted"
    tree = Tree(line(title, style="bold"))
    found = list(findings)
    listed = found if explain else [one for one in found if not is_known(one)]
    told_below = {one.stack for one in listed if one.rule == "plan"}
    for one in change_set.impacts:
        branch = _impact(tree, one, why=False)
        key = one.stack.key
        if key in plans:
            _plan(branch, plans[key])
        elif key in unplanned:
            why = _first_line(unplanned[key]) if key in told_below else unplanned[key]
            branch.node(paragraph(f"not planned: {why}".split("\n"), style="red"))
    _readers(tree, change_set)
    for gone in _removed(change_set):
        tree.node(gone)
    word = line("pass", style="green bold") if passed else line("block", style="red bold")
    number = len(told_together(one for one in found if one.blocks))
    held = "" if passed or not number else f", held by {number} {'finding' if number == 1 else 'findings'}"
    parts: list[Record] = [line("verdict: ", word, held), line(""), tree]
    if listed:
        parts += [line(""), findings_table(listed)]
    if answered := answered_for(found):
        parts += [line(answered, "" if len(listed) == len(found) else " (--explain lists those of the baseline)")]
    for verdict in ahead:
        parts += [line(""), gates(verdict)]
    parts += [line(""), _risk(risk, explain=explain)]
    parts += [line(""), line("verdict: ", word)]
    return Group(*parts)


def _risk(found: Risk, *, explain: bool) -> Record:
    """The level with its largest reasons; with `explain` all of them, each with what the formula says about it."""
    style = {"low": "green", "medium": "yellow"}.get(found.level, "red")
    lines = [line("risk: ", (found.level, f"{style} bold"), f" ({found.score} of 100)")]
    shown = found.reasons if explain else found.reasons[:3]
    for reason in shown:
        lines.append(line(f"  {reason.points:>3} {reason.factor}: {_first_line(reason.what)}"))
        if explain:
            rule = factor(reason.factor)
            lines.append(line(f"      {rule.points} for {rule.counts}, at most {rule.cap}: {rule.why}", style="dim"))
    if len(shown) < len(found.reasons):
        lines.append(line(f"  and {_more_reasons(len(found.reasons) - len(shown))} (--explain)", style="dim"))
    return Group(*lines)


def checked(record: Checked) -> Record:
    """The answer of a check, and at its end a line for each finding that holds the change."""
    known = record.assessment
    facts = (known.change_set, known.plans, known.unplanned, known.findings, record.ahead)
    told = check(*facts, passed=record.passed, risk=record.risk, explain=record.explain)
    if not record.holding:
        return told
    holding = (replace(one, message=_first_line(one.message)) for one in told_together(record.holding))
    lines = [line(f"  {why_held(finding)}") for finding in holding]
    return Group(told, line("held by:", style="bold"), *lines)


def plans(made: Mapping[str, Plan], unplanned: Mapping[str, str], findings: Iterable[Finding] = ()) -> Record:
    """Plans alone, one branch a stack. What `findings` tell in full, as they are shown below, is told in one line."""
    told_below = {one.stack for one in findings if one.rule == "plan"}
    tree = Tree(line(f"{len(made)} planned", style="bold"))
    for key, plan in made.items():
        _plan(tree.node(line(key)), plan)
    for key, why in unplanned.items():
        shown = _first_line(why) if key in told_below else why
        tree.node(paragraph(f"{key}: not planned: {shown}".split("\n"), style="red"))
    return tree


def _first_line(text: str) -> str:
    """A text that is told in full elsewhere, such as what a command said: its first line."""
    first, more, _ = text.partition("\n")
    return f"{first.removesuffix(':')} (see Findings)" if more else text


def _plan(branch: Tree, plan: Plan) -> None:
    plan_changes(branch.node(line(counts(plan))), plan)


def plan_changes(node: Tree, plan: Plan) -> None:
    """Everything that a plan would do, a line each."""
    for change in plan.effective:
        node.node(_change(change))
    for output in plan.outputs:
        if output.action is not Action.NO_OP:
            sign, style = SIGNS[output.action]
            node.node(line(f"{sign} output {output.name}", style=style))
    for notice in notices(plan):
        node.node(line(f"! {notice}", style="yellow"))


def counts(plan: Plan) -> str:
    """A plan in one line: what it does, and its digest."""
    if plan.is_empty:
        return f"no changes (digest {plan.digest.short})"
    return f"{deeds(plan)} (digest {plan.digest.short})"


def _change(change: ResourceChange) -> Line:
    sign, style = SIGNS[change.action] if change.action is not Action.NO_OP else ("→", "cyan")
    parts = [f"{sign} {change.shown_address}"]
    if change.previous_address:
        parts.append(f" (moved from {change.previous_address})")
    if change.importing:
        parts.append(" (imported)")
    if change.replace_paths:
        forced = ", ".join(".".join(str(p) for p in path) for path in change.replace_paths)
        parts.append(f" (replaced because of {forced})")
    return line(*parts, style=style)


def findings_table(findings: Iterable[Finding]) -> Record:
    """What was found, worst first, each with its place and what to do."""
    lines: list[Record] = [line("Findings", style="bold")]
    for finding in told_together(worst_first(findings)):
        where = place(finding)
        style = "red" if finding.blocks else "yellow"
        first, *more = said(finding).split("\n")
        lines.append(
            line(
                (f"  {weight(finding)} ", style),
                f"{finding.rule}{'' if weight(finding) == 'waived' else f' {finding.status.value}'}: ",
                first,
            )
        )
        lines += [line(f"    {text}") for text in more]
        if where:
            lines.append(line(f"    at {where}", style="dim"))
        if finding.also:
            lines.append(line(f"    also {', '.join(finding.also)}", style="dim"))
        if finding.fix:
            lines.append(line(f"    fix: {finding.fix}"))
    return Group(*lines)


def gates(verdict: Verdict) -> Record:
    """Every gate of an environment with its answer, and what would satisfy those that do not pass."""
    table = Table()
    table.title = line(f"Gates of {verdict.environment}", style="bold")
    table.title_justify = "left"
    for result in verdict.results:
        word, style = OUTCOMES[result.outcome]
        said = [line(result.reason), *([line(f"→ {result.satisfy}", style="cyan")] if result.satisfy else [])]
        table.add((f"  {word}", style), result.gate, paragraph(said))
    return table


def deployment(record: Deployment) -> Record:
    """A deployment with its steps, and how it stands."""
    word = result_word(record)
    head = line(
        (record.environment, "bold"), f" {record.commit[:7]} ", (word, RESULTS.get(word, "")), f" ({record.id})"
    )
    tree = Tree(head)
    for key in [*record.stacks, ""]:
        mine = [r for r in record.steps if r.stack == key]
        if mine:
            branch = tree.node(line(key or "environment"))
            for step in mine:
                node = branch.node(step_line(step))
                for notice in step.detail.notices or ():
                    node.node(line(f"! {visible(notice)}", style="yellow"))
            if record.waiting and mine[-1].step is Step.PLAN:
                _asked_about(node, mine[-1])
    for reason in record.reasons or record.waiting:
        tree.node(paragraph(reason.split("\n"), style=RESULTS.get(word, "")))
    if record.tag:
        tree.node(line(f"tag {record.tag}"))
    return tree


_IN_STATE = " (imported or moved: only its state changes)"


def _asked_about(node: Tree, plan: StepRecord) -> None:
    """What a plan that waits would do: whoever is asked must see it."""
    changes = (plan.detail.changes or ())[:MOST_CHANGES]
    for action, address in changes:
        # A no-op is among the changes only where the object is imported or moved.
        sign, style = SIGNS[Action(action)] if action != Action.NO_OP.value else ("→", "cyan")
        node.node(line(f"{sign} {address}{_IN_STATE if action == Action.NO_OP.value else ''}", style=style))
    left = plan.detail.total
    if left > len(changes):
        node.node(line(f"and {left - len(changes)} more: terrace plan {quote_word(plan.stack)}", style="dim"))


def step_line(record: StepRecord) -> Line:
    """One step in one line."""
    style = {"succeeded": "green", "failed": "red", "unknown": "red"}.get(record.result or "", "yellow")
    took = f" {(record.ended_at - record.began_at).total_seconds():.1f}s" if record.ended_at else ""
    head = ((f"{record.result or 'running':<9}", style), f" {record.step.value:<8}", (f"{took:>7}", "dim"), "  ")
    return line(*head, record.message.split("\n")[0])


def status(
    rows: Iterable[tuple[str, Deployment | None, Deployment | None, Hold | None]],
    drift: Mapping[str, Standing],
    handles: Mapping[str, str],
    now: datetime,
) -> Table:
    """Every environment in one line, in the order of the ladder, with the handle of what waits for an answer."""
    table = Table("Environment", "State", "Commit", "Since", "Drift", "Waiting for")
    for name, latest, good, held in rows:
        word = state_word(latest, held)
        waiting = latest.waiting if latest is not None else ()
        if handles.get(name):
            waiting = (*waiting, f"answer for {handles[name]}")
        if held is not None:
            waiting = (f"held: {held.reason} (by {held.by})",)
        elif latest is not None and latest.result in ("failed", "unknown", "blocked"):
            waiting = latest.reasons
        elif latest is not None and latest.result is None:
            running = (one for one in latest.steps if one.open)
            waiting = (
                *waiting,
                *(f"{one.step.value} {one.stack} began {ago(one.began_at, now)}" for one in running),
            )
        table.add(
            name,
            (word, RESULTS.get(word, "")),
            good.commit[:7] if good else "-",
            ago(good.ended_at, now) if good else "-",
            _drift(drift.get(name), now),
            paragraph(waiting),
        )
    return table


def _drift(how: Standing | None, now: datetime) -> Line:
    if how is None:
        return line("-", style="dim")
    alarm = [line(f"alarm: {how.overdue}", style="red")] if how.overdue else []
    return paragraph([(f"{how.status}, {ago(how.checked_at, now)}", RESULTS.get(how.status, "")), *alarm])


def history(rows: Iterable[Deployment]) -> Table:
    """Deployments, newest first."""
    table = Table("Deployment", "Environment", "Commit", "Result", "Started", "Took", "By")
    for record in rows:
        word = result_word(record)
        took = f"{(record.ended_at - record.opened_at).total_seconds():.0f}s" if record.ended_at else "-"
        table.add(
            record.id,
            record.environment,
            record.commit[:7],
            (word, RESULTS.get(word, "")),
            record.opened_at.strftime("%Y-%m-%d %H:%M:%SZ"),
            took,
            record.requester,
        )
    return table


def ago(then: datetime | None, now: datetime) -> str:
    """How long ago, in one unit."""
    if then is None:
        return "-"
    seconds = max(0, int((now - then).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"
