"""The rules that are known in a repository: those of Terrace's checks, and those of its policies."""

from __future__ import annotations

from pathlib import Path

from terrace.adapters.opa.pack import described
from terrace.apps.wiring.project import Project
from terrace.checks.base import Rule
from terrace.checks.policy.catalogue import PolicyRule
from terrace.checks.rules import rules
from terrace.config.naming import unknown_name_error
from terrace.errors import Interrupted, TerraceError


def find_rule(folder: str, name: str) -> Rule:
    """Returns a rule by its name. Raises BadInput where there is none."""
    own = rules()
    if name in own:
        return own[name]
    policies = _policies(folder)
    if name not in policies:
        raise unknown_name_error("rule", name, {**own, **policies})
    return _described(policies[name])


def explain_rule(folder: str, name: str) -> str | None:
    """Returns what a rule means in one text; None where there is none of that name."""
    rule = rules().get(name)
    if rule is None:
        policy = _policies(folder).get(name)
        rule = _described(policy) if policy is not None else None
    return None if rule is None else f"{rule.name}: {rule.means} Why: {rule.why} Fix: {rule.fix}"


def rule_names(folder: str) -> frozenset[str]:
    """Returns the names of all rules that are known here, and of the families of those of policies."""
    policies = _policies(folder)
    families = {rule.family for rule in policies.values() if rule.family}
    return frozenset({*rules(), *policies, *families})


def _policies(folder: str) -> dict[str, PolicyRule]:
    """The rules of the policies here, or of the shipped pack where there is no repository or no OPA."""
    known = {rule.id: rule for rule in described()}
    try:
        project = Project(Path(folder), fetch=False)
        here = project.repository.snapshot()
        return known | {rule.id: rule for rule in project.policies(here).rules(project.config_at(here).policies)}
    except Interrupted:
        raise
    except TerraceError:
        return known


def _described(rule: PolicyRule) -> Rule:
    """A rule of a policy in the words of ours."""
    about = f" It looks at {', '.join(rule.types)}." if rule.types else ""
    where = f" It stands in {rule.path}." if rule.path else ""
    more = f" More: {', '.join(rule.references)}" if rule.references else ""
    controls = f" It is evidence for {', '.join(rule.controls)}." if rule.controls else ""
    return Rule(
        rule.id,
        f"{rule.title} ({rule.severity.word}).{about}{where}{controls}",
        f"{rule.why or 'Its policy does not say.'}{more}",
        rule.fix or "Its policy does not say.",
        f"`terrace waive {rule.id} ADDRESS --owner NAME --reason WHY`, merged: until a day, and told in every report.",
    )
