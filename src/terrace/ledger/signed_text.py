"""The text that a person signs for the ledger: a first line that no other text has, then a line for each value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def signed_text(head: str, values: Mapping[str, Any]) -> bytes:
    """Returns the text; no two of different values are the same, because values are JSON and have no line end."""
    lines = (f"{name}: {json.dumps(value)}" for name, value in values.items())
    return ("\n".join((head, *lines)) + "\n").encode("ascii")
