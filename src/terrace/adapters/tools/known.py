"""The third-party tools that Terrace can use: their versions, their purposes, and the proof of their authenticity. To
upgrade a tool, change its version here together with its proof: the SHA-256 of each archive in the project's own
checksum file, or the lock file of a Python program. Go needs none: its checksum database proves a version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from terrace.config.naming import unknown_name_error


@dataclass(frozen=True, slots=True)
class Release:
    """Archives of a project's release by platform (`linux_amd64`): name and SHA-256. The program is in the archive."""

    url: str
    archives: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class GoModule:
    """A module that `go install` builds; Go's checksum database proves its authenticity."""

    path: str


@dataclass(frozen=True, slots=True)
class Locked:
    """Python packages for a virtual environment of their own, each with its hashes: a file beside this one."""

    file: str


Source = Release | GoModule | Locked


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. `sources` are tried in order; `missing` describes what is skipped without it. `asks` are the arguments
    that print its version. Versions in `refused` are never run.
    """

    name: str
    version: str
    purpose: str
    missing: str
    sources: tuple[Source, ...]
    asks: tuple[str, ...] = ("--version",)
    refused: tuple[str, ...] = ()


TOOLS: tuple[Tool, ...] = (
    Tool(
        "opa",
        "1.22.2",
        "evaluates the Rego policies of the repository on plans",
        "with `policies` in terrace.yaml, no change passes",
        (GoModule("github.com/open-policy-agent/opa@v1.22.2"),),
        asks=("version",),
    ),
    Tool(
        "checkov",
        "3.3.30",
        "finds insecure configuration in sources and plans",
        "its rules are not checked",
        (Locked("checkov.lock"),),
    ),
    Tool(
        "trivy",
        "0.74.0",
        "finds insecure configuration in sources",
        "its rules are not checked",
        (
            Release(
                "https://github.com/aquasecurity/trivy/releases/download/v0.74.0",
                {
                    "linux_amd64": (
                        "trivy_0.74.0_Linux-64bit.tar.gz",
                        "2ae6fe3ee734b7fdf11335663e18c75ea12dccc76062f09f164a3b0f8be4371a",
                    ),
                    "linux_arm64": (
                        "trivy_0.74.0_Linux-ARM64.tar.gz",
                        "b94ce1976bbf3c15b514b605ee88be7c6d94a29be2302847ff01cb794d47aad5",
                    ),
                    "darwin_amd64": (
                        "trivy_0.74.0_macOS-64bit.tar.gz",
                        "472816f6888dda689d075c30254d4210b4d1035acf365aa72332f584c2f60485",
                    ),
                    "darwin_arm64": (
                        "trivy_0.74.0_macOS-ARM64.tar.gz",
                        "1caada5e0e2091909357c7525d3aa76f4b660b13821bc143b190c7483e31cc11",
                    ),
                },
            ),
        ),
        # Published with stolen credentials: CVE-2026-33634.
        refused=("0.69.4", "0.69.5", "0.69.6"),
    ),
    Tool(
        "tflint",
        "0.64.0",
        "finds deprecated syntax and mistakes in sources",
        "its rules are not checked",
        (GoModule("github.com/terraform-linters/tflint@v0.64.0"),),
    ),
    Tool(
        "gitleaks",
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
    Tool(
        "trufflehog",
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
)


def tool(name: str) -> Tool:
    """Returns the tool of that name. Raises BadInput with the most similar name where there is none."""
    known = {one.name: one for one in TOOLS}
    if name not in known:
        raise unknown_name_error("tool", name, known)
    return known[name]
