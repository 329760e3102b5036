"""Whether a stack's dependency lock file is committed, names every provider, and can know it on every platform."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from terrace.assess.model import Finding, Severity, Status
from terrace.config.checks import Settings
from terrace.config.comparisons import Removed
from terrace.config.kinds import ListOf, Text
from terrace.config.records import Key
from terrace.hcl.lock_file import Locked

_NOTHING: tuple[str, ...] = ()
PLATFORMS = Settings(
    Key(
        "platforms",
        ListOf(Text("a platform like `linux_amd64`", re.compile(r"[a-z0-9]+_[a-z0-9]+"))),
        "Platforms that lock files must know providers for.",
        "check",
        looser=Removed("lock files no longer need checksums of providers for {items}"),
    ),
    _NOTHING,
)
"""The key `platforms` of terrace.yaml."""


def unlocked(
    stack: str, path: str, required: Collection[str], locked: tuple[Locked, ...] | None, platforms: Collection[str]
) -> tuple[Finding, ...]:
    """What is missing in the lock file at `path` of a stack that requires providers by these sources.

    `locked` is None when no such file is committed. An `h1:` hash is of one platform and does not say of which, while
    `zh:` hashes are those of a registry for all of its platforms: fewer `h1:` hashes than `platforms` and no `zh:` is
    a fault, and as many without `zh:` cannot be told.
    """
    if not required:
        return ()
    if locked is None:
        names = ", ".join(sorted(required))
        return (_finding(stack, path, f"no lock file is committed for {names}", Status.FAIL, platforms),)
    known = {one.address.lower(): one for one in locked}
    found: list[Finding] = []
    for source in sorted({_address(name) for name in required}):
        one = known.get(source) or known.get(source.replace("registry.terraform.io/", "registry.opentofu.org/", 1))
        if one is None:
            found.append(_finding(stack, path, f"the lock file does not name {source}", Status.FAIL, platforms))
        else:
            found += (_finding(stack, path, *said, platforms) for said in _hashes(one, platforms))
    return tuple(found)


def _hashes(one: Locked, platforms: Collection[str]) -> Iterator[tuple[str, Status]]:
    kinds = [value.partition(":")[0] for value in one.hashes]
    plain, archives = kinds.count("h1"), kinds.count("zh")
    wanted = len(set(platforms))
    if not one.hashes:
        yield f"the lock file knows {one.address} by no hash", Status.FAIL
    elif wanted and not archives:
        message = f"the lock file knows {one.address} by {plain} hashes, for {wanted} platforms"
        if plain < wanted:
            yield message, Status.FAIL
        else:
            yield f"{message}; it does not say which are whose", Status.UNKNOWN


def _address(source: str) -> str:
    """A provider's whole address, in lower case."""
    match source.lower().split("/"):
        case [name]:
            return f"registry.terraform.io/hashicorp/{name}"
        case [namespace, name]:
            return f"registry.terraform.io/{namespace}/{name}"
    return source.lower()


def _finding(stack: str, path: str, message: str, status: Status, platforms: Collection[str]) -> Finding:
    wanted = "".join(f" -platform={name}" for name in sorted(platforms))
    return Finding(
        rule="lock-file",
        severity=Severity.MEDIUM,
        status=status,
        tool="terrace",
        message=message,
        stack=stack,
        path=path,
        fix=f"terraform providers lock{wanted}, and commit the lock file",
    )
