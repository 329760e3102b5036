"""The check `lock-file`: dependency lock files that are missing, or lack a provider or a platform."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.base import ONE_PLACE, CheckContext, Findings, Rule, SourceCheck, optional
from terrace.checks.changed_modules import head_of
from terrace.config.checks import Settings
from terrace.config.comparisons import Removed
from terrace.config.kinds import ListOf, Text
from terrace.config.records import Key
from terrace.hcl.facts import provider_sources
from terrace.hcl.layout import LOCK_FILE
from terrace.hcl.lock_file import LockedProvider, read_lock_file

_NOTHING: tuple[str, ...] = ()
PLATFORMS = Settings(
    Key(
        "platforms",
        ListOf(
            Text("a platform like `linux_amd64`", re.compile(r"[a-z0-9]+_[a-z0-9]+")),
            items="platforms like `linux_amd64`",
        ),
        "Platforms for which lock files must have checksums of the providers.",
        "check",
        looser=Removed("lock files no longer need checksums of providers for {items}"),
    ),
    _NOTHING,
)
"""The key `platforms` in terrace.yaml."""


def check_lock_files(context: CheckContext) -> Findings:
    """Returns a finding for each thing that the lock files of the impacted stacks lack."""
    graph, tree = context.inventory.graph, head_of(context)
    platforms = context.trusted.setting(PLATFORMS)
    findings: list[Finding] = []
    for stack in (impact.stack for impact in context.change_set.impacts):
        folders = [graph.folders[path] for path in graph.find_reached(stack) if path in graph.folders]
        required = frozenset[str]().union(*(provider_sources(folder.facts) for folder in folders))
        path = stack.file(LOCK_FILE)
        is_committed = path in tree.entries and not tree.entries[path].is_link
        locked = read_lock_file(tree.read(path)) if is_committed else None
        findings += check_lock_file(stack.key, path, required, locked, platforms)
    return tuple(findings)


def check_lock_file(
    stack: str,
    path: str,
    required: Collection[str],
    locked: tuple[LockedProvider, ...] | None,
    platforms: Collection[str],
) -> Findings:
    """Returns a finding for each thing that the lock file at `path` of a stack lacks. `required` are provider sources.

    `locked` is None when no such file is committed. An `h1:` hash is for one platform, without its name, while `zh:`
    hashes are from a registry for all of its platforms. Fewer `h1:` hashes than `platforms` and no `zh:` is a fault; as
    many without `zh:` is unknown.
    """
    if not required:
        return ()
    if locked is None:
        names = ", ".join(sorted(required))
        return (_finding(stack, path, f"no lock file is committed for {names}", Status.FAIL, platforms),)
    by_address = {provider.address.lower(): provider for provider in locked}
    findings: list[Finding] = []
    for source in sorted({_address(name) for name in required}):
        provider = by_address.get(source) or by_address.get(
            source.replace("registry.terraform.io/", "registry.opentofu.org/", 1)
        )
        if provider is None:
            findings.append(_finding(stack, path, f"the lock file does not name {source}", Status.FAIL, platforms))
        else:
            findings += (_finding(stack, path, *problem, platforms) for problem in _hashes(provider, platforms))
    return tuple(findings)


def _hashes(provider: LockedProvider, platforms: Collection[str]) -> Iterator[tuple[str, Status]]:
    kinds = [value.partition(":")[0] for value in provider.hashes]
    plain, archives = kinds.count("h1"), kinds.count("zh")
    platform_count = len(set(platforms))
    if not provider.hashes:
        yield f"the lock file has no hash of {provider.address}", Status.FAIL
    elif platform_count and not archives:
        message = f"the lock file has {plain} hashes of {provider.address}, for {platform_count} platforms"
        if plain < platform_count:
            yield message, Status.FAIL
        else:
            yield f"{message}; they do not show their platforms", Status.UNKNOWN


def _address(source: str) -> str:
    """Returns a provider's full address, in lower case."""
    match source.lower().split("/"):
        case [name]:
            return f"registry.terraform.io/hashicorp/{name}"
        case [namespace, name]:
            return f"registry.terraform.io/{namespace}/{name}"
    return source.lower()


def _finding(stack: str, path: str, message: str, status: Status, platforms: Collection[str]) -> Finding:
    options = "".join(f" -platform={name}" for name in sorted(platforms))
    return Finding(
        rule="lock-file",
        severity=Severity.MEDIUM,
        status=status,
        tool="terrace",
        message=message,
        stack=stack,
        path=path,
        fix=f"terraform providers lock{options}, and commit the lock file",
    )


CHECK = SourceCheck(
    name="lock-file",
    run=check_lock_files,
    level="advisory",
    settings=(PLATFORMS,),
    rules=(
        Rule(
            "lock-file",
            "A stack's dependency lock file is not committed, or lacks a provider or a platform.",
            "Without it `init` installs the newest providers, and verifies none of them.",
            "Run `terraform providers lock -platform=...` in the stack's folder, and commit the file.",
            optional("lock-file", ONE_PLACE),
        ),
    ),
)
