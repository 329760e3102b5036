"""The keys of terrace.yaml for policies, levels of checks, waivers and audits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from terrace.config import yaml_nodes
from terrace.config.checks import DeclaredChecks
from terrace.config.comparisons import Added, Higher, Inside, Lower, Ordered, PartOf, Removed
from terrace.config.keys.values import NORMAL_PATH, PATHS_DESCRIPTION
from terrace.config.kinds import WORD, Choice, Converted, Duration, Either, Kind, ListOf, Number, Text
from terrace.config.model import AuditSettings, CheckSetting, PlainPolicies, PolicyFolder, PolicyPack, WaiverRules
from terrace.config.records import Key, Record
from terrace.config.rules import check_policy_data
from terrace.config.yaml_nodes import Node

_FOLDER = PartOf("policies")

POLICIES = Record(
    "a policy directory",
    (
        Key("path", NORMAL_PATH, "Directory of the policies.", needed=True, looser=_FOLDER),
        Key(
            "input",
            Choice(("view", "plan")),
            "Input document of the policies: Terrace's view of the plan, or the output of `terraform show -json`, as "
            "conftest expects it.",
            "check policy",
            looser=_FOLDER,
        ),
        Key(
            "namespaces",
            ListOf(Text("a package name", re.compile(r"\w+(\.\w+)*")), items="package names"),
            "With `input: plan`: the packages that are evaluated. The default of conftest is `[main]`.",
            "check policy",
            default="all of them",
            looser=_FOLDER,
        ),
        Key(
            "data",
            ListOf(NORMAL_PATH, items=PATHS_DESCRIPTION),
            "Directories of data: as for `conftest --data` with `input: plan`, otherwise inside the directory of the "
            "policies.",
            "check policy",
            default="none with `input: plan`, otherwise every `.json` and `.yaml` file of the directory",
            looser=_FOLDER,
        ),
    ),
    makes=PolicyFolder,
    rules=(check_policy_data,),
)
_FOLDER_ALONE = Converted(NORMAL_PATH, PolicyFolder)


def _choose_policies(node: Node) -> Kind:
    return POLICIES if isinstance(node, yaml_nodes.Mapping) else _FOLDER_ALONE


POLICY_FOLDERS = ListOf(
    Either(_choose_policies, (_FOLDER_ALONE, POLICIES)), items="paths, or mappings with keys of a policy directory"
)


def split_policies(folders: Iterable[PolicyFolder]) -> dict[str, Any]:
    """Returns the fields of `Config` for the folders of policies: all of them, and what those of each input need."""
    shown = {folder.path: PlainPolicies(folder.namespaces, folder.data) for folder in folders if folder.input == "plan"}
    view_data = {folder.path: folder.data for folder in folders if folder.input == "view" and folder.data}
    return {"policies": tuple(folder.path for folder in folders), "shown": shown, "view_data": view_data}


POLICY_PACK = Record(
    "the policy pack",
    (
        Key(
            "version",
            Number(1),
            "Version of the pack, for readers. `terrace policy update` writes it.",
            needed=True,
            looser=PartOf("policy_pack"),
        ),
        Key(
            "hash",
            Text("16 hexadecimal characters in quotes", re.compile(r"[0-9a-f]{16}")),
            "Hash of the rules of the pack. If the installed Terrace has other rules, `check` and deployments are "
            "blocked until `terrace policy update` is merged.",
            "check policy",
            needed=True,
            looser=PartOf("policy_pack"),
        ),
        Key(
            "required_tags",
            ListOf(Text(), items="names of tags"),
            "Required tags of every resource that supports tags; compared case-insensitively.",
            "check policy",
            looser=Removed("the policy pack no longer requires the tags {items}"),
        ),
        Key(
            "protected_environments",
            ListOf(WORD, items="environments"),
            "Environments whose data must survive: deletion protection, several zones.",
            "check policy",
            looser=Removed("the policy pack no longer protects the data of {items}"),
        ),
        Key(
            "open_ports",
            ListOf(Number(0, 65535), items="ports"),
            "Ports that can be open to the whole internet.",
            "check policy",
            looser=Added("the policy pack allows open ports: {items}"),
        ),
        Key(
            "least_backup_days",
            Number(0),
            "Minimum retention of backups of databases, in days.",
            "check policy",
            looser=Lower("the policy pack requires backups for {new} days instead of {old}"),
        ),
        Key(
            "least_key_deletion_days",
            Number(0),
            "Minimum waiting period before a key is deleted, in days.",
            "check policy",
            looser=Lower("the policy pack requires a waiting period of {new} days instead of {old} for keys"),
        ),
        Key(
            "allowed_regions",
            ListOf(Text(), items="regions"),
            "Allowed regions of resources; empty: all.",
            "check policy",
            looser=Added("the policy pack allows more regions: {items}", empty_is_all=True),
        ),
        Key(
            "unknown",
            Choice(("block", "advisory")),
            "Unknown results before apply, of rules that block a change: `block`, or `advisory`.",
            "check policy",
            looser=Ordered(("block", "advisory"), "unknown results of the policy pack no longer block a change"),
        ),
        Key(
            "off",
            ListOf(Text(), items="ids of rules"),
            "Disabled rules. `terrace explain ID` describes each. For a single resource use a waiver instead.",
            "check policy",
            looser=Added("rules of the policy pack are disabled: {items}"),
        ),
    ),
    makes=PolicyPack,
)

AUDIT = Record(
    "audit",
    (
        Key(
            "every",
            Duration(),
            "Interval between two audits of the deployed configuration by `terrace tick`, as by `terrace check --all`; "
            "0: never.",
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
            "Level of the check.",
            "check",
            default="the default of the check",
            looser=Ordered(LEVEL.words, "the check {name} goes from {old} to {new}"),
        ),
        Key(
            "fail_on",
            GRADE,
            "Minimum severity that blocks a change.",
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
                    f"Level of `{check.name}`.",
                    "check",
                    default=check.level,
                    looser=Inside(CHECK, by_key=True),
                )
                for check in checks.values()
            ),
            Key(
                "fail_on",
                GRADE,
                "Minimum severity that blocks a change. Lower severities are only reported.",
                "check",
                default="info",
                looser=Ordered(GRADE.words, "checks block a change only from severity {new} on instead of {old}"),
            ),
        ),
        makes=dict,
    )


def split_checks(declared: DeclaredChecks, configured: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the fields of `Config` for the key `checks`. A check without a level keeps its default level."""
    settings = {
        name: CheckSetting(setting.get("level", declared[name].level), setting.get("fail_on"))
        for name, setting in configured.items()
        if name != "fail_on"
    }
    return {"checks": settings, **({"fail_on": configured["fail_on"]} if "fail_on" in configured else {})}


WAIVERS = Record(
    "waivers",
    (
        Key(
            "longest",
            Duration(zero=False),
            "Maximum lifetime of a waiver.",
            "check, waive, baseline",
            looser=Higher("waivers are valid for up to {new} instead of {old}"),
        ),
    ),
    makes=WaiverRules,
)
