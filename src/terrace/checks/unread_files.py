"""One finding for a configuration file that cannot be read, instead of one from each check that could not read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from terrace.assess.model import Finding, Status
from terrace.checks.base import Findings
from terrace.conflict_markers import RESOLVE, find_conflict_markers
from terrace.hcl.tree import Tree, read_many
from terrace.stacks.graph import Graph


@dataclass(frozen=True, slots=True)
class UnreadFile:
    """A file with a syntax error at `line`. `conflict` is the line of the first merge conflict, 0 without one."""

    line: int
    conflict: int = 0


def find_unread_files(graph: Graph, tree: Tree, findings: Iterable[Finding]) -> Mapping[str, UnreadFile]:
    """Returns the configuration files with a syntax error, and other files of the findings with a merge conflict."""
    errors = {
        path: facts.error_line
        for folder in graph.folders.values()
        for path, facts in zip(folder.files, folder.facts, strict=True)
        if facts.error_line
    }
    unplanned = {f.path: f.line for f in findings if f.rule == "plan" and f.path and f.path in tree.entries}
    contents = read_many(tree, [*errors, *(path for path in unplanned if path not in errors)])
    conflicts = {path: find_conflict_markers(content) for path, content in contents.items()}
    known = {path: UnreadFile(line, conflicts.get(path, 0)) for path, line in errors.items()}
    return known | {p: UnreadFile(unplanned[p], conflicts[p]) for p in conflicts if p not in known and conflicts[p]}


def fold_unread_files(findings: Iterable[Finding], unread: Mapping[str, UnreadFile]) -> Findings:
    """Returns the findings in their order, with one for each unread file and stack: Terraform's own where there is one.

    It names the rules that could not be checked in `also`, and blocks if any of them blocks.
    """
    originals = tuple(findings)
    folded: dict[Finding, Finding] = {}
    dropped: set[Finding] = set()
    for path, file in unread.items():
        members = [f for f in originals if _is_about(f, path, file)]
        if not members:
            continue
        shown = list(_select_shown(members, file))
        others = [f for f in members if f not in shown]
        dropped.update(others)
        folded.update({f: _fold(f, others, file) for f in shown})
    return tuple(dict.fromkeys(folded.get(f, f) for f in originals if f not in dropped))


def _is_about(finding: Finding, path: str, file: UnreadFile) -> bool:
    """Returns whether a finding exists because the file cannot be read."""
    if finding.path != path:
        return False
    if finding.rule in ("plan", "format"):
        return True
    return finding.status is Status.UNKNOWN and finding.line in (0, file.line)


def _select_shown(members: list[Finding], file: UnreadFile) -> Iterator[Finding]:
    """Yields the findings that stay: all errors of Terraform, or one for each stack where the cause is a conflict."""
    planned = [f for f in members if f.rule == "plan"]
    if not planned:
        yield min(members, key=lambda f: (f.advisory, f.rule == "format", -f.severity))
    elif not file.conflict:
        yield from planned
    else:
        yield from {f.stack: f for f in reversed(planned)}.values()


def _fold(finding: Finding, others: list[Finding], file: UnreadFile) -> Finding:
    also = {rule for f in others for rule in (f.rule, *f.also)} - {finding.rule}
    folded = replace(
        finding,
        severity=max(f.severity for f in (finding, *others)),
        advisory=finding.advisory and not any(f.blocks for f in others),
        also=tuple(sorted({*finding.also, *also})),
    )
    if not file.conflict:
        return folded
    return replace(folded, message="this file has merge conflict markers", line=file.conflict, fix=RESOLVE)
