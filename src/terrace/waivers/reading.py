"""`.terrace/waivers.yaml` and `.terrace/baseline.yaml`: text -> records. Every problem is found, with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from terrace.assess.waiver import BASELINE, PATH, QUOTED, Waiver
from terrace.config.comparisons import Never
from terrace.config.keys.values import PATH as FILE
from terrace.config.kinds import Choice, Day, ListOf, Number, Only, Text
from terrace.config.model import Config
from terrace.config.naming import find_nearest
from terrace.config.problems import Problem
from terrace.config.records import Key, Record, constant, read_document
from terrace.config.yaml_nodes import Mapping, find
from terrace.errors import Place
from terrace.waivers.never import why_rule_never

_EMPTY = re.compile(r"\W*(to-?do|tbd|fixme|xxx|later|none|n/?a|\?*)\W*", re.I)
_ONE_LINE = re.compile(r"[^\x00-\x1f\x7f]+")

_RECORD = Never("records are compared as a whole: each one that a change adds is reported")

COMMON = (
    Key(
        "rule",
        Text("a rule, or a family of rules", _ONE_LINE),
        "The rule, as a finding names it.",
        needed=True,
        looser=_RECORD,
    ),
    Key(
        "address",
        Text("an address", _ONE_LINE),
        "The resource; `[*]` stands for any index.",
        default="a path",
        looser=_RECORD,
    ),
    Key(
        "path",
        FILE,
        "The file, from the root of the repository; one `*` a part, not in the first.",
        default="an address",
        looser=_RECORD,
    ),
    Key("stack", Text(), "The stack, as findings name it.", default="every stack", looser=_RECORD),
    Key("owner", Text(), "The owner: a person or a team in terrace.yaml.", needed=True, looser=_RECORD),
    Key("reason", Text(), "Reason for accepting the finding.", needed=True, looser=_RECORD),
    Key("granted", Day(), "The day on which it was granted, and from which it is valid.", needed=True, looser=_RECORD),
    Key("expires", Day(), "Expiry date; the waiver is still valid on that day.", needed=True, looser=_RECORD),
    Key("ticket", Text(), "The ticket that tracks the fix.", looser=_RECORD),
    Key(
        "status",
        Choice(("fail", "unknown")),
        "`unknown`: it is for a finding whose verdict is unknown.",
        default="fail",
        looser=_RECORD,
    ),
)
KNOWN = (
    *COMMON,
    Key("since", Day(), "The day on which it was added to the baseline.", needed=True, looser=_RECORD),
    Key(
        "content",
        Text("16 hexadecimal characters", re.compile("[0-9a-f]{16}")),
        "Fingerprint of the line.",
        looser=_RECORD,
    ),
    Key("count", Number(1), "How many such findings there are.", looser=_RECORD),
)


def read_waivers(text: bytes, path: str, config: Config) -> tuple[Waiver, ...]:
    """The records of the file `path` (PATH or BASELINE), in its order; without text there are none.

    Owners are people and teams of `config`, where it names any. Raises BadConfig with every problem.
    """
    return read_document(text, path, _file(path, config), empty=())


def _file(path: str, config: Config) -> Record[tuple[Waiver, ...]]:
    key, word, keys = _FILES[path]
    first: dict[object, Waiver] = {}

    def check(waiver: Waiver, node: Mapping) -> Iterator[Problem]:
        yield from _check_meaning(waiver, node, config)
        other = first.setdefault(waiver.key, waiver)
        if other is not waiver:
            message = f"{waiver.about} is listed twice, first at line {other.line}"
            yield Problem(_place(node, "rule"), message, "keep one")

    record = Record(word, keys, makes=partial(_waiver, source=path), rules=(check,))
    return Record(
        path,
        (
            Key("version", Only(1), "The version of this format.", needed=True, looser=_RECORD, sets=constant(1)),
            Key(key, ListOf(record), "The records.", looser=_RECORD, sets="records"),
        ),
        makes=lambda records=(): records,
    )


_FILES = {
    PATH: ("waivers", "a waiver", COMMON),
    BASELINE: ("known", "a record of the baseline", KNOWN),
}


def _waiver(*, status: str = "fail", line: int, **fields: Any) -> Waiver:
    return Waiver(**fields, unknown=status == "unknown", line=line)


def known_owner(name: str, config: Config) -> bool:
    """Returns whether a name can own a waiver: a person or team in terrace.yaml; any name where it names none."""
    owners = {*config.teams, *config.people}
    return not owners or name in owners


def no_owner(name: str, owners: Iterable[str]) -> tuple[str, str]:
    """Returns the message and the hint for an owner whom terrace.yaml does not name."""
    names = sorted(owners)
    near = find_nearest(name, names)
    return f"{name!r} is not a person or team in terrace.yaml", f"did you mean {near!r}?" if near else ", ".join(names)


def too_long(config: Config) -> str:
    """Returns the hint for a waiver that would be valid for too long."""
    return f"at most {config.waivers.longest.days} days: `waivers: {{longest: ...}}` in terrace.yaml"


def empty_reason(text: str) -> bool:
    """Returns whether a reason gives no reason."""
    return _EMPTY.fullmatch(text) is not None


def bad_address(text: str) -> str | None:
    """Returns the fault in an address that a waiver names; None where there is none."""
    if "*" in QUOTED.sub("", text.replace("[*]", "")):
        return "`*` can only be an index: `aws_s3_bucket.logs[*]`"
    return None


def bad_path(text: str) -> str | None:
    """Returns the fault in a path that a waiver names; None where there is none."""
    first, *parts = text.split("/")
    if "*" in first:
        return "write out the first part of the path: `modules/*/main.tf`"
    if any(part.count("*") > 1 for part in parts):
        return "each part of the path can have one `*`: `modules/*/main.tf`"
    return None


def _place(node: Mapping, key: str) -> Place:
    """The place of the value of a key, or of the record where it has none."""
    value = find(node, key)
    return node.place if value is None else value.place


def _check_meaning(waiver: Waiver, node: Mapping, config: Config) -> Iterator[Problem]:
    """Yields a problem for each part of a record that is not valid: its place, owner, reason or dates."""
    if why := why_rule_never(waiver.rule, config.known_checks):
        yield Problem(_place(node, "rule"), f"{waiver.rule!r} cannot be waived: {why}", "remove the record")
    places = {name: text for name, text in (("address", waiver.address), ("path", waiver.path)) if text}
    if len(places) != 1:
        message = "it has both an address and a path" if places else "`address` or `path` is missing"
        yield Problem(_place(node, "path" if places else "rule"), message, "a waiver is for one place: `address: ...`")
    for name, text in places.items():
        hint = bad_address(text) if name == "address" else bad_path(text)
        if hint is not None:
            yield Problem(_place(node, name), f"{text!r} would waive too much", hint)
        if waiver.source == BASELINE and "*" in QUOTED.sub("", text):
            yield Problem(
                _place(node, name), "a record of the baseline names one place", f"globs are allowed in {PATH} only"
            )
    if not known_owner(waiver.owner, config):
        yield Problem(_place(node, "owner"), *no_owner(waiver.owner, {*config.teams, *config.people}))
    if empty_reason(waiver.reason):
        message = f"{waiver.reason!r} is not a reason"
        yield Problem(
            _place(node, "reason"), message, "explain why the finding is accepted, for someone who reads it next year"
        )
    life = waiver.expires - waiver.granted
    if life < timedelta(0):
        yield Problem(_place(node, "expires"), "it expires before it is granted", "`expires` is after `granted`")
    elif life > config.waivers.longest:
        yield Problem(_place(node, "expires"), f"it is valid for {life.days} days", too_long(config))
