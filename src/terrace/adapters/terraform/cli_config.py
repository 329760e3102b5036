"""The CLI configuration of every Terraform process: the user's own, else one with the mirrors of this machine and a
cache."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from terrace.adapters.cache_file import replace_file

REGISTRIES = ("registry.terraform.io", "registry.opentofu.org")
"""A folder that contains one of these hosts is a provider mirror."""

MIRRORS_VARIABLE = "TERRACE_PROVIDER_MIRRORS"
"""Names provider mirrors: absolute paths, separated as in PATH."""


@dataclass(frozen=True, slots=True)
class CliConfig:
    """A CLI configuration file.

    With `shared_cache` all stacks share one provider cache. Terraform does not lock it: concurrent `init` commands
    corrupt each other ("mkdir ...: file exists" in one of six cold starts with four stacks), so that they must run one
    at a time. `overrides` is whether it has `dev_overrides`: programs that replace the providers that `init` installs.
    """

    path: Path
    shared_cache: bool
    overrides: bool = False


def cli_config(environ: Mapping[str, str], cache: Path) -> CliConfig:
    """Returns the file to use. The user's own (TF_CLI_CONFIG_FILE, ~/.terraformrc, ~/.tofurc) is used unchanged."""
    own = own_file(environ)
    if own is not None:
        return CliConfig(own, shared_cache=True, overrides=b"dev_overrides" in own.read_bytes())
    mirrors_found = mirrors(environ)
    # Terraform links providers from a mirror, so that a cache would save nothing.
    plugins = None if mirrors_found else cache / "plugins"
    if plugins is not None:
        plugins.mkdir(parents=True, exist_ok=True)
    generated = cache / "terraform.rc"
    # Bytes, since a path need not be UTF-8 and the existing file can contain anything.
    text = os.fsencode(render(mirrors_found, plugins))
    if not generated.is_file() or generated.read_bytes() != text:
        cache.mkdir(parents=True, exist_ok=True)
        if generated.is_dir() and not generated.is_symlink():
            shutil.rmtree(generated)
        replace_file(generated, text)
    return CliConfig(generated, shared_cache=plugins is not None)


def own_file(environ: Mapping[str, str]) -> Path | None:
    """Returns the user's own CLI configuration file, None if there is none."""
    places = [environ.get("TF_CLI_CONFIG_FILE", ""), *(f"{Path.home()}/{name}" for name in (".terraformrc", ".tofurc"))]
    return next((Path(path) for path in places if path and Path(path).is_file()), None)


def render(mirrors: tuple[Path, ...], plugins: Path | None) -> str:
    """Returns the text of the file: providers of a mirror are installed only from there, all others from the
    registry."""
    lines = ["disable_checkpoint = true"]
    if plugins is not None:
        lines.append(f"plugin_cache_dir = {_quote(plugins)}")
    if mirrors:
        taken: list[str] = []
        lines.append("provider_installation {")
        for mirror in mirrors:
            names = [name for name in _providers(mirror) if name not in taken]
            taken += names
            include = json.dumps(names)
            lines.append(f"  filesystem_mirror {{\n    path    = {_quote(mirror)}\n    include = {include}\n  }}")
        lines.append(f"  direct {{\n    exclude = {json.dumps(taken)}\n  }}\n}}")
    return "\n".join(lines) + "\n"


def mirrors(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Returns the provider mirrors: those that the variable names, then Terraform's implied folders."""
    home = Path.home()
    implied = [home / ".terraform.d/plugins", home / ".local/share/terraform/plugins"]
    shared = environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    implied += [Path(folder) / "terraform/plugins" for folder in shared.split(":") if folder]
    if sys.platform == "darwin":
        implied += [home / "Library/Application Support/io.terraform/plugins"]
    named = [path for path in named_mirrors(environ) if mirror_problem(path) is None]
    return tuple(dict.fromkeys([*named, *filter(_is_mirror, implied)]))


def named_mirrors(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Returns the folders that the variable names, whether they are mirrors or not."""
    return tuple(Path(path) for path in environ.get(MIRRORS_VARIABLE, "").split(os.pathsep) if path)


def mirror_problem(path: Path) -> str | None:
    """Returns why no provider is installed from a named folder, None if it is a mirror."""
    if not path.is_absolute():
        return f"{path} is not an absolute path"
    if not path.is_dir():
        return f"{path} is not a folder" if path.exists() else f"{path} does not exist"
    return None if _is_mirror(path) else f"{path} contains none of the folders {', '.join(REGISTRIES)}"


def _is_mirror(path: Path) -> bool:
    return any((path / registry).is_dir() for registry in REGISTRIES)


def _providers(mirror: Path) -> Iterator[str]:
    for registry in REGISTRIES:
        for folder in sorted((mirror / registry).glob("*/*/")):
            yield f"{registry}/{folder.parent.name}/{folder.name}"


def _quote(path: Path) -> str:
    return json.dumps(str(path)).replace("${", "$${").replace("%{", "%%{")
