"""Programs that the tests build with Go, kept from run to run: OpenTofu, OPA, and small providers; and checkov.

`python -m support.tools` builds all of them. Where there is no Go, tests that need one are not run; in CI they fail.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from terrace.adapters.tools.find_tool import Toolbox
from terrace.adapters.tools.install import install
from terrace.adapters.tools.known import tool
from terrace.errors import NotReady

WORLD = dict(os.environ)
"""The environment before tests take it away: Go keeps its modules and its cache by it."""

CACHE = Path(WORLD.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "terrace-tools"
PROVIDER = Path(__file__).parent.parent / "provider"

TOFU = "1.12.6"
PROGRAMS = {
    "actionlint": "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12",
    "opa": "github.com/open-policy-agent/opa@v1.22.2",
    "terraform-config-inspect": ("github.com/hashicorp/terraform-config-inspect@v0.0.0-20260904064934-75d64de68c31"),
    # A minute.
    "act": "github.com/nektos/act@v0.2.89",
    # Half a minute.
    "gitleaks": "github.com/zricethezav/gitleaks/v8@v8.30.1",
}
"""What `go install` builds, by the name of its program: the module and its version."""

PEERS = {"conftest": "github.com/open-policy-agent/conftest@v0.71.1"}
"""What Terrace is compared with, built only for `make peers` and benchmarks: conftest takes three to seven minutes on
two cores the first time."""

PROVIDERS = (("five", "5", "1.0.0"), ("six", "6", "1.0.0"), ("six", "6", "2.0.0"))
"""Name, plugin protocol and version of every provider that is made from `tests/provider`."""


def tofu() -> Path:
    """OpenTofu, built from its module."""

    def build(target: Path) -> None:
        download = _go(CACHE, "mod", "download", "-json", f"github.com/opentofu/opentofu@v{TOFU}")
        source = CACHE / "tofu-source"
        shutil.rmtree(source, ignore_errors=True)
        shutil.copytree(json.loads(download)["Dir"], source, copy_function=shutil.copyfile)
        for path in source.rglob("*/"):
            path.chmod(0o755)
        version = (
            f"-X github.com/opentofu/opentofu/version.dev=no -X github.com/opentofu/opentofu/version.Version={TOFU}"
        )
        _go(source, "build", "-buildvcs=false", "-ldflags", version, "-o", str(target), "./cmd/tofu")
        shutil.rmtree(source)

    return _build_once(f"tofu-{TOFU}/tofu", build)


def opa() -> Path:
    """Open Policy Agent."""
    return program("opa")


def program(name: str) -> Path:
    """One of PROGRAMS."""
    return _install(name, PROGRAMS[name])


def peer(name: str) -> Path:
    """One of PEERS."""
    return _install(name, PEERS[name])


def _install(name: str, module: str) -> Path:
    def build(target: Path) -> None:
        installed = target.parent / "bin"
        _go(CACHE, "install", module, GOBIN=str(installed))
        (installed / name).replace(target)

    return _build_once(f"{name}-{module.rpartition('@v')[2]}/{name}", build)


def toolbox() -> Toolbox:
    """Terrace's own tools with checkov in it, installed by Terrace itself: half a minute, and 290 MB."""
    box = Toolbox(CACHE / "installed", {"PATH": os.defpath})
    try:
        install(tool("checkov"), box, lambda text: None, WORLD)
    except NotReady as error:
        if WORLD.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
    return box


def provider(name: str, protocol: str, version: str) -> Path:
    """One of PROVIDERS."""
    source = hashlib.sha256((PROVIDER / "main.go").read_bytes() + (PROVIDER / "go.sum").read_bytes()).hexdigest()[:12]

    def build(target: Path) -> None:
        flags = f"-s -w -X main.name={name} -X main.protocol={protocol} -X main.version={version}"
        _go(PROVIDER, "build", "-buildvcs=false", "-ldflags", flags, "-o", str(target), ".")

    return _build_once(f"provider-{source}/terraform-provider-{name}_v{version}", build)


def _build_once(name: str, build: Callable[[Path], None]) -> Path:
    """The program of that name, built now if nobody did; one process builds, others wait."""
    path = CACHE / name
    if path.is_file():
        return path
    if shutil.which("go", path=WORLD.get("PATH")) is None:
        why = f"{name} is built with Go, and there is none on PATH"
        if WORLD.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    path.parent.mkdir(parents=True, exist_ok=True)
    with (CACHE / "building.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.is_file():
            fresh = path.with_name(f".{path.name}")
            build(fresh)
            fresh.replace(path)
    return path


def _go(folder: Path, *arguments: str, **variables: str) -> str:
    env = {**WORLD, **variables}
    done = subprocess.run(["go", *arguments], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"go {' '.join(arguments)}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def main() -> None:
    """Build everything; without Go that is said, and left to the tests."""
    if shutil.which("go") is None:
        sys.stderr.write("there is no Go on PATH: the tests against OpenTofu, OPA and our own providers will not run\n")
        return
    for arguments in PROVIDERS:
        provider(*arguments)
    for name in PROGRAMS:
        program(name)
    tofu()
    toolbox()


if __name__ == "__main__":
    main()
