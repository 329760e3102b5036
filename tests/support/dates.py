"""The date that the product sees, for tests that write dates into files which it reads."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta


def today() -> date:
    """Returns today's date in UTC. Call it within the test: a date kept since import is wrong after midnight."""
    return datetime.now(UTC).date()


def in_days(count: int) -> date:
    """Returns the date that many days from today; negative counts lie in the past."""
    return today() + timedelta(days=count)
