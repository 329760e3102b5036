"""The output of gitleaks and trufflehog. Only the kind and the place of a secret are kept, never the secret."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.scanners.families import LEAKED
from terrace.checks.scanners.heard import T, decoded
from terrace.errors import NotReady

GITLEAKS = "gitleaks"
TRUFFLEHOG = "trufflehog"

Spot = Callable[[str], tuple[str, str] | None]
"""The name of a file that a scanner was given -> its commit and its path; None for any other file."""

Accepted = frozenset[str]
"""Lines of `.gitleaksignore`: `commit:path:rule:line` or `path:rule:line`."""

_NOTHING = msgspec.Raw(b"")

_FIX = "revoke it where it was issued, then remove it from the commits too"


class Leak(msgspec.Struct, rename="pascal"):
    """One finding of gitleaks."""

    rule_id: str = msgspec.field(name="RuleID")
    file: str
    start_line: int
    description: str = ""


class FileSpot(msgspec.Struct):
    """A part of the place of a finding of trufflehog."""

    file: str
    line: int = 0


class Data(msgspec.Struct):
    """A part of the place of a finding of trufflehog."""

    place: FileSpot = msgspec.field(name="Filesystem")


class Metadata(msgspec.Struct):
    """A part of the place of a finding of trufflehog."""

    data: Data = msgspec.field(name="Data")


class TrufflehogFinding(msgspec.Struct):
    """One finding of trufflehog. Its raw value is not read."""

    detector: str = msgspec.field(name="DetectorName")
    source: Metadata = msgspec.field(name="SourceMetadata")


class Line(msgspec.Struct):
    """Any line of trufflehog's output: those without a source are its log."""

    source: msgspec.Raw = msgspec.field(name="SourceMetadata", default=_NOTHING)


def of_gitleaks(said: bytes, spot: Spot, accepted: Accepted = frozenset()) -> tuple[Finding, ...]:
    """Returns a finding for each place where gitleaks finds a secret; waived where the protected branch accepts it."""
    found = _decoded(GITLEAKS, said, list[Leak])
    return tuple(_told(GITLEAKS, ((one.rule_id, one.file, one.start_line) for one in found), spot, accepted))


def of_trufflehog(said: bytes, spot: Spot) -> tuple[Finding, ...]:
    """Returns a finding for each place where trufflehog finds a secret."""
    lines = [line for line in said.splitlines() if line.strip()]
    told = [line for line in lines if bytes(_decoded(TRUFFLEHOG, line, Line).source)]
    found = [_decoded(TRUFFLEHOG, line, TrufflehogFinding) for line in told]
    places = ((one.detector, one.source.data.place) for one in found)
    return tuple(_told(TRUFFLEHOG, ((kind, place.file, place.line) for kind, place in places), spot))


def _decoded(tool: str, said: bytes, type_: type[T]) -> T:
    try:
        return decoded(tool, said, type_)
    except NotReady as error:
        # The output can contain the secret.
        raise NotReady(f"the output of {tool} cannot be read", hint=error.hint) from None


def _told(
    tool: str, leaks: Iterable[tuple[str, str, int]], spot: Spot, accepted: Accepted = frozenset()
) -> Iterator[Finding]:
    for kind, file, line in leaks:
        found = spot(file)
        names = {f"{found[0]}:{found[1]}:{kind}:{line}", f"{found[1]}:{kind}:{line}"} if found else set[str]()
        where = f"commit {found[0][:7]}" if found else "the change"
        yield Finding(
            rule=f"{tool}.{kind}",
            severity=Severity.CRITICAL,
            status=Status.WAIVED if names & accepted else Status.FAIL,
            tool=tool,
            message=f"{tool} finds a secret ({kind}) that {where} adds",
            path=found[1] if found else None,
            line=max(line, 0),
            fix=_FIX,
            family=LEAKED,
        )
