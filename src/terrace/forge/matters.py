"""The subjects of long-lived issues: drift, and broken rules of the deployed configuration."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing that is looked after. `key` names it for good: the same key is the same issue. `kind` is its label."""

    key: str
    kind: str
    title: str
    body: str
    open: bool

    @property
    def marker(self) -> str:
        """The first line of its issue: by it, and by who wrote it, the issue is found again."""
        told = json.dumps({"kind": self.kind, "key": self.key})
        # Names may hold dashes, and two of them would end what HTML hides.
        return f"<!-- terrace:v1 {told.replace('-', '&#45;')} -->"
