"""Stacks that are taken over, as a person reads them in a terminal and as one JSON object. No values are in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from terrace.drift.model import Sighting
from terrace.drift.state_adoption import Adoption, Row
from terrace.ledger.adoptions import AdoptedStack
from terrace.report.machine import Json
from terrace.report.screen import Group, Line, Part, Record, Table, line
from terrace.report.state_terminal import differences


def table(rows: Iterable[Row], root: str) -> Record:
    """A line for each stack: where its state is, what it holds, and what differs from Git. `root` is the checkout."""
    made = Table("Stack", "State", "Serial", "Objects", "Differs from Git")
    # A path that is cut is of no use.
    made.columns[1].overflow = "fold"
    for row in rows:
        found = row.found
        made.add(
            row.stack,
            _place_of(row, root),
            str(found.state.serial) if found is not None else "-",
            str(len(found.objects)) if found is not None else "-",
            _verdict(row),
        )
    return made


def row_line(row: Row) -> Line:
    """One stack that is done with, in one line."""
    if row.result == "adopted" and row.found is not None:
        same = row.found.same and not row.found.outside
        told = "" if same else f", differs from Git: {_differs(row.found)}"
        return line(f"{row.stack}: ", ("adopted", "green"), told)
    if row.result == "ready" and row.found is not None:
        return line(f"{row.stack}: differs from Git: ", _verdict(row))
    return line(f"{row.stack}: ", _verdict(row))


def details(rows: Iterable[Row]) -> Record:
    """Below the table: what exactly differs, and why some stacks cannot be taken over."""
    lines: list[Line] = []
    for row in rows:
        found = row.found
        if row.result == "refused":
            where = f"{row.place}: " if row.place else ""
            lines.append(line((f"{row.stack} cannot be taken over", "red"), f" ({row.path}): {where}{row.why}"))
            if row.hint:
                lines.append(line(f"  hint: {row.hint}"))
        elif found is not None and (not found.same or found.accepted or found.outside):
            lines.append(line(row.stack, style="bold"))
            lines += [line("  ", told) for told in differences(found)]
        elif row.settled is not None and not row.settled.same:
            lines.append(
                line(
                    f"{row.stack} differed from {row.settled.commit[:7]} when it was adopted: "
                    f"`terrace plan {row.environment}` shows how it is now"
                )
            )
    return Group(*lines)


def summary(rows: Iterable[Row]) -> str:
    """How many stacks there are of each kind, in words."""
    told = tuple(rows)
    counts = Counter("settled" if row.settled is not None else row.result for row in told)
    parts = [
        (counts["adopted"], "adopted"),
        (counts["ready"], "can be taken over"),
        (counts["later"], "can be once the stacks that they read are taken over"),
        (counts["settled"], "nothing to do"),
        (counts["refused"], "cannot be taken over"),
    ]
    whole = f"{len(told)} stack{'' if len(told) == 1 else 's'}"
    return f"{whole}: " + ", ".join(f"{number} {words}" for number, words in parts if number)


def old_files(rows: Iterable[Row]) -> str:
    """What happens to files in which Terraform keeps states that are moved; "" where no stack has one."""
    told = tuple(rows)
    number = sum(1 for row in told if row.result == "ready" and row.found is not None and row.found.left is not None)
    later = any(row.result == "later" for row in told)
    if not number and not later:
        return ""
    which = f"the old state file{'' if number == 1 and not later else 's'}"
    return (
        f"{which} get{'s' if number == 1 and not later else ''} the ending .adopted: what reads a state there outside "
        "of Terrace, such as a plain `terraform plan`, finds none any more"
    )


def adopted_line(environment: str, adopted: Mapping[str, AdoptedStack]) -> str:
    """How many stacks of an environment were adopted, and not deployed since."""
    commits = sorted({one.commit[:7] for one in adopted.values()})
    number = f"{len(adopted)} stack{' was' if len(adopted) == 1 else 's were'} adopted"
    differ = sum(1 for one in adopted.values() if not one.record.same)
    where = ", ".join(commits[:3]) + (", ..." if len(commits) > 3 else "")
    told = f"; {differ} differed from that commit" if differ else ""
    return f"{environment}: {number} at {where} and not deployed since{told}"


def adopted_json(adopted: Mapping[str, Mapping[str, AdoptedStack]]) -> list[Json]:
    """The same as JSON data, environment by environment."""
    return [
        {"stack": key, "environment": name, "commit": one.commit, "same": one.record.same}
        for name, mine in adopted.items()
        for key, one in sorted(mine.items())
    ]


def as_json(commit: str, rows: Iterable[Row], *, written: bool) -> Json:
    """`terrace adopt`."""
    return {
        "schema": "terrace/adopt@1",
        "commit": commit,
        "written": written,
        "stacks": [_row(row) for row in rows],
    }


def _row(row: Row) -> Json:
    found, settled, done = row.found, row.settled, row.done
    state = done.state if done is not None else found.state if found is not None else None
    return {
        "stack": row.stack,
        "environment": row.environment,
        "path": row.path,
        "result": _result(row),
        "source": found.source if found is not None else None,
        "target": found.target if found is not None else settled.target if settled is not None else None,
        "lineage": state.lineage if state is not None else None,
        "serial": state.serial if state is not None else None,
        "objects": len(found.objects) if found is not None else None,
        "same": found.same if found is not None else settled.same if settled is not None else None,
        "creates": list(found.creates) if found is not None else [],
        "changes": list(found.changes) if found is not None else [],
        "deletes": list(found.deletes) if found is not None else [],
        "outputs": found.outputs if found is not None else 0,
        "accepted": [_sighting(one) for one in found.accepted] if found is not None else [],
        "outside": [_sighting(one) for one in found.outside] if found is not None else [],
        "engine": found.engine if found is not None else None,
        "providers": list(found.providers) if found is not None else [],
        "commit": found.commit if found is not None else settled.commit if settled is not None else None,
        "backup": done.backup if done is not None else None,
        "put_aside": (done.put_aside or None) if done is not None else None,
        "after": list(row.after),
        "why": row.why or None,
        "hint": row.hint or None,
        "place": row.place or None,
    }


def _result(row: Row) -> str:
    if row.settled is not None:
        return "already" if row.settled.how == "adopted" else "deployed"
    return row.result


def _sighting(one: Sighting) -> Json:
    return {"address": one.address, "paths": list(one.paths), "severity": one.severity.name.lower()}


def _place_of(row: Row, root: str) -> str:
    if row.found is None:
        return row.settled.target if row.settled is not None else "-"
    if row.found.in_place or row.done is not None:
        return row.found.target
    return f"{row.found.source.removeprefix(f'{root}/')}, to be moved"


def _verdict(row: Row) -> Part:
    found = row.found
    if row.settled is not None:
        how = "adopted before" if row.settled.how == "adopted" else "deployed"
        return f"{how}, at {row.settled.commit[:7]}", "dim"
    if row.result == "refused":
        return "cannot be taken over", "red"
    if row.result == "later" or found is None:
        return f"planned once {', '.join(row.after)} is taken over", "yellow"
    return _differs(found), "green" if found.same else "yellow"


def _differs(found: Adoption) -> str:
    outputs = "output" if found.outputs == 1 else "outputs"
    parts = [
        f"{number} {word}"
        for number, word in (
            (len(found.creates), "to create"),
            (len(found.changes), "to change"),
            (len(found.deletes), "to delete"),
            (found.outputs, f"{outputs} to set"),
        )
        if number
    ] or ["nothing"]
    if found.accepted:
        parts.append(f"{len(found.accepted)} accepted as it is")
    if found.outside:
        parts.append(f"{len(found.outside)} changed outside")
    return ", ".join(parts)
