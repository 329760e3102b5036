"""`tools list` and `tools install`: programs of others, and how they come to this machine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from terrace.adapters.tools.box import Found, Toolbox
from terrace.adapters.tools.install import install as put
from terrace.adapters.tools.known import TOOLS, Tool, tool
from terrace.apps.cli.console import emit, note, show
from terrace.apps.wiring.home import Home
from terrace.errors import NotReady


@dataclass(frozen=True, slots=True)
class Row:
    """A tool, where it is, and the version that it says."""

    tool: Tool
    found: Found | None
    version: str

    @property
    def state(self) -> str:
        """`ready`, `missing`, or `refused` for a version that is never run."""
        if self.found is None:
            return "missing"
        return "refused" if self.version in self.tool.refused else "ready"


def rows() -> tuple[Row, ...]:
    """Every tool; they are asked for their versions at once."""
    box = Toolbox(Home.tools())
    with ThreadPoolExecutor(len(TOOLS)) as pool:
        return tuple(pool.map(lambda one: _row(one, box), TOOLS))


def _row(one: Tool, box: Toolbox) -> Row:
    found = box.find(one)
    return Row(one, found, box.version(found) if found else "")


def listed(*, as_json: bool) -> int:
    """Show them all. What is missing is no failure: each says what is not done without it."""
    found = rows()
    if as_json:
        emit({"schema": "terrace/tools@1", "folder": str(Home.tools()), "tools": [_json(row) for row in found]})
        return 0
    from terrace.report.screen import Part, Table, paragraph

    table = Table(gap=2)
    styles = {"ready": "green", "missing": "yellow", "refused": "red"}
    for row in found:
        said: list[Part] = [_where(row), (row.tool.purpose, "dim")]
        if row.state == "missing":
            said += [(f"without it: {row.tool.missing}", "cyan")]
            said += [(f"→ terrace tools install {row.tool.name}", "cyan")]
        table.add((row.state, styles[row.state]), row.tool.name, paragraph(said))
    show(table)
    return 0


def _where(row: Row) -> str:
    if row.found is None:
        return f"not found; {row.tool.version} can be installed"
    where = "installed by terrace" if row.found.ours else "from PATH"
    return f"{row.version or 'version unknown'} {where}: {row.found.path}"


def _json(row: Row) -> dict[str, object]:
    told: dict[str, object] = {
        "name": row.tool.name,
        "state": row.state,
        "purpose": row.tool.purpose,
        "missing_means": row.tool.missing,
        "pinned": row.tool.version,
    }
    if row.found is not None:
        told.update(path=str(row.found.path), where="terrace" if row.found.ours else "path", version=row.version)
    return told


def install(names: tuple[str, ...]) -> int:
    """Install these, or all that are missing. One that cannot be keeps no other from it; then it ends with an error."""
    box = Toolbox(Home.tools())
    wanted = [tool(name) for name in names] or [one for one in TOOLS if box.find(one) is None]
    failed: list[NotReady] = []
    for one in wanted:
        try:
            path = put(one, box, note)
        except NotReady as error:
            failed.append(error)
            continue
        show(f"{one.name} {one.version}: {path}")
        found = box.find(one)
        if found is not None and not found.ours:
            note(f"note: {found.path} goes before it, since it is on PATH")
    if not wanted:
        show("every tool is there already")
    if failed:
        raise NotReady("; ".join(error.message for error in failed), hint=failed[0].hint)
    return 0
