"""The check `docs`: modules whose README does not have the right module docs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from terrace.checks.base import CheckContext, Findings, Rule, SourceCheck, optional
from terrace.checks.changed_modules import head_of
from terrace.config.checks import record_settings
from terrace.config.comparisons import Ordered
from terrace.config.kinds import Choice
from terrace.config.records import Key, Record
from terrace.hcl.layout import parent


@dataclass(frozen=True, slots=True)
class ModuleDocs:
    """The changed modules that need module docs: those with markers in their README (`marked`), or all but stacks."""

    modules: Literal["marked", "all"] = "marked"


_KEYS = Record(
    "docs",
    (
        Key(
            "modules",
            Choice(("marked", "all")),
            "Changed modules that need module docs in their README: those with markers there, or all.",
            "check",
            looser=Ordered(("all", "marked"), "modules without markers no longer need module docs in their README"),
        ),
    ),
    makes=ModuleDocs,
)
SETTINGS = record_settings(_KEYS, "Modules that need module docs in their README.")


def check_docs(context: CheckContext) -> Findings:
    """Returns a finding for each module with changed files whose module docs are missing, outdated or unknown."""
    from terrace.checks.module_docs.readmes import ModulePages, finding_of, in_tree

    tree = head_of(context)
    pages = ModulePages(tree, context.inventory.stacks, in_tree(tree))
    every_module = context.trusted.setting(SETTINGS).modules == "all"
    folders = pages.find_required(map(parent, context.change_set.changed), every_module=every_module)
    return tuple(finding for finding in map(finding_of, pages.of(folders)) if finding is not None)


CHECK = SourceCheck(
    name="docs",
    run=check_docs,
    level="advisory",
    settings=(SETTINGS,),
    rules=(
        Rule(
            "docs",
            "The module docs in the README of a changed module are missing or outdated, or their state is unknown.",
            "Callers of the module rely on its docs, and get something else.",
            "`terrace docs generate`, or `terrace check --fix`; the diff is in the finding.",
            optional("docs", "A README without markers is not checked."),
        ),
    ),
)
