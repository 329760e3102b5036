"""What the fake answers with, for all its routes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@dataclass
class Answer:
    """What goes back."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Paged:
    """What all routes have: lists come in pages."""

    api: str
    page_size: int

    def _paged(self, members: Iterable[Any], query: dict[str, list[str]], path: str) -> Answer:
        every = list(members)
        size = min(int(query.get("per_page", ["30"])[0]), self.page_size)
        page = int(query.get("page", ["1"])[0])
        mine = every[(page - 1) * size : page * size]
        headers = {}
        if page * size < len(every):
            headers["link"] = f'<{self.api}{path}?per_page={size}&page={page + 1}>; rel="next"'
        return Answer(200, mine, headers)


def missing() -> Answer:
    """There is none, or none that this token may see."""
    return Answer(404, {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"})
