"""Problems that have one issue on the forge until they are resolved: drift, and broken rules of the deployed
configuration."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrackedProblem:
    """A problem with an issue. `key` identifies it permanently: the same key is the same issue. `kind` is its label."""

    key: str
    kind: str
    title: str
    body: str
    open: bool

    @property
    def marker(self) -> str:
        """The first line of its issue. Terrace recognizes its issue by this line and by the author."""
        data = json.dumps({"kind": self.kind, "key": self.key})
        # Two dashes would end the HTML comment, and names may contain them.
        return f"<!-- terrace:v1 {data.replace('-', '&#45;')} -->"
