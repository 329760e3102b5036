"""The third-party actions of the workflows, each pinned to the commit of its version at the time of review."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

_USED = re.compile(r"\buses: (?P<action>[\w./-]+)@(?P<commit>[0-9a-f]{40}) # (?P<version>\S+)")


@dataclass(frozen=True, slots=True)
class Pin:
    """One version of an action. A tag can be moved to other code; a commit cannot."""

    version: str
    commit: str


def pins() -> Mapping[str, Pin]:
    """Returns the pins of this version of Terrace, by the name of the action."""
    versions = json.loads((resources.files("terrace.apps.workflows") / "actions.json").read_text(encoding="utf-8"))
    return {action: Pin(**pin) for action, pin in versions.items()}


def find_pins(text: str) -> Mapping[str, Pin]:
    """Returns the pins in a file."""
    return {match["action"]: Pin(match["version"], match["commit"]) for match in _USED.finditer(text)}


def replace_pins(text: str, chosen: Mapping[str, Pin]) -> str:
    """Returns the file with these versions of its actions."""

    def pin(match: re.Match[str]) -> str:
        pin = chosen.get(match["action"], Pin(match["version"], match["commit"]))
        return f"uses: {match['action']}@{pin.commit} # {pin.version}"

    return _USED.sub(pin, text)
