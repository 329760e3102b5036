"""The clock and the ids of everything that is wired here."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime


def now() -> datetime:
    """Returns the current time in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """Returns a new random id: 12 hexadecimal characters."""
    return secrets.token_hex(6)
