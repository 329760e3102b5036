"""Starts a program in a root of its own, and waits for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import msgspec

from terrace import typed_json
from terrace.adapters.confined import Disk, Limits, run_confined
from terrace.errors import NotReady

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32", "/nix/store")
"""System folders that a program can read."""

SETTINGS = (
    *("passwd", "group", "nsswitch.conf", "hosts", "resolv.conf", "services", "protocols", "localtime", "timezone"),
    *("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ca-certificates", "ca-certificates.conf"),
    *("ssl/certs", "ssl/cert.pem", "ssl/ca-bundle.pem", "ssl/openssl.cnf"),
    *("pki/ca-trust", "pki/tls/certs", "pki/tls/cert.pem", "pki/tls/openssl.cnf"),
    *("alternatives", "mime.types", "os-release", "magic", "java-17-openjdk"),
)
"""Readable files of /etc: those that programs need to run, and none that could be a secret, such as `ssl/private`."""

_CHILD = Path(__file__).with_name("child.py")

HINT = (
    "commands of `before_plan` need Linux 5.12 or newer with user namespaces: in a container, start it with "
    "`--security-opt seccomp=unconfined --security-opt systempaths=unconfined`; on Ubuntu 24.04, `sudo sysctl -w "
    "kernel.apparmor_restrict_unprivileged_userns=0`; `terrace doctor` shows whether it works"
)

PROCESSES = 4096
"""Maximum number of concurrent processes of a program."""


class NoIsolation(NotReady):
    """This machine cannot isolate a program."""


@dataclass(frozen=True, slots=True)
class Order:
    """The program to run. `program` is its path inside; `writable` are folders of this machine by their path inside;
    `readable` are more folders that it can read at the same path. `size` is the maximum number of bytes that it writes
    in total."""

    program: str
    argv: Sequence[str]
    cwd: str
    env: Mapping[str, str]
    folder: Path
    writable: Mapping[Path, str]
    readable: Sequence[str] = ()
    network: bool = False
    seconds: float = 600.0
    output: int = 16 * 2**20
    size: int = 2**32
    limits: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ended:
    """A program that exited on its own; negative codes are signals. `said` is its output on stdout and stderr."""

    code: int
    out: bytes
    err: bytes


class _Report(msgspec.Struct, frozen=True):
    code: int | None = None
    error: str = ""
    isolation: bool = False


def run_isolated(order: Order) -> Ended:
    """Runs a program to its end, isolated from this machine.

    `order.folder` is a private folder for temporary files. Raises NoIsolation where this machine cannot isolate it,
    NotReady where the program cannot be run, LimitExceeded at the first limit: all its processes are killed then.
    """
    root, report = order.folder / "root", order.folder / "report.json"
    root.mkdir(mode=0o700)
    links = {path: str(Path(path).readlink()) for path in SYSTEM if Path(path).is_symlink()}
    readable = [path for path in SYSTEM if path not in links and Path(path).is_dir()]
    readable += [path for path in (f"/etc/{name}" for name in SETTINGS) if Path(path).exists()]
    text = json.dumps(
        {
            "parent": os.getpid(),
            "root": str(root),
            "report": str(report),
            "links": links,
            "readable": [*readable, *order.readable],
            "writable": {str(path): inside for path, inside in order.writable.items()},
            "program": order.program,
            "argv": list(order.argv),
            "cwd": order.cwd,
            "env": dict(order.env),
            "network": order.network,
            "limits": {"RLIMIT_CORE": 0, "RLIMIT_NPROC": PROCESSES, **order.limits},
        }
    )
    disk = Disk(tuple(order.writable), order.size)
    done = run_confined(
        [sys.executable, "-I", "-S", _CHILD],
        cwd=order.folder,
        env={"PATH": os.defpath},
        limits=Limits(order.seconds, order.output, disk=disk),
        stdin=text.encode("utf-8", "surrogateescape"),
        name=order.argv[0],
    )
    try:
        outcome = typed_json.decode(report.read_bytes(), _Report)
    except (OSError, msgspec.MsgspecError):
        lines = done.message.splitlines()
        raise NoIsolation(
            f"this machine cannot isolate a program: {lines[-1] if lines else 'the helper was killed'}", hint=HINT
        ) from None
    if outcome.code is None:
        if outcome.isolation:
            raise NoIsolation(f"this machine cannot isolate a program: {outcome.error}", hint=HINT)
        raise NotReady(outcome.error)
    return Ended(outcome.code, done.out, done.err)


@lru_cache(maxsize=1)
def why_not() -> str:
    """Returns why this machine cannot isolate a program; "" where it can. Tested once per process."""
    folder = Path(tempfile.mkdtemp(prefix="terrace-isolation-"))
    try:
        inside = folder / "tmp"
        inside.mkdir()
        program = shutil.which("true", path="/usr/bin:/bin")
        if program is None:
            return "there is no program `true`"
        order = Order(program, ["true"], "/tmp", {}, folder, {inside: "/tmp"}, seconds=30)
        ended = run_isolated(order)
        return "" if ended.code == 0 else f"`true` exited with {ended.code}"
    except NotReady as error:
        return error.message
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
