"""Everything that stands at one commit: its configuration, its stacks, and how they hang together."""

from __future__ import annotations

from dataclasses import dataclass

from terrace.stacks.config import Config
from terrace.stacks.graph import Graph
from terrace.stacks.model import Stack


@dataclass(frozen=True, slots=True)
class Landscape:
    """The stacks of one commit, with the graph of modules that they reach."""

    commit: str
    config: Config
    stacks: tuple[Stack, ...]
    graph: Graph

    def of(self, environment: str) -> tuple[Stack, ...]:
        """The stacks of an environment, by key."""
        return tuple(sorted((s for s in self.stacks if s.environment == environment), key=lambda s: s.key))

    def stack(self, key: str) -> Stack:
        """The stack of that key; KeyError when there is none."""
        for stack in self.stacks:
            if stack.key == key:
                return stack
        raise KeyError(key)
