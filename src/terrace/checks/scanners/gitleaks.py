"""gitleaks, which finds secrets in the lines that commits add. Its JSON is read, but for the secret itself."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

import msgspec

from terrace.assess.model import Finding
from terrace.checks.scanners.leaks import decode_leaks, find_leaks
from terrace.checks.scanners.scanner import Call, CommitScan, ScanFolders, Scanner, Settings, Spot
from terrace.checks.tools import GoModule, Release, Tool
from terrace.errors import BadInput, Place

TOOL = "gitleaks"


class Leak(msgspec.Struct, rename="pascal"):
    """One finding of gitleaks."""

    rule_id: str = msgspec.field(name="RuleID")
    file: str
    start_line: int
    description: str = ""


def read_commits(output: bytes, spot: Spot, settings: Settings) -> tuple[Finding, ...]:
    """Returns a finding for each place where gitleaks finds a secret; waived where the protected branch accepts it."""
    leaks = decode_leaks(TOOL, output, list[Leak])
    accepted = frozenset(settings.files.get("gitleaksignore", b"").decode("utf-8", "replace").splitlines())
    return tuple(find_leaks(TOOL, ((leak.rule_id, leak.file, leak.start_line) for leak in leaks), spot, accepted))


def _call_on_commits(folders: ScanFolders) -> Call:
    return Call(
        (
            *("dir", ".", "--report-format", "json", "--report-path", "-", "--exit-code", "0"),
            *("--no-banner", "--redact=100", "--log-level", "error", "--ignore-gitleaks-allow"),
            *("--config", folders.settings / "gitleaks.toml"),
        )
    )


def _settings(files: Mapping[str, bytes]) -> Settings:
    name = ".gitleaks.toml"
    text = files.get(name, b"[extend]\nuseDefault = true\n")
    try:
        written = tomllib.loads(text.decode())
    except (ValueError, RecursionError) as error:
        first = str(error).splitlines()[0]
        raise BadInput(f"it cannot be read: {first}", hint="fix it", place=Place(name)) from error
    # A path or a URL would lead to files that are not on the protected branch.
    ignored = tuple((name, f"extend.{key}") for key in ("path", "url") if key in written.get("extend", {}))
    if ignored:
        text = re.sub(rb"(?m)^\s*(path|url)\s*=.*$", b"", text, count=len(ignored))
    return Settings({"gitleaks.toml": text, "gitleaksignore": files.get(".gitleaksignore", b"")}, ignored)


SCANNER = Scanner(
    tool=Tool(
        TOOL,
        "8.30.1",
        "finds secrets in the additions of commits, in addition to Terrace's own rules",
        "only Terrace's own secret rules run",
        (
            Release(
                "https://github.com/gitleaks/gitleaks/releases/download/v8.30.1",
                {
                    "linux_amd64": (
                        "gitleaks_8.30.1_linux_x64.tar.gz",
                        "551f6fc83ea457d62a0d98237cbad105af8d557003051f41f3e7ca7b3f2470eb",
                    ),
                    "linux_arm64": (
                        "gitleaks_8.30.1_linux_arm64.tar.gz",
                        "e4a487ee7ccd7d3a7f7ec08657610aa3606637dab924210b3aee62570fb4b080",
                    ),
                    "darwin_amd64": (
                        "gitleaks_8.30.1_darwin_x64.tar.gz",
                        "dfe101a4db2255fc85120ac7f3d25e4342c3c20cf749f2c20a18081af1952709",
                    ),
                    "darwin_arm64": (
                        "gitleaks_8.30.1_darwin_arm64.tar.gz",
                        "b40ab0ae55c505963e365f271a8d3846efbc170aa17f2607f13df610a9aeb6a5",
                    ),
                },
            ),
            GoModule("github.com/zricethezav/gitleaks/v8@v8.30.1"),
        ),
        asks=("version",),
    ),
    finds="secrets that commits add",
    accepted="`.gitleaksignore` of the protected branch accepts a finding.",
    commits=CommitScan(_call_on_commits, read_commits),
    keys={".gitleaks.toml": "all but `extend.path` and `extend.url`", ".gitleaksignore": "every line"},
    settings=_settings,
    comment=rb"gitleaks:(?=allow)",
)
