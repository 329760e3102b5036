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

_RECORD = Never("records are compared as a whole: each one that a change brings is told")

COMMON = (
    Key("rule", Text("a rule, or a family of rules", _ONE_LINE), "As a finding tells it.", needed=True, looser=_RECORD),
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
    Key("owner", Text(), "Who answers for it: a person or a team of terrace.yaml.", needed=True, looser=_RECORD),
    Key("reason", Text(), "Why it may stay.", needed=True, looser=_RECORD),
    Key("granted", Day(), "The day on which it was granted; it counts from then on.", needed=True, looser=_RECORD),
    Key("expires", Day(), "The last day on which it counts.", needed=True, looser=_RECORD),
    Key("ticket", Text(), "Where it is followed up.", looser=_RECORD),
    Key(
        "status",
        Choice(("fail", "unknown")),
        "`unknown`: it is for a verdict that cannot be told.",
        default="fail",
        looser=_RECORD,
    ),
)
KNOWN = (
    *COMMON,
    Key("since", Day(), "The day on which it came into the baseline.", needed=True, looser=_RECORD),
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
            message = f"{waiver.about} is there twice, first at line {other.line}"
            yield Problem(_place(node, "rule"), message, "keep one")

    record = Record(word, keys, makes=partial(_waiver, source=path), rules=(check,))
    return Record(
        path,
        (
            Key("version", Only(1), "The version of this format.", needed=True, looser=_RECORD, field=constant(1)),
            Key(key, ListOf(record), "The records.", looser=_RECORD, field="records"),
        ),
        makes=lambda records=(): records,
    )


_FILES = {
    PATH: ("waivers", "a waiver", COMMON),
    BASELINE: ("known", "a record of the baseline", KNOWN),
}


def _waiver(*, status: str = "fail", line: int, **given: Any) -> Waiver:
    return Waiver(**given, unknown=status == "unknown", line=line)


def known_owner(name: str, config: Config) -> bool:
    """Whether somebody may answer for a waiver: a person or team of terrace.yaml, anybody where it names none."""
    owners = {*config.teams, *config.people}
    return not owners or name in owners


def no_owner(name: str, owners: Iterable[str]) -> tuple[str, str]:
    """What is said of an owner whom terrace.yaml does not know, and what helps."""
    names = sorted(owners)
    near = find_nearest(name, names)
    return f"{name!r} is no person or team of terrace.yaml", f"did you mean {near!r}?" if near else ", ".join(names)


def too_long(config: Config) -> str:
    """What helps where a waiver lives too long."""
    return f"at most {config.waivers.longest.days} days; `waivers: {{longest: ...}}` of terrace.yaml says so"


def empty_reason(text: str) -> bool:
    """Whether a reason is none."""
    return _EMPTY.fullmatch(text) is not None


def bad_address(text: str) -> str | None:
    """What is wrong with an address that a waiver names."""
    if "*" in QUOTED.sub("", text.replace("[*]", "")):
        return "`*` stands for an index only: `aws_s3_bucket.logs[*]`"
    return None


def bad_path(text: str) -> str | None:
    """What is wrong with a path that a waiver names."""
    first, *parts = text.split("/")
    if "*" in first:
        return "the first part of the path is written out: `modules/*/main.tf`"
    if any(part.count("*") > 1 for part in parts):
        return "one `*` a part, and it stays in its folder: `modules/*/main.tf`"
    return None


def _place(node: Mapping, key: str) -> Place:
    """The place of the value of a key, or of the record where it has none."""
    value = find(node, key)
    return node.place if value is None else value.place


def _check_meaning(waiver: Waiver, node: Mapping, config: Config) -> Iterator[Problem]:
    """What a record says can be: it names one place and a known owner, gives a reason, and ends in time."""
    if why := why_rule_never(waiver.rule, config.known_checks):
        yield Problem(_place(node, "rule"), f"{waiver.rule!r} cannot be waived: {why}", "take the record out")
    places = {name: text for name, text in (("address", waiver.address), ("path", waiver.path)) if text}
    if len(places) != 1:
        message = "it says both an address and a path" if places else "`address` or `path` is missing: where it counts"
        yield Problem(_place(node, "path" if places else "rule"), message, "a waiver is for one place: `address: ...`")
    for name, text in places.items():
        hint = bad_address(text) if name == "address" else bad_path(text)
        if hint is not None:
            yield Problem(_place(node, name), f"{text!r} would waive too much", hint)
        if waiver.source == BASELINE and "*" in QUOTED.sub("", text):
            yield Problem(_place(node, name), "a record of the baseline names one place", f"globs belong into {PATH}")
    if not known_owner(waiver.owner, config):
        yield Problem(_place(node, "owner"), *no_owner(waiver.owner, {*config.teams, *config.people}))
    if empty_reason(waiver.reason):
        message = f"{waiver.reason!r} is no reason"
        yield Problem(_place(node, "reason"), message, "say why it may stay, for whoever reads it next year")
    life = waiver.expires - waiver.granted
    if life < timedelta(0):
        yield Problem(_place(node, "expires"), "it ends before it begins", "`expires` comes after `granted`")
    elif life > config.waivers.longest:
        yield Problem(_place(node, "expires"), f"it counts for {life.days} days", too_long(config))
