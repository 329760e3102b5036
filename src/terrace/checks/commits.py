"""The check `commits`: commit messages that do not follow Conventional Commits as terrace.yaml sets them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.base import CheckContext, Findings, Rule, SourceCheck, optional
from terrace.config.checks import record_settings
from terrace.config.comparisons import Added, Higher
from terrace.config.kinds import WORD, ListOf, Number, Text
from terrace.config.naming import find_nearest
from terrace.config.records import Key, Record

if TYPE_CHECKING:
    from terrace.stacks.repository import Commit

_HEAD = re.compile(r"(?P<type>[\w-]+)(?P<scope>\([^()]*\))?(?P<breaks>!)?:(?P<space> ?)(?P<subject>.*)")
_LEFTOVER = re.compile(r"(fixup|squash|amend)! ")
_UNDOING = re.compile(r'(Revert|Reapply) ".*')
_UNDONE = re.compile(r"^This reverts commit [0-9a-f]{7,64}", re.MULTILINE)
_BREAKING = re.compile(r"(breaking[ -]change)(?:(?: #)|(?:\s*:))(?P<text>.*)", re.IGNORECASE)
_FOOTER = re.compile(r"(?:[A-Za-z][A-Za-z0-9-]*|BREAKING CHANGE)(?:: | #)\S")
_MEANT = {"feature": "feat", "bug": "fix", "bugfix": "fix", "hotfix": "fix", "doc": "docs", "tests": "test"}
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class CommitRules:
    """The form of commit messages: the known `types`, the known `scopes` (empty: any), and the maximum length of the
    first line."""

    types: tuple[str, ...] = (
        "build",
        "chore",
        "ci",
        "docs",
        "feat",
        "fix",
        "perf",
        "refactor",
        "revert",
        "style",
        "test",
    )
    scopes: tuple[str, ...] = ()
    subject: int = 72


_KEYS = Record(
    "commits",
    (
        Key(
            "types",
            ListOf(WORD, 1, "names"),
            "Types that a commit message can start with.",
            "check",
            looser=Added("commits may be of type {items}"),
        ),
        Key(
            "scopes",
            ListOf(Text(), items="texts"),
            "Scopes that can follow the type.",
            "check",
            default="any",
            looser=Added("commits may have more scopes", empty_is_all=True),
        ),
        Key(
            "subject",
            Number(20),
            "Maximum length of the first line, in characters.",
            "check",
            looser=Higher("the first line of a commit may have {new} characters instead of {old}"),
        ),
    ),
    makes=CommitRules,
)

SETTINGS = record_settings(_KEYS, "Rules for commit messages.", shown_default="Conventional Commits")


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault in a message, and the fix."""

    what: str
    right: str


def check_commits(context: CheckContext) -> Findings:
    """Returns a finding for each commit of the change whose message breaks the rules."""
    change, repository = context.change_set, context.adapters.repository
    findings = check_messages(repository.commits(change.base, change.head), context.trusted.setting(SETTINGS))
    if repository.is_whole(change.base, change.head):
        return findings
    message = "this clone is shallow and lacks commits of the change: their messages were not checked"
    missing = Finding("commits", Severity.LOW, Status.UNKNOWN, "terrace", message, fix="git fetch --unshallow")
    return (*findings, missing)


def check_messages(commits: Iterable[Commit], rules: CommitRules) -> Findings:
    """Returns a finding for each commit whose message breaks the rules. Merges pass: Git writes their messages."""
    return tuple(
        Finding(
            rule="commits",
            severity=Severity.LOW,
            status=Status.FAIL,
            tool="terrace",
            message=f"commit {commit.id[:7]} {_title(commit.message)!r}: {'; '.join(fault.what for fault in faults)}",
            fix="; ".join(dict.fromkeys(fault.right for fault in faults)),
        )
        for commit in commits
        if not commit.merge and (faults := faults_of(commit.message, rules))
    )


