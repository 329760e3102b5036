"""Drift as JSON, as Markdown, and as a person reads it in a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime

from terrace.assess.model import Severity
from terrace.drift.absorption import Absorption
from terrace.drift.acknowledgements import Acknowledgement, answered, answers
from terrace.drift.adopt import Adoption
from terrace.drift.issues import LivingRecord
from terrace.drift.model import Observation, Quadrant, Sighting
from terrace.drift.review import Review
from terrace.plans.model import MASKED, UNKNOWN, Value
from terrace.report.machine import Json, when
from terrace.report.markdown.escape import code, plain
from terrace.report.screen import Group, Record, Tree, line
from terrace.text import clipped, visible

STYLES = {"clean": "green", "drifted": "red", "unknown": "yellow"}
SEVERITIES = {Severity.CRITICAL: "red bold", Severity.HIGH: "red", Severity.MEDIUM: "yellow", Severity.LOW: "dim"}


LONGEST = 120
"""Characters of one value that are shown."""


def remedy(environment: str, seen: Sighting, commit: str) -> str:
    """In a sentence what would make it what was deployed again."""
    again = f"`terrace deploy {environment} --ref {commit[:7]}`"
    answer = f"`terrace drift ack {environment} ADDRESS --reason WHY`"
    by_hand = "change it back by hand, write it into the configuration, or say who answers for it"
    managed, left = _managed(seen), ", ".join(seen.kept)
    match seen.quadrant:
        case Quadrant.ACTIONABLE if seen.undo.value == "update" and managed:
            what = "it" if not left else ", ".join(managed)
            back = f"{again} changes {what} back, and `terrace drift {environment} --remediate` where allowed"
            rest = f"; {left}: not managed, {by_hand}: {answer}" if left else ""
            return f"changed outside; {back}{rest}{_besides(seen, again)}"
        case Quadrant.ACTIONABLE if seen.undo.value != "update":
            return f"changed outside; {again} would {seen.undo.value} it: look at its plan first"
        case Quadrant.ACTIONABLE | Quadrant.UNMANAGED:
            back = "changed outside, and no deployment changes it back"
            return f"{back}; {by_hand}: {answer}{_besides(seen, again)}"
        case Quadrant.DELETED if seen.undo.value == "create":
            return f"deleted outside; {again} makes it anew, and what it held does not come back"
        case Quadrant.DELETED:
            return "deleted outside, and no deployment makes it anew"
    return f"nothing changed outside; what it is made from did, and {again} would {seen.undo.value} it"


def _besides(seen: Sighting, again: str) -> str:
    """What a deployment would change that was not changed outside."""
    if not seen.inputs:
        return ""
    return f"; {', '.join(seen.inputs)}: not changed outside, what it is made from was, and {again} would change it"


def _managed(seen: Sighting) -> tuple[str, ...]:
    """The paths that a deployment would change back."""
    return tuple(path for path in seen.paths if seen.quadrant_of(path) is Quadrant.ACTIONABLE)


_OF_ATTRIBUTE = {
    Quadrant.ACTIONABLE: " (managed)",
    Quadrant.UNMANAGED: " (not managed)",
    Quadrant.INPUT: " (not changed outside)",
}


def _attributes(review: Review, seen: Sighting) -> Iterable[str]:
    """Each path with the value that was deployed, the one that is there, whether a deployment changes it back, and who
    answers for it."""
    whole = answered(review.acknowledged, seen, seen.paths) is not None
    known = {} if whole else answers(review.acknowledged, seen)
    for path in seen.paths:
        was, is_ = seen.values.get(path, (None, None))
        told = f"{path}: {_value(was)} → {_value(is_)}" if path in seen.values else path
        if seen.quadrant is not Quadrant.INPUT:
            told += _OF_ATTRIBUTE.get(seen.quadrant_of(path), "")
        if path in known:
            told += f", acknowledged by {clipped(known[path].by)}: {clipped(known[path].reason)}"
        yield told


def _quadrants(seen: Sighting) -> str:
    """The quadrants of its attributes, in words."""
    return ", ".join(one.value for one in seen.quadrants)


def cause_lines(seen: Sighting) -> Iterable[str]:
    """In sentences what logs of the cloud tell of the cause: hints, and never proof. None where no log was read."""
    for one in seen.causes:
        who = clipped(one.who, LONGEST) or "an unknown identity"
        origin = f" from {clipped(one.origin, LONGEST)}" if one.origin else ""
        client = f" with {clipped(one.client, LONGEST)}" if one.client else ""
        event = f", event {clipped(one.event, LONGEST)}" if one.event else ""
        at, source = f"{one.at:%Y-%m-%d %H:%M:%S} UTC", clipped(one.source, LONGEST)
        what = clipped(one.what, LONGEST)
        yield f"possible cause, a hint and no proof: {who}{origin}{client}: {what} at {at} ({source}{event})"
    if seen.more_causes:
        yield f"{seen.more_causes} earlier {'change' if seen.more_causes == 1 else 'changes'} of it in the logs"
    if seen.cause_unknown:
        yield f"cause unknown: {clipped(seen.cause_unknown, 1000)}"


def _value(value: Value) -> str:
    if value is None:
        return "nothing"
    if value is UNKNOWN or value is MASKED:
        return repr(value)
    return clipped(json.dumps(value, default=repr, ensure_ascii=False), LONGEST)


# --- JSON ----------------------------------------------------------------------------------------------------------


def as_json(reviews: Iterable[Review]) -> Json:
    """`terrace drift`."""
    return {"schema": "terrace/drift@1", "environments": [_environment(one) for one in reviews]}


def _environment(review: Review) -> Json:
    check = review.check
    found: Json = {
        "name": review.environment,
        "check": check.id if check else None,
        "status": check.status if check else None,
        "checked_at": when(check.at) if check else None,
        "last_good_at": when(review.standing.checked_at) if review.standing else None,
        "stacks": [_stack(review, check.at, one) for one in check.observations] if check else [],
        "absorbed": [_absorption(one) for one in review.absorbed],
    }
    if review.standing and review.standing.overdue:
        found["overdue"] = review.standing.overdue
    return found


def _stack(review: Review, at: datetime, seen: Observation) -> Json:
    found: Json = {
        "path": seen.path,
        "stack": seen.stack,
        "status": seen.status,
        "commit": seen.commit,
        "undeployed_commits": list(seen.undeployed),
        "resources": [_resource(review, seen, one) for one in seen.sightings],
        "ignored": [
            {"address": i.address, "paths": list(i.paths), "owner": i.owner, "reason": i.reason, "until": i.until}
            for i in seen.ignored
        ],
        "notices": list(seen.notices),
    }
    record = review.record(seen.stack)
    if record is not None:
        found["record"] = _record(record, at)
    if seen.severity is not None:
        found["severity"] = seen.severity.word
    if seen.why:
        found["why"] = seen.why
    return found


def _record(record: LivingRecord, at: datetime) -> Json:
    return {
        "id": record.id,
        "open": record.open,
        "opened_at": when(record.opened_at),
        "clean_checks": record.clean,
        "blind": record.blind,
        "flapping": record.flapping(at),
        "turns": [{"word": turn.word, "at": when(turn.at)} for turn in record.turns],
    }


def _resource(review: Review, seen: Observation, one: Sighting) -> Json:
    known = answers(review.acknowledged, one)
    found: Json = {
        "address": one.address,
        "type": one.type,
        "quadrant": one.quadrant.value,
        "severity": one.severity.word,
        "paths": list(one.paths),
        "undo": one.undo.value,
        "attributes": [_attribute(one, path, known) for path in one.paths],
        "remedy": remedy(review.environment, one, seen.commit),
        "seen": review.in_a_row(one),
        "fingerprint": one.fingerprint,
        "causes": [{**asdict(cause), "at": when(cause.at)} for cause in one.causes],
    }
    if one.more_causes:
        found["more_causes"] = one.more_causes
    if one.cause_unknown:
        found["cause_unknown"] = one.cause_unknown
    given = answered(review.acknowledged, one, one.paths)
    if given is not None:
        found["acknowledged"] = _acknowledged(given)
    return found


def _attribute(one: Sighting, path: str, known: Mapping[str, Acknowledgement]) -> Json:
    quadrant = one.quadrant_of(path)
    found: Json = {"path": path, "quadrant": quadrant.value}
    if one.quadrant in (Quadrant.ACTIONABLE, Quadrant.UNMANAGED):
        found["managed"] = quadrant is Quadrant.ACTIONABLE
    if path in one.values:
        was, is_ = one.values[path]
        found |= {"deployed": _value(was), "there": _value(is_)}
    if path in known:
        found["acknowledged"] = _acknowledged(known[path])
    return found


def _absorption(one: Absorption) -> Json:
    found: Json = {
        "stack": one.sighting.stack,
        "address": one.sighting.address,
        "severity": one.sighting.severity.word,
        "paths": list(one.sighting.kept),
        "deployment": one.deployment,
        "at": when(one.at),
    }
    if one.acknowledged is not None:
        found["acknowledged"] = _acknowledged(one.acknowledged)
    return found


def _acknowledged(given: Acknowledgement) -> Json:
    return {"by": given.by, "reason": given.reason, "at": when(given.at)}


def adopted(environment: str, address: str, stack: str, path: str, record: Adoption) -> Json:
    """`terrace drift adopt`."""
    return {
        "schema": "terrace/drift-adopt@1",
        "environment": environment,
        "stack": stack,
        "address": address,
        "file": path,
        "written": [{"attribute": w.attribute, "line": w.line, "old": w.old, "new": w.new} for w in record.written],
        "left": [
            {"attribute": one.attribute, "line": one.line, "old": one.old, "new": one.new, "why": one.why}
            for one in record.left
        ],
    }


# --- for people ----------------------------------------------------------------------------------------------------


def as_terminal(reviews: Iterable[Review]) -> Record:
    """Every environment with its stacks, the worst word in colour."""
    parts: list[Record] = []
    for review in reviews:
        parts += [_tree(review), line("")]
    return Group(*parts[:-1])


def _tree(review: Review) -> Tree:
    check = review.check
    if check is None:
        return Tree(line((review.environment, "bold"), " nothing is deployed there"))
    tree = Tree(line((review.environment, "bold"), " ", (check.status, STYLES[check.status])))
    for seen in check.observations:
        why = f": {visible(seen.why)}" if seen.why else ""
        at = f" at {seen.commit[:7]}" if seen.commit else ""
        branch = tree.node(f"{seen.stack}{at} ", (seen.status, STYLES[seen.status]), why)
        for text, style in _lines(review, seen):
            branch.node(text, style=style)
    for one in review.absorbed:
        tree.node(line(_absorbed_line(one), style="yellow"))
    if review.standing and review.standing.overdue:
        tree.node(line(f"alarm: {review.standing.overdue}", style="red bold"))
    return tree


def _lines(review: Review, seen: Observation) -> Iterable[tuple[str, str]]:
    record = review.record(seen.stack)
    if record is not None and record.open and review.check is not None:
        flapping = "; it comes and goes" if record.flapping(review.check.at) else ""
        yield f"not as deployed since {record.opened_at:%Y-%m-%d %H:%M} UTC{flapping}", ""
    for one in seen.sightings:
        yield f"{one.severity.word} {_quadrants(one)} {_what(one)}", SEVERITIES[one.severity]
        if one.values or len(one.quadrants) > 1 or answers(review.acknowledged, one):
            yield from ((f"  {visible(told)}", "") for told in _attributes(review, one))
        yield from ((f"  {told}", "") for told in cause_lines(one))
        given = answered(review.acknowledged, one, one.paths)
        if given is not None:
            yield f"  acknowledged by {visible(given.by)}: {visible(given.reason)}", "cyan"
        yield f"  → {remedy(review.environment, one, seen.commit)}", "cyan"
    for ignored in seen.ignored:
        yield f"ignored {_of(ignored.address, ignored.paths)} until {ignored.until} ({visible(ignored.owner)})", "dim"
    for notice in seen.notices:
        yield visible(notice), "yellow"
    if seen.undeployed:
        yield _undeployed(seen), ""


def adoption(path: str, record: Adoption) -> Record:
    """What was written and what a person has to write, each with its place."""
    lines: list[Record] = []
    for done in record.written:
        lines.append(line(f"{visible(path)}:{done.line}: {done.attribute} was {_line(done.old)}, is {_line(done.new)}"))
    for left in record.left:
        lines.append(line(f"{visible(path)}:{left.line}: {left.attribute} is not written: {left.why}", style="yellow"))
        lines.append(line(f"  deployed: {_line(left.old)}"))
        lines.append(line(f"  there now: {_line(left.new)}"))
    return Group(*lines)


def _line(text: str) -> str:
    return visible(" ".join(text.split()))


def as_markdown(reviews: Iterable[Review]) -> str:
    """The same for an issue or a job summary."""
    parts = []
    for review in reviews:
        check = review.check
        word = check.status if check else "nothing is deployed there"
        parts += [f"### Drift in {plain(review.environment)}: {word}", ""]
        for seen in check.observations if check else ():
            parts += _section(review, seen)
        parts += [f"- {plain(_absorbed_line(one))}" for one in review.absorbed]
        if review.standing and review.standing.overdue:
            parts += ["", f"**Alarm**: {plain(review.standing.overdue)}"]
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def stack_as_markdown(review: Review, seen: Observation) -> str:
    """What is said of one stack."""
    return "\n".join(_section(review, seen)).rstrip()


def _section(review: Review, seen: Observation) -> list[str]:
    why = f": {plain(seen.why)}" if seen.why else ""
    lines = [f"**{plain(seen.stack)}** {seen.status}{why}", ""]
    if seen.sightings:
        lines += ["| Severity | | Address | Differs | What would undo it |", "| --- | --- | --- | --- | --- |"]
        for one in seen.sightings:
            paths = "<br>".join(code(told) for told in _attributes(review, one))
            given = answered(review.acknowledged, one, one.paths)
            known = f"acknowledged by {plain(given.by)}: {plain(given.reason)}; " if given else ""
            mend = f"{known}{remedy(review.environment, one, seen.commit)}"
            told = "".join(f"<br>{plain(cause)}" for cause in cause_lines(one))
            lines.append(f"| {one.severity.word} | {_quadrants(one)} | {code(one.address)} | {paths} | {mend}{told} |")
        lines.append("")
    for ignored in seen.ignored:
        lines.append(f"- ignored until {ignored.until} ({plain(ignored.owner)}): {code(ignored.address)}")
    lines += [f"- {plain(notice)}" for notice in seen.notices]
    if seen.undeployed:
        lines.append(f"- {_undeployed(seen)}")
    return [*lines, ""] if lines[-1] else lines


def _what(one: Sighting) -> str:
    return _of(one.address, one.paths)


def _of(address: str, paths: tuple[str, ...]) -> str:
    return visible(address) + (f": {visible(', '.join(paths))}" if paths else "")


def _undeployed(seen: Observation) -> str:
    count = len(seen.undeployed)
    commits = ", ".join(commit[:7] for commit in seen.undeployed[:5])
    return f"{count} newer {'commit is' if count == 1 else 'commits are'} not deployed there yet: {commits}" + (
        ", ..." if count > 5 else ""
    )


def _absorbed_line(one: Absorption) -> str:
    who = one.acknowledged
    said = f"acknowledged by {visible(who.by)}: {visible(who.reason)}" if who else "nobody acknowledged it"
    what = _of(one.sighting.address, one.sighting.kept)
    return f"taken over by deployment {one.deployment}: {one.sighting.stack} {what} ({said})"
