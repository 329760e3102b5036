"""trufflehog, which finds secrets in the lines that commits add, without checking online whether they are valid.

Each line of its output is JSON: a finding, or a message of its log.
"""

from __future__ import annotations

import msgspec

from terrace.assess.model import Finding
from terrace.checks.scanners.leaks import decode_leaks, find_leaks
from terrace.checks.scanners.scanner import Call, CommitScan, ScanFolders, Scanner, Settings, Spot
from terrace.checks.tools import Release, Tool

TOOL = "trufflehog"

_NOTHING = msgspec.Raw(b"")


class FileSpot(msgspec.Struct):
    """A part of the place of a finding."""

    file: str
    line: int = 0


class Data(msgspec.Struct):
    """A part of the place of a finding."""

    place: FileSpot = msgspec.field(name="Filesystem")


class Metadata(msgspec.Struct):
    """A part of the place of a finding."""

    data: Data = msgspec.field(name="Data")


class TrufflehogFinding(msgspec.Struct):
    """One finding. Its raw value is not read."""

    detector: str = msgspec.field(name="DetectorName")
    source: Metadata = msgspec.field(name="SourceMetadata")


class Line(msgspec.Struct):
    """Any line of the output: those without a source are the log."""

    source: msgspec.Raw = msgspec.field(name="SourceMetadata", default=_NOTHING)


def read_commits(output: bytes, spot: Spot, settings: Settings) -> tuple[Finding, ...]:
    """Returns a finding for each place where trufflehog finds a secret."""
    lines = [line for line in output.splitlines() if line.strip()]
    of_findings = [line for line in lines if bytes(decode_leaks(TOOL, line, Line).source)]
    findings = [decode_leaks(TOOL, line, TrufflehogFinding) for line in of_findings]
    places = ((finding.detector, finding.source.data.place) for finding in findings)
    return tuple(find_leaks(TOOL, ((kind, place.file, place.line) for kind, place in places), spot))


def _call_on_commits(folders: ScanFolders) -> Call:
    return Call(("filesystem", ".", "--json", "--no-verification", "--no-update"))


SCANNER = Scanner(
    tool=Tool(
        TOOL,
        "3.96.0",
        "finds secrets in the additions of commits, in addition to Terrace's own rules",
        "only Terrace's own secret rules run",
        (
            Release(
                "https://github.com/trufflesecurity/trufflehog/releases/download/v3.96.0",
                {
                    "linux_amd64": (
                        "trufflehog_3.96.0_linux_amd64.tar.gz",
                        "7105f1cd6577f058a9e39d0578f1a99c8a1e481e4d3512cd8a09acfe22a0fdc0",
                    ),
                    "linux_arm64": (
                        "trufflehog_3.96.0_linux_arm64.tar.gz",
                        "50acd4c7a3b8ebfe5083d8350956057030c44be3515dedd55b45263495c490b2",
                    ),
                    "darwin_amd64": (
                        "trufflehog_3.96.0_darwin_amd64.tar.gz",
                        "a30d8f1095e031a81a668e1582f2ed479c3b50476cef86317e0fb74210c33617",
                    ),
                    "darwin_arm64": (
                        "trufflehog_3.96.0_darwin_arm64.tar.gz",
                        "87478306b95ca2420cfb844b7582383ac60b922e262350a0088e797f328d2e62",
                    ),
                },
            ),
        ),
    ),
    finds="secrets that commits add",
    accepted="A waiver accepts a finding.",
    commits=CommitScan(_call_on_commits, read_commits),
    comment=rb"trufflehog:(?=ignore)",
)
