"""Checks, impacts and plans in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from terrace.assess.factors import factor
from terrace.assess.model import Finding
from terrace.assess.risk import GRAVE_LEVELS, Risk
from terrace.plans.model import Plan
from terrace.report.check_outcome import (
    CheckOutcome,
    blocking_reason,
    finding_text,
    group_findings,
    is_known,
    level_word,
    place,
    waived_counts,
    worst_first,
)
from terrace.report.diff_words import plan_line
from terrace.report.terminal.deployments import gates_table
from terrace.report.terminal.plan_changes import add_changes, are_many, overview
from terrace.report.terminal.screen import Group, Line, Record, Tree, line, paragraph
from terrace.stacks.model import ChangeSet, Impact, Reason
from terrace.words import and_more, plural

MOST_DIFF_LINES = 12
"""Lines of the diff of an unformatted file that are shown by default."""

_DIFF_STYLES = {"+": "green", "-": "red"}

MOST_STACKS = 8
"""Stacks that are listed above an overview of many changes."""


def reason_words(reason: Reason) -> str:
    """Returns a reason as a chain from the change to the stack, with the expression that reads the changed path:
    `modules/a/main.tf → modules/a → environments/dev`."""
    chain = " → ".join(path or "." for path in (reason.path, *reason.chain))
    where = f" ({reason.place}: {reason.text})" if reason.text else f" ({reason.place})" if reason.place else ""
    return f"{reason.kind}: {chain}{where}"


def impact_tree(change_set: ChangeSet, *, why: bool) -> Record:
    """Returns the impacted stacks; with `why` every reason of each."""
    tree = Tree(line(f"{plural(len(change_set.impacts), 'stack')} impacted", style="bold"))
    for impact in change_set.impacts:
        _add_impact(tree, impact, why=why)
    _add_dependents(tree, change_set)
    for removed in _removed_stacks(change_set):
        tree.node(removed)
    for notice in change_set.notices:
        at = f"{notice.path}:{notice.line}" if notice.line else notice.path
        tree.node(line(f"note: {at}: {notice.message}", style="yellow"))
    return tree


def _removed_stacks(change_set: ChangeSet) -> Iterator[Line]:
    """Returns the stacks that no longer exist: renamed, or with resources that stay."""
    renamed = {stack.old: stack.new for stack in change_set.renamed}
    for stack in change_set.removed:
        if stack.key in renamed:
            yield line(f"{stack.key} is renamed to {renamed[stack.key]}, which has its state", style="yellow")
        else:
            yield line(f"{stack.key} is removed: its resources stay until `terrace destroy`", style="red")


def _add_dependents(tree: Tree, change_set: ChangeSet) -> None:
    """Adds the stacks that read outputs of impacted stacks: they are planned after these."""
    for dependent in change_set.dependents:
        verb = "reads" if dependent.certain else "may read"
        at = f"{dependent.path}:{dependent.line}" if dependent.line else dependent.path
        text = f"{dependent.stack} {verb} outputs of {dependent.of} ({at}): planned after it"
        tree.node(line(text, style="dim"))


def _add_impact(tree: Tree, impact: Impact, *, why: bool) -> Tree:
    doubt = " (uncertain: treated as impacted)" if impact.unsure else ""
    branch = tree.node(line(f"{impact.stack.key}{doubt}"))
    shown = impact.reasons if why else impact.reasons[:1]
    for reason in shown:
        branch.node(line(reason_words(reason), style="dim"))
    if more := and_more(len(impact.reasons) - len(shown), "reason"):
        branch.node(line(f"{more} (--why)", style="dim"))
    return branch


def check_report(record: CheckOutcome) -> Record:
    """Returns the result of a check, and at its end a line for each finding that blocks the change."""
    report = _report(record)
    if not record.blocking:
        return report
    blocking = (replace(f, message=_first_line(f.message)) for f in group_findings(record.blocking))
    lines = [line(f"  {blocking_reason(finding)}") for finding in blocking]
    return Group(report, line("blocked by:", style="bold"), *lines)


def _report(record: CheckOutcome) -> Record:
    """Returns the impact, the plans, the findings, the gates of the next environments, and the verdict."""
    assessment, change_set = record.assessment, record.assessment.change_set
    stacks = plural(len(change_set.impacts), "stack")
    tree = Tree(line(f"{change_set.base[:7]} → {change_set.head[:7]}: {stacks} impacted", style="bold"))
    findings = list(assessment.findings)
    listed = findings if record.explain else [finding for finding in findings if not is_known(finding)]
    listed_stacks = {finding.stack for finding in listed if finding.rule == "plan"}
    is_summary = are_many(assessment.plans.values(), full=record.full)
    for impact in change_set.impacts:
        branch = _add_impact(tree, impact, why=False)
        key = impact.stack.key
        if key in assessment.plans:
            _add_plan(branch, assessment.plans[key], full=record.full, listed=not is_summary)
        elif key in assessment.unplanned:
            why = assessment.unplanned[key]
            shown = _first_line(why) if key in listed_stacks else why
            branch.node(paragraph(f"not planned: {shown}".split("\n"), style="red"))
    _add_dependents(tree, change_set)
    for removed in _removed_stacks(change_set):
        tree.node(removed)
    # Green is for changes without a grave risk.
    grave = record.risk.level in GRAVE_LEVELS
    passed = "yellow bold" if grave else "green bold"
    word = line("pass", style=passed) if record.passed else line("block", style="red bold")
    number = len(group_findings(finding for finding in findings if finding.blocks))
    blocked = "" if record.passed or not number else f", blocked by {plural(number, 'finding')}"
    if record.passed and grave:
        blocked = f" (risk: {record.risk.level})"
    parts: list[Record] = [line("verdict: ", word, blocked), line(""), tree]
    if is_summary:
        parts += [line(""), overview(assessment.plans, "terrace check --full")]
    if listed:
        parts += [line(""), findings_table(listed, full=record.full)]
    if counts := waived_counts(findings):
        parts += [line(counts, "" if len(listed) == len(findings) else " (--explain lists the known findings)")]
    for verdict in record.ahead:
        parts += [line(""), gates_table(verdict)]
    parts += [line(""), _risk(record.risk, explain=record.explain)]
    parts += [line(""), line("verdict: ", word)]
    return Group(*parts)


def _risk(risk: Risk, *, explain: bool) -> Record:
    """Returns the level with its largest reasons; with `explain` all of them, each with its rule in the formula."""
    style = {"low": "green", "medium": "yellow"}.get(risk.level, "red")
    lines = [line("risk: ", (risk.level, f"{style} bold"), f" ({risk.score} of 100)")]
    shown = risk.reasons if explain else risk.reasons[:3]
    for reason in shown:
        lines.append(line(f"  {reason.points:>3} {reason.factor}: {_first_line(reason.what)}"))
        if explain:
            rule = factor(reason.factor)
            lines.append(line(f"      {rule.points} for {rule.counts}, at most {rule.cap}: {rule.why}", style="dim"))
    if more := and_more(len(risk.reasons) - len(shown), "reason"):
        lines.append(line(f"  {more} (--explain)", style="dim"))
    return Group(*lines)


def plans_tree(
    plans: Mapping[str, Plan],
    unplanned: Mapping[str, str],
    findings: Iterable[Finding] = (),
    *,
    full: bool = False,
    command: str = "terrace plan --full",
) -> Record:
    """Returns plans, one branch for each stack. Reasons that `findings` below repeat in full are cut to one line.

    Many changes are shown as an overview, with the `command` that shows all; with `full` each is shown completely.
    """
    is_summary = are_many(plans.values(), full=full)
    listed_stacks = {finding.stack for finding in findings if finding.rule == "plan"}
    tree = Tree(line(f"{len(plans)} planned", style="bold"))
    shown = list(plans.items())[: MOST_STACKS if is_summary else None]
    for key, plan in shown:
        if is_summary:
            tree.node(line(f"{key}: {plan_line(plan)}"))
        else:
            _add_plan(tree.node(line(key)), plan, full=full, listed=True)
    if more := and_more(len(plans) - len(shown), "stack"):
        tree.node(line(more, style="dim"))
    for key, why in unplanned.items():
        reason = _first_line(why) if key in listed_stacks else why
        tree.node(paragraph(f"{key}: not planned: {reason}".split("\n"), style="red"))
    return Group(tree, overview(plans, command)) if is_summary else tree


def _first_line(text: str) -> str:
    """Returns the first line of a text that the findings show in full."""
    first, more, _ = text.partition("\n")
    return f"{first.removesuffix(':')} (see Findings)" if more else text


def _add_plan(branch: Tree, plan: Plan, *, full: bool, listed: bool) -> None:
    node = branch.node(line(plan_line(plan)))
    if listed:
        add_changes(node, plan, full=full)


def _own_words(finding: Finding, level: str, status: str, style: str) -> list[Record]:
    """Returns the finding about a plan that failed, in Terraform's words."""
    note = f" ({finding.note})" if finding.note else ""
    head = line((f"  {level} ", style), f"{finding.rule}{status}: {finding.stack or ''}{note}".rstrip(": "))
    return [head, *(line(f"    {text}") for text in finding.detail.split("\n"))]