def faults_of(message: str, rules: CommitRules) -> tuple[Fault, ...]:
    """Returns the faults in a message; none for a message that is right, or that `git revert` wrote."""
    lines = [line.rstrip() for line in message.strip("\r\n").split("\n")]
    first = lines[0] if lines else ""
    if not first.strip():
        return (Fault("it has no message", f"begin with `{_example(rules)}`"),)
    leftover = _LEFTOVER.match(first)
    if leftover:
        article = "an" if leftover[1] == "amend" else "a"
        problem = f"{article} {leftover[1]} has to be squashed into another commit before it is merged"
        return (Fault(problem, "git rebase -i --autosquash"),)
    if _UNDOING.match(first) and _UNDONE.search(message):
        return ()
    faults = [*_head_faults(first, rules)]
    if len(first) > rules.subject:
        problem = f"the first line has {len(first)} characters"
        faults.append(Fault(problem, f"{rules.subject} at most; the rest belongs below an empty line"))
    if len(lines) > 1 and lines[1]:
        faults.append(Fault("the second line is not empty", "leave a line empty below the first"))
    return (*faults, *_footer_faults(lines[1:]))


def _head_faults(first: str, rules: CommitRules) -> list[Fault]:
    head = _HEAD.fullmatch(first)
    if head is None:
        allowed = ", ".join(rules.types)
        return [Fault("it does not begin with a type", f"begin with `{_example(rules)}`; the types are {allowed}")]
    faults = []
    types = {name.lower(): name for name in rules.types}
    # The case of types and scopes does not matter, by the specification.
    if head["type"].lower() not in types:
        near = types.get(_MEANT.get(head["type"].lower(), "")) or find_nearest(head["type"].lower(), types)
        right = f"did you mean {near!r}?" if near else f"the types are {', '.join(rules.types)}"
        faults.append(Fault(f"{head['type']!r} is not a known type", right))
    if head["scope"] is not None:
        faults += _scope_faults(head["scope"][1:-1], rules)
    if not head["subject"].strip():
        faults.append(Fault("there is no description after the colon", "describe what the commit does"))
    elif not head["space"]:
        faults.append(Fault("there is no space after the colon", "add one"))
    return faults


def _scope_faults(scope: str, rules: CommitRules) -> list[Fault]:
    if not scope.strip():
        return [Fault("the scope is empty", "name it, or leave the parentheses out")]
    scopes = {name.lower(): name for name in rules.scopes}
    unknown = [name.strip() for name in scope.split(",") if scopes and name.strip().lower() not in scopes]
    if not unknown:
        return []
    near = find_nearest(unknown[0].lower(), scopes)
    right = f"did you mean {scopes[near]!r}?" if near else f"the scopes are {', '.join(rules.scopes)}"
    return [Fault(f"{', '.join(map(repr, unknown))} is not a known scope", right)]


def _footer_faults(lines: list[str]) -> list[Fault]:
    """Returns the fault in a footer for a breaking change that a tool would not recognize."""
    right = "`BREAKING CHANGE: what breaks`"
    for at, line in enumerate(lines):
        match = _BREAKING.fullmatch(line)
        if match is None or (not match[1].isupper() and _is_wrapped(lines[:at])):
            continue
        if not match[1].isupper() or not line.startswith((f"{match[1]}:", f"{match[1]} #")):
            return [Fault(f"the footer {match[1]!r} is not in the form that tools read", right)]
        if not match["text"].strip() and not any(lines[at + 1 : at + 2]):
            return [Fault("the footer does not describe the breaking change", right)]
    return []


def _is_wrapped(before: list[str]) -> bool:
    """Returns whether the next line continues a sentence: the line before it is prose, not a footer."""
    last = before[-1] if before else ""
    return bool(last.strip()) and not _FOOTER.match(last) and not last.startswith((" ", "\t"))


def _example(rules: CommitRules) -> str:
    scope = f"({rules.scopes[0]})" if rules.scopes else ""
    return f"{'feat' if 'feat' in rules.types else rules.types[0]}{scope}: what it does"


def _title(message: str) -> str:
    first = message.strip().split("\n")[0].rstrip()
    return first if len(first) <= _SHOWN else f"{first[: _SHOWN - 1]}…"


CHECK = SourceCheck(
    name="commits",
    run=check_commits,
    level="advisory",
    settings=(SETTINGS,),
    of_changes_only=True,
    rules=(
        Rule(
            "commits",
            "A commit message does not follow Conventional Commits, or `commits:` in terrace.yaml.",
            "Changelogs, versions and readers in a hurry use nothing else.",
            "Rewrite it: `git rebase -i`, then `reword`.",
            optional("commits"),
        ),
    ),
)
