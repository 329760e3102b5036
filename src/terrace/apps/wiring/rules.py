"""The rules of a repository: those of Terrace's checks, and those of its policies."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from terrace.adapters.opa.pack import read_rules
from terrace.apps.wiring.project import Project
from terrace.checks.base import Rule
from terrace.checks.policy.catalogue import PolicyRule
from terrace.checks.rules import rules
from terrace.config.naming import unknown_name_error
from terrace.errors import Interrupted, TerraceError


def find_rule(folder: str, name: str, others: Iterable[str] = ()) -> Rule:
    """Returns a rule by its name. Raises BadInput for an unknown name; `others` are the environments and deployments
    that its hint may name too.
    """
    own = rules()
    if name in own:
        return own[name]
    policies = _policies(folder)
    if name not in policies:
        raise unknown_name_error("environment, deployment or rule", name, (*own, *policies, *others))
    return _describe(policies[name])


def explain_rule(folder: str, name: str) -> str | None:
    """Returns the explanation of a rule as one text; None for an unknown name."""
    rule = rules().get(name)
    if rule is None:
        policy = _policies(folder).get(name)
        rule = _describe(policy) if policy is not None else None
    return None if rule is None else f"{rule.name}: {rule.means} Why: {rule.why} Fix: {rule.fix}"


def rule_names(folder: str) -> frozenset[str]:
    """Returns the names of all rules, and of the families of policy rules."""
    policies = _policies(folder)
    families = {rule.family for rule in policies.values() if rule.family}
    return frozenset({*rules(), *policies, *families})


def _policies(folder: str) -> dict[str, PolicyRule]:
    """Returns the policy rules of the repository, or of the shipped pack if there is no repository or no OPA."""
    known = {rule.id: rule for rule in read_rules()}
    try:
        project = Project(Path(folder), fetch=False)
        snapshot = project.repository.snapshot()
        return known | {rule.id: rule for rule in project.policies(snapshot).rules(project.config_at(snapshot))}
    except Interrupted:
        raise
    except TerraceError:
        return known


def _describe(rule: PolicyRule) -> Rule:
    """Returns a policy rule as a rule of Terrace."""
    about = f" It applies to {', '.join(rule.types)}." if rule.types else ""
    where = f" It is defined in {rule.path}." if rule.path else ""
    more = f" More: {', '.join(rule.references)}" if rule.references else ""
    controls = f" It is evidence for {', '.join(rule.controls)}." if rule.controls else ""
    return Rule(
        rule.id,
        f"{rule.title} ({rule.severity.word}).{about}{where}{controls}",
        f"{rule.why or 'Its policy does not say.'}{more}",
        rule.fix or "Its policy has no text for this.",
        f"`terrace waive {rule.id} ADDRESS --owner NAME --reason WHY`, and merge it. The waiver "
        "expires, and is in every report.",
    )