def _diff_of(finding: Finding, *, full: bool) -> list[Record]:
    """Returns the diff of a file that is not formatted; only its start unless `full`."""
    if finding.rule != "format" or not finding.detail:
        return []
    lines = finding.detail.strip("\n").split("\n")
    shown = lines if full else lines[:MOST_DIFF_LINES]
    parts: list[Record] = [line(f"      {text}", style=_DIFF_STYLES.get(text[:1], "")) for text in shown]
    if more := and_more(len(lines) - len(shown), "line"):
        parts.append(line(f"      {more} (terrace check --full)", style="dim"))
    return parts


def findings_table(findings: Iterable[Finding], *, full: bool = False) -> Record:
    """Returns findings, the worst first, each with its place, its fix, and its diff where it has one. Of a long diff
    only the start is shown, unless `full`.
    """
    lines: list[Record] = [line("Findings", style="bold")]
    for finding in group_findings(worst_first(findings)):
        level = level_word(finding)
        status = "" if level == "waived" else f" {finding.status.value}"
        first, *more = finding_text(finding).split("\n")
        style = "red" if finding.blocks else "yellow"
        lines.append(line((f"  {level} ", style), f"{finding.rule}{status}: ", first))
        lines += [line(f"    {text}") for text in more]
        if finding.rule == "plan" and finding.detail:
            # Terraform's own message, with its place and source lines, says more than the sentence.
            lines[-1 - len(more) :] = _own_words(finding, level, status, style)
        elif at := place(finding):
            lines.append(line(f"    at {at}", style="dim"))
        if finding.also:
            lines.append(line(f"    also {', '.join(finding.also)}", style="dim"))
        if finding.fix:
            lines.append(line(f"    fix: {finding.fix}"))
        lines += _diff_of(finding, full=full)
    return Group(*lines)
