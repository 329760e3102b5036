"""Installs a tool into Terrace's folder: it is built in another folder and renamed, so that it is complete or
absent."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from terrace.adapters.file_lock import file_lock
from terrace.adapters.process import run
from terrace.adapters.terraform.environment import ALLOWED
from terrace.adapters.tools.find_tool import Toolbox
from terrace.checks.tools import GoModule, Locked, Release, Source, Tool
from terrace.errors import Corrupt, NotReady

_ASIDE = ".new-"
_GO = ("GOPROXY", "GOPATH", "GOMODCACHE", "GOCACHE", "GOTOOLCHAIN", "XDG_CACHE_HOME")
_LONGEST = 400

FETCH_SECONDS = 900.0
"""Time limit of a download, in seconds."""

FETCH_BYTES = 2**30
"""Maximum size of a downloaded archive, in bytes."""

BUILD_SECONDS = 3600.0
"""Time limit of a build or the installation of an environment, in seconds."""

Say = Callable[[str], None]


def install(tool: Tool, box: Toolbox, say: Say, environ: Mapping[str, str] = os.environ) -> Path:
    """Installs the pinned version where it is missing; returns the path of the program. Raises NotReady with a hint
    where no source works. An interrupted installation leaves nothing incomplete.
    """
    place = box.place(tool)
    program = place / "bin" / tool.name
    with _lock_installation(box.folder):
        if program.is_file():
            return program
        why: list[str] = []
        for source in tool.sources:
            aside = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=box.folder))
            try:
                _install_from(source, tool, aside, place, environ, say)
                aside.rename(place)
            except NotReady as error:
                why.append(error.message)
                say(f"note: {error.message}")
            else:
                return program
            finally:
                shutil.rmtree(aside, ignore_errors=True)
    raise NotReady(
        f"{tool.name} {tool.version} could not be installed: {'; '.join(why)}",
        hint=f"install {tool.name} {tool.version} manually and put it on PATH",
    )


@contextmanager
def _lock_installation(folder: Path) -> Iterator[None]:
    """One process installs, others wait. The next installation removes the leftovers of a killed one."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        hint = "set TERRACE_HOME to a folder that you can write"
        raise NotReady(f"{folder} cannot be written: {error.strerror}", hint=hint) from error
    with file_lock(folder / ".lock", f"the folder of tools {folder}", BUILD_SECONDS):
        for leftover in folder.glob(f"{_ASIDE}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield


def _install_from(source: Source, tool: Tool, aside: Path, place: Path, environ: Mapping[str, str], say: Say) -> None:
    match source:
        case Release():
            _release(source, tool, aside, say)
        case GoModule():
            _go(source, tool, aside, environ, say)
        case Locked():
            _lock(source, tool, aside, place, environ, say)


# --- an archive of a release -------------------------------------------------------------------------------------


def platform_name() -> str:
    """Returns this platform as releases name it: `linux_amd64`."""
    machine = platform.machine().lower()
    return f"{platform.system().lower()}_{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(machine, machine) }"


def _release(source: Release, tool: Tool, aside: Path, say: Say) -> None:
    if platform_name() not in source.archives:
        raise NotReady(f"there is no pinned checksum for {platform_name()}")
    name, sha256 = source.archives[platform_name()]
    url = f"{source.url}/{name}"
    say(f"fetching {url}")
    archive = aside / "archive"
    digest = _download(url, archive)
    if digest != sha256:
        raise Corrupt(
            f"{url} does not match the pinned checksum: its SHA-256 is {digest}, not {sha256}",
            hint="do not use it: the published file was changed, or the download was tampered with. It was not "
            "installed.",
        )
    _extract(archive, tool.name, aside / "bin" / tool.name)
    archive.unlink()


def _download(url: str, target: Path) -> str:
    """Downloads it; returns its SHA-256."""
    import httpx

    from terrace.adapters.http import download

    try:
        with target.open("w+b") as file:
            download(url, file, seconds=FETCH_SECONDS, size=FETCH_BYTES)
            file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (httpx.HTTPError, OSError) as error:
        raise NotReady(f"{url} could not be downloaded: {error}") from error


def _extract(archive: Path, name: str, target: Path) -> None:
    """Extracts the program from the archive; ignores all other files."""
    target.parent.mkdir()
    try:
        with tarfile.open(archive) as opened:
            member = opened.extractfile(name)
            if member is None:
                raise NotReady(f"the archive does not contain {name}")
            with member, target.open("wb") as file:
                shutil.copyfileobj(member, file)
    except (tarfile.TarError, KeyError) as error:
        raise NotReady(f"the archive cannot be read: {error}") from error
    target.chmod(0o755)


# --- a Go module -------------------------------------------------------------------------------------------------


def _go(source: GoModule, tool: Tool, aside: Path, environ: Mapping[str, str], say: Say) -> None:
    go = shutil.which("go", path=environ.get("PATH"))
    if go is None:
        raise NotReady("it is built with Go, and go is not on PATH")
    say(f"building {source.path} with Go; this takes some minutes")
    allowed = {name: value for name, value in environ.items() if name in ALLOWED or name in _GO}
    # The checksum database is always used, regardless of the environment: it proves the version.
    proven = {"GOSUMDB": "sum.golang.org", "GONOSUMDB": "", "GONOSUMCHECK": "", "GOPRIVATE": "", "GOFLAGS": ""}
    _run([go, "install", source.path], aside, {**allowed, **proven, "GOBIN": str(aside / "bin")})
    if not (aside / "bin" / tool.name).is_file():
        raise NotReady(f"the build of {source.path} did not create the program {tool.name}")


# --- a virtual environment ---------------------------------------------------------------------------------------


def _lock(source: Locked, tool: Tool, aside: Path, place: Path, environ: Mapping[str, str], say: Say) -> None:
    say(f"installing {tool.name} {tool.version} into its own environment; this takes a minute")
    allowed = {k: v for k, v in environ.items() if k in ALLOWED or k.startswith("PIP_")}
    _run([sys.executable, "-m", "venv", aside], aside, allowed)
    lock = resources.files(source.package).joinpath(source.file)
    with resources.as_file(lock) as path:
        pip = [str(aside / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        proven = ("--require-hashes", "--only-binary", ":all:", "--requirement", path)
        _run([*pip, "--no-input", *proven], aside, allowed)
    for script in (aside / "bin").iterdir():
        _relocate(script, aside, place)


def _relocate(script: Path, was: Path, will_be: Path) -> None:
    """Replaces the interpreter path in the scripts of an environment by its final path."""
    if script.is_file() and not script.is_symlink():
        content = script.read_bytes()
        fresh = content.replace(os.fsencode(was), os.fsencode(will_be))
        if fresh != content:
            script.write_bytes(fresh)


def _run(argv: list[str | Path], cwd: Path, env: Mapping[str, str]) -> None:
    # In the process group of Terrace, so that ^C stops it too.
    done = run(argv, cwd=cwd, env=env, timeout=BUILD_SECONDS)
    if done.code != 0:
        message = (done.err or done.out).decode("utf-8", "replace").strip()
        raise NotReady(f"{Path(argv[0]).name} exited with {done.code}: {message[-_LONGEST:]}")
