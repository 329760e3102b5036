"""`explain`: what a rule means, one of Terrace's or one of the repository's policies."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from terrace.adapters.opa.pack import described
from terrace.apps.cli.console import emit, show
from terrace.checks.base import Rule
from terrace.checks.policy.catalogue import PolicyRule
from terrace.checks.rules import rules
from terrace.config.naming import unknown_name_error
from terrace.errors import Interrupted, TerraceError


def explain(folder: str, name: str, *, as_json: bool) -> int:
    """One rule in sentences; BadInput when there is none of that name."""
    own = rules()
    found = own.get(name)
    if found is None:
        policies = _policies(folder)
        if name not in policies:
            raise unknown_name_error("rule", name, {**own, **policies})
        found = _told(policies[name])
    if as_json:
        emit({"schema": "terrace/explain@1", **asdict(found)})
        return 0
    for title, text in (("", found.means), ("why: ", found.why), ("fix: ", found.fix), ("waive: ", found.waive)):
        told = " ".join(text.split())
        show(f"{title}{told}" if title else f"{found.name}: {told}")
    return 0


def explained(folder: str, name: str) -> str | None:
    """A rule in one text; None when there is none of that name."""
    found = rules().get(name)
    if found is None:
        policy = _policies(folder).get(name)
        found = _told(policy) if policy is not None else None
    return None if found is None else f"{found.name}: {found.means} Why: {found.why} Fix: {found.fix}"


def known_rules(folder: str) -> frozenset[str]:
    """The names of all rules that are known here, and of the families of those of policies."""
    policies = _policies(folder)
    families = {rule.family for rule in policies.values() if rule.family}
    return frozenset({*rules(), *policies, *families})


def _policies(folder: str) -> dict[str, PolicyRule]:
    """The rules of the policies here, and of the pack where they are not to be had: without a repository, or OPA."""
    from terrace.apps.wiring.project import Project

    known = {rule.id: rule for rule in described()}
    try:
        project = Project(Path(folder), fetch=False)
        here = project.repository.snapshot()
        return known | {rule.id: rule for rule in project.policies(here).rules(project.config_at(here).policies)}
    except Interrupted:
        raise
    except TerraceError:
        return known


def _told(rule: PolicyRule) -> Rule:
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
