"""The keys of terrace.yaml that say what is checked, how strictly, and by which policies."""

from __future__ import annotations

import re

from terrace.stacks.config import ADVISORY, SCANNERS, CommitRules
from terrace.stacks.key_words import PATH
from terrace.stacks.kinds import (
    WORD,
    Choice,
    Convention,
    Duration,
    Either,
    Key,
    Kind,
    ListOf,
    Number,
    Record,
    Text,
)
from terrace.stacks.yaml_nodes import Mapping, Node

POLICIES = Record(
    "a folder of policies",
    (
        Key("path", PATH, "The folder.", needed=True),
        Key(
            "input",
            Choice(("view", "plan")),
            "What they are given: Terrace's view, or `terraform show -json` as conftest and OPA know it.",
            "view",
            "check policy",
        ),
        Key(
            "namespaces",
            ListOf(Text("a package", re.compile(r"\w+(\.\w+)*"))),
            "With `input: plan`, the packages that judge; conftest's own default is `[main]`.",
            "all of them",
            "check policy",
        ),
        Key("data", ListOf(PATH), "With `input: plan`, folders of data, as `conftest --data`.", "none", "check policy"),
    ),
)


def _policies(node: Node) -> Kind:
    return POLICIES if isinstance(node, Mapping) else PATH


POLICY_FOLDERS = ListOf(Either(_policies, (PATH, POLICIES)))

COMMITS = Record(
    "commits",
    (
        Key("types", ListOf(WORD, 1), "Types that a message may begin with.", ", ".join(CommitRules().types), "check"),
        Key("scopes", ListOf(Text()), "Scopes that may follow the type.", "any", "check"),
        Key("subject", Number(20), "How many characters the first line may have.", "72", "check"),
    ),
)

REQUIRED_FILES = Record(
    "required_files",
    (
        Key("modules", ListOf(PATH), "Files of every module.", "README.md", "check"),
        Key("environments", ListOf(PATH), "Files of every stack.", "none", "check"),
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
        ),
    ),
)

NAMING = Record(
    "naming",
    tuple(
        Key(name, Convention(), f"How {what} are named; an expression is for all of a name.", "snake_case", "check")
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
        ),
    ),
)
LEVEL = Choice(("required", "advisory", "off"))
CHECKS = (
    "format",
    "trust-root",
    "layout",
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
    *SCANNERS,
    "scanners",
)
"""What may be weighed: the names of `terrace.apps.checks`."""
GRADE = Choice(("info", "low", "medium", "high", "critical"))
CHECK = Record(
    "a check",
    (
        Key("level", LEVEL, "How much it weighs.", "as without a word", "check"),
        Key("fail_on", GRADE, "The least severity that holds a change.", "`fail_on` of `checks`", "check"),
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
            )
            for name in CHECKS
        ),
        Key(
            "fail_on",
            GRADE,
            "The least severity that holds a change; less is told.",
            "info",
            "check",
        ),
    ),
)

WAIVERS = Record(
    "waivers",
    (Key("longest", Duration(zero=False), "How long a waiver may count.", "180d", "check, waive, baseline"),),
)
