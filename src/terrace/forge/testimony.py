"""What we saw somebody say where the forge keeps no proof of it: in a review, whose text may be edited unseen, or by
ticking a box. Our own comment says so, and that comment is asked for again when it counts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Testimony:
    """The person, the decision, the exact plans, and how Terrace saw it."""

    kind: Literal["review", "box"]
    login: str
    answer: Literal["approve", "reject"]
    environment: str
    handle: str

    @property
    def marker(self) -> str:
        """The first line of the comment that says so. Another testimony has another."""
        told = {"kind": "testimony", "by": self.kind, "login": self.login, "answer": self.answer}
        told |= {"environment": self.environment, "handle": self.handle}
        # Logins and names may hold dashes, and two of them would end what HTML hides.
        return f"<!-- terrace:v1 {json.dumps(told).replace('-', '&#45;')} -->"
