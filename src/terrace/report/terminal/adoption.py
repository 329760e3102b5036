"""Stacks that are adopted, in a terminal. No values of states are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from terrace.drift.state_adoption import Adoption, Row
from terrace.ledger.adoptions import AdoptedStack
from terrace.report.terminal.screen import Group, Line, Part, Record, Table, line
from terrace.report.terminal.states import difference_lines
from terrace.words import plural


def adoption_table(rows: Iterable[Row], root: str) -> Record:
    """Returns a line for each stack: the place and size of its state, and the differences from Git.

    `root` is the checkout.
    """
    table = Table("Stack", "State", "Serial", "Resources", "Differs from Git")
    # A path that is cut is of no use.
    table.columns[1].overflow = "fold"
    for row in rows:
        adoption = row.adoption
        table.add(
            row.stack,
            _state_place(row, root),
            str(adoption.state.serial) if adoption is not None else "-",
            str(len(adoption.objects)) if adoption is not None else "-",
            _verdict(row),
        )
    return table


def row_line(row: Row) -> Line:
    """Returns the result of one stack in one line."""
    if row.result == "adopted" and row.adoption is not None:
        same = row.adoption.same and not row.adoption.outside
        rest = "" if same else f", differs from Git: {_differences(row.adoption)}"
        return line(f"{row.stack}: ", ("adopted", "green"), rest)
    if row.result == "ready" and row.adoption is not None:
        return line(f"{row.stack}: differs from Git: ", _verdict(row))
    return line(f"{row.stack}: ", _verdict(row))


def adoption_details(rows: Iterable[Row]) -> Record:
    """Returns what exactly differs, and why some stacks cannot be adopted."""
    lines: list[Line] = []
    for row in rows:
        adoption = row.adoption
        if row.result == "refused":
            where = f"{row.place}: " if row.place else ""
            lines.append(line((f"{row.stack} cannot be adopted", "red"), f" ({row.path}): {where}{row.why}"))
            if row.hint:
                lines.append(line(f"  hint: {row.hint}"))
        elif adoption is not None and (not adoption.same or adoption.accepted or adoption.outside):
            lines.append(line(row.stack, style="bold"))
            lines += [line("  ", text) for text in difference_lines(adoption)]
        elif row.settled is not None and not row.settled.same:
            lines.append(
                line(
                    f"{row.stack} differed from {row.settled.commit[:7]} when it was adopted: "
                    f"`terrace plan {row.environment}` shows the differences of now"
                )
            )
    return Group(*lines)


def adoption_summary(rows: Iterable[Row]) -> str:
    """Returns how many stacks have which result, in words."""
    results = ["settled" if row.settled is not None else row.result for row in rows]
    counts = Counter(results)
    parts = [
        (counts["adopted"], "adopted"),
        (counts["ready"], "can be adopted"),
        (counts["later"], "can be adopted after the stacks that they read"),
        (counts["settled"], "nothing to do"),
        (counts["refused"], "cannot be adopted"),
    ]
    return f"{plural(len(results), 'stack')}: " + ", ".join(f"{number} {words}" for number, words in parts if number)


def old_files_note(rows: Iterable[Row]) -> str:
    """Returns what happens to state files that are moved; "" where no stack has one."""
    every = tuple(rows)
    number = sum(
        1 for row in every if row.result == "ready" and row.adoption is not None and row.adoption.left is not None
    )
    later = any(row.result == "later" for row in every)
    if not number and not later:
        return ""
    is_single = number == 1 and not later
    subject = "the old state file is" if is_single else "the old state files are"
    return (
        f"{subject} renamed to end in .adopted: programs that read a state there, such as `terraform plan` "
        "without Terrace, no longer find one"
    )


def adopted_line(environment: str, adopted: Mapping[str, AdoptedStack]) -> str:
    """Returns how many stacks of an environment were adopted, and not deployed since."""
    commits = sorted({stack.commit[:7] for stack in adopted.values()})
    number = f"{plural(len(adopted), 'stack')} {'was' if len(adopted) == 1 else 'were'} adopted"
    differ = sum(1 for stack in adopted.values() if not stack.record.same)
    where = ", ".join(commits[:3]) + (", ..." if len(commits) > 3 else "")
    rest = f"; {differ} differed from that commit" if differ else ""
    return f"{environment}: {number} at {where} and not deployed since{rest}"


def _state_place(row: Row, root: str) -> str:
    if row.adoption is None:
        return row.settled.target if row.settled is not None else "-"
    if row.adoption.in_place or row.done is not None:
        return row.adoption.target
    return f"{row.adoption.source.removeprefix(f'{root}/')}, to be moved"


def _verdict(row: Row) -> Part:
    if row.settled is not None:
        how = "already adopted" if row.settled.how == "adopted" else "deployed"
        return f"{how}, at {row.settled.commit[:7]}", "dim"
    if row.result == "refused":
        return "cannot be adopted", "red"
    if row.result == "later" or row.adoption is None:
        return f"planned after {', '.join(row.after)} is adopted", "yellow"
    return _differences(row.adoption), "green" if row.adoption.same else "yellow"


def _differences(adoption: Adoption) -> str:
    outputs = "output" if adoption.outputs == 1 else "outputs"
    parts = [
        f"{number} {words}"
        for number, words in (
            (len(adoption.creates), "to create"),
            (len(adoption.changes), "to change"),
            (len(adoption.deletes), "to delete"),
            (adoption.outputs, f"{outputs} to set"),
        )
        if number
    ] or ["nothing"]
    if adoption.accepted:
        parts.append(f"{len(adoption.accepted)} accepted as they are")
    if adoption.outside:
        parts.append(f"{len(adoption.outside)} changed outside Terraform")
    return ", ".join(parts)
