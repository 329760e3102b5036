"""A provider mirror in the home of a test, of providers that the tests build."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from support.tools import PROVIDERS, provider
from terrace.adapters.terraform.cli_config import mirrors

REGISTRIES = ("registry.terraform.io", "registry.opentofu.org")
MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
SYSTEM = f"{os.uname().sysname.lower()}_{MACHINE}"


def lay_mirror(home: Path) -> None:
    """Put every provider of ours where Terraform and OpenTofu look for them, and AWS where OpenTofu does."""
    for name, protocol, version in PROVIDERS:
        put(home, name, version, provider(name, protocol, version))
    for release in sorted(
        p for mirror in mirrors(os.environ) for p in mirror.glob(f"{REGISTRIES[0]}/hashicorp/aws/*/*/")
    ):
        link = plugins(home) / REGISTRIES[1] / "hashicorp/aws" / release.parent.name / release.name
        link.parent.mkdir(parents=True)
        link.symlink_to(release)


def put(home: Path, name: str, version: str, program: Path) -> None:
    """Put a program there as version of `terrace/NAME`."""
    for registry in REGISTRIES:
        folder = plugins(home) / registry / "terrace" / name / version / SYSTEM
        folder.mkdir(parents=True)
        # A hard link would be one file for all tests, and some change theirs.
        (folder / f"terraform-provider-{name}_v{version}").symlink_to(program)


def plugins(home: Path) -> Path:
    """Where both look below a home."""
    return home / ".terraform.d" / "plugins"
