"""Confirmations of approvals for which the forge keeps no proof: reviews, whose text can be edited unseen, and boxes.

Terrace writes a comment that confirms the approval, and gates read that comment again whenever they decide.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ObservedDecision:
    """An approval or rejection of exactly the plans of a handle, and the way in which Terrace saw it."""

    kind: Literal["review", "box"]
    login: str
    answer: Literal["approve", "reject"]
    environment: str
    handle: str

    @property
    def marker(self) -> str:
        """The first line of the comment that confirms it; it is unique for each approval."""
        data = {"kind": "testimony", "by": self.kind, "login": self.login, "answer": self.answer}
        data |= {"environment": self.environment, "handle": self.handle}
        # Two dashes would end the HTML comment, and logins and names may contain them.
        return f"<!-- terrace:v1 {json.dumps(data).replace('-', '&#45;')} -->"
