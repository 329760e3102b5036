"""`terrace tools`: list and install third-party tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from terrace.apps.cli.completed_values import completer, known_tools
from terrace.apps.cli.options import JSON

if TYPE_CHECKING:
    from terrace.adapters.tools.find_tool import Found
    from terrace.checks.tools import Tool
    from terrace.report.json.setup import ToolRow, ToolState
    from terrace.report.terminal.screen import Part


@click.group()
def tools() -> None:
    """Manage third-party tools: scanners, and OPA for policies."""


@tools.command("list")
@JSON
def tools_list(as_json: bool) -> int:
    """List the known tools, where they are, and what is skipped without them.

    Tools on PATH take precedence over those that Terrace installed.
    """
    from terrace.apps.output.console import emit, show
    from terrace.apps.wiring.home import Home
    from terrace.report.json.setup import ToolsJson
    from terrace.report.terminal.screen import Table, paragraph

    rows = _find_tools()
    if as_json:
        emit(ToolsJson(folder=str(Home.tools()), tools=tuple(map(_tool_row, rows))))
        return 0
    table = Table(gap=2)
    styles = {"ready": "green", "missing": "yellow", "refused": "red"}
    for row in rows:
        parts: list[Part] = [_where(row), (row.tool.purpose, "dim")]
        if row.state == "missing":
            parts += [(f"without it: {row.tool.missing}", "cyan")]
            parts += [(f"→ terrace tools install {row.tool.name}", "cyan")]
        table.add((row.state, styles[row.state]), row.tool.name, paragraph(parts))
    show(table)
    return 0


@tools.command("install")
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=completer(known_tools))
def tools_install(names: tuple[str, ...]) -> int:
    """Install tools to Terrace's own folder. [default: all missing tools]

    Versions are pinned and verified by checksum. No root permissions are needed, and the repository is not changed.

    \b
    Examples:
      terrace tools install              all missing tools
      terrace tools install checkov opa
    """
    from terrace.adapters.tools.find_tool import Toolbox
    from terrace.adapters.tools.install import install
    from terrace.adapters.tools.known import TOOLS, tool
    from terrace.apps.output.console import note, show
    from terrace.apps.wiring.home import Home
    from terrace.errors import NotReady

    box = Toolbox(Home.tools())
    chosen = [tool(name) for name in names] or [tool for tool in TOOLS if box.find(tool) is None]
    # A failure does not stop the installation of the other tools.
    failed: list[NotReady] = []
    for missing in chosen:
        try:
            path = install(missing, box, note)
        except NotReady as error:
            failed.append(error)
            continue
        show(f"{missing.name} {missing.version}: {path}")
        program = box.find(missing)
        if program is not None and not program.ours:
            note(f"note: {program.path} takes precedence, because it is on PATH")
    if not chosen:
        show("all tools are installed")
    if failed:
        raise NotReady("; ".join(error.message for error in failed), hint=failed[0].hint)
    return 0


class _Row(NamedTuple):
    """A tool with its path and its version."""

    tool: Tool
    found: Found | None
    version: str

    @property
    def state(self) -> ToolState:
        """`ready`, `missing`, or `refused` (a version that Terrace never runs)."""
        if self.found is None:
            return "missing"
        return "refused" if self.version in self.tool.refused else "ready"


def _find_tools() -> tuple[_Row, ...]:
    """Returns every tool. The versions are read concurrently."""
    from concurrent.futures import ThreadPoolExecutor

    from terrace.adapters.tools.find_tool import Toolbox
    from terrace.adapters.tools.known import TOOLS
    from terrace.apps.wiring.home import Home

    box = Toolbox(Home.tools())

    def find(tool: Tool) -> _Row:
        program = box.find(tool)
        return _Row(tool, program, box.version(program) if program else "")

    with ThreadPoolExecutor(len(TOOLS)) as pool:
        return tuple(pool.map(find, TOOLS))


def _where(row: _Row) -> str:
    if row.found is None:
        return f"not found; {row.tool.version} can be installed"
    where = "installed by terrace" if row.found.ours else "from PATH"
    return f"{row.version or 'version unknown'} {where}: {row.found.path}"


def _tool_row(row: _Row) -> ToolRow:
    from msgspec import UNSET

    from terrace.report.json.setup import ToolRow

    program = row.found
    return ToolRow(
        name=row.tool.name,
        state=row.state,
        purpose=row.tool.purpose,
        missing_means=row.tool.missing,
        pinned=row.tool.version,
        path=str(program.path) if program is not None else UNSET,
        where=("terrace" if program.ours else "path") if program is not None else UNSET,
        version=row.version if program is not None else UNSET,
    )
