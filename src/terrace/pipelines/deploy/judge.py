"""The rules that judge a plan about to be applied: policies and the search for secrets, as the trust root has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property, partial

from terrace.assess.model import Finding
from terrace.assess.waiver import BASELINE
from terrace.assess.waiver import PATH as WAIVERS
from terrace.checks.base import Policies
from terrace.checks.policy.files import KINDS
from terrace.checks.secrets.masking import masked_findings
from terrace.checks.secrets.plan import exposed
from terrace.config.model import Config
from terrace.hcl.tree import Tree
from terrace.pipelines.check.weighing import weighed
from terrace.plans.model import Plan
from terrace.waivers.committed import standing
from terrace.waivers.content import contents
from terrace.waivers.judging import Waivers, waive


class Judge:
    """Judges one plan at a time, by what stands in `tree`: the trust root's."""

    def __init__(self, config: Config, tree: Tree, policies: Policies, clock: Callable[[], datetime]) -> None:
        self._config = config
        self._tree = tree
        self._policies = policies
        self._clock = clock

    def __call__(self, plan: Plan) -> tuple[Finding, ...]:
        plans = {plan.stack.key: plan}
        checks: Mapping[str, Callable[[], tuple[Finding, ...]]] = {
            "policy": partial(self._policies.judged, self._config, plans),
            "plan-secrets": partial(exposed, plans),
        }
        wanted = {name: look for name, look in checks.items() if self._config.level(name) != "off"}
        found = [finding for name, look in wanted.items() for finding in weighed(self._config, name, look)]
        left = waive(masked_findings(found, plans), self._waivers, self._clock().date(), contents(self._tree))
        if not self._waivers.unread:
            return left
        why = f"(no waiver counts: {' '.join(self._waivers.unread.split())})"
        return tuple(replace(f, message=f"{f.message} {why}") if f.blocks else f for f in left)

    @cached_property
    def _waivers(self) -> Waivers:
        return standing(self._tree, self._config)


def judging(tree: Tree, config: Config) -> Mapping[str, str]:
    """The files of a tree that judge besides terrace.yaml and the signers, with the ids of their contents."""
    folders = tuple(f"{folder}/" for folder in config.judging)
    return {
        path: entry.blob
        for path, entry in tree.entries.items()
        if path in (WAIVERS, BASELINE) or (path.startswith(folders) and path.endswith(KINDS))
    }
