"""Former names, for the commands that do not use the packages of the formats yet."""

from __future__ import annotations

from terrace.report.terminal.waivers import waivers_list as waivers

__all__ = ["waivers"]
