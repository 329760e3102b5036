"""The keys of terrace.yaml that say what is checked, how strictly, and by which policies."""

from __future__ import annotations

import re
from datetime import timedelta

from terrace.config.checks import DeclaredChecks
from terrace.config.comparisons import Higher, Inside, Ordered, PartOf
from terrace.config.kinds import Choice, Duration, Either, Key, Kind, ListOf, Record, Text
from terrace.config.shared_kinds import PATH
from terrace.config.yaml_nodes import Mapping, Node

_FOLDER = PartOf("policies")

POLICIES = Record(
    "a folder of policies",
    (
        Key("path", PATH, "The folder.", needed=True, looser=_FOLDER),
        Key(
            "input",
            Choice(("view", "plan")),
            "What they are given: Terrace's view, or `terraform show -json` as conftest and OPA know it.",
            "view",
            "check policy",
            looser=_FOLDER,
        ),
        Key(
            "namespaces",
            ListOf(Text("a package", re.compile(r"\w+(\.\w+)*"))),
            "With `input: plan`, the packages that judge; conftest's own default is `[main]`.",
            "all of them",
            "check policy",
            looser=_FOLDER,
        ),
        Key(
            "data",
            ListOf(PATH),
            "Folders of data: as `conftest --data` with `input: plan`, else inside of the folder.",
            "none with `input: plan`, else every `.json` and `.yaml` file of the folder",
            "check policy",
            looser=_FOLDER,
        ),
    ),
)


def _policies(node: Node) -> Kind:
    return POLICIES if isinstance(node, Mapping) else PATH


POLICY_FOLDERS = ListOf(Either(_policies, (PATH, POLICIES)))

AUDIT = Record(
    "audit",
    (
        Key(
            "every",
            Duration(),
            "How often `terrace tick` looks at everything that is deployed, as `terrace check --all` does; 0: never.",
            "0",
            "tick",
            looser=Higher("the deployed configuration is audited less often", unlimited=(timedelta(0),)),
        ),
    ),
)
LEVEL = Choice(("required", "advisory", "off"))
GRADE = Choice(("info", "low", "medium", "high", "critical"))
CHECK = Record(
    "a check",
    (
        Key(
            "level",
            LEVEL,
            "How much it weighs.",
            "as without a word",
            "check",
            looser=Ordered(LEVEL.words, "the check {name} goes from {old} to {new}"),
        ),
        Key(
            "fail_on",
            GRADE,
            "The least severity that holds a change.",
            "`fail_on` of `checks`",
            "check",
            looser=Ordered(
                GRADE.words, "the check {name} blocks a change only from severity {new} on instead of {old}"
            ),
        ),
    ),
)


def checks_record(checks: DeclaredChecks) -> Record:
    """Returns the record of the key `checks`: a key for each check, and the severity that fails the others."""
    return Record(
        "checks",
        (
            *(
                Key(
                    check.name,
                    Either(lambda node: CHECK if isinstance(node, Mapping) else LEVEL, (LEVEL, CHECK)),
                    f"How much `{check.name}` weighs.",
                    check.level,
                    "check",
                    looser=Inside(CHECK, by_key=True),
                )
                for check in checks.values()
            ),
            Key(
                "fail_on",
                GRADE,
                "The least severity that holds a change; less is told.",
                "info",
                "check",
                looser=Ordered(GRADE.words, "checks block a change only from severity {new} on instead of {old}"),
            ),
        ),
    )


WAIVERS = Record(
    "waivers",
    (
        Key(
            "longest",
            Duration(zero=False),
            "How long a waiver may count.",
            "180d",
            "check, waive, baseline",
            looser=Higher("waivers count for up to {new} instead of {old}"),
        ),
    ),
)
