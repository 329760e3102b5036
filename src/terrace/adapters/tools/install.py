"""Puts a tool into Terrace's folder: built aside and renamed, so that a half one is never found."""

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
from terrace.adapters.tools.box import Toolbox
from terrace.adapters.tools.known import GoModule, Locked, Release, Source, Tool
from terrace.errors import Corrupt, NotReady

_ASIDE = ".new-"
_GO = ("GOPROXY", "GOPATH", "GOMODCACHE", "GOCACHE", "GOTOOLCHAIN", "XDG_CACHE_HOME")
_LONGEST = 400

FETCH_SECONDS = 900.0
"""How long an archive may take to arrive, in seconds."""

FETCH_BYTES = 2**30
"""The longest archive that is fetched, in bytes."""

BUILD_SECONDS = 3600.0
"""How long a build, or the installation of an environment, may take, in seconds."""

Say = Callable[[str], None]


def install(tool: Tool, box: Toolbox, say: Say, environ: Mapping[str, str] = os.environ) -> Path:
    """Install the pinned version unless it is there; the path of the program.

    Raises NotReady when none of the ways works, with what to do instead. Whatever ends it, nothing half is left.
    """
    place = box.place(tool)
    program = place / "bin" / tool.name
    with _alone(box.folder):
        if program.is_file():
            return program
        why: list[str] = []
        for source in tool.sources:
            aside = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=box.folder))
            try:
                _fetch(source, tool, aside, place, environ, say)
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
        hint=f"install {tool.name} {tool.version} by hand and put it on PATH",
    )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One installs, others wait. The next installation removes the leftovers of a killed one."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        hint = "set TERRACE_HOME to a folder of yours"
        raise NotReady(f"{folder} cannot be written: {error.strerror}", hint=hint) from error
    with file_lock(folder / ".lock", f"the folder of tools {folder}", BUILD_SECONDS):
        for left in folder.glob(f"{_ASIDE}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield


def _fetch(source: Source, tool: Tool, aside: Path, place: Path, environ: Mapping[str, str], say: Say) -> None:
    match source:
        case Release():
            _release(source, tool, aside, say)
        case GoModule():
            _go(source, tool, aside, environ, say)
        case Locked():
            _locked(source, tool, aside, place, environ, say)


# --- an archive of a release -------------------------------------------------------------------------------------


def here() -> str:
    """This platform as releases name it: `linux_amd64`."""
    machine = platform.machine().lower()
    return f"{platform.system().lower()}_{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(machine, machine) }"


def _release(source: Release, tool: Tool, aside: Path, say: Say) -> None:
    if here() not in source.archives:
        raise NotReady(f"no checksum is known for {here()}")
    name, sha256 = source.archives[here()]
    url = f"{source.url}/{name}"
    say(f"fetching {url}")
    archive = aside / "archive"
    found = _downloaded(url, archive)
    if found != sha256:
        raise Corrupt(
            f"{url} is not what was pinned: its SHA-256 is {found}, not {sha256}",
            hint="do not use it: somebody changed a published file, or the way to it; nothing was installed",
        )
    _unpacked(archive, tool.name, aside / "bin" / tool.name)
    archive.unlink()


def _downloaded(url: str, target: Path) -> str:
    """Fetch it and return its SHA-256."""
    import httpx

    from terrace.adapters.http import download

    try:
        with target.open("w+b") as file:
            download(url, file, seconds=FETCH_SECONDS, size=FETCH_BYTES)
            file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (httpx.HTTPError, OSError) as error:
        raise NotReady(f"{url} could not be fetched: {error}") from error


def _unpacked(archive: Path, name: str, target: Path) -> None:
    """The one program of the archive; whatever else is in it is left there."""
    target.parent.mkdir()
    try:
        with tarfile.open(archive) as opened:
            member = opened.extractfile(name)
            if member is None:
                raise NotReady(f"the archive holds no file {name}")
            with member, target.open("wb") as file:
                shutil.copyfileobj(member, file)
    except (tarfile.TarError, KeyError) as error:
        raise NotReady(f"the archive cannot be read: {error}") from error
    target.chmod(0o755)


# --- a Go module -------------------------------------------------------------------------------------------------


def _go(source: GoModule, tool: Tool, aside: Path, environ: Mapping[str, str], say: Say) -> None:
    go = shutil.which("go", path=environ.get("PATH"))
    if go is None:
        raise NotReady("it is built with Go, and there is no go on PATH")
    say(f"building {source.path} with Go; some minutes")
    allowed = {name: value for name, value in environ.items() if name in ALLOWED or name in _GO}
    # Whatever the surroundings say, the checksum database is asked: it is what proves the version.
    proven = {"GOSUMDB": "sum.golang.org", "GONOSUMDB": "", "GONOSUMCHECK": "", "GOPRIVATE": "", "GOFLAGS": ""}
    _run([go, "install", source.path], aside, {**allowed, **proven, "GOBIN": str(aside / "bin")})
    if not (aside / "bin" / tool.name).is_file():
        raise NotReady(f"{source.path} builds no program {tool.name}")


# --- a virtual environment ---------------------------------------------------------------------------------------


def _locked(source: Locked, tool: Tool, aside: Path, place: Path, environ: Mapping[str, str], say: Say) -> None:
    say(f"installing {tool.name} {tool.version} into an environment of its own; a minute")
    allowed = {k: v for k, v in environ.items() if k in ALLOWED or k.startswith("PIP_")}
    _run([sys.executable, "-m", "venv", aside], aside, allowed)
    lock = resources.files(__package__).joinpath(source.file)
    with resources.as_file(lock) as path:
        pip = [str(aside / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        proven = ("--require-hashes", "--only-binary", ":all:", "--requirement", path)
        _run([*pip, "--no-input", *proven], aside, allowed)
    for script in (aside / "bin").iterdir():
        _moved(script, aside, place)


def _moved(script: Path, was: Path, will_be: Path) -> None:
    """Scripts of an environment name its interpreter by full path: the path that it is going to have."""
    if script.is_file() and not script.is_symlink():
        content = script.read_bytes()
        fresh = content.replace(os.fsencode(was), os.fsencode(will_be))
        if fresh != content:
            script.write_bytes(fresh)


def _run(argv: list[str | Path], cwd: Path, env: Mapping[str, str]) -> None:
    # In our process group: ^C ends it too.
    done = run(argv, cwd=cwd, env=env, timeout=BUILD_SECONDS)
    if done.code != 0:
        said = (done.err or done.out).decode("utf-8", "replace").strip()
        raise NotReady(f"{Path(argv[0]).name} ended with {done.code}: {said[-_LONGEST:]}")
