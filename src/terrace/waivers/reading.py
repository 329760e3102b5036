"""`.terrace/waivers.yaml` and `.terrace/baseline.yaml`: text -> records. Every problem is found, with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from terrace.assess.waiver import BASELINE, PATH, QUOTED, Waiver
from terrace.config.comparisons import Never
from terrace.config.kinds import Choice, Day, Key, ListOf, Located, Number, Only, Record, Text
from terrace.config.load import BadConfig
from terrace.config.model import Config
from terrace.config.naming import nearest
from terrace.config.shared_kinds import PATH as FILE
from terrace.config.yaml_nodes import Node, Problem, Problems, compose
from terrace.waivers.never import NEVER

_EMPTY = re.compile(r"\W*(to-?do|tbd|fixme|xxx|later|none|n/?a|\?*)\W*", re.I)
_ONE_LINE = re.compile(r"[^\x00-\x1f\x7f]+")

_RECORD = Never("records are compared as a whole: each one that a change brings is told")

COMMON = (
    Key("rule", Text("a rule, or a family of rules", _ONE_LINE), "As a finding tells it.", needed=True, looser=_RECORD),
    Key(
        "address", Text("an address", _ONE_LINE), "The resource; `[*]` stands for any index.", "a path", looser=_RECORD
    ),
    Key(
        "path",
        FILE,
        "The file, from the root of the repository; one `*` a part, not in the first.",
        "an address",
        looser=_RECORD,
    ),
    Key("stack", Text(), "The stack, as findings name it.", "every stack", looser=_RECORD),
    Key("owner", Text(), "Who answers for it: a person or a team of terrace.yaml.", needed=True, looser=_RECORD),
    Key("reason", Text(), "Why it may stay.", needed=True, looser=_RECORD),
    Key("granted", Day(), "The day on which it was granted; it counts from then on.", needed=True, looser=_RECORD),
    Key("expires", Day(), "The last day on which it counts.", needed=True, looser=_RECORD),
    Key("ticket", Text(), "Where it is followed up.", "none", looser=_RECORD),
    Key(
        "status",
        Choice(("fail", "unknown")),
        "`unknown`: it is for a verdict that cannot be told.",
        "fail",
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
        "none",
        looser=_RECORD,
    ),
    Key("count", Number(1), "How many such findings there are.", "1", looser=_RECORD),
)


def _file(path: str, key: str, record: Record) -> Record:
    return Record(
        path,
        (
            Key("version", Only(1), "The version of this format.", needed=True, looser=_RECORD),
            Key(key, ListOf(record), "The records.", "none", looser=_RECORD),
        ),
    )


_FILES = {
    PATH: ("waivers", _file(PATH, "waivers", Record("a waiver", COMMON))),
    BASELINE: ("known", _file(BASELINE, "known", Record("a record of the baseline", KNOWN))),
}


def read_waivers(text: bytes, path: str, config: Config) -> tuple[Waiver, ...]:
    """The records of the file `path` (PATH or BASELINE), in its order; without text there are none.

    Owners are people and teams of `config`, where it names any. Raises BadConfig with every problem.
    """
    problems: Problems = []
    key, shape = _FILES[path]
    node = compose(text, path, problems)
    found = (shape.read(node, problems) or {}) if node is not None else {}
    records = [one for one in (found[key].value if key in found else ()) or () if one]
    # What a record lacks was told already; what it means can be judged only once all of it is there.
    whole = [one for one in records if {"rule", "owner", "reason", "granted", "expires"} <= one.keys()]
    for one in whole:
        _agree(one, path, config, problems)
    made = [_waiver(one, path) for one in whole]
    _twice(made, whole, problems)
    if problems:
        raise BadConfig(tuple(sorted(problems, key=lambda p: (p.place.line, p.place.column))))
    return tuple(made)


def known_owner(name: str, config: Config) -> bool:
    """Whether somebody may answer for a waiver: a person or team of terrace.yaml, anybody where it names none."""
    owners = {*config.teams, *config.people}
    return not owners or name in owners


def no_owner(name: str, owners: Iterable[str]) -> tuple[str, str]:
    """What is said of an owner whom terrace.yaml does not know, and what helps."""
    names = sorted(owners)
    near = nearest(name, names)
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


def _agree(one: dict[str, Located], path: str, config: Config, problems: Problems) -> None:
    def wrong(node: Node, message: str, hint: str | None = None) -> None:
        problems.append(Problem(node.place, message, hint))

    rule, owner, reason = one["rule"], one["owner"], one["reason"]
    if why := NEVER.get(rule.value):
        wrong(rule.node, f"{rule.value!r} cannot be waived: {why}", "take the record out")
    places = [one[name] for name in ("address", "path") if name in one]
    if len(places) != 1:
        message = "it says both an address and a path" if places else "`address` or `path` is missing: where it counts"
        wrong(places[1].node if places else rule.node, message, "a waiver is for one place: `address: ...`")
    for name, bad in (("address", bad_address), ("path", bad_path)):
        if name in one and (hint := bad(one[name].value)):
            wrong(one[name].node, f"{one[name].value!r} would waive too much", hint)
        if name in one and path == BASELINE and "*" in QUOTED.sub("", one[name].value):
            wrong(one[name].node, "a record of the baseline names one place", f"globs belong into {PATH}")
    if not known_owner(owner.value, config):
        wrong(owner.node, *no_owner(owner.value, {*config.teams, *config.people}))
    if empty_reason(reason.value):
        wrong(reason.node, f"{reason.value!r} is no reason", "say why it may stay, for whoever reads it next year")
    life = one["expires"].value - one["granted"].value
    if life < timedelta(0):
        wrong(one["expires"].node, "it ends before it begins", "`expires` comes after `granted`")
    elif life > config.waivers.longest:
        wrong(one["expires"].node, f"it counts for {life.days} days", too_long(config))


def _waiver(one: dict[str, Located], path: str) -> Waiver:
    given: dict[str, Any] = {name: located.value for name, located in one.items() if name != "status"}
    unknown = "status" in one and one["status"].value == "unknown"
    return Waiver(**given, unknown=unknown, source=path, line=one["rule"].node.place.line)


def _twice(made: list[Waiver], records: list[dict[str, Located]], problems: Problems) -> None:
    first: dict[object, Waiver] = {}
    for waiver, one in zip(made, records, strict=True):
        other = first.setdefault(waiver.key, waiver)
        if other is not waiver:
            message = f"{waiver.about} is there twice, first at line {other.line}"
            problems.append(Problem(one["rule"].node.place, message, "keep one"))
