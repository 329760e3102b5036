"""The third-party tools that Terrace can use: OPA, and the tool of each scanner."""

from __future__ import annotations

from terrace.checks.policy.opa import OPA
from terrace.checks.scanners.all import SCANNERS
from terrace.checks.tools import Tool
from terrace.config.naming import unknown_name_error

TOOLS: tuple[Tool, ...] = (OPA, *(scanner.tool for scanner in SCANNERS.values()))


def tool(name: str) -> Tool:
    """Returns the tool of that name. Raises BadInput with the most similar name where there is none."""
    tools = {each.name: each for each in TOOLS}
    if name not in tools:
        raise unknown_name_error("tool", name, tools)
    return tools[name]
