"""The check `pinned`: versions that a module leaves open, of Terraform, providers and called modules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.base import ONE_PLACE, CheckContext, Findings, Rule, SourceCheck, optional
from terrace.checks.changed_modules import head_of, root_folders, touched_modules
from terrace.hcl.facts import FileFacts, ModuleCall
from terrace.hcl.facts_store import NoStore, load_facts

_REGISTRY = re.compile(r"(?:[A-Za-z0-9.-]+\.[A-Za-z0-9-]+(?::\d+)?/)?[\w-]+/[\w-]+/[a-z0-9]+(?://.*)?", re.ASCII)
_GIT = re.compile(r"git::|git@|(?:github\.com|bitbucket\.org)/|[a-z+]+://[^?]*\.git(?:$|[/?])")
_REF = re.compile(r"[?&]ref=([^&]*)")
_FIXED = re.compile(r"[0-9a-f]{7,64}|(?:.*[/-])?v?\d+(?:\.\d+)*(?:[-+.][\w.+-]+)?", re.ASCII)

_NOT_FIXED = "two runs of one commit can plan different code, since each uses the copy that it fetched first"


def check_pinned(context: CheckContext) -> Findings:
    """Returns a finding for each version that the modules with changed files leave open."""
    tree, roots = head_of(context), root_folders(context)
    return tuple(
        finding
        for folder, paths in touched_modules(context)
        for finding in check_versions(load_facts(tree, paths, NoStore()), root=folder in roots)
    )


def check_versions(files: Mapping[str, FileFacts], *, root: bool) -> Findings:
    """Returns a finding for each version that one module leaves open.

    `files` are the facts of its files by path. A `root` module must also require a version of Terraform.
    """
    findings = [finding for path, facts in sorted(files.items()) for finding in _of_file(path, facts)]
    if root and files and not any(facts.required_version for facts in files.values()):
        findings.append(
            _finding(
                "the root module does not require a version of Terraform",
                min(files),
                0,
                'terraform { required_version = ">= 1.6" }',
            )
        )
    return tuple(findings)


def _of_file(path: str, facts: FileFacts) -> Iterator[Finding]:
    if facts.error_line:
        yield Finding(
            rule="pinned",
            severity=Severity.LOW,
            status=Status.UNKNOWN,
            tool="terrace",
            message="the part after a syntax error was not checked",
            path=path,
            line=facts.error_line,
            fix="fix the file",
        )
    for provider in facts.required_providers:
        if not provider.version:
            message = f"the provider {provider.name} is required without a literal version"
            yield _finding(
                message, path, provider.line, f'set it: {provider.name} = {{ source = "...", version = "~> 1.0" }}'
            )
    for call in facts.modules:
        yield from _of_call(path, call)


def _of_call(path: str, call: ModuleCall) -> Iterator[Finding]:
    if call.source is None:
        yield Finding(
            rule="pinned",
            severity=Severity.LOW,
            status=Status.UNKNOWN,
            tool="terrace",
            message=f"the source of module {call.name!r} is not a literal, so that its version is unknown",
            path=path,
            line=call.line,
            fix="write the source as a plain string",
        )
    elif call.source.startswith(("./", "../")) or call.source in (".", ".."):
        return
    elif _GIT.match(call.source):
        yield from _of_git(path, call, call.source)
    elif _REGISTRY.fullmatch(call.source) and not call.version:
        message = f"module {call.name!r} comes from a registry without a literal version"
        yield _finding(message, path, call.line, 'set it: version = "~> 1.0"')


def _of_git(path: str, call: ModuleCall, source: str) -> Iterator[Finding]:
    ref = _REF.search(source)
    if ref is None or not ref[1]:
        message = f"module {call.name!r} comes from Git without `ref`: {_NOT_FIXED}"
        yield _finding(message, path, call.line, "add `?ref=` with a commit or a version tag")
    elif not _FIXED.fullmatch(ref[1]):
        message = f"module {call.name!r} follows {ref[1]!r}, which looks like a branch: {_NOT_FIXED}"
        yield _finding(message, path, call.line, "use a commit or a version tag")


def _finding(message: str, path: str, line: int, fix: str) -> Finding:
    return Finding("pinned", Severity.MEDIUM, Status.FAIL, "terrace", message, path=path, line=line, fix=fix)


CHECK = SourceCheck(
    name="pinned",
    run=check_pinned,
    level="advisory",
    rules=(
        Rule(
            "pinned",
            "A changed module leaves a version open: of Terraform, a provider, a registry module or a Git source.",
            "The same commit could create different infrastructure tomorrow.",
            "Set a version where the finding says; for Git a tag or a commit in `?ref=`.",
            optional("pinned", ONE_PLACE),
        ),
    ),
)
