"""Whether a module has the files that terrace.yaml asks for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from terrace.assess.model import Finding, Severity, Status
from terrace.config.checks import record_settings
from terrace.config.comparisons import Removed
from terrace.config.keys.values import PATH
from terrace.config.kinds import ListOf
from terrace.config.records import Key, Record


@dataclass(frozen=True, slots=True)
class RequiredFiles:
    """Names of files that every folder has: of a module, and of a stack of an environment."""

    modules: tuple[str, ...] = ("README.md",)
    environments: tuple[str, ...] = ()


_FEWER_FILES = Removed("{key} no longer need {items}")

_KEYS = Record(
    "required_files",
    (
        Key("modules", ListOf(PATH), "Files of every module.", "check", looser=_FEWER_FILES),
        Key("environments", ListOf(PATH), "Files of every stack.", "check", looser=_FEWER_FILES),
    ),
    makes=RequiredFiles,
)

SETTINGS = record_settings(_KEYS, "Which files a folder must have.")


def missing_files(folder: str, there: Collection[str], wanted: Collection[str]) -> tuple[Finding, ...]:
    """A finding for every wanted file that a folder lacks; `there` are all paths of the repository."""
    paths = {name: f"{folder}/{name}" if folder else name for name in wanted}
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
        if path not in there
    )
