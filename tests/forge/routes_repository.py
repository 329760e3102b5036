"""The repository itself, by the name that it has now and by its number, which stays."""

from __future__ import annotations

from typing import Any

from forge.answers import Answer
from forge.contract import Contract
from forge.sample import sample


class Repositories:
    """Routes of the fake."""

    owner: str
    name: str
    number: int
    _contract: Contract

    def _repos_get(self, _: Any, __: Any, ___: Any) -> Answer:
        there = f"{self.owner}/{self.name}"
        return Answer(200, sample(self._contract, "full-repository", id=self.number, name=self.name, full_name=there))
