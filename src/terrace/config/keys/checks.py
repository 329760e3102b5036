"""The keys of terrace.yaml that say what is checked, how strictly, and by which policies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from terrace.config import yaml_nodes
from terrace.config.checks import DeclaredChecks
from terrace.config.comparisons import Higher, Inside, Ordered, PartOf
from terrace.config.keys.values import NORMAL_PATH
from terrace.config.kinds import Choice, Converted, Duration, Either, Kind, ListOf, Text
from terrace.config.model import AuditSettings, CheckSetting, PlainPolicies, PolicyFolder, WaiverRules
from terrace.config.records import Key, Record
from terrace.config.rules import check_policy_data
from terrace.config.yaml_nodes import Node

_FOLDER = PartOf("policies")

POLICIES = Record(
    "a folder of policies",
    (
        Key("path", NORMAL_PATH, "The folder.", needed=True, looser=_FOLDER),
        Key(
            "input",
            Choice(("view", "plan")),
            "What they are given: Terrace's view, or `terraform show -json` as conftest and OPA know it.",
            "check policy",
            looser=_FOLDER,
        ),
        Key(
            "namespaces",
            ListOf(Text("a package", re.compile(r"\w+(\.\w+)*"))),
            "With `input: plan`, the packages that judge; conftest's own default is `[main]`.",
            "check policy",
            default="all of them",
            looser=_FOLDER,
        ),
        Key(
            "data",
            ListOf(NORMAL_PATH),
            "Folders of data: as `conftest --data` with `input: plan`, else inside of the folder.",
            "check policy",
            default="none with `input: plan`, else every `.json` and `.yaml` file of the folder",
            looser=_FOLDER,
        ),
    ),
    makes=PolicyFolder,
    rules=(check_policy_data,),
)
_FOLDER_ALONE = Converted(NORMAL_PATH, PolicyFolder)


def _choose_policies(node: Node) -> Kind:
    return POLICIES if isinstance(node, yaml_nodes.Mapping) else _FOLDER_ALONE


POLICY_FOLDERS = ListOf(Either(_choose_policies, (_FOLDER_ALONE, POLICIES)))


def split_policies(folders: Iterable[PolicyFolder]) -> dict[str, Any]:
    """Returns the fields of `Config` for the folders of policies: all of them, and what those of each input need."""
    shown = {one.path: PlainPolicies(one.namespaces, one.data) for one in folders if one.input == "plan"}
    view_data = {one.path: one.data for one in folders if one.input == "view" and one.data}
    return {"policies": tuple(one.path for one in folders), "shown": shown, "view_data": view_data}


AUDIT = Record(
    "audit",
    (
        Key(
            "every",
            Duration(),
            "How often `terrace tick` looks at everything that is deployed, as `terrace check --all` does; 0: never.",
            "tick",
            looser=Higher("the deployed configuration is audited less often", unlimited=(timedelta(0),)),
        ),
    ),
    makes=AuditSettings,
)
LEVEL = Choice(("required", "advisory", "off"))
GRADE = Choice(("info", "low", "medium", "high", "critical"))
CHECK: Record[dict[str, Any]] = Record(
    "a check",
    (
        Key(
            "level",
            LEVEL,
            "How much it weighs.",
            "check",
            default="as without a word",
            looser=Ordered(LEVEL.words, "the check {name} goes from {old} to {new}"),
        ),
        Key(
            "fail_on",
            GRADE,
            "The least severity that holds a change.",
            "check",
            default="`fail_on` of `checks`",
            looser=Ordered(
                GRADE.words, "the check {name} blocks a change only from severity {new} on instead of {old}"
            ),
        ),
    ),
    makes=dict,
)
_LEVEL_ALONE = Converted(LEVEL, lambda level: {"level": level})


def _choose_check(node: Node) -> Kind:
    return CHECK if isinstance(node, yaml_nodes.Mapping) else _LEVEL_ALONE


def checks_record(checks: DeclaredChecks) -> Record[dict[str, Any]]:
    """Returns the record of the key `checks`: a key for each check, and the severity that fails the others."""
    return Record(
        "checks",
        (
            *(
                Key(
                    check.name,
                    Either(_choose_check, (_LEVEL_ALONE, CHECK)),
                    f"How much `{check.name}` weighs.",
                    "check",
                    default=check.level,
                    looser=Inside(CHECK, by_key=True),
                )
                for check in checks.values()
            ),
            Key(
                "fail_on",
                GRADE,
                "The least severity that holds a change; less is told.",
                "check",
                default="info",
                looser=Ordered(GRADE.words, "checks block a change only from severity {new} on instead of {old}"),
            ),
        ),
        makes=dict,
    )


def split_checks(declared: DeclaredChecks, given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the fields of `Config` for the key `checks`. A check without a level keeps its default level."""
    settings = {
        name: CheckSetting(setting.get("level", declared[name].level), setting.get("fail_on"))
        for name, setting in given.items()
        if name != "fail_on"
    }
    return {"checks": settings, **({"fail_on": given["fail_on"]} if "fail_on" in given else {})}


WAIVERS = Record(
    "waivers",
    (
        Key(
            "longest",
            Duration(zero=False),
            "How long a waiver may count.",
            "check, waive, baseline",
            looser=Higher("waivers count for up to {new} instead of {old}"),
        ),
    ),
    makes=WaiverRules,
)
