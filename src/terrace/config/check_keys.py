"""The keys of terrace.yaml that say what is checked, how strictly, and by which policies."""

from __future__ import annotations

import re
from datetime import timedelta

from terrace.config.comparisons import Added, Changed, Higher, Inside, Ordered, PartOf, Removed
from terrace.config.kinds import WORD, Choice, Convention, Duration, Either, Key, Kind, ListOf, Number, Record, Text
from terrace.config.model import ADVISORY, SCANNERS, CommitRules
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

COMMITS = Record(
    "commits",
    (
        Key(
            "types",
            ListOf(WORD, 1),
            "Types that a message may begin with.",
            ", ".join(CommitRules().types),
            "check",
            looser=Added("commits may be of type {items}"),
        ),
        Key(
            "scopes",
            ListOf(Text()),
            "Scopes that may follow the type.",
            "any",
            "check",
            looser=Added("commits may have more scopes", empty_is_all=True),
        ),
        Key(
            "subject",
            Number(20),
            "How many characters the first line may have.",
            "72",
            "check",
            looser=Higher("the first line of a commit may have {new} characters instead of {old}"),
        ),
    ),
)

_FEWER_FILES = Removed("{key} no longer need {items}")

REQUIRED_FILES = Record(
    "required_files",
    (
        Key("modules", ListOf(PATH), "Files of every module.", "README.md", "check", looser=_FEWER_FILES),
        Key("environments", ListOf(PATH), "Files of every stack.", "none", "check", looser=_FEWER_FILES),
    ),
)

DOCS = Record(
    "docs",
    (
        Key(
            "modules",
            Choice(("marked", "all")),
            "Which changed modules need a page in their README: those with markers there, or all.",
            "marked",
            "check",
            looser=Ordered(("all", "marked"), "modules without a marker no longer need a page in their README"),
        ),
    ),
)

NAMING = Record(
    "naming",
    tuple(
        Key(
            name,
            Convention(),
            f"How {what} are named; an expression is for all of a name.",
            "snake_case",
            "check",
            looser=Changed("names of {key} are judged by '{new}' instead of '{old}'", unless=("any",)),
        )
        for name, what in (
            ("resources", "resources"),
            ("data", "data sources"),
            ("modules", "calls of modules"),
            ("variables", "variables"),
            ("outputs", "outputs"),
            ("locals", "local values"),
        )
    ),
)

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
CHECKS = (
    "format",
    "trust-root",
    "layout",
    "outside-files",
    "shared-state",
    "removed-output",
    "policy",
    "commits",
    "pinned",
    "lock-file",
    "unused",
    "required-files",
    "docs",
    "naming",
    "deprecated",
    "secrets",
    "plan-secrets",
    "volatile",
    "check-blocks",
    "warnings",
    *SCANNERS,
    "scanners",
)
"""What may be weighed: the names of `terrace.checks.all`."""
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
WEIGHTS = Record(
    "checks",
    (
        *(
            Key(
                name,
                Either(lambda node: CHECK if isinstance(node, Mapping) else LEVEL, (LEVEL, CHECK)),
                f"How much `{name}` weighs.",
                "advisory" if name in ADVISORY else "required",
                "check",
                looser=Inside(CHECK, by_key=True),
            )
            for name in CHECKS
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
