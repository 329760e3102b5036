"""`explain`: what a rule means."""

from __future__ import annotations

from dataclasses import asdict

from terrace.apps.cli.console import emit, show
from terrace.apps.policy_pack import described
from terrace.assess.policy.catalogue import PolicyRule
from terrace.assess.rules import Rule, rules
from terrace.stacks.naming import no_such


def explain(name: str, *, as_json: bool) -> int:
    """One rule in sentences, of Terrace or of the policy pack; BadInput when there is none of that name."""
    known = rules() | {policy.id: _of_pack(policy) for policy in described()}
    if name not in known:
        raise no_such("rule", name, known)
    found = known[name]
    if as_json:
        emit({"schema": "terrace/explain@1", **asdict(found)})
        return 0
    for title, text in (("", found.means), ("why: ", found.why), ("fix: ", found.fix), ("waive: ", found.waive)):
        show(f"{title}{text}" if title else f"{found.name}: {text}")
    return 0


def _of_pack(policy: PolicyRule) -> Rule:
    controls = f" Evidence for: {', '.join(policy.controls)}." if policy.controls else ""
    return Rule(
        policy.id,
        f"{policy.title} ({policy.severity.word}, {policy.family}).",
        policy.why,
        f"{policy.fix} See {', '.join(policy.references)}.{controls}",
        "A waiver for one address; for all of them `off` in policies/terrace/settings.yaml.",
    )
