"""Lists the stacks of one commit, with their configuration, module graph and refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from terrace.config.model import Config
from terrace.hcl.facts_store import FactsStore
from terrace.hcl.tree import Tree
from terrace.stacks.discovery import discover, find_absent_submodules
from terrace.stacks.graph import Graph
from terrace.stacks.model import Stack
from terrace.stacks.refusals import Refusal, refused_stacks, with_dependents
from terrace.stacks.root_modules import RootModule, find_roots_without_stack, roots_without_stack_notice


@dataclass(frozen=True, slots=True)
class Inventory:
    """The stacks of one commit, with the graph of modules that they reach.

    `refusals` are the stacks that cannot be planned or changed, by key. `outside` are root modules without a stack.
    """

    commit: str
    config: Config
    stacks: tuple[Stack, ...]
    graph: Graph
    refusals: Mapping[str, Refusal] = field(default_factory=dict)
    outside: tuple[RootModule, ...] = ()

    @staticmethod
    def of_tree(commit: str, config: Config, tree: Tree, store: FactsStore) -> Inventory:
        """Returns the stacks of a commit with this tree. Raises BadInput for invalid names."""
        for problem in find_absent_submodules(tree, config):
            # The stacks are unknown, so none of them is reported as removed.
            raise problem
        stacks = discover(tree, config)
        graph = Graph.of(tree, stacks, store, config.environments)
        outside = find_roots_without_stack(tree, stacks, graph, store, config.not_stacks)
        if outside:
            graph = replace(graph, notices=(*graph.notices, roots_without_stack_notice(outside)))
        return Inventory(commit, config, stacks, graph, refused_stacks(stacks, graph, tree, config), outside)

    def in_promotion_order(self) -> tuple[Stack, ...]:
        """Returns all stacks in the promotion order of their environments, those of one environment sorted by key."""
        order = {environment.name: place for place, environment in enumerate(self.config.environments)}
        return tuple(sorted(self.stacks, key=lambda stack: (order.get(stack.environment, len(order)), stack.key)))

    def of(self, environment: str) -> tuple[Stack, ...]:
        """Returns the stacks of an environment, sorted by key."""
        return tuple(sorted((s for s in self.stacks if s.environment == environment), key=lambda s: s.key))

    def stack(self, key: str) -> Stack:
        """Returns the stack with a key. Raises KeyError where there is none."""
        for stack in self.stacks:
            if stack.key == key:
                return stack
        raise KeyError(key)

    def find_left_out(self, environment: str) -> Mapping[str, Refusal]:
        """Returns the stacks of an environment that are not deployed, with the reasons: refused stacks, and stacks that
        depend on them."""
        if not self.refusals:
            return {}
        return with_dependents(environment, self.stacks, self.graph, self.config, self.refusals)

    def deployable(self, environment: str) -> tuple[Stack, ...]:
        """Returns the stacks of an environment that are deployed, sorted by key."""
        left_out = self.find_left_out(environment)
        return tuple(stack for stack in self.of(environment) if stack.key not in left_out)

    def require_usable(self, stack: Stack) -> None:
        """Raises BadInput where a stack is refused."""
        if stack.key in self.refusals:
            raise self.refusals[stack.key].error(stack.key)
