"""The check `required-files`: modules and stacks without the files that terrace.yaml requires."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.base import ONE_PLACE, CheckContext, Findings, Rule, SourceCheck, optional
from terrace.checks.changed_modules import head_of, root_folders, touched_modules
from terrace.config.checks import record_settings
from terrace.config.comparisons import Removed
from terrace.config.keys.values import PATH, PATHS_DESCRIPTION
from terrace.config.kinds import ListOf
from terrace.config.records import Key, Record


@dataclass(frozen=True, slots=True)
class RequiredFiles:
    """Files that every folder must have: of a module, and of a stack of an environment."""

    modules: tuple[str, ...] = ("README.md",)
    environments: tuple[str, ...] = ()


_FEWER_FILES = Removed("{key} no longer need {items}")

_KEYS = Record(
    "required_files",
    (
        Key(
            "modules",
            ListOf(PATH, items=PATHS_DESCRIPTION),
            "Files that every module must have.",
            "check",
            looser=_FEWER_FILES,
        ),
        Key(
            "environments",
            ListOf(PATH, items=PATHS_DESCRIPTION),
            "Files that every stack must have.",
            "check",
            looser=_FEWER_FILES,
        ),
    ),
    makes=RequiredFiles,
)

SETTINGS = record_settings(_KEYS, "Files that are required in directories.")


def check_required_files(context: CheckContext) -> Findings:
    """Returns a finding for each required file that a module or stack with changed files lacks."""
    tree, roots = head_of(context), root_folders(context)
    required = context.trusted.setting(SETTINGS)
    findings: list[Finding] = []
    for folder, _ in touched_modules(context):
        names = required.environments if folder in roots else required.modules
        findings += find_missing_files(folder, tree.entries, names)
    return tuple(findings)


def find_missing_files(folder: str, existing: Collection[str], required: Collection[str]) -> Findings:
    """Returns a finding for each wanted file that a folder lacks; `existing` are all paths of the repository."""
    paths = {name: f"{folder}/{name}" if folder else name for name in required}
    return tuple(
        Finding(
            rule="required-files",
            severity=Severity.LOW,
            status=Status.FAIL,
            tool="terrace",
            message=f"{folder or 'the root of the repository'} has no {name}",
            path=path,
            fix=f"write {path}",
        )
        for name, path in sorted(paths.items())
        if path not in existing
    )


CHECK = SourceCheck(
    name="required-files",
    run=check_required_files,
    level="advisory",
    settings=(SETTINGS,),
    rules=(
        Rule(
            "required-files",
            "A changed module or stack lacks a file that `required_files:` in terrace.yaml requires.",
            "Without its README, everyone who uses a module has to read its source.",
            "Add the file.",
            optional("required-files", ONE_PLACE),
        ),
    ),
)
