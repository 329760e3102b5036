"""A PostgreSQL server in a temporary folder, for as long as a test needs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

NOBODY = 65534


@contextmanager
def run_server() -> Iterator[str]:
    """The connection string of a server behind a socket; it writes nothing through to the disk."""
    programs = server_programs()
    with ExitStack() as stack:
        # Not below a folder of pytest: those are closed to the user that PostgreSQL insists on.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pg-")))
        if os.getuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        data = str(folder / "data")
        _run(programs / "initdb", "--no-sync", "--auth=trust", "--username=terrace", "--encoding=UTF8", "-D", data)
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        _run(programs / "pg_ctl", "start", "-w", "-D", data, "-l", str(folder / "log"), "-o", options)
        stack.callback(_run, programs / "pg_ctl", "stop", "-m", "immediate", "-D", data)
        yield f"postgres:///postgres?host={folder}&user=terrace&sslmode=disable"


def server_programs() -> Path:
    """Where initdb and pg_ctl are. Missing ones fail a test: nothing that must be withstood is skipped."""
    program = shutil.which("pg_ctl")
    if program is not None:
        return Path(program).resolve().parent
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    assert places, "PostgreSQL is not installed: `make services` does it"
    return places[-1].parent


def _run(program: Path, *arguments: str) -> None:
    """Run one of its programs, which refuse to be run by root."""
    root = os.getuid() == 0
    done = subprocess.run(
        [program, *arguments],
        user=NOBODY if root else None,
        group=NOBODY if root else None,
        extra_groups=[] if root else None,
        cwd="/",
        # Not captured: the server that is started keeps what it was given open.
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 0, f"{program.name} ended with {done.returncode}"
