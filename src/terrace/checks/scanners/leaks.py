"""Findings of scanners for secrets. Only the kind and the place of a secret are kept, never the secret."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.scanners.families import LEAKED
from terrace.checks.scanners.output import T, decode
from terrace.checks.scanners.scanner import Spot
from terrace.errors import NotReady

_FIX = "revoke it where it was issued, then remove it from the commits too"


def decode_leaks(tool: str, output: bytes, type_: type[T]) -> T:
    """Returns a scanner's JSON as that type. Raises NotReady, without any part of the output, when it is not."""
    try:
        return decode(tool, output, type_)
    except NotReady as error:
        # The output can contain the secret.
        raise NotReady(f"the output of {tool} cannot be read", hint=error.hint) from None


def find_leaks(
    tool: str, leaks: Iterable[tuple[str, str, int]], spot: Spot, accepted: frozenset[str] = frozenset()
) -> Iterator[Finding]:
    """Yields a finding for each leak, which is a kind, a file and a line.

    It is waived where `accepted` contains `commit:path:kind:line` or `path:kind:line`.
    """
    for kind, file, line in leaks:
        place = spot(file)
        names = {f"{place[0]}:{place[1]}:{kind}:{line}", f"{place[1]}:{kind}:{line}"} if place else set[str]()
        where = f"commit {place[0][:7]}" if place else "the change"
        yield Finding(
            rule=f"{tool}.{kind}",
            severity=Severity.CRITICAL,
            status=Status.WAIVED if names & accepted else Status.FAIL,
            tool=tool,
            message=f"{tool} finds a secret ({kind}) that {where} adds",
            path=place[1] if place else None,
            line=max(line, 0),
            fix=_FIX,
            family=LEAKED,
        )
